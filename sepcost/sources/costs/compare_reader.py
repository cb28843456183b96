"""What ``sepcost compare`` wrote as JSON: read back as strictly as a config.

Only what the contract of ``schema_version`` 1 promises is read (docs/json.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sepcost.count.facts import FACTS
from sepcost.count.figure import BY_NAME, COUNTS, OF_TARGET, WHOLE, Figures, cost_figures, with_quotients
from sepcost.count.snapshot import LayerSnapshot, Model, PartSnapshot, Replaced, Snapshot, partly
from sepcost.layers.cost import Convention, Cost
from sepcost.sources.costs.document import checked, convention_of, present, target_of
from sepcost.sources.costs.json_text import refuse
from sepcost.text.units import exact
from sepcost.text.wording import Path

TOO_LOW = "0.1."
"""The versions that counted the bytes and peaks of models too low."""
OF_MODELS = ("uncounted", "unconfirmed", "inputs", "read_zeros")
"""Keys that only a model has."""
SAME = (
    "name", "source", "per", "alpha", "rho", "resolution", "given", "no_peak", "input", "independent", "own_dtype",
    "lower_bound", "unread", "only_params",
)  # fmt: skip
"""What snapshots and costs call the same."""
OF_REPLACED = ("costs_more", "kept", "peak", "options", "if_all", "replaced_by")


def compared_networks(value: Any) -> list[Snapshot]:
    """The networks of one output; raises ConfigError."""
    if not isinstance(value, dict) or "schema_version" not in value:
        refuse("is neither a config (it has no `layers`) nor costs (it has no `schema_version`)")
    document = checked(value)
    if "networks" not in document:
        return [_network(document, document, ())]
    return [_network(fields, document, ("networks", number)) for number, fields in enumerate(document["networks"])]


def _network(fields: Mapping[str, Any], document: Mapping[str, Any], path: Path) -> Snapshot:
    convention = convention_of(document, fields)
    standard, replacements = fields["total"]["standard"], fields["total"]["replacements"]
    total = _figures(standard, WHOLE, convention)
    replaced = {text: _replaced(each, WHOLE, convention) for text, each in replacements.items()}
    layers = [_layer(layer, replaced, convention) for layer in fields["layers"]]
    _check_sums(total, [layer.figures for layer in layers], (*path, "total", "standard"))
    flops = cost_figures(Cost(macs=total["macs"] or 0), convention)["flops"]
    if total["flops"] not in (None, flops):
        message = f"must be flops_per_mac × macs ({exact(flops)}), got {exact(total['flops'])}"
        refuse(message, (*path, "total", "standard", "flops"))
    for text, each in replaced.items():
        _check_sums(each.figures, [layer.under(text) for layer in layers], (*path, "total", "replacements", text))
    is_model = "lower_bound" in fields or any(name in fields for name in OF_MODELS)
    return Snapshot(
        layers=tuple(layers),
        total=total,
        convention=convention,
        replaced=replaced,
        peak=standard.get("peak"),
        model=_model(fields),
        bytes_too_low=is_model and str(document.get("version")).startswith(TOO_LOW),
        target=target_of(fields),
        partly=partly([layer.replaced for layer in layers], replaced),
        **present(fields, SAME),
    )


def _model(fields: Mapping[str, Any]) -> Model | None:
    """What was said of a model; None of other networks."""
    return Model(**present(fields, OF_MODELS), dtype=fields.get("own_dtype")) if "uncounted" in fields else None


def _layer(fields: Mapping[str, Any], texts: Iterable[str], convention: Convention) -> LayerSnapshot:
    """The layer under each of these replacements: as it is where nothing is said of one."""
    standard = _figures(fields["standard"], COUNTS, convention)
    known = {text: _replaced(each, COUNTS, convention) for text, each in fields["replacements"].items()}
    replaced = {text: known.get(text, Replaced(standard)) for text in texts}
    return LayerSnapshot(fields["name"], present(fields, FACTS), standard, replaced, fields.get("kept"))


def _replaced(fields: Mapping[str, Any], names: Sequence[str], convention: Convention) -> Replaced:
    parts = tuple(
        PartSnapshot(part["name"], present(part, FACTS), _figures(part, COUNTS, convention))
        for part in fields.get("parts", ())
    )
    return Replaced(_figures(fields, names, convention), parts=parts, **present(fields, OF_REPLACED))


def _figures(fields: Mapping[str, Any], names: Sequence[str], convention: Convention) -> Figures:
    figures = with_quotients({name: fields.get(name) for name in names}, convention) | present(fields, OF_TARGET)
    return {name: figures[name] for name in BY_NAME if name in figures}


def _check_sums(total: Figures, layers: Sequence[Figures], path: Path) -> None:
    """Figures that contradict each other cannot be compared with anything."""
    for name in COUNTS:
        known = [figures[name] for figures in layers]
        if None not in (total[name], *known) and total[name] != sum(known):
            refuse(f"is {exact(total[name])}, but the layers add up to {exact(sum(known))}", (*path, name))

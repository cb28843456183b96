"""A baseline as JSON, read: totals are added up, and what is multiples of other figures follows from them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from sepcost.count.contract import all_figures
from sepcost.count.facts import FACTS, usual_facts
from sepcost.count.figure import COUNTS, PEAK, TIME, WHOLE, Figures, with_quotients
from sepcost.count.snapshot import LayerSnapshot, Model, Replaced, Snapshot
from sepcost.count.verification import STANDARD
from sepcost.layers.cost import Convention
from sepcost.sources.costs.document import checked, convention_of, present, target_of
from sepcost.sources.costs.json_text import refuse
from sepcost.sources.costs.schema import row_of
from sepcost.sources.paths import absolute, folder_of, relative
from sepcost.text.units import shortened
from sepcost.text.wording import Path

SAME = ("name", "per", "alpha", "rho", "resolution", "given", "own_dtype", "lower_bound", "only_params")
"""What snapshots and baselines call the same."""
_Row: TypeAlias = "Sequence[int | None]"


def baseline_networks(value: Mapping[str, Any], path: str) -> list[Snapshot]:
    """The networks of such a value, with the files as the current folder names them; raises ConfigError."""
    document, folder = checked(value), folder_of(path)
    networks: dict[tuple[str | None, str], Snapshot] = {}
    for number, fields in enumerate(document["networks"]):
        network = _network(fields, document, folder, ("networks", number))
        if (network.source, network.name) in networks:
            twice = f"{shortened(network.name)!r} of {network.source} is there twice, as after a merge: keep one"
            refuse(twice, ("networks", number))
        networks[network.source, network.name] = network
    return list(networks.values())


def _network(fields: Mapping[str, Any], document: Mapping[str, Any], folder: str, path: Path) -> Snapshot:
    convention = convention_of(document, fields)
    source, peaks = fields["source"], fields[PEAK]
    replacements = [of for of in peaks if of != STANDARD]
    read = partial(all_figures, row=row_of(document), convention=convention)
    layers = [
        _layer(layer, replacements, read, (*path, "layers", number)) for number, layer in enumerate(fields["layers"])
    ]
    times = fields.get("predicted", {})
    totals = {of: {**_total(layers, of, peak, convention), **times.get(of, {})} for of, peak in peaks.items()}
    return Snapshot(
        layers=tuple(layers),
        total=totals[STANDARD],
        convention=convention,
        source=None if source is None else relative(absolute(source, folder, follow=False)),
        replaced={of: Replaced(totals[of]) for of in replacements},
        target=target_of(fields),
        model=Model(read_zeros=True) if fields.get("read_zeros") else None,
        **present(fields, SAME),
    )


def _layer(
    fields: Mapping[str, Any], replacements: Collection[str], read: Callable[[_Row], Figures], path: Path
) -> LayerSnapshot:
    costs = {of: read(row) for of, row in fields["costs"].items()}
    for of in costs.keys() - {STANDARD, *replacements}:
        refuse("is of no replacement that the network has", (*path, "costs", of))
    for of, seconds in fields.get("seconds", {}).items():
        costs[of] = {**costs.get(of, costs[STANDARD]), TIME: seconds}
    facts, standard = present(fields, FACTS), costs[STANDARD]
    replaced = {of: Replaced(costs.get(of, standard)) for of in replacements}
    return LayerSnapshot(fields["name"], {**usual_facts(facts), **facts}, standard, replaced)


def _total(layers: Iterable[LayerSnapshot], of: str, peak: int | None, convention: Convention) -> Figures:
    """The sums over the layers, and the peak."""
    figures = [layer.under(of) for layer in layers]
    sums = {name: _sum([each[name] for each in figures]) for name in COUNTS}
    return with_quotients({**dict.fromkeys(WHOLE), **sums, PEAK: peak}, convention)


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None

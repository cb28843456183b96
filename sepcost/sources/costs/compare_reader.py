"""What ``sepcost compare`` wrote as JSON: read back as strictly as a config, whoever wrote it.

Only what the contract of ``schema_version`` 1 promises is read (docs/json.md); fields that it does not know are
left alone, since a later version may have added them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sepcost.count.contract import SCHEMA_VERSION
from sepcost.count.figure import BY_NAME, COUNTS, NEED_A_MAP, PEAK, WHOLE, Figures, with_quotients
from sepcost.count.figures import FACTS, PEAK_PARTS
from sepcost.count.snapshot import LayerSnapshot, Model, PartSnapshot, Replaced, Snapshot, partly
from sepcost.errors import ConventionError
from sepcost.layers.cost import Convention
from sepcost.sources.costs.json_text import Place, shown
from sepcost.text.units import exact, shortened

TOO_LOW = "0.1."
"""The versions that counted the bytes and peaks of models too low."""
OF_MODELS = ("uncounted", "lower_bound", "unconfirmed", "inputs", "read_zeros")
"""Keys that only a model has."""


def compared_networks(place: Place) -> Iterator[Snapshot]:
    """The networks of one output; raises ConfigError."""
    if not place.has("schema_version"):
        place.refuse("is neither a config (it has no `layers`) nor costs (it has no `schema_version`)")
    place.at("schema_version").version(SCHEMA_VERSION)
    if place.has("selection"):
        wishes = ", ".join(f"--{name}" for name in place.at("selection").names())
        place.refuse(f"was written with {wishes}, which leaves things out: write it again without")
    is_line = not place.has("networks") and place.has("name") and place.has("total")
    networks = [place] if is_line else list(place.at("networks").items("network"))
    for network in networks:
        if network.has("swept"):
            network.refuse("is a combination of a sweep: write the one that is meant by itself")
    convention = convention_of(place)
    by_first = place.has("version") and str(place.at("version").value).startswith(TOO_LOW)
    for network in networks:
        is_model = any(map(network.has, OF_MODELS))
        yield replace(_network(network, convention), bytes_too_low=by_first and is_model)


def convention_of(place: Place) -> Convention:
    """How everything in the file is counted that has no dtype of its own."""
    values = (place.at("convention").at("flops_per_mac"), place.at("batch"), place.at("dtype"))
    try:
        return Convention(values[0].count(), values[1].count(), values[2].text())
    except ConventionError as error:
        where = values[("flops_per_mac", "batch", "dtype").index(error.field)]
        where.refuse(shortened(error.reason))


def own_convention(place: Place, convention: Convention) -> Convention:
    """The convention of a network that is stored in a dtype of its own."""
    dtype = place.at("own_dtype")
    try:
        return replace(convention, dtype=dtype.text(), is_own=True)
    except ConventionError as error:
        dtype.refuse(shortened(error.reason))


def _network(place: Place, convention: Convention) -> Snapshot:
    own_dtype = None
    if place.has("own_dtype"):
        convention, own_dtype = own_convention(place, convention), place.at("own_dtype").text()
    source = place.at("source")
    per = place.at("per").text() if place.has("per") else None
    layers: Sequence[LayerSnapshot] = _layers(place, convention, has_map=per is None)
    standard, replacements = place.at("total").at("standard"), place.at("total").at("replacements")
    total = _figures(standard, WHOLE, convention, has_map=per is None)
    _check_totals(standard, total, layers, convention)
    replaced = {text: _replaced_network(each, convention, has_map=per is None) for text, each in replacements.entries()}
    layers = [_with_all(layer, replaced) for layer in layers]
    for text, each in replaced.items():
        _check_sums(replacements.at(text), each.figures, [layer.under(text) for layer in layers])
    return Snapshot(
        place.at("name").text(),
        tuple(layers),
        total,
        convention,
        None if source.value is None else source.text(),
        per,
        place.at("alpha").factor(),
        place.at("rho").factor(),
        resolution_of(place),
        _text(place, "given"),
        replaced,
        _peak(standard),
        _text(place, "no_peak"),
        place.at("input").fact(),
        place.flag("independent"),
        own_dtype,
        _model(place, own_dtype),
        place.flag("lower_bound"),
        unread=tuple(item.text() for item in place.at("unread").items("layer")) if place.has("unread") else (),
        partly=partly([layer.replaced for layer in layers], replaced),
    )


def _model(place: Place, dtype: str | None) -> Model | None:
    """What was said of a model; None of other networks."""
    if not place.has("uncounted"):
        return None
    return Model(
        {operator: often.count() for operator, often in place.at("uncounted").entries()},
        tuple(item.text() for item in place.at("unconfirmed").items("layer")) if place.has("unconfirmed") else (),
        _text(place, "inputs"),
        place.flag("read_zeros"),
        dtype,
    )


def _text(place: Place, key: str) -> str | None:
    return place.at(key).text() if place.has(key) else None


def _layers(place: Place, convention: Convention, *, has_map: bool) -> tuple[LayerSnapshot, ...]:
    layers: dict[str, LayerSnapshot] = {}
    for item in place.at("layers").items("layer"):
        layer = _layer(item, convention, has_map=has_map)
        if layer.name in layers:
            item.at("name").refuse(f"{shortened(layer.name)!r} is the name of an earlier layer already")
        layers[layer.name] = layer
    return tuple(layers.values())


def resolution_of(place: Place) -> tuple[int, ...] | None:
    """The size that the input was given; None where it was not."""
    return tuple(item.count() for item in place.at("resolution").items("axis")) if place.has("resolution") else None


def _layer(place: Place, convention: Convention, *, has_map: bool) -> LayerSnapshot:
    place.at("type").text()
    standard = _figures(place.at("standard"), COUNTS, convention, has_map=has_map)
    replaced = {text: _replaced(each, convention, has_map=has_map) for text, each in place.at("replacements").entries()}
    return LayerSnapshot(place.at("name").text(), _facts(place), standard, replaced, _reason(place))


def _with_all(layer: LayerSnapshot, texts: Iterable[str]) -> LayerSnapshot:
    """The layer under each of these replacements: as it is where nothing is said of one."""
    return layer._replace(replaced={text: layer.replaced.get(text, Replaced(layer.figures)) for text in texts})


def _facts(place: Place) -> dict[str, Any]:
    return {fact: place.at(fact).fact() for fact in FACTS if place.has(fact) or fact in ("type", "input", "output")}


def _replaced(place: Place, convention: Convention, *, has_map: bool) -> Replaced:
    figures = _figures(place, COUNTS, convention, has_map=has_map)
    parts = [
        PartSnapshot(
            part.at("name").text(),
            _facts(part) if part.has("type") else {},
            _figures(part, COUNTS, convention, has_map=has_map),
        )
        for part in (place.at("parts").items("part") if place.has("parts") and place.at("parts").value else ())
    ]
    return Replaced(figures, place.flag("costs_more"), _reason(place), tuple(parts))


def _replaced_network(place: Place, convention: Convention, *, has_map: bool) -> Replaced:
    figures = _figures(place, WHOLE, convention, has_map=has_map)
    options = {name: option.fact() for name, option in place.at("options").entries()} if place.has("options") else {}
    return Replaced(figures, place.flag("costs_more"), peak=_peak(place), options=options)


def _reason(place: Place) -> str | None:
    return None if not place.has("kept") or place.at("kept").value is None else place.at("kept").text()


def _peak(place: Place) -> Mapping[str, Any] | None:
    """Where a peak is; None where there is none, or an earlier version did not say."""
    if not place.has("peak") or place.at("peak").value is None:
        return None
    peak = place.at("peak")
    return {"at": peak.at("at").text(), **{name: peak.at(name).count() for name in PEAK_PARTS}}


def _figures(place: Place, names: Sequence[str], convention: Convention, *, has_map: bool) -> Figures:
    figures: dict[str, Any] = {}
    for name in names:
        figure = place.at(name)
        if name == PEAK and figure.value is None:
            figures[name] = None
        elif name in NEED_A_MAP and not has_map:
            if figure.value is not None:
                figure.refuse(f"must be null without a map, got {shown(figure.value)}")
            figures[name] = None
        else:
            figures[name] = figure.count()
    figures = with_quotients(figures, convention)
    return {name: figures[name] for name in BY_NAME if name in figures}


def _check_totals(place: Place, total: Figures, layers: Sequence[LayerSnapshot], convention: Convention) -> None:
    """Figures that contradict each other cannot be compared with anything."""
    _check_sums(place, total, [layer.figures for layer in layers])
    flops = (total["macs"] or 0) * convention.flops_per_mac
    if total["flops"] != flops:
        place.at("flops").refuse(f"must be flops_per_mac × macs ({exact(flops)}), got {exact(total['flops'] or 0)}")


def _check_sums(place: Place, total: Figures, layers: Sequence[Figures]) -> None:
    for name in COUNTS:
        added = sum(figures[name] or 0 for figures in layers)
        if (total[name] or 0) != added:
            place.at(name).refuse(f"is {exact(total[name] or 0)}, but the layers add up to {exact(added)}")

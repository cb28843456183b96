"""What ``sepcost compare`` wrote as JSON: read back as strictly as a config, whoever wrote it.

Only what the contract of ``schema_version`` 1 promises is read (docs/json.md); fields that it does not know are
left alone, since a later version may have added them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sepcost.count.contract import SCHEMA_VERSION
from sepcost.count.figure import COUNTS, NEED_A_MAP, PEAK, WHOLE
from sepcost.count.figures import FACTS
from sepcost.errors import ConventionError
from sepcost.judge.costed import CostedLayer, CostedNetwork, Figures
from sepcost.layers.cost import Convention
from sepcost.sources.json_place import Place, shown
from sepcost.text.units import exact, shortened

TOO_LOW = "0.1."
"""The versions that counted the bytes and peaks of models too low."""
OF_MODELS = ("uncounted", "lower_bound", "unconfirmed", "inputs", "read_zeros")
"""Keys that only a model has."""


def compared_networks(place: Place) -> Iterator[CostedNetwork]:
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


def _network(place: Place, convention: Convention) -> CostedNetwork:
    if place.has("own_dtype"):
        convention = own_convention(place, convention)
    name, source = place.at("name").text(), place.at("source")
    per = place.at("per").text() if place.has("per") else None
    layers: list[CostedLayer] = []
    names: set[str] = set()
    for item in place.at("layers").items("layer"):
        layer = _layer(item, has_map=per is None)
        if layer.name in names:
            item.at("name").refuse(f"{shortened(layer.name)!r} is the name of an earlier layer already")
        names.add(layer.name)
        layers.append(layer)
    standard = place.at("total").at("standard")
    total = _figures(standard, WHOLE, has_map=per is None)
    _check_totals(standard, total, layers, convention)
    replaced = {
        text: _figures(each, WHOLE, has_map=per is None)
        for text, each in place.at("total").at("replacements").entries()
    }
    for text, figures in replaced.items():
        added = [layer.replaced.get(text, layer.figures) for layer in layers]
        _check_sums(place.at("total").at("replacements").at(text), figures, added)
    return CostedNetwork(
        name,
        tuple(layers),
        total,
        convention,
        None if source.value is None else source.text(),
        per,
        place.at("alpha").factor(),
        place.at("rho").factor(),
        resolution_of(place),
        replaced=replaced,
        lower_bound=place.has("lower_bound") and place.at("lower_bound").value is True,
    )


def resolution_of(place: Place) -> tuple[int, ...] | None:
    """The size that the input was given; None where it was not."""
    return tuple(item.count() for item in place.at("resolution").items("axis")) if place.has("resolution") else None


def _layer(place: Place, *, has_map: bool) -> CostedLayer:
    facts = {fact: place.at(fact).fact() for fact in FACTS if place.has(fact) or fact in ("type", "input", "output")}
    place.at("type").text()
    standard = _figures(place.at("standard"), COUNTS, has_map=has_map)
    replaced = {
        text: _figures(variant, COUNTS, has_map=has_map) for text, variant in place.at("replacements").entries()
    }
    return CostedLayer(place.at("name").text(), facts, standard, replaced)


def _figures(place: Place, names: Sequence[str], *, has_map: bool) -> Figures:
    figures: dict[str, int | None] = {}
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
    return figures


def _check_totals(place: Place, total: Figures, layers: Sequence[CostedLayer], convention: Convention) -> None:
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

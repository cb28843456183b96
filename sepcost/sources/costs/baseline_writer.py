"""A baseline as JSON: what ``check`` holds later counts against, a layer on each line, so that people can merge it.

Only what cannot be calculated from the rest is written: totals are the sums of the layers (but for a peak, which is no
sum), FLOPs and most bytes are multiples, and what an argument usually is, is left out. Paths are those that the
baseline's own folder has for the files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sepcost.count.contract import head
from sepcost.count.figure import COUNTS, NEED_A_MAP, OWN, PEAK, Figures, names, with_quotients
from sepcost.count.figures import FACTS, usual_facts
from sepcost.count.snapshot import LayerSnapshot, Replaced, Snapshot
from sepcost.count.verification import STANDARD
from sepcost.layers.cost import Convention
from sepcost.sources.costs.compare_reader import convention_of, own_convention, resolution_of
from sepcost.sources.costs.json_text import Place, shown
from sepcost.sources.paths import absolute, folder_of, relative
from sepcost.text.kind import Kind
from sepcost.text.units import shortened

KIND = "baseline"
SCHEMA_VERSION = 2
"""The first was what ``compare`` writes."""
WRITER = "sepcost check --update-baseline"
FIGURES = tuple(name for name in OWN if name != PEAK)
"""What a list of figures has, in this order."""
BYTES = names(lambda figure: figure.kind is Kind.BYTES and not figure.is_own)
"""What it has behind those, where they are no multiples of them."""

_encode = json.JSONEncoder(separators=(",", ":")).encode


def baseline_chunks(networks: Iterable[Snapshot], convention: Convention, path: str) -> Iterator[str]:
    """The file in pieces, a line each: the networks by file and name, the layers in their order."""
    fields = {"kind": KIND, **head(SCHEMA_VERSION, convention), "figures": [*FIGURES, *BYTES]}
    separator = f'{_encode(fields)[:-1]},"networks":[\n'
    folder = folder_of(path)
    named = [(_written_source(network, folder), network) for network in networks]
    for source, network in sorted(named, key=lambda item: (item[0] or "", item[1].name)):
        yield f'{separator}{_encode(_network_fields(network, source))[:-1]},"layers":[\n'
        yield ",\n".join(_encode(_layer_fields(layer, network.convention)) for layer in network.layers)
        separator = "\n]},\n"
    yield "\n]}\n]}\n"


def is_baseline(value: Any) -> bool:
    """Whether a value of JSON is what ``baseline_chunks`` writes, well or badly."""
    return isinstance(value, dict) and value.get("kind") == KIND


def baseline_networks(value: Any, path: str) -> Iterator[Snapshot]:
    """The networks of such a value, with the files as the current folder names them; raises ConfigError."""
    place = Place(value, path, writer=WRITER)
    place.at("schema_version").version(SCHEMA_VERSION)
    convention = convention_of(place)
    seen: set[tuple[str | None, str]] = set()
    for item in place.at("networks").items("network"):
        network = _network(item, convention, folder_of(path))
        if (network.source, network.name) in seen:
            item.refuse(f"{shortened(network.name)!r} of {network.source} is there twice, as after a merge: keep one")
        seen.add((network.source, network.name))
        yield network


def _written_source(network: Snapshot, folder: str) -> str | None:
    """Where links lead is looked up once, when a network is counted."""
    is_counted_now = network.comparison is not None
    return None if network.source is None else relative(absolute(network.source, follow=is_counted_now), folder)


def _network_fields(network: Snapshot, source: str | None) -> dict[str, Any]:
    marks = {
        "own_dtype": network.own_dtype,
        "per": network.per,
        "lower_bound": network.lower_bound,
        "resolution": network.resolution,
        "given": network.given,
    }
    totals = {STANDARD: network.total, **{text: each.figures for text, each in network.replaced.items()}}
    return {
        "source": source,
        "name": network.name,
        "alpha": network.alpha,
        "rho": network.rho,
        **{name: mark for name, mark in marks.items() if mark},
        PEAK: {of: figures[PEAK] for of, figures in totals.items()},
    }


def _layer_fields(layer: LayerSnapshot, convention: Convention) -> dict[str, Any]:
    usual = usual_facts(layer.facts)
    facts = {
        name: layer.facts[name]
        for name in FACTS
        if name in layer.facts and (name not in usual or layer.facts[name] != usual[name])
    }
    changed = {of: each.figures for of, each in layer.replaced.items() if each.figures != layer.figures}
    costs = {STANDARD: layer.figures, **changed}
    return {
        "name": layer.name,
        **facts,
        "costs": {of: _row(figures, convention) for of, figures in costs.items()},
    }


def _row(figures: Figures, convention: Convention) -> list[int | None]:
    row = [figures[name] for name in FIGURES]
    follow = _all_figures(row, convention)
    return row if all(follow[name] == figures[name] for name in COUNTS) else row + [figures[name] for name in BYTES]


def _all_figures(row: Sequence[int | None], convention: Convention) -> Figures:
    """What a row says, and what follows from it; without a map, no bytes of maps do."""
    known = dict(zip((*FIGURES, *BYTES), row))
    params, macs, activations = (known[name] or 0 for name in FIGURES[:3])
    follow = {
        "flops": macs * convention.flops_per_mac,
        "weight_bytes": params * convention.bytes_per_element,
        "activation_bytes": None if known["traffic_bytes"] is None else convention.bytes_of(activations),
    }
    return with_quotients({name: {**follow, **known}[name] for name in COUNTS}, convention)


def _network(place: Place, convention: Convention, folder: str) -> Snapshot:
    own_dtype = None
    if place.has("own_dtype"):
        convention, own_dtype = own_convention(place, convention), place.at("own_dtype").text()
    source = place.at("source")
    per = place.at("per").text() if place.has("per") else None
    peaks = {of: None if peak.value is None else peak.count() for of, peak in place.at(PEAK).entries()}
    if STANDARD not in peaks:
        place.at(PEAK).at(STANDARD)
    layers: dict[str, LayerSnapshot] = {}
    for item in place.at("layers").items("layer"):
        layer = _layer(item, list(peaks)[1:], convention, has_map=per is None)
        if layer.name in layers:
            item.at("name").refuse(f"{shortened(layer.name)!r} is the name of an earlier layer already")
        layers[layer.name] = layer
    totals = {of: _total(layers.values(), of, peak, convention) for of, peak in peaks.items()}
    return Snapshot(
        place.at("name").text(),
        tuple(layers.values()),
        totals[STANDARD],
        convention,
        None if source.value is None else relative(absolute(source.text(), folder, follow=False)),
        per,
        place.at("alpha").factor(),
        place.at("rho").factor(),
        resolution_of(place),
        place.at("given").text() if place.has("given") else None,
        {of: Replaced(figures) for of, figures in totals.items() if of != STANDARD},
        own_dtype=own_dtype,
        lower_bound=place.flag("lower_bound"),
    )


def _layer(place: Place, replacements: Sequence[str], convention: Convention, *, has_map: bool) -> LayerSnapshot:
    written = {fact: place.at(fact).fact() for fact in FACTS if place.has(fact) or fact in ("type", "input", "output")}
    place.at("type").text()
    costs = {of: _figures(row, convention, has_map=has_map) for of, row in place.at("costs").entries()}
    if STANDARD not in costs:
        place.at("costs").at(STANDARD)
    for of in costs.keys() - {STANDARD, *replacements}:
        place.at("costs").at(of).refuse("is of no replacement that the network has")
    standard = costs[STANDARD]
    replaced = {of: Replaced(costs.get(of, standard)) for of in replacements}
    return LayerSnapshot(place.at("name").text(), {**usual_facts(written), **written}, standard, replaced)


def _figures(place: Place, convention: Convention, *, has_map: bool) -> Figures:
    items = list(place.items("figure"))
    if len(items) not in (len(FIGURES), len(FIGURES + BYTES)):
        place.refuse(f"must have {len(FIGURES)} or {len(FIGURES + BYTES)} figures, got {len(items)}")
    row: list[int | None] = []
    for name, item in zip((*FIGURES, *BYTES), items):
        needs_a_map = name in NEED_A_MAP and not has_map
        if needs_a_map and item.value is not None:
            item.refuse(f"must be null without a map, got {shown(item.value)}")
        row.append(None if needs_a_map else item.count())
    return _all_figures(row, convention)


def _total(layers: Iterable[LayerSnapshot], of: str, peak: int | None, convention: Convention) -> Figures:
    """The sums over the layers, and the peak."""
    figures = [layer.under(of) for layer in layers]
    sums = {name: _sum([each[name] for each in figures]) for name in COUNTS}
    return with_quotients({**sums, PEAK: peak}, convention)


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None

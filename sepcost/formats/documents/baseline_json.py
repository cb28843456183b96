"""A baseline as JSON: what ``check`` holds later counts against, a layer on each line, so that people can merge it.

Only what cannot be calculated from the rest is written: totals are the sums of the layers (but for a peak, which is no
sum), FLOPs and most bytes are multiples, and what an argument usually is, is left out. Paths are those that the
baseline's own folder has for the files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sepcost.count.contract import BASELINE, BASELINE_VERSION, ROW, all_figures, head, short
from sepcost.count.facts import FACTS, usual_facts
from sepcost.count.figure import COUNTS, OF_TARGET, PEAK, TIME, Figures
from sepcost.count.snapshot import LayerSnapshot, Snapshot
from sepcost.count.verification import STANDARD
from sepcost.formats.documents.comparison_json import target_fields
from sepcost.layers.cost import Convention
from sepcost.sources.paths import absolute, folder_of, relative

_encode = json.JSONEncoder(separators=(",", ":")).encode


def baseline_chunks(networks: Iterable[Snapshot], convention: Convention, path: str) -> Iterator[str]:
    """The file in pieces, a line each: the networks by file and name, the layers in their order."""
    fields = {"kind": BASELINE, **head(BASELINE_VERSION, convention), "figures": ROW}
    separator = f'{_encode(fields)[:-1]},"networks":[\n'
    folder = folder_of(path)
    named = [(_written_source(network, folder), network) for network in networks]
    for source, network in sorted(named, key=lambda item: (item[0] or "", item[1].name)):
        yield f'{separator}{_encode(_network_fields(network, source))[:-1]},"layers":[\n'
        yield ",\n".join(_encode(_layer_fields(layer, network.convention)) for layer in network.layers)
        separator = "\n]},\n"
    yield "\n]}\n]}\n"


def _written_source(network: Snapshot, folder: str) -> str | None:
    """Where links lead is looked up once, when a network is counted."""
    is_counted_now = network.comparison is not None
    return None if network.source is None else relative(absolute(network.source, follow=is_counted_now), folder)


def _network_fields(network: Snapshot, source: str | None) -> dict[str, Any]:
    marks = {
        "own_dtype": network.own_dtype,
        "per": network.per,
        "only_params": network.only_params,
        "lower_bound": network.lower_bound,
        "read_zeros": network.model is not None and network.model.read_zeros,
        "resolution": network.resolution,
        "given": network.given,
        "target": target_fields(network.target),
    }
    totals = {STANDARD: network.total, **{text: each.figures for text, each in network.replaced.items()}}
    return {
        "source": source,
        "name": network.name,
        "alpha": network.alpha,
        "rho": network.rho,
        **{name: mark for name, mark in marks.items() if mark},
        PEAK: {of: figures[PEAK] for of, figures in totals.items()},
        **({"predicted": {of: _predicted(figures) for of, figures in totals.items()}} if network.target else {}),
    }


def _predicted(figures: Figures) -> dict[str, Any]:
    return {name: figures[name] for name in OF_TARGET if name in figures}


def _layer_fields(layer: LayerSnapshot, convention: Convention) -> dict[str, Any]:
    usual = usual_facts(layer.facts)
    facts = {
        name: layer.facts[name]
        for name in FACTS
        if name in layer.facts and (name not in usual or layer.facts[name] != usual[name])
    }
    changed = {of: each.figures for of, each in layer.replaced.items() if not _are_same(each.figures, layer.figures)}
    costs = {STANDARD: layer.figures, **changed}
    seconds = {of: figures[TIME] for of, figures in costs.items() if TIME in figures}
    return {
        "name": layer.name,
        **facts,
        "costs": {of: _row(figures, convention) for of, figures in costs.items()},
        **({"seconds": seconds} if seconds else {}),
    }


def _are_same(figures: Figures, others: Figures) -> bool:
    """Whether they are, apart from the speed-up that only a replacement has."""
    return all(figures[name] == value for name, value in others.items())


def _row(figures: Figures, convention: Convention) -> list[int | None]:
    row, longer = ([figures[name] for name in names] for names in (short(ROW), ROW))
    follow = all_figures(row, ROW, convention)
    return row if all(follow[name] == figures[name] for name in COUNTS) else longer

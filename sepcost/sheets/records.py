"""Records: all facts and figures of a network or a layer under one replacement, flat, with the JSON's names.

CSV consists of them; ``--columns`` and ``--sort`` take their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from sepcost.count.figure import REDUCTION, REPLACEMENT, in_record, reductions
from sepcost.count.snapshot import LayerSnapshot, PartSnapshot, Replaced, Snapshot
from sepcost.text.kind import Kind

Record: TypeAlias = Mapping[str, Any]

REPLACED_BY = "replaced_by"
"""What a plan chose for a layer."""
HOW_COUNTED: Mapping[str, Kind] = {
    "alpha": Kind.PARAMETER,
    "rho": Kind.PARAMETER,
    "flops_per_mac": Kind.COUNT,
    "batch": Kind.COUNT,
    "dtype": Kind.TEXT,
}
"""How a row is counted, and what each of these is."""


def total_record(snapshot: Snapshot, text: str | None) -> Record:
    """The whole network under the replacement with this text, or as it is."""
    bound = {"row": "total", "lower_bound": snapshot.lower_bound}
    standard = {**_common(snapshot, text), **bound, **snapshot.total}
    return standard if text is None else {**standard, **_replaced(snapshot.total, snapshot.replaced[text])}


def layer_record(snapshot: Snapshot, layer: LayerSnapshot, text: str | None) -> Record:
    """One layer under the replacement with this text, or as it is."""
    own = {"row": layer.facts["type"] if layer.is_subtotal else "layer", "layer": layer.name, "kept": layer.kept}
    standard = {**_common(snapshot, text), **layer.facts, **own, **layer.figures}
    return standard if text is None else {**standard, **_replaced(layer.figures, layer.replaced[text])}


def part_record(snapshot: Snapshot, layer: LayerSnapshot, text: str, part: PartSnapshot) -> Record:
    """One part of a layer's replacement; it has no standard."""
    own = {"row": "part", "layer": layer.name, "part": part.name}
    return {**_common(snapshot, text), **part.facts, **own, **_prefixed(REPLACEMENT, part.figures)}


def network_records(snapshot: Snapshot, *, layers: bool = True, parts: bool = True) -> Iterator[Record]:
    """Every row of a network: its layers with their parts, then its total."""
    for layer in snapshot.shown if layers else ():
        for text in snapshot.texts:
            yield layer_record(snapshot, layer, text)
            if text is not None and parts:
                yield from (part_record(snapshot, layer, text, part) for part in layer.replaced[text].parts)
    for text in snapshot.texts:
        yield total_record(snapshot, text)


def _common(snapshot: Snapshot, text: str | None) -> dict[str, Any]:
    convention = snapshot.convention
    return {
        "network": snapshot.name,
        "source": snapshot.source,
        "alpha": snapshot.alpha,
        "rho": snapshot.rho,
        "flops_per_mac": convention.flops_per_mac,
        "batch": convention.batch,
        "dtype": convention.dtype,
        **snapshot.fixed,
        **snapshot.swept,
        **snapshot.joined.get(text, snapshot.joined.get(None, {})),
        "replacement": text,
        **_prefixed("options.", {} if text is None else snapshot.replaced[text].options),
    }


def _replaced(standard: Record, replaced: Replaced) -> Record:
    return {
        "kept": replaced.kept,
        REPLACED_BY: replaced.replaced_by,
        "costs_more": replaced.costs_more,
        **_prefixed(REPLACEMENT, replaced.figures),
        **_prefixed(REDUCTION, reductions(standard, replaced.figures)),
    }


def _prefixed(prefix: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    return {in_record(name, prefix): value for name, value in figures.items()}

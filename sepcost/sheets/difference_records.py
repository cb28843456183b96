"""A difference as records: a row for the totals, and one for each layer that is not as it was, flat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sepcost.count import figure
from sepcost.judge.difference import Difference, LayerDifference
from sepcost.sheets.columns import as_written

PARTS = ("before", "after", "difference", "percent")
"""The columns of each figure."""
COLUMNS = (
    "row", "status", "matched_by", "moved", "before", "after", "place.before", "place.after", "facts",
    "flops_per_mac", "batch", "dtype",
    *(f"{name}.{part}" for name in figure.WHOLE for part in PARTS),
    "own_dtype.before", "own_dtype.after",
)  # fmt: skip
"""``row`` is total or layer, ``before`` and ``after`` are names; the other names are the JSON's."""


def table(difference: Difference) -> tuple[Sequence[str], list[dict[str, Any]]]:
    """The names of the columns, with those of times where there are times, and the rows."""
    convention, before, after = difference.convention, difference.before, difference.after
    common = {"flops_per_mac": convention.flops_per_mac, "batch": convention.batch, "dtype": convention.dtype}
    common |= {"own_dtype.before": before.own_dtype, "own_dtype.after": after.own_dtype}
    timed = [f"{figure.TIME}.{part}" for part in PARTS] if figure.TIME in difference.total else []
    return (*COLUMNS, *timed), [{**common, **row} for row in _rows(difference)]


def _rows(difference: Difference) -> Iterator[dict[str, Any]]:
    status = "unchanged" if difference.is_empty else "changed"
    names = {"before": difference.before.name, "after": difference.after.name}
    yield {"row": "total", "status": status, **names, **_figures(difference.total)}
    for layer in difference.changes:
        yield {"row": "layer", **_layer(layer), **_figures(layer.figures)}


def _layer(layer: LayerDifference) -> dict[str, Any]:
    both = layer.before is not None and layer.after is not None
    changed = (f"{name}: {as_written(old)} -> {as_written(new)}" for name, (old, new) in layer.facts.items())
    return {
        "status": layer.status.value,
        "matched_by": ("name" if layer.by_name else "position") if both else None,
        "moved": layer.moved,
        "before": layer.before.name if layer.before else None,
        "after": layer.after.name if layer.after else None,
        "place.before": layer.places[0],
        "place.after": layer.places[1],
        "facts": "; ".join(changed) or None,
    }


def _figures(figures: Any) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for name, change in figures.items():
        cells |= {f"{name}.{part}": getattr(change, part) for part in PARTS}
    return cells

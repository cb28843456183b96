"""A difference as tidy CSV: a row for the totals, and one for each layer that is not as it was; raw numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from sepcost.count.figure import WHOLE
from sepcost.judge.difference import Change, Difference, LayerDifference
from sepcost.text.harmless import harmless

COLUMNS = (
    "row", "status", "matched_by", "moved", "before", "after", "place.before", "place.after", "facts",
    "flops_per_mac", "batch", "dtype",
    *(f"{name}.{part}" for name in WHOLE for part in ("before", "after", "difference", "percent")),
    "own_dtype.before", "own_dtype.after",
)  # fmt: skip
"""``row`` is total or layer, ``before`` and ``after`` are names; the other names are the JSON's."""


def difference_csv(difference: Difference) -> str:
    """The whole file."""
    file = StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    convention, before, after = difference.convention, difference.before, difference.after
    common = {"flops_per_mac": convention.flops_per_mac, "batch": convention.batch, "dtype": convention.dtype}
    common |= {"own_dtype.before": before.own_dtype, "own_dtype.after": after.own_dtype}
    for row in _rows(difference):
        writer.writerow({name: _text(value) for name, value in {**common, **row}.items()})
    return file.getvalue()


def _rows(difference: Difference) -> Iterator[dict[str, Any]]:
    status = "unchanged" if difference.is_empty else "changed"
    names = {"before": difference.before.name, "after": difference.after.name}
    yield {"row": "total", "status": status, **names, **_figures(difference.total)}
    for layer in difference.changes:
        yield {"row": "layer", **_layer(layer), **_figures(layer.figures)}


def _layer(layer: LayerDifference) -> dict[str, Any]:
    both = layer.before is not None and layer.after is not None
    return {
        "status": layer.status.value,
        "matched_by": ("name" if layer.by_name else "position") if both else None,
        "moved": layer.moved,
        "before": layer.before.name if layer.before else None,
        "after": layer.after.name if layer.after else None,
        "place.before": layer.places[0],
        "place.after": layer.places[1],
        "facts": "; ".join(f"{name}: {_text(old)} -> {_text(new)}" for name, (old, new) in layer.facts.items()),
    }


def _figures(figures: Any) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for name, change in figures.items():
        cells |= {f"{name}.{part}": getattr(change, part) for part in (*Change._fields, "difference", "percent")}
    return cells


def _text(value: Any) -> Any:
    """A cell as ``compare --format csv`` writes it: sizes as 3x224x224, flags as true and false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "x".join("" if item is None else str(item) for item in value)
    return harmless(value) if isinstance(value, str) else value

"""The chart of a difference: what grew and what shrank, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sepcost.charts.comparison_charts import counted_by
from sepcost.charts.marks import COLOURS, altair, data, finished
from sepcost.count.figure import BY_NAME
from sepcost.judge.difference import Difference, LayerDifference

FIGURES = ("flops", "params")
MOST_LAYERS = 100
"""More bars cannot be read: those that changed the most are drawn."""
GREW, SHRANK = COLOURS[1], COLOURS[0]


def growth_chart(difference: Difference) -> Any:
    """After − before of each layer that changed: bars to the right grew."""
    alt, convention = altair(), difference.convention
    changed = sorted(difference.changes, key=_size, reverse=True)
    names = {id(layer) for layer in changed[:MOST_LAYERS]}
    rows = [row for layer in difference.changes if id(layer) in names for row in _rows(layer)]
    order = list(dict.fromkeys(row["layer"] for row in rows))
    parts: list[Any] = []
    for name in FIGURES:
        title = BY_NAME[name].heads(convention)
        grew = alt.condition(f"datum.{name} > 0", alt.value(GREW), alt.value(SHRANK))
        axis = alt.Axis(labels=not parts, ticks=not parts)
        x = alt.X(f"{name}:Q", title=f"{title}, after − before", axis=alt.Axis(format="+~s"))
        tips = ["layer:N", "status:N", alt.Tooltip(f"{name}:Q", title=title, format="+,")]
        bars = alt.Chart(data(rows)).mark_bar().encode(x=x, color=grew, tooltip=tips)
        parts.append(bars.encode(y=alt.Y("layer:N", sort=order, title=None, axis=axis)).properties(width=250))
    title = f"{difference.before.name} → {difference.after.name}"
    fewer = f"The {MOST_LAYERS} of {len(changed):,} layers that changed the most." * (len(changed) > MOST_LAYERS)
    return finished(alt.hconcat(*parts), title, counted_by(convention), fewer)


def _size(layer: LayerDifference) -> int:
    return abs(int(layer.figures["flops"].difference or 0))


def _rows(layer: LayerDifference) -> Iterator[Mapping[str, Any]]:
    side = layer.after or layer.before
    changes = {name: layer.figures[name].difference for name in FIGURES}
    if side is not None and any(changes.values()):
        yield {"layer": side.name, "status": layer.status.value, **changes}

"""The chart of a difference: what grew and what shrank, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sepcost.charts.axes import counted_by, numbers
from sepcost.charts.marks import COLOURS, STEP, Rows, altair, data, finished
from sepcost.count.figure import BY_NAME
from sepcost.judge.difference import Difference, LayerDifference

FIGURES = ("flops", "params")
MOST_LAYERS = 100
"""More bars cannot be read: those that changed the most are drawn."""
GREW, SHRANK = COLOURS[1], COLOURS[0]


def growth_chart(difference: Difference) -> Any:
    """After − before of each layer that changed: bars to the right grew."""
    changed = sorted(difference.changes, key=_size, reverse=True)
    names = {id(layer) for layer in changed[:MOST_LAYERS]}
    rows = [row for layer in difference.changes if id(layer) in names for row in _rows(layer)]
    fewer = f"The {MOST_LAYERS} of {len(changed):,} layers that changed the most." * (len(changed) > MOST_LAYERS)
    return _bars(rows, f"{difference.before.name} → {difference.after.name}", difference, fewer)


def growth_of_several(differences: Sequence[Difference]) -> Any:
    """The same of networks: of each, its total."""
    rows = [
        {"layer": each.after.name, "status": "network", **{name: each.total[name].difference or 0 for name in FIGURES}}
        for each in differences
    ]
    return _bars(rows, f"{len(rows):,} networks against the baseline", differences[0])


def _bars(rows: Rows, title: str, difference: Difference, *about: str) -> Any:
    """Bars of each figure, side by side, with the names at the first; None where neither figure changed."""
    if not rows:
        return None
    alt, convention = altair(), difference.convention
    parts: list[Any] = []
    for name in FIGURES:
        header = BY_NAME[name].heads(convention)
        grew = alt.condition(f"datum.{name} > 0", alt.value(GREW), alt.value(SHRANK))
        axis = alt.Axis(labels=not parts, ticks=not parts, labelOverlap=False)
        x = alt.X(f"{name}:Q", title=f"{header}, after − before", axis=numbers("+~s"))
        tips = ["layer:N", "status:N", alt.Tooltip(f"{name}:Q", title=header, format="+,")]
        bars = alt.Chart(data(rows)).mark_bar().encode(x=x, color=grew, tooltip=tips)
        parts.append(
            bars.encode(y=alt.Y("layer:N", sort=None, title=None, axis=axis)).properties(
                width=250, height=alt.Step(STEP)
            )
        )
    return finished(alt.hconcat(*parts), title, counted_by(convention), *about)


def _size(layer: LayerDifference) -> int:
    return abs(int(layer.figures["flops"].difference or 0))


def _rows(layer: LayerDifference) -> Iterator[Mapping[str, Any]]:
    side = layer.after or layer.before
    changes = {name: layer.figures[name].difference for name in FIGURES}
    if side is not None and any(changes.values()):
        yield {"layer": side.name, "status": layer.status.value, **changes}

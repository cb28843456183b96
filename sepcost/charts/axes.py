"""Axes: numbers with their units, logarithmic where they are far apart; and how they are counted."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, log10
from typing import Any

from sepcost.charts.marks import WIDE, Rows, altair
from sepcost.count.figure import BY_NAME
from sepcost.layers.cost import Convention

DECADES = 100
"""Values that span more than this factor need a logarithmic scale."""
PADDING = 10
"""Pixels beyond the first and the last value of a logarithmic axis."""


def is_wide(values: Iterable[float | None]) -> bool:
    """Whether values are positive and span more than two decades.

    >>> is_wide([1, 100]), is_wide([1, 101]), is_wide([-1, 1000])
    (False, True, False)
    """
    known = [value for value in values if value is not None]
    return bool(known) and min(known) > 0 and max(known) > DECADES * min(known)


def quantity(
    channel: str, field: str, title: str, rows: Rows, *, format_: str = "~s", log: bool = False, **of_scale: Any
) -> Any:
    """The ``X`` or ``Y`` of numbers: logarithmic (``log``) where they span more than two decades."""
    alt, values = altair(), [row[field] for row in rows]
    if not (log or is_wide(values)):
        return getattr(alt, channel)(f"{field}:Q", title=title, axis=numbers(format_))
    scale = alt.Scale(type="log", **{"nice": False, "padding": PADDING, **of_scale})
    ends = of_scale.get("domain") or [value for value in values if value]
    places = ticks(min(ends, default=1), max(ends, default=1))
    axis = numbers(format_, **({"values": places, "tickCount": len(places)} if places[1:] else {}))
    return getattr(alt, channel)(f"{field}:Q", title=title, axis=axis, scale=scale)


def numbers(format_: str, **more: Any) -> Any:
    """An axis with numbers in this format of D3; nothing has no unit."""
    return altair().Axis(format=format_, labelExpr="datum.value ? datum.label : '0'", **more)


def ticks(low: float, high: float) -> list[float]:
    """Where a logarithmic axis has its lines: at 1, 2 and 5 times the powers of ten, or at these alone.

    >>> ticks(3, 40), ticks(30, 2_000_000)
    ([5.0, 10.0, 20.0], [100.0, 1000.0, 10000.0, 100000.0, 1000000.0])
    """
    steps = (1, 2, 5) if high <= 10 * DECADES * low else (1,)
    powers = range(floor(log10(low)), floor(log10(high)) + 1)
    beyond = (high / low) ** (PADDING / WIDE)
    places = (step * 10.0**power for power in powers for step in steps)
    return [place for place in places if low / beyond <= place <= high * beyond]


def counted_by(convention: Convention) -> str:
    """How it was counted, as the line under a title.

    >>> counted_by(Convention(flops_per_mac=2, batch=8))
    'FLOPs = 2×MACs; memory in float32, batch 8'
    """
    batch = f", batch {convention.batch}" if convention.batch != 1 else ""
    return f"{BY_NAME['flops'].heads(convention)}; memory in {convention.dtype}{batch}"

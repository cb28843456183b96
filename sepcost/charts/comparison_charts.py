"""The charts of networks: what their layers cost, and what they cost against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log10
from typing import Any

from sepcost.charts.axes import counted_by, is_wide, quantity
from sepcost.charts.marks import INK, LONGEST_NAME, WIDE, Rows, altair, by_series, data, dots, finished, points
from sepcost.count.figure import BY_NAME
from sepcost.count.snapshot import LayerSnapshot, Snapshot
from sepcost.count.sweep import combination_text
from sepcost.count.verification import STANDARD
from sepcost.sheets.comparison_sheets import convolution_title
from sepcost.sheets.titles import network_title, sweep_title
from sepcost.sheets.view import View

MOST_LAYERS = 200
"""More lines cannot be read: those with the most FLOPs are drawn."""
HIGH, LETTER, LINE = 360, 5, 11
"""Pixels of a plot of networks, of a letter in it and of a line of letters."""


def layers_chart(snapshot: Snapshot, assumed: Sequence[str] = ()) -> Any:
    """The FLOPs of each layer, as it is and under each replacement: points on a line, in the order of the table.

    None where no layer has any.
    """
    alt, title = altair(), BY_NAME["flops"].heads(snapshot.convention)
    shown = [layer for layer in snapshot.shown if layer.figures["flops"]]
    most = {layer.name for layer in sorted(shown, key=lambda layer: -layer.figures["flops"])[:MOST_LAYERS]}
    rows = [row for layer in shown if layer.name in most for row in _versions(layer)]
    if not rows:
        return None
    chart = dots(rows, quantity("X", "flops", title, rows), alt.Tooltip("flops:Q", title=title, format=","))
    head = convolution_title(snapshot, assumed) if snapshot.is_single_convolution else network_title(snapshot)
    fewer = f"The {len(most)} of {len(shown):,} layers with the most." if len(most) < len(shown) else ""
    return finished(chart, head, counted_by(snapshot.convention), fewer)


def _versions(layer: LayerSnapshot) -> Iterator[Mapping[str, Any]]:
    """A layer as it is, its replacements, and their parts where it is the only one."""
    yield {"layer": layer.name, "series": STANDARD, "flops": layer.figures["flops"]}
    for text, replaced in layer.replaced.items():
        if replaced.kept is None:
            yield {"layer": layer.name, "series": text, "flops": replaced.figures["flops"]}


def networks_chart(snapshots: Sequence[Snapshot], view: View) -> Any:
    """The parameters of each network against its FLOPs, and the front of those that nothing beats in both."""
    alt, convention = altair(), snapshots[0].convention
    names = networks(snapshots)
    rows = [row for name, snapshot in zip(names, snapshots) for row in _points(name, snapshot)]
    titles = {name: BY_NAME[name].heads(convention) for name in ("flops", "params")}
    x, y = (quantity(axis, name, title, rows) for axis, (name, title) in zip("XY", titles.items()))
    tips = [alt.Tooltip(f"{name}:Q", title=title, format=",") for name, title in titles.items()]
    base = alt.Chart(data(rows)).encode(x=x, y=y, tooltip=["network:N", alt.Tooltip("series:N", title="as"), *tips])
    front = _front(rows)
    line = alt.Chart(data(front)).mark_line(interpolate="step-after", color=INK, strokeDash=[4, 3])
    chart = line.encode(x=x, y=y) + points(base).encode(**by_series(rows))
    if len({*names}) > 1:
        for text in labels(rows):
            chart += text.encode(x=x, y=y)
    dashed = "Dashed: the Pareto front, which nothing beats in both." * (len(front) > 1)
    chart = chart.properties(width=WIDE, height=HIGH)
    return finished(chart, sweep_title(snapshots, view.swept), counted_by(convention), dashed)


def networks(snapshots: Sequence[Snapshot]) -> list[str]:
    """What each network is called: its name, or what it differs in from others of that name."""
    several = len({snapshot.name for snapshot in snapshots}) > 1
    called = [(snapshot.name if several or not snapshot.swept else "", snapshot.swept) for snapshot in snapshots]
    return [", ".join(filter(None, [name, combination_text(swept)])) for name, swept in called]


def _points(name: str, snapshot: Snapshot) -> Iterator[Mapping[str, Any]]:
    totals = {STANDARD: snapshot.total, **{text: each.figures for text, each in snapshot.replaced.items()}}
    for text, figures in totals.items():
        if figures["flops"]:
            yield {"network": name, "series": text, "flops": figures["flops"], "params": figures["params"]}


def labels(rows: Rows) -> Iterator[Any]:
    """The names of networks as they are, towards the middle; not those that would be written over others."""
    known = [row for row in rows if row["params"]]
    across, up = (_places([row[name] for row in known], pixels) for name, pixels in (("flops", WIDE), ("params", HIGH)))
    sides: dict[str, list[Mapping[str, Any]]] = {"left": [], "right": []}
    taken: list[tuple[float, float, float]] = []
    for row, x, y in zip(known, across, up):
        if row["series"] == STANDARD:
            side = "left" if x < WIDE / 2 else "right"
            long = min(LETTER * len(row["network"]), LONGEST_NAME)
            start = x if side == "left" else x - long
            if all(abs(y - other) > LINE or start > end or start + long < begin for begin, end, other in taken):
                taken.append((start, start + long, y))
                sides[side].append(row)
    for side, named in sides.items():
        chart = altair().Chart(data(named)).encode(text="network:N")
        away = 8 if side == "left" else -8
        yield chart.mark_text(align=side, dx=away, dy=-6, limit=LONGEST_NAME, fontSize=10)


def _places(values: Sequence[float], pixels: int) -> list[float]:
    """About where values are on an axis of so many pixels."""
    spread = [log10(value) for value in values] if is_wide(values) else [*values, 0]
    low, high = min(spread, default=0), max(spread, default=0)
    return [pixels * (each - low) / ((high - low) or 1) for each in spread[: len(values)]]


def _front(rows: Rows) -> Rows:
    """The rows that no other one beats in both numbers, from the fewest FLOPs on.

    >>> _front([{"flops": 3, "params": 1}, {"flops": 1, "params": 4}, {"flops": 2, "params": 4}])
    [{'flops': 1, 'params': 4}, {'flops': 3, 'params': 1}]
    """
    found: list[Mapping[str, Any]] = []
    for row in sorted(rows, key=lambda row: (row["flops"], row["params"])):
        if not found or row["params"] < found[-1]["params"]:
            found.append(row)
    return found

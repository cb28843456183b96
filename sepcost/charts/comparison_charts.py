"""The charts of networks: what their layers cost, and what they cost against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sepcost.charts.marks import INK, WIDE, Rows, altair, by_series, data, finished, scale
from sepcost.count.figure import BY_NAME
from sepcost.count.snapshot import LayerSnapshot, Snapshot
from sepcost.count.verification import STANDARD
from sepcost.layers import Conv
from sepcost.layers.cost import Convention
from sepcost.sheets.titles import conv_title, network_title, sweep_title
from sepcost.sheets.view import View

MOST_LAYERS = 200
"""More lines cannot be read: those with the most FLOPs are drawn."""


def counted_by(convention: Convention) -> str:
    """How it was counted, as the line under a title.

    >>> counted_by(Convention(flops_per_mac=2, batch=8))
    'FLOPs = 2×MACs; memory in float32, batch 8'
    """
    batch = f", batch {convention.batch}" if convention.batch != 1 else ""
    return f"{BY_NAME['flops'].heads(convention)}; memory in {convention.dtype}{batch}"


def layers_chart(snapshot: Snapshot, view: View) -> Any:
    """The FLOPs of each layer, as it is and under each replacement: points on a line, in the order of the table."""
    alt, title = altair(), BY_NAME["flops"].heads(snapshot.convention)
    shown = [layer for layer in snapshot.shown if layer.figures["flops"]]
    most = {layer.name for layer in sorted(shown, key=lambda layer: -layer.figures["flops"])[:MOST_LAYERS]}
    rows = [row for layer in shown if layer.name in most for row in _versions(layer)]
    colour, shape = by_series([row["series"] for row in rows])
    order = list(dict.fromkeys(row["layer"] for row in rows))
    x = alt.X("flops:Q", title=title, scale=scale(row["flops"] for row in rows), axis=alt.Axis(format="~s"))
    base = alt.Chart(data(rows)).encode(x=x, y=alt.Y("layer:N", sort=order, title=None))
    line = base.mark_line(color=INK, opacity=0.5).encode(detail="layer:N")
    tips = ["layer:N", alt.Tooltip("series:N", title="as"), alt.Tooltip("flops:Q", title=title, format=",")]
    points = base.mark_point(filled=True, size=70, opacity=1).encode(color=colour, shape=shape, tooltip=tips)
    alone = snapshot.is_single_convolution
    head = conv_title(cast(Conv, shown[0].layer), snapshot.per) if alone else network_title(snapshot)
    fewer = f"The {len(most)} of {len(shown):,} layers with the most." if len(most) < len(shown) else ""
    chart = (line + points).properties(width=WIDE, height=alt.Step(18))
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
    rows = [row for snapshot in snapshots for row in _points(snapshot)]
    titles = {name: BY_NAME[name].heads(convention) for name in ("flops", "params")}
    x, y = (
        axis(f"{name}:Q", title=title, scale=scale(row[name] for row in rows), axis=alt.Axis(format="~s"))
        for axis, (name, title) in zip((alt.X, alt.Y), titles.items())
    )
    colour, shape = by_series([row["series"] for row in rows])
    tips = [alt.Tooltip(f"{name}:Q", title=title, format=",") for name, title in titles.items()]
    base = alt.Chart(data(rows)).encode(x=x, y=y, tooltip=["network:N", alt.Tooltip("series:N", title="as"), *tips])
    front = alt.Chart(data(_front(rows))).mark_line(interpolate="step-after", color=INK, strokeDash=[4, 3])
    chart = front.encode(x=x, y=y) + base.mark_point(filled=True, size=80, opacity=1).encode(color=colour, shape=shape)
    if len({row["network"] for row in rows}) > 1:
        named = alt.Chart(data(row for row in rows if row["series"] == STANDARD)).encode(x=x, y=y, text="network:N")
        chart += named.mark_text(align="left", dx=8, dy=-6, limit=140, fontSize=10)
    dashed = "Dashed: the Pareto front, which nothing beats in both."
    chart = chart.properties(width=WIDE, height=360)
    return finished(chart, sweep_title(snapshots, view.swept), counted_by(convention), dashed)


def _points(snapshot: Snapshot) -> Iterator[Mapping[str, Any]]:
    swept = ", ".join(f"{name} {value}" for name, value in snapshot.swept.items())
    name = f"{snapshot.name} ({swept})" if swept else snapshot.name
    totals = {STANDARD: snapshot.total, **{text: each.figures for text, each in snapshot.replaced.items()}}
    for text, figures in totals.items():
        if figures["flops"]:
            yield {"network": name, "series": text, "flops": figures["flops"], "params": figures["params"]}


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

"""The charts of times, predicted or measured: rooflines, and speed-ups against reductions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sepcost.charts.axes import quantity
from sepcost.charts.marks import INK, WIDE, Rows, altair, by_series, data, finished, points
from sepcost.count.figure import HIGH, LOW, SPEEDUP, TIME, Figures
from sepcost.count.snapshot import Snapshot
from sepcost.count.verification import STANDARD
from sepcost.measured.benchmark import LAYER, Benchmark
from sepcost.measured.samples import CONFIDENCE
from sepcost.sheets.titles import network_title

RATE = "GFLOP/s (2/MAC)"
PREDICTED = 80
"""Per cent of cases that the interval of a prediction holds."""


def roofline_chart(snapshot: Snapshot) -> Any:
    """How fast each layer and part runs, by its MACs per byte, and the roof over all that was measured there.

    The roof is of Williams, Waterman and Patterson (Communications of the ACM 52(4), 2009): below it, the memory bounds
    what runs, or the arithmetic. None with the backward pass, whose bytes are not counted.
    """
    profile = snapshot.comparison.target if snapshot.comparison else None
    if profile and profile.setup.backward:
        return None
    rows = [*_predicted(snapshot)]
    measured = profile.points if profile else ()
    speeds = [
        (2 * cost.macs * snapshot.convention.batch / seconds / 1e9, cost.traffic_bytes(snapshot.convention) / seconds)
        for cost, seconds in ((point.layer.cost, point.seconds) for point in measured)
    ]
    target = snapshot.target
    about = f"Predicted for {target.name}: {target.setup}" if target else ""
    over = f"The roof is the best of the {len(speeds):,} layers that were measured there." if speeds else ""
    return _roofline(rows, speeds, network_title(snapshot), about, over)


def measured_roofline(benchmark: Benchmark) -> Any:
    """The same of what was timed, under the best of it; None with the backward pass, whose bytes are not counted."""
    rows: list[dict[str, Any]] = [
        {
            "layer": row.layer,
            "series": row.part or row.replacement or STANDARD,
            "intensity": row.timed.macs * row.timed.batch / row.timed.traffic_bytes,
            "rate": row.timed.gflops_per_second,
        }
        for row in benchmark.rows
        if row.about == LAYER and not row.kept and row.timed.gbytes_per_second
    ]
    speeds = [(row["rate"], 1e9 * row["rate"] / (2 * row["intensity"])) for row in rows if row["intensity"]]
    over = "The roof is the best of what was timed."
    return _roofline(rows, speeds, _networks(benchmark), benchmark.setup.title, over)


def _predicted(snapshot: Snapshot) -> Iterator[Mapping[str, Any]]:
    for layer in snapshot.shown:
        versions = [(STANDARD, layer.figures)]
        versions += [(part.name, part.figures) for each in layer.replaced.values() for part in each.parts]
        for name, figures in versions:
            if figures.get(TIME) and figures["macs"] and figures["macs_per_byte"]:
                rate = 2 * figures["macs"] * snapshot.convention.batch / figures[TIME] / 1e9
                yield {"layer": layer.name, "series": name, "intensity": figures["macs_per_byte"], "rate": rate}


def _roofline(rows: Rows, speeds: Sequence[tuple[float, float]], title: str, *about: str) -> Any:
    """None where no time is known."""
    if not rows:
        return None
    alt = altair()
    peak, memory = (max(each) for each in zip(*speeds)) if speeds else (0, 0)
    ends = [min(row["intensity"] for row in rows) / 2, max(row["intensity"] for row in rows) * 2]
    ridge = peak * 1e9 / (2 * memory) if memory else 0
    turns = sorted({ends[0], min(max(ridge, ends[0]), ends[1]), ends[1]})
    roof = [{"intensity": at, "rate": min(peak, 2 * at * memory / 1e9)} for at in turns] if speeds else []
    x = quantity("X", "intensity", "MACs per byte", [*rows, *roof], format_="~g", log=True)
    y = quantity("Y", "rate", RATE, [*rows, *roof], format_="~g", log=True)
    numbers = {"intensity": "MACs/byte", "rate": RATE}
    tips = [alt.Tooltip(f"{name}:Q", title=text, format=".3~g") for name, text in numbers.items()]
    base = alt.Chart(data(rows)).encode(x=x, y=y, tooltip=["layer:N", alt.Tooltip("series:N", title="as"), *tips])
    marks = points(base).encode(**by_series(rows))
    chart = alt.Chart(data(roof)).mark_line(color=INK).encode(x=x, y=y) + marks
    return finished(chart.properties(width=WIDE, height=340), title, *about)


def speedup_chart(snapshots: Sequence[Snapshot]) -> Any:
    """What is predicted to be gained in time against what is saved in MACs, a point a layer and replacement."""
    rows = [
        row
        for snapshot in snapshots
        for layer in snapshot.shown
        for text, replaced in layer.replaced.items()
        if replaced.kept is None
        for row in _gain(layer.name, text, layer.reduction(text)["macs"], replaced.figures)
    ]
    target = snapshots[0].target
    about = f"Predicted for {target.name}: {target.setup}" if target else ""
    title = network_title(snapshots[0]) if len(snapshots) == 1 else f"{len(snapshots):,} networks"
    return _speedups(rows, title, about, PREDICTED)


def measured_speedups(benchmark: Benchmark) -> Any:
    """The same of what was timed."""
    rows: list[Mapping[str, Any]] = []
    for row in benchmark.rows:
        found = row.speedup
        if row.about == LAYER and found is not None and row.standard is not None and not row.kept:
            figures = dict(zip((SPEEDUP, f"{SPEEDUP}{LOW}", f"{SPEEDUP}{HIGH}"), (found.value, found.low, found.high)))
            rows += _gain(row.layer, str(row.replacement), row.standard.macs / row.timed.macs, figures)
    return _speedups(rows, _networks(benchmark), benchmark.setup.title, round(100 * CONFIDENCE))


def _gain(layer: str, text: str, reduction: float | None, figures: Figures) -> Iterator[Mapping[str, Any]]:
    speedup, low, high = (figures.get(f"{SPEEDUP}{end}") for end in ("", LOW, HIGH))
    if reduction and speedup:
        yield {"layer": layer, "series": text, "reduction": reduction, "speedup": speedup, "low": low, "high": high}


def _speedups(rows: Rows, title: str, about: str, sure: int) -> Any:
    """None where no speed-up is known; ``sure`` is how many per cent of cases an interval holds."""
    if not rows:
        return None
    alt = altair()
    values = [row[name] for row in rows for name in ("reduction", "speedup", "low", "high") if row[name]]
    least, most = min([*values, 1]) / 1.1, max([*values, 1]) * 1.1
    both: dict[str, Any] = {"format_": "~g", "log": True, "domain": [least, most]}
    x = quantity("X", "reduction", "reduction of MACs (standard ÷ replacement)", rows, **both)
    y, low = (
        quantity("Y", field, "speed-up (time of standard ÷ of replacement)", rows, **both)
        for field in ("speedup", "low")
    )
    looks = by_series(rows)
    equal = alt.Chart(data([{"reduction": end, "speedup": end} for end in (least, most)])).mark_line(color=INK)
    same = alt.Chart(data([{"speedup": 1}])).mark_rule(strokeDash=[4, 3]).encode(y=y)
    base = alt.Chart(data(rows)).encode(x=x)
    tips = [alt.Tooltip(f"{name}:Q", format=".3~g") for name in ("reduction", "speedup", "low", "high")]
    ends = base.mark_rule(opacity=0.5).encode(y=low, y2="high:Q", color=looks["color"])
    about_each = ["layer:N", "series:N", *tips]
    marks = points(base).encode(y=y, tooltip=about_each, **looks)
    chart = equal.encode(x=x, y=y) + same + ends + marks
    said = f"Line: as fast as the MACs say. Dashed: no faster than before. Bars: {sure} % intervals."
    return finished(chart.properties(width=WIDE, height=380), title, about, said)


def _networks(benchmark: Benchmark) -> str:
    return ", ".join(dict.fromkeys(row.network for row in benchmark.rows))

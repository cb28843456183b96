"""What was timed as sheets for people: one for each network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from sepcost.layers.cost import ratio
from sepcost.measured.benchmark import LAYER, TOTAL, WHOLE, Benchmark, Forecast, Measured
from sepcost.sheets.sheet import Cell, Column, Look, Measure, Ratio, Row, Sheet, Speedup, cell_text
from sepcost.sheets.time_notes import with_reasons
from sepcost.targets.profile import Profile
from sepcost.text.kind import Digits, Kind
from sepcost.text.units import as_percent

COLUMNS = (
    Column("", Kind.TEXT, names_rows=True),
    Column("MACs", Kind.RATIO, optional=1, group="reduction"),
    Column("traffic", Kind.RATIO, optional=4, group="reduction"),
    Column("time", Kind.SECONDS),
    Column("GFLOP/s (2/MAC)", Kind.INTENSITY, optional=3),
    Column("GB/s", Kind.INTENSITY, optional=5),
    Column("speed-up", Kind.RATIO),
    Column("verdict", Kind.TEXT),
)
PREDICTED = (
    Column("time", Kind.SECONDS, group="predicted"),
    Column("error", Kind.PERCENT, group="predicted"),
    Column("speed-up", Kind.RATIO, group="predicted"),
    Column("error", Kind.PERCENT, optional=2, group="predicted"),
)
BUSY = 1.5
"""The slowest round ÷ the fastest, at the median, above which other work is seen to slow a machine."""
NAMES = {TOTAL: "sum of the layers", WHOLE: "whole model"}


def benchmark_sheets(benchmark: Benchmark) -> list[Sheet]:
    """A sheet for each network: its layers, each followed by its replacements and their parts, and the sums."""
    networks = dict.fromkeys(row.network for row in benchmark.rows)
    return [_sheet(benchmark, name, last=name == [*networks][-1]) for name in networks]


def _sheet(benchmark: Benchmark, network: str, *, last: bool) -> Sheet:
    own = [row for row in benchmark.rows if row.network == network]
    shown = [row for row in own if not row.kept]
    extra = benchmark.target is not None
    layers = tuple(_row(row, extra) for row in shown if row.about == LAYER)
    sums = tuple(_row(row, extra) for row in shown if row.about != LAYER)
    title = f"{network}: {benchmark.setup.title}"
    return Sheet(title, COLUMNS + PREDICTED * extra, layers, sums, tuple(_notes(benchmark, own) if last else ()))


def _row(row: Measured, predicted: bool) -> Row:
    name = row.part or row.replacement or NAMES.get(row.about, row.layer)
    depth = bool(row.replacement) + bool(row.part)
    label = f"{'  ' * depth}{name}{f' (×{row.occurs})' * (row.occurs > 1 and not depth)}"
    look = Look.PART if row.part else Look.PLAIN
    timed, found, standard = row.timed, row.speedup, row.standard
    more = _predicted(row.forecast) if predicted else ()
    rates: Sequence[Cell] = (timed.samples.best, timed.gflops_per_second, _known(timed.gbytes_per_second))
    if found is None or standard is None:
        return Row((label, "", "", *rates, "", "", *more), look)
    reduced = (
        Ratio(ratio(standard.macs, timed.macs)),
        Ratio(ratio(standard.traffic_bytes, timed.traffic_bytes)),
    )
    return Row((label, *reduced, *rates, Speedup(found.value, found.low, found.high), found.verdict.value, *more), look)


def _predicted(found: Forecast | None) -> Sequence[Cell]:
    if found is None:
        return ("",) * len(PREDICTED)
    speedup = Speedup(*found.speedup) if found.speedup else ""
    return (found.time.value, _error(found.error), speedup, _error(found.speedup_error))


def _known(value: float | None) -> Cell:
    return "" if value is None else value


def _error(value: float | None) -> Cell:
    return "" if value is None else Measure(100 * value, Kind.PERCENT, signed=True)


def _agreement(rows: Sequence[Measured], profile: Profile) -> Iterator[str]:
    """How far off the target is in all rows but sums."""
    found = [(row, row.forecast) for row in rows if row.forecast and row.about == LAYER and not row.kept]
    if not found:
        yield f"{profile.name} predicts none of these."
        return
    errors = [abs(forecast.error) for _, forecast in found]
    gains = [abs(each.speedup_error) for _, each in found if each.speedup_error is not None]
    held = sum(each.time.low <= row.timed.samples.best <= each.time.high for row, each in found)
    off = as_percent(100 * median(errors)) + (f", speed-ups {as_percent(100 * median(gains))}" if gains else "")
    stated = ", ".join(f"{kind} {as_percent(100 * each.error)}" for kind, each in profile.accuracy.items())
    yield (
        f"Predicted for {profile.name}, and off by {off} at the median; "
        f"{held:,} of {len(found):,} intervals of 80 % hold the time. Its profile states {stated}."
    )


def _notes(benchmark: Benchmark, rows: Sequence[Measured]) -> Iterator[str]:
    if benchmark.missing:
        yield f"Partial: it was interrupted, {benchmark.missing} layers or models are missing, and the sums with them."
    rounds = len(rows[0].timed.samples.seconds)
    yield (
        f"Times are the best of {rounds} rounds in which all alternate, with warm caches; a speed-up is the median of "
        "the rounds', and its interval holds the true one with 95 %. Norms are folded into their convolutions, "
        "activations are left out."
    )
    spread = median(row.timed.samples.spread for row in benchmark.rows if row.about != TOTAL)
    if spread > BUSY:
        slower = cell_text(Ratio(spread), Kind.RATIO, Digits(2))
        yield f"! What else runs on this machine slowed some rounds by {slower}: repeat it when it is quiet."
    if benchmark.setup.backward:
        yield (
            "Times are of the forward pass and the gradients of input and weights: GFLOP/s count three times the MACs, "
            "and there are no GB/s, since the bytes of gradients are not counted."
        )
    if benchmark.target:
        yield from _agreement(benchmark.rows, benchmark.target)
    if benchmark.unknown:
        sums = ", as is the sum" * any(row.about == TOTAL for row in benchmark.rows)
        yield f"Without a prediction{sums}: {with_reasons(benchmark.unknown)}."
    if any(row.about == TOTAL for row in benchmark.rows):
        yield "A sum is of convolutions and linear layers, as often as they occur: without pools, norms and the rest."

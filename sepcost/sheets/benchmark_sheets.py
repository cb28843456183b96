"""What was timed as sheets for people: one for each network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sepcost.layers.cost import ratio
from sepcost.sheets.sheet import Cell, Column, Look, Ratio, Row, Sheet, Speedup
from sepcost.targets.measured import LAYER, TOTAL, WHOLE, Benchmark, Measured
from sepcost.text.kind import Kind

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
NAMES = {TOTAL: "sum of the layers", WHOLE: "whole model"}


def benchmark_sheets(benchmark: Benchmark) -> list[Sheet]:
    """A sheet for each network: its layers, each followed by its replacements and their parts, and the sums."""
    networks = dict.fromkeys(row.network for row in benchmark.rows)
    return [_sheet(benchmark, name, last=name == [*networks][-1]) for name in networks]


def _sheet(benchmark: Benchmark, network: str, *, last: bool) -> Sheet:
    own = [row for row in benchmark.rows if row.network == network]
    shown = [row for row in own if not row.kept]
    layers = tuple(_row(row) for row in shown if row.about == LAYER)
    sums = tuple(_row(row) for row in shown if row.about != LAYER)
    title = f"{network}: {benchmark.setup.title}"
    return Sheet(title, COLUMNS, layers, sums, tuple(_notes(benchmark, own) if last else ()))


def _row(row: Measured) -> Row:
    name = row.part or row.replacement or NAMES.get(row.about, row.layer)
    depth = bool(row.replacement) + bool(row.part)
    label = f"{'  ' * depth}{name}{f' (×{row.occurs})' * (row.occurs > 1 and not depth)}"
    look = Look.PART if row.part else Look.PLAIN
    timed, found, standard = row.timed, row.speedup, row.standard
    rates: Sequence[Cell] = (timed.samples.median, timed.gflops_per_second, timed.gbytes_per_second)
    if found is None or standard is None:
        return Row((label, "", "", *rates, "", ""), look)
    reduced = (
        Ratio(ratio(standard.macs, timed.macs)),
        Ratio(ratio(standard.traffic_bytes, timed.traffic_bytes)),
    )
    return Row((label, *reduced, *rates, Speedup(found.value, found.low, found.high), found.verdict.value), look)


def _notes(benchmark: Benchmark, rows: Sequence[Measured]) -> Iterator[str]:
    if benchmark.missing:
        yield f"Partial: it was interrupted, {benchmark.missing} layers or models are missing, and the sums with them."
    rounds = len(rows[0].timed.samples.seconds)
    yield (
        f"Medians of {rounds} rounds in which all alternate, with warm caches; the interval holds the true speed-up "
        "with 95 %. Norms are folded into their convolutions, activations are left out."
    )
    if any(row.about == TOTAL for row in benchmark.rows):
        yield "A sum is of convolutions and linear layers, as often as they occur: without pools, norms and the rest."

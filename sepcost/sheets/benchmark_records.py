"""What was timed as records: all of a row, flat, under the names of JSON, CSV and ``--sort``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any

from sepcost.count.facts import layer_facts
from sepcost.count.figure import REDUCTION
from sepcost.layers.cost import ratio
from sepcost.measured.benchmark import Benchmark, Forecast, Measured, Timed
from sepcost.sheets.ordering import ordered
from sepcost.version import __version__

SCHEMA_VERSION = 1
REDUCED = ("macs", "traffic_bytes")
FACTS = ("type", "input", "output", "kernel", "stride", "padding", "dilation", "groups", "bias", "transposed")
TIMES = ("time", "time_low", "time_high", "time_median")
FIGURES = ("macs", "traffic_bytes", *TIMES, "gflops_per_second", "gbytes_per_second")
SPEEDUPS = (*(f"{REDUCTION}{name}" for name in REDUCED), "speedup", "speedup_low", "speedup_high", "verdict")
INTERVAL = ("", "_low", "_high")
PREDICTED = (
    *(f"predicted_time{end}" for end in INTERVAL),
    "time_error",
    *(f"predicted_speedup{end}" for end in INTERVAL),
    "speedup_error",
)
COLUMNS = ("network", "row", "layer", "occurs", "replacement", "part", "kept", *FACTS, *FIGURES, *SPEEDUPS, *PREDICTED)
"""The names of a record, in order; the setup's follow in CSV."""
SORTS = ("occurs", *FIGURES, *SPEEDUPS[:-1], *PREDICTED)


def records(benchmark: Benchmark) -> Iterator[dict[str, Any]]:
    """A record for each row. A ``time`` is the best round's seconds; ``time_low`` and ``time_high`` are quartiles."""
    return map(record, benchmark.rows)


def table(benchmark: Benchmark) -> tuple[Sequence[str], list[dict[str, Any]]]:
    """The names of CSV's columns, and its rows: the records, each with what decides its times."""
    setup = setup_record(benchmark)
    return (*COLUMNS, *setup), [{**each, **setup} for each in records(benchmark)]


def document(benchmark: Benchmark) -> dict[str, Any]:
    """The contract of docs/bench.md."""
    about = {"schema_version": SCHEMA_VERSION, "version": __version__, "setup": setup_record(benchmark)}
    target = benchmark.target and {"name": benchmark.target.name, "id": benchmark.target.id}
    return {**about, "target": target, "missing": benchmark.missing, "rows": [*records(benchmark)]}


def setup_record(benchmark: Benchmark) -> dict[str, Any]:
    """What decides the times."""
    return asdict(benchmark.setup)


def record(row: Measured) -> dict[str, Any]:
    """One row. MACs are of a sample, bytes and times of the batch, all of one of the ``occurs`` equal layers."""
    facts = layer_facts(row.runs[0]) if len(row.runs) == 1 else {}
    known = {
        "network": row.network,
        "row": row.about,
        "layer": row.layer if row.about == "layer" else None,
        "occurs": row.occurs,
        "replacement": row.replacement,
        "part": row.part,
        "kept": row.kept,
        **{name: facts.get(name) for name in FACTS},
        **figures(row.timed),
    }
    return {**known, **speedups(row), **forecasts(row.forecast)}


def speedups(row: Measured) -> dict[str, Any]:
    """What a replacement saves and gains; null for anything else."""
    found = row.speedup
    if row.standard is None or found is None:
        return dict.fromkeys(SPEEDUPS)
    reduced = (ratio(getattr(row.standard, name), getattr(row.timed, name)) for name in REDUCED)
    return dict(zip(SPEEDUPS, (*reduced, found.value, found.low, found.high, found.verdict.value)))


def forecasts(found: Forecast | None) -> dict[str, Any]:
    """What a target predicts; null without one."""
    if found is None:
        return dict.fromkeys(PREDICTED)
    return dict(zip(PREDICTED, (*found.time, found.error, *(found.speedup or (None,) * 3), found.speedup_error)))


def figures(timed: Timed) -> dict[str, Any]:
    """The counts, the times and the rates."""
    samples = timed.samples
    times = (samples.best, samples.low, samples.high, samples.median)
    rates = (timed.gflops_per_second, timed.gbytes_per_second)
    return dict(zip(FIGURES, (timed.macs, timed.traffic_bytes, *times, *rates)))


def chosen_rows(benchmark: Benchmark, sort: str | None, top: int | None) -> Benchmark:
    """The same with its layers sorted, largest first or smallest first (``-NAME``), and only the first ones.

    A figure is the standard's, a speed-up or a reduction the first replacement's. Totals and models follow the layers.
    """
    if sort is None and top is None:
        return benchmark

    def value(group: list[Measured], name: str) -> float | None:
        found: float | None = record(group[min("speedup" in name or name in SPEEDUPS, len(group) - 1)])[name]
        return found

    rows: list[Measured] = []
    for network in dict.fromkeys(row.network for row in benchmark.rows):
        of_network = [group for group in benchmark.groups if group[0].network == network]
        layers = [group for group in of_network if group[0].about == "layer"]
        rest = [group for group in of_network if group not in layers]
        rows += chain.from_iterable([*ordered(layers, sort, value)[:top], *rest])
    return benchmark._replace(rows=rows)

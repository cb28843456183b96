"""Agreement: what a target predicts, beside what was measured, and how far off it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TypeAlias

from sepcost.layers import Layer
from sepcost.measured.benchmark import LAYER, TOTAL, Benchmark, Forecast, Measured
from sepcost.targets.prediction import LayerTime, predicted, ratio, total
from sepcost.targets.profile import Profile

Known: TypeAlias = "dict[Layer, LayerTime | None]"


def with_forecasts(benchmark: Benchmark, profile: Profile) -> Benchmark:
    """The same rows with what the target predicts of them: of layers, parts and sums, not of whole models."""
    layers = list(dict.fromkeys(chain.from_iterable(row.runs for row in benchmark.rows)))
    known = dict(zip(layers, predicted(profile, layers)))
    standards: dict[tuple[str, str, str], list[Measured]] = {}
    rows = []
    for row in benchmark.rows:
        members = _members(row, benchmark.rows)
        standard = standards.setdefault((row.network, row.about, row.layer), members)
        rows.append(row._replace(forecast=_forecast(row, members, standard, known)))
    return benchmark._replace(rows=rows, target=profile)


def _members(row: Measured, rows: Sequence[Measured]) -> list[Measured]:
    """The rows that it is the sum of; itself, if it is no sum."""
    if row.about != TOTAL:
        return [row._replace(occurs=1)]
    alike = (each for each in rows if (each.network, each.about, each.part) == (row.network, LAYER, None))
    return [each for each in alike if each.replacement == row.replacement]


def _forecast(row: Measured, own: Sequence[Measured], standard: Sequence[Measured], known: Known) -> Forecast | None:
    times, before = _times(own, known), _times(standard, known)
    if times is None or before is None:
        return None
    time = total(times.values())
    error = time.value / row.timed.samples.best - 1
    if row.speedup is None:
        return Forecast(time, error)
    pairs = (
        ((times.get(each) or before[each])[0], before.get(each, (None, 0))[1], times.get(each, (None, 0))[1])
        for each in {**before, **times}
    )
    speedup = ratio(pairs)
    return Forecast(time, error, speedup, speedup.value / row.speedup.value - 1)


def _times(rows: Iterable[Measured], known: Known) -> dict[Layer, tuple[LayerTime, int]] | None:
    """Each layer's time, and how often it runs; None if one is not known. A row may be of many positions at once."""
    times: dict[Layer, tuple[LayerTime, int]] = {}
    for row in rows:
        positions = row.timed.macs // sum(layer.cost.macs for layer in row.runs) if row.runs else 0
        for layer in row.runs:
            time = known[layer]
            if time is None:
                return None
            times[layer] = (time, times.get(layer, (time, 0))[1] + positions * row.occurs)
    return times or None

"""Agreement: what a target predicts, beside what was measured, and how far off it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias

from sepcost.layers import Layer
from sepcost.measured.benchmark import LAYER, TOTAL, Benchmark, Forecast, Measured
from sepcost.targets.prediction import LayerTime, predicted, ratio, total, why_outside
from sepcost.targets.profile import Profile
from sepcost.targets.work import ON_MANY

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
    unknown = dict(_reasons(benchmark.rows, known, profile))
    return benchmark._replace(rows=rows, target=profile, unknown=unknown)


def _reasons(rows: Iterable[Measured], known: Known, profile: Profile) -> Iterator[tuple[str, str]]:
    """The layers and parts that the target does not predict, and why."""
    for row in rows:
        if row.about == LAYER and not row.kept and bool(row.replacement) == bool(row.part):
            (layer,) = row.runs
            if _is_wide(row) or known[layer] is None:
                name = f"{row.layer}.{row.part}" if row.part else row.layer
                yield name, ON_MANY if _is_wide(row) else why_outside(profile, layer) or ""


def _is_wide(row: Measured) -> bool:
    """Whether it ran on many positions at once."""
    return row.timed.macs > sum(layer.cost.macs for layer in row.runs)


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
    """Each layer's time, and how often it runs; None if one is not known."""
    times: dict[Layer, tuple[LayerTime, int]] = {}
    for row in rows:
        for layer in row.runs:
            time = None if _is_wide(row) else known[layer]
            if time is None:
                return None
            times[layer] = (time, times.get(layer, (time, 0))[1] + row.occurs)
    return times or None

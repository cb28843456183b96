"""Which charts a result has: the usual one first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sepcost.charts.comparison_charts import layers_chart, networks_chart
from sepcost.charts.difference_charts import growth_chart, growth_of_several
from sepcost.charts.fit_charts import energy_chart
from sepcost.charts.reduction_chart import reduction_chart
from sepcost.charts.time_charts import measured_roofline, measured_speedups, roofline_chart, speedup_chart
from sepcost.count.snapshot import Snapshot
from sepcost.errors import SepcostError
from sepcost.measured.benchmark import Benchmark
from sepcost.measured.fits import Fits
from sepcost.sheets.view import View

if TYPE_CHECKING:
    import altair as alt

    from sepcost.judge.difference import Difference
    from sepcost.judge.verdict import Judgement

KINDS: Mapping[str, Sequence[str]] = {
    "comparisons": ("reduction", "networks", "layers", "roofline", "speedup"),
    "benchmark": ("speedup", "roofline"),
    "fits": ("energy",),
    "difference": ("growth",),
    "judgement": ("growth",),
}
"""The kinds of charts that each result may have."""
MOST_POINTS = 10_000
"""More cannot be told apart."""
TOO_MANY = f"more than {MOST_POINTS:,} rows are too many for a chart: use --top 20, or --filter"


class Drawn(NamedTuple):
    """A chart of Altair, and its kind."""

    kind: str
    chart: alt.TopLevelMixin


def charts(result: str, found: Sequence[Any], view: View | None = None, assumed: Sequence[str] = ()) -> list[Drawn]:
    """All charts that a result has, the usual one first; none where there is nothing to draw.

    >>> from sepcost import Conv, compare
    >>> from sepcost.count.evaluation import evaluated
    >>> [drawn.kind for drawn in charts("comparisons", [evaluated(compare(Conv((56, 56), 64, 128, 3)))])]
    ['layers']

    ``result`` is its name among formats, ``found`` what it consists of. Raises SepcostError where Altair is missing, or
    where there are more than ``MOST_POINTS`` results.
    """
    if len(found) > MOST_POINTS:
        raise SepcostError(TOO_MANY)
    if not found or result not in MAKERS:
        return []
    made = MAKERS[result](found, view or View(), assumed)
    return [Drawn(kind, chart) for kind, chart in made if chart is not None]


def _of_comparisons(snapshots: Sequence[Snapshot], view: View, assumed: Sequence[str]) -> Iterator[tuple[str, Any]]:
    first, several = snapshots[0], len(snapshots) > 1
    is_sweep = several and bool(first.swept) and all(each.is_single_convolution for each in snapshots)
    curves = reduction_chart(snapshots, view) if is_sweep else None
    if curves is not None:
        yield "reduction", curves
    elif several or view.totals:
        yield "networks", networks_chart(snapshots, view)
    else:
        yield "layers", layers_chart(first, assumed)
    if not several and first.target:
        yield "roofline", roofline_chart(first)
    if first.target and not view.totals:
        yield "speedup", speedup_chart(snapshots)


def _of_benchmark(found: Sequence[Benchmark], *_: Any) -> Iterator[tuple[str, Any]]:
    (benchmark,) = found
    yield "speedup", measured_speedups(benchmark)
    yield "roofline", measured_roofline(benchmark)


def _of_fits(found: Sequence[Fits], *_: Any) -> Iterator[tuple[str, Any]]:
    (fits,) = found
    if any(row.fit for row in fits.rows):
        yield "energy", energy_chart(fits)


def _of_difference(found: Sequence[Difference], *_: Any) -> Iterator[tuple[str, Any]]:
    (difference,) = found
    yield "growth", growth_chart(difference)


def _of_judgement(found: Sequence[Judgement], *_: Any) -> Iterator[tuple[str, Any]]:
    (judgement,) = found
    known = (verdict.growth.difference for verdict in judgement.verdicts if verdict.growth)
    changed = [difference for difference in known if not difference.is_empty]
    if len(changed) > 1:
        yield "growth", growth_of_several(changed)
    elif changed:
        yield "growth", growth_chart(changed[0])


MAKERS: Mapping[str, Callable[..., Iterator[tuple[str, Any]]]] = {
    "comparisons": _of_comparisons, "benchmark": _of_benchmark, "fits": _of_fits, "difference": _of_difference,
    "judgement": _of_judgement,
}  # fmt: skip

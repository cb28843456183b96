"""Looks: series are told apart, axes have readable places, names are not written over each other."""

from __future__ import annotations

from math import log10
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sepcost import compare, load
from sepcost.charts.axes import ticks
from sepcost.charts.comparison_charts import HIGH, LETTER, LINE, labels
from sepcost.charts.marks import COLOURS, DASHES, SHAPES, WIDE, by_series
from tests.commands import ROOT

MANY = [{"series": f"n{number}"} for number in range(len(COLOURS) * len(DASHES))]


def test_no_two_series_look_alike() -> None:
    for lines, other in ((False, "shape"), (True, "strokeDash")):
        looks = {name: each.to_dict()["scale"]["range"] for name, each in by_series(MANY, lines=lines).items()}
        assert len({str(pair) for pair in zip(looks["color"], looks[other])}) == len(MANY)
    assert len({*COLOURS}) == len(COLOURS)
    assert len({*SHAPES}) == len(SHAPES)


@given(st.floats(1e-3, 1e9), st.floats(1.5, 1e8))
def test_places_on_an_axis_are_within_it_and_few(low: float, times: float) -> None:
    places = ticks(low, low * times)
    assert places == sorted(places)
    assert all(low / times**0.02 <= place <= low * times**1.02 for place in places)
    assert len(places) <= 12
    assert len(places) >= int(log10(times))


def test_names_of_networks_are_not_written_over_each_other() -> None:
    rows: list[dict[str, Any]] = []
    for file in sorted((ROOT / "configs").glob("*.yaml")):
        cost = compare(load(file), replacements=[]).standard.cost
        rows.append({"network": file.stem, "series": "standard", "flops": cost.macs, "params": cost.params})
    left, right = (text.to_dict()["data"]["values"] for text in labels(rows))
    assert 5 < len(left) + len(right) < len(rows)
    ends = {name: [log10(pick([row[name] for row in rows])) for pick in (min, max)] for name in ("flops", "params")}

    def box(row: dict[str, Any], side: int) -> tuple[float, float, float]:
        x, y = (
            pixels * (log10(row[name]) - ends[name][0]) / (ends[name][1] - ends[name][0])
            for name, pixels in (("flops", WIDE), ("params", HIGH))
        )
        long = side * LETTER * len(str(row["network"]))
        return min(x, x + long), max(x, x + long), y

    boxes = [*(box(row, 1) for row in left), *(box(row, -1) for row in right)]
    for number, (start, end, y) in enumerate(boxes):
        for begin, stop, other in boxes[:number]:
            assert abs(y - other) > LINE or start > stop or end < begin

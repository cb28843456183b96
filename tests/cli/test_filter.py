"""``--filter``: exactly the rows stay whose numbers are within the bounds, in the order that they had."""

from __future__ import annotations

import csv
import io
import json
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commands import sepcost

SWEEP = ("compare", "-H", "7:28:7", "-K", "1,3,5", "-C", "8:64:8", "-O", "C", "--groups", "1,3")
MANY = (*SWEEP[:-4], "-O", "8:256:8")
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip


def rows(*arguments: str, code: int = 0) -> list[dict[str, str]]:
    done = sepcost(*arguments, "--format", "csv")
    assert done.code == code, done.err
    return list(csv.DictReader(io.StringIO(done.out)))


@settings(max_examples=15)
@given(
    many=st.booleans(),
    name=st.sampled_from(["macs", "O", "reduction.macs", "replacement.params", "macs_per_byte"]),
    sign=st.sampled_from(sorted(COMPARE)),
    place=st.floats(0, 1),
)
def test_the_rows_are_those_that_hold(many: bool, name: str, sign: str, place: float) -> None:
    """One by one, and many at once; bounds are values that are there, so that equal ones matter."""
    sweep = MANY if many else SWEEP
    code = 0 if many else 2  # 3 groups do not divide 8 channels
    everything = rows(*sweep, "-r", "separable", "-r", "blueprint", code=code)
    bound = everything[int(place * (len(everything) - 1))][name]
    filtered = rows(*sweep, "-r", "separable", "-r", "blueprint", "--filter", f"{name}{sign}{bound}", code=code)
    number = float if "." in bound else int
    assert filtered == [row for row in everything if row[name] and COMPARE[sign](number(row[name]), number(bound))]


def test_a_filter_comes_before_the_order_and_its_top() -> None:
    arguments = ("--filter", "macs<=20M", "--filter", "O>=32", "--sort", "reduction.macs")
    found = rows(*MANY, *arguments)
    within = [row for row in rows(*MANY) if int(row["macs"]) <= 20_000_000 and int(row["O"]) >= 32]
    assert found == sorted(within, key=lambda row: -float(row["reduction.macs"]))
    assert rows(*MANY, *arguments, "--top", "3") == found[:3]
    assert rows(*MANY, *arguments[:4], "--top", "3") == within[:3]


def test_a_table_says_how_many_rows_are_left_of_how_many() -> None:
    done = sepcost(*MANY, "--filter", "macs<=100k", "--filter", "C>8")
    within = [row for row in rows(*MANY) if int(row["macs"]) <= 100_000 and int(row["C"]) > 8]
    assert f"Only combinations with macs <= 100k and C > 8: {len(within)} of 3,072." in done.out.splitlines()


def test_what_is_no_convolution_is_reported_once() -> None:
    done = sepcost(*SWEEP, "--filter", "O>=32", "--format", "csv")
    plain = sepcost(*SWEEP, "--format", "csv")
    assert done.err == plain.err


def test_layers_are_filtered_and_the_total_is_that_of_all() -> None:
    done = sepcost("compare", "mobilenet_v1", "--filter", "macs>=400M", "--format", "json")
    [network] = json.loads(done.out)["networks"]
    [whole] = json.loads(sepcost("compare", "mobilenet_v1", "--format", "json").out)["networks"]
    assert network["layers"] == [layer for layer in whole["layers"] if layer["standard"]["macs"] >= 400_000_000]
    assert network["total"] == whole["total"]
    assert json.loads(done.out)["selection"] == {"filter": ["macs >= 400M"]}
    table = sepcost("compare", "mobilenet_v1", "--filter", "macs>=400M", "--sort", "-params", "--top", "2").out
    assert "2 of 16 layers, with macs >= 400M, by params; the total is that of all." in table.splitlines()


def test_columns_of_ones_own_are_filtered_too(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("network,change,note\nLeNet-5,-0.5,a\nM5,1.25,b\n")
    arguments = ("compare", "lenet5", "m5", "--rows", "totals", "--join", str(own))
    assert [row["network"] for row in rows(*arguments, "--filter", "change>-1", "--filter", "change<0")] == ["LeNet-5"]
    assert sepcost(*arguments, "--filter", "note=1").err == "sepcost: --filter note = 1: note is no number\n"


def test_nothing_left_is_said() -> None:
    done = sepcost(*MANY, "--filter", "macs>1E", "--format", "csv")
    assert (done.code, done.out, done.err) == (0, "", "sepcost: none of 3,072 has macs > 1E\n")
    done = sepcost("compare", "-H", "7", "-K", "3", "-C", "8", "-O", "8", "--filter", "macs>1G")
    assert (done.code, done.out, done.err) == (0, "", "sepcost: none of 1 has macs > 1G\n")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("macs", "--filter: must be a name, a comparison and a number, got macs"),
        ("macs==1", "--filter: must be a name, a comparison and a number, got macs==1"),
        ("mcas<1", "--filter: nothing is called 'mcas'; did you mean `macs`? (docs/json.md has the names)"),
        ("network=1", "--filter network = 1: network is no number"),
        ("K=3x5", "--filter K: must be a count such as 4300000, 600k, 4.3M, 1.2G (k, M, G, T, P and E are powers of "
         "1000), got 3x5"),
        ("reduction.macs>=eight", "--filter reduction.macs: must be a number above 0 such as 8 or 7.5×, got eight"),
        ("time<=1ms", "--filter: time is not counted, but predicted for a target: give --target (sepcost target "
         "learn)"),
    ],
)  # fmt: skip
def test_what_is_no_condition_is_one_line(condition: str, message: str) -> None:
    done = sepcost(*MANY, "--filter", condition)
    assert (done.code, done.out, done.err) == (2, "", f"sepcost: {message}\n")

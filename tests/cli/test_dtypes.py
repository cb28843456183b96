"""--dtype: one for all tensors, or one for each kind of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import ROOT, sepcost

ODD = ("compare", "-H", "5", "-C", "3", "-K", "3", "-O", "5", "--bias")
MIXED = "weights=int4,activations=int8"
M5 = str(ROOT / "configs/m5.yaml")


def test_each_tensor_of_int4_has_whole_bytes() -> None:
    """135 weights, 5 biases in int32, 75 elements in and 125 out."""
    document = json.loads(sepcost(*ODD, "--dtype", "int4", "--format", "json").out)
    figures = document["networks"][0]["total"]["standard"]
    assert document["dtype"] == "int4"
    assert (figures["weight_bytes"], figures["activation_bytes"]) == (68 + 5 * 4, 63)
    assert figures["traffic_bytes"] == 88 + 38 + 63
    assert figures["peak_activation_bytes"] == 38 + 63


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("activations=int8,weights=int4", MIXED),
        ("weights=int8,activations=int8,biases=int32", "int8"),
        ("biases=float16", "weights=float32,activations=float32,biases=float16"),
        ("float64", "float64"),
    ],
)
def test_a_dtype_has_one_shortest_form(typed: str, written: str) -> None:
    assert json.loads(sepcost(*ODD, "--dtype", typed, "--format", "json").out)["dtype"] == written


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("int5", "must be one of float64, float32, float16, bfloat16, float8, int8, int4, or for each as in"),
        ("weights=int5", "must be one of float64, float32,"),
        ("biases=int4", "must be one of int32, float64, float32, float16, bfloat16, float8, int8 for biases, got int4"),
        ("weights=int8,activations", "activations is without one: give activations=float32, say"),
        ("inputs=int8", "is for weights, activations, biases, got inputs"),
        ("weights=int8,weights=int4", "is given an option twice: weights"),
    ],
)
def test_what_is_no_dtype_gets_one_line(typed: str, message: str) -> None:
    run = sepcost(*ODD, "--dtype", typed)
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
    assert run.err.startswith(f"sepcost: --dtype: {message}")


def test_what_was_counted_so_is_read_back(tmp_path: Path) -> None:
    costs, baseline = str(tmp_path / "costs.json"), str(tmp_path / "baseline.json")
    counted = sepcost("compare", M5, "--dtype", MIXED, "--format", "json", "--output", costs)
    assert counted.code == 0
    again = sepcost("compare", costs, "--dtype", MIXED, "--format", "json")
    assert json.loads(again.out)["networks"] == json.loads(Path(costs).read_text())["networks"]
    assert "nothing changed" in sepcost("diff", costs, M5, "--dtype", MIXED).out
    update = ("check", M5, "--dtype", MIXED, "--no-verify", "--update-baseline", baseline)
    assert sepcost(*update).code == 0
    held = ("check", M5, "--no-verify", "--baseline", baseline)
    assert sepcost(*held, "--dtype", MIXED).code == 0
    assert sepcost(*held).code == 2


def test_the_table_says_what_is_counted() -> None:
    assert "Memory is in int4 for weights and int8 for activations." in sepcost(*ODD, "--dtype", MIXED).out
    refused = sepcost(*ODD, "--explain", "--dtype", "int4")
    assert refused.err == "sepcost: --explain derives whole bytes an element: give another dtype than int4\n"

"""Sweeps of one convolution: every row is what the convolution costs by itself, however many are counted at once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sepcost import Conv, SepcostError, compare, sweep
from sepcost.cli.app import run
from sepcost.count.comparison import Comparison
from sepcost.count.figure import cost_figures
from sepcost.count.snapshot import Snapshot
from tests.commands import sepcost

ALL = ("separable", "blueprint", "blueprint_subspace", "grouped:groups=4", "bottleneck", "inverted", "spatial")
COST = ("params", "macs", "activations")


def rows_of(path: Path, *arguments: str) -> tuple[int, list[dict[str, str]]]:
    code = run(["compare", *arguments, "--format", "csv", "--output", str(path)])
    if not path.exists():
        return code, []
    with path.open(encoding="utf-8", newline="") as file:
        return code, list(csv.DictReader(file))


def expected(result: Comparison, text: str) -> dict[str, str]:
    """What a row must say, from the Python API."""
    total, standard = result.totals[text], result.standard
    row = {name: str(getattr(standard.cost, name)) for name in COST}
    row |= {f"replacement.{name}": str(getattr(total.cost, name)) for name in COST}
    row |= {
        "traffic_bytes": str(standard.cost.traffic_bytes(result.convention)),
        "peak_activation_bytes": str(standard.peak_bytes(result.convention)),
        "replacement.peak_activation_bytes": str(total.peak_bytes(result.convention)),
        "replacement.macs_per_byte": repr(cost_figures(total.cost, result.convention)["macs_per_byte"]),
        "reduction.macs": repr(result.reduction(text)),
        "costs_more": str(total.costs_more).lower(),
        "kept": result.layers[0].variants[text].kept or "",
    }
    return row


def holds(row: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return {name: row[name] for name in other} == other


def test_every_combination_is_a_row_in_a_stable_order(tmp_path: Path) -> None:
    _, rows = rows_of(tmp_path / "s.csv", "-H", "56", "-C", "64", "-K", "3,5,7", "-O", "64:256:64")
    assert [(row["K"], row["O"]) for row in rows] == list(product("357", ("64", "128", "192", "256")))
    for row in rows:
        kernel, outputs = int(row["K"]), int(row["O"])
        assert int(row["macs"]) == 56 * 56 * 64 * kernel**2 * outputs
        assert int(row["replacement.macs"]) == 56 * 56 * 64 * (kernel**2 + outputs)
        assert float(row["reduction.macs"]) == pytest.approx(kernel**2 * outputs / (kernel**2 + outputs))


def numbers(count: int, most: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, most), min_size=count, max_size=count, unique=True)


@settings(max_examples=5)
@given(
    sizes=numbers(4, 40),
    inputs=numbers(7, 40),
    kernels=numbers(3, 9),
    outputs=numbers(6, 40),
    stride=st.sampled_from([[1], [2], [1, 2]]),
    padding=st.sampled_from([["same"], [0], ["same", 1]]),
    groups=st.sampled_from([[1], [1, 2]]),
    batch=st.sampled_from([[1], [1, 3]]),
    bias=st.booleans(),
    norm=st.sampled_from(["none", "batch"]),
    transposed=st.booleans(),
    several=st.lists(st.sampled_from(ALL), min_size=1, max_size=3, unique=True),
)
def test_a_row_is_what_the_convolution_costs_by_itself(
    tmp_path_factory: pytest.TempPathFactory,
    sizes: Sequence[int],
    inputs: Sequence[int],
    kernels: Sequence[int],
    outputs: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[Any],
    groups: Sequence[int],
    batch: Sequence[int],
    bias: bool,
    norm: Any,
    transposed: bool,
    several: Sequence[str],
) -> None:
    """Also where some combinations are no convolutions, or are kept, or where blocks branch on the numbers."""
    axes = {"-H": sizes, "-C": inputs, "-K": kernels, "-O": outputs, "--stride": stride, "--padding": padding}
    axes |= {"--groups": groups, "--batch": batch}
    arguments = [text for option, values in axes.items() for text in (option, ",".join(map(str, values)))]
    arguments += ["--bias"] * bias + ["--norm", norm] + ["--transposed"] * transposed
    arguments += [text for name in several for text in ("-r", name)]
    code, rows = rows_of(tmp_path_factory.mktemp("sweep") / "s.csv", *arguments)
    remaining = iter(rows)
    failed = 0
    for size, c, k, o, s, p, g, b in product(*axes.values()):
        try:
            options = {"stride": s, "padding": p, "groups": g, "bias": bias, "norm": norm, "transposed": transposed}
            result = compare(Conv((size, size), c, o, k, **options), several, batch=b)
        except SepcostError:
            failed += 1
            continue
        for text in several:
            row = next(remaining)
            assert row["replacement"] == text
            assert holds(row, expected(result, text)), (row, expected(result, text))
    assert list(remaining) == []
    assert code == (2 if failed else 0)


def test_counts_stay_exact_beyond_64_bits(tmp_path: Path) -> None:
    _, rows = rows_of(tmp_path / "s.csv", "-H", "2000000000", "-C", "2000000000", "-K", "3", "-O", "1:600:1")
    assert len(rows) == 600
    for row in rows:
        outputs = int(row["O"])
        assert int(row["macs"]) == 4 * 10**18 * 2 * 10**9 * 9 * outputs
        assert int(row["replacement.macs"]) == 4 * 10**18 * 2 * 10**9 * (9 + outputs)
        assert float(row["reduction.macs"]) == 9 * outputs / (9 + outputs)


def test_json_and_json_lines_say_what_csv_says(tmp_path: Path) -> None:
    arguments = ["compare", "-H", "7:70:7", "-C", "1:60:1", "-K", "1,3", "-O", "4", "-r", "separable:multiplier=1,2"]
    for suffix in ("csv", "json", "jsonl"):
        assert run([*arguments, "--output", str(tmp_path / f"s.{suffix}")]) == 0
    networks = json.loads((tmp_path / "s.json").read_text())["networks"]
    lines = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text().splitlines()]
    assert [line["total"] for line in lines] == [network["total"] for network in networks]
    with (tmp_path / "s.csv").open(newline="") as file:
        rows = iter(list(csv.DictReader(file)))
    assert len(networks) == 10 * 60 * 2
    for network in networks:
        for text, total in network["total"]["replacements"].items():
            row = next(rows)
            assert (row["replacement"], int(row["options.multiplier"])) == (text, total["options"]["multiplier"])
            assert {name: int(row[name]) for name in "HCK"} == network["swept"]
            assert int(row["macs"]) == network["total"]["standard"]["macs"]
            assert float(row["reduction.macs"]) == total["reduction"]["macs"]
            assert (row["costs_more"] == "true") == total["costs_more"]


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("name", ["macs", "reduction.macs", "replacement.traffic_bytes", "K"])
def test_a_sorted_sweep_is_the_sweep_sorted(tmp_path: Path, name: str, ascending: bool) -> None:
    arguments = ["-H", "7,14,9", "-C", "8:80:8", "-K", "1,3,5", "-O", "1:9:1"]
    _, rows = rows_of(tmp_path / "all.csv", *arguments)
    _, chosen = rows_of(tmp_path / "top.csv", *arguments, "--sort", f"{'-' * ascending}{name}", "--top", "30")
    rows.sort(key=lambda row: float(row[name]) if ascending else -float(row[name]))
    assert len(rows) == 3 * 10 * 3 * 9
    assert chosen == rows[:30]


def test_multipliers_are_swept_too(tmp_path: Path) -> None:
    """MobileNet v1's published table of width and resolution (arXiv:1704.04861, tables 6 and 7), in one command."""
    config = "configs/mobilenet_v1.yaml"
    _, rows = rows_of(tmp_path / "m.csv", config, "--alpha", "0.25:1:0.25", "--resolution", "128,160,192,224")
    millions = {(row["alpha"], row["resolution"]): round(int(row["replacement.macs"]) / 1e6) for row in rows}
    assert [millions[alpha, "224"] for alpha in ("1.0", "0.75", "0.5", "0.25")] == [569, 325, 149, 41]
    assert [millions["1.0", size] for size in ("224", "192", "160", "128")] == [569, 418, 291, 186]
    assert len(rows) == 16


SHARD = ("compare", "-C", "8", "-K", "3x5", "-O", "4,8", "--stride", "2")


def test_shards_can_be_told_apart_by_what_was_fixed() -> None:
    shards = [sepcost(*SHARD, "-H", size, "--format", "csv").out for size in ("14", "28")]
    rows = [row for text in shards for row in csv.DictReader(io.StringIO(text))]
    found = [(row["H"], row["C"], row["K"], row["stride"], row["O"]) for row in rows]
    assert found == [(size, "8", "3x5", "2", outputs) for size in ("14", "28") for outputs in ("4", "8")]
    networks = json.loads(sepcost(*SHARD, "-H", "14", "--format", "json").out)["networks"]
    assert [network["fixed"] for network in networks] == [{"H": 14, "C": 8, "K": [3, 5], "stride": 2}] * 2
    assert "fixed" not in sepcost("compare", "-C", "8", "-K", "3", "-O", "4", "--format", "json").out


def test_what_was_fixed_can_be_chosen() -> None:
    text = sepcost(*SHARD, "-H", "14", "--columns", "H,K,macs", "--format", "csv").out
    assert text.startswith("network,O,replacement,H,K,macs\nconv,4,separable,14,3x5,")
    table = sepcost(*SHARD, "-H", "14", "--columns", "H,K,macs").out.splitlines()
    assert [line.split()[:3] for line in table[2:5:2]] == [["O", "H", "K"], ["4", "14", "3×5"]]
    many = ("compare", "-H", "8", "-C", "1:600:1", "-K", "3", "-O", "4", "--format", "csv", "--columns", "H,macs")
    assert sepcost(*many).out.splitlines()[600] == f"conv,600,separable,8,{64 * 600 * 9 * 4}"
    network = ("compare", "mobilenet_v1", "--alpha", "0.5,1", "--resolution", "160", "--format", "csv")
    assert [row["resolution"] for row in csv.DictReader(io.StringIO(sepcost(*network).out))] == ["160", "160"]


def test_tied_numbers_are_swept_together(tmp_path: Path) -> None:
    tied = ("-H", "14,28", "-C", "8:64:*2", "-K", "3", "-O", "C", "--groups", "O")
    _, rows = rows_of(tmp_path / "tied.csv", *tied)
    assert [(row["H"], row["C"], row["O"], row["groups"]) for row in rows] == [
        (size, *[channels] * 3) for size in ("14", "28") for channels in ("8", "16", "32", "64")
    ]
    for row in rows:
        assert int(row["macs"]) == int(row["H"]) ** 2 * 9 * int(row["C"])


def test_tied_numbers_are_counted_many_at_once_as_one_by_one(tmp_path: Path) -> None:
    _, rows = rows_of(tmp_path / "tied.csv", "-H", "1:40:1", "-C", "1:50:1", "-K", "3", "-O", "C")
    assert len(rows) == 40 * 50
    for row in rows[::97]:
        size, channels = int(row["H"]), int(row["C"])
        assert holds(row, expected(compare(Conv((size, size), channels, channels, 3)), "separable"))
    assert [each.swept for each in sweep(H=8, C=[4, 8], K=3, O="C") if isinstance(each, Snapshot)] == [
        {"C": 4, "O": 4}, {"C": 8, "O": 8},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ("-C 8 -O O", "-O: is tied to itself: give one of them a number"),
        ("-C groups -O C --groups O", "-C: is tied to itself, by --groups and -O: give one of them a number"),
        ("-C 8 -O W", "-O: is tied to W, which is not given"),
        ("-C 8 -O K", "-O: only H, W, C, O and groups can be tied to each other, got K"),
        ("-C 8 -O C,64", "-O: must be a whole number, got C"),
        ("-C 8 -O 8:9:*1.00001", "-O: has values with more than 1,000 decimals: 8:9:*1.00001"),
    ],
)
def test_what_cannot_be_tied_is_refused(numbers: str, message: str) -> None:
    run = sepcost("compare", "-H", "8", "-K", "3", *numbers.split())
    assert (run.code, run.out, run.err) == (2, "", f"sepcost: {message}\n")

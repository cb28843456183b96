"""A paper's table: columns from elsewhere, and only the rows that no other row beats."""

from __future__ import annotations

import csv
import io
import itertools
import json
from pathlib import Path

import pytest

from tests.commands import ROOT, sepcost

CONFIGS = [str(ROOT / "configs" / f"{name}.yaml") for name in ("mobilenet_v1", "mobilenet_v2", "resnet50", "alexnet")]
ACCURACY = """network,top1,venue
MobileNet v1,70.60,arXiv
MobileNet v2,71.878,CVPR
ResNet-50,76.13,CVPR
AlexNet,56.522,
"""


@pytest.fixture
def accuracy(tmp_path: Path) -> str:
    path = tmp_path / "accuracy.csv"
    path.write_text(ACCURACY, encoding="utf-8")
    return str(path)


def rows_of(*arguments: str) -> list[dict[str, str]]:
    run = sepcost("compare", *arguments, "--rows", "totals", "--format", "csv")
    assert (run.code, run.err) == (0, "")
    return list(csv.DictReader(io.StringIO(run.out)))


def test_own_columns_are_beside_each_network_as_they_were_written(accuracy: str) -> None:
    found = {row["network"]: (row["top1"], row["venue"]) for row in rows_of(*CONFIGS, "--join", accuracy)}
    assert found["MobileNet v1"] == ("70.60", "arXiv")
    assert found["AlexNet"] == ("56.522", "")


def test_json_has_numbers_as_numbers(accuracy: str) -> None:
    run = sepcost("compare", *CONFIGS, "--rows", "totals", "--join", accuracy, "--format", "json")
    networks = json.loads(run.out)["networks"]
    assert [network["joined"]["top1"] for network in networks] == [70.6, 71.878, 76.13, 56.522]
    assert networks[-1]["joined"]["venue"] is None


def test_latex_aligns_their_decimals(accuracy: str) -> None:
    arguments = ("--join", accuracy, "--columns", "params,macs,top1", "--format", "latex")
    run = sepcost("compare", *CONFIGS, "--rows", "totals", *arguments)
    assert "S[table-format=2.3]}" in run.out
    assert "& 70.60 \\\\" in run.out


def test_own_columns_can_be_of_a_replacement(tmp_path: Path) -> None:
    path = tmp_path / "by.csv"
    path.write_text(
        "file,replacement,top1\n"
        + "".join(f"{CONFIGS[0]},{text},{top}\n" for text, top in (("separable", 70.6), ("blueprint", 69)))
    )
    rows = rows_of(CONFIGS[0], "--join", str(path), "-r", "separable", "-r", "blueprint")
    assert [(row["replacement"], row["top1"]) for row in rows] == [("separable", "70.6"), ("blueprint", "69")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("network,top1\nMobileNet v1,70\n", "has no row for network 'MobileNet v2'; did you mean `MobileNet v1`?"),
        (f"{ACCURACY}UNet,1,\n", "no network is called 'UNet'"),
        (f"{ACCURACY}AlexNet,1,\n", "'AlexNet' is there twice"),
        ("name,top1\n", "needs a column `network` or `file`, got name and top1"),
        ("network,params\n", "'params' is a name of sepcost's own: rename it"),
        ("network,MACs\n", "'MACs' is a name of sepcost's own: rename it"),
        ("network,h\n", "'h' is a name of sepcost's own: rename it"),
        ("network,top1,\n", "column 3 has no name"),
        ("network\n", "has no column beside the names"),
        ("network,a\nAlexNet,1,2\n", "has 3 values for 2 columns"),
        ('network,a\nAlexNet,"1\n', "is no CSV: unexpected end of data"),
    ],
)
def test_a_file_that_does_not_fit_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(text)
    run = sepcost("compare", *CONFIGS, "--rows", "totals", "--join", str(path))
    assert (run.code, run.out) == (2, "")
    assert message in run.err
    assert run.err.count("\n") == 1


def test_only_rows_that_no_other_row_beats(accuracy: str) -> None:
    """AlexNet has more params and less accuracy than all others; MobileNet v1 than v2."""
    rows = rows_of(*CONFIGS, "-r", "none", "--join", accuracy, "--pareto", "params,top1")
    assert [row["network"] for row in rows] == ["MobileNet v2", "ResNet-50"]
    reversed_ = rows_of(*CONFIGS, "-r", "none", "--join", accuracy, "--pareto", "-params,-top1")
    assert [row["network"] for row in reversed_] == ["AlexNet"]


@pytest.mark.parametrize("outputs", ["8:64:8", "8:2048:8"], ids=["one by one", "many at once"])
def test_the_front_of_a_sweep_is_that_of_all_its_pairs(outputs: str) -> None:
    arguments = ("-H", "14", "-C", "32", "-K", "3,5,7", "-O", outputs, "--columns", "K,O,params,replacement.macs")
    every = rows_of(*arguments)
    front = rows_of(*arguments, "--pareto", "params,reduction.macs")
    with_reductions = rows_of(*arguments[:-1], "K,O,params,reduction.macs")
    values = {(row["K"], row["O"]): (int(row["params"]), -float(row["reduction.macs"])) for row in with_reductions}
    beaten = {
        one
        for one, other in itertools.permutations(values, 2)
        if values[other] != values[one] and all(a <= b for a, b in zip(values[other], values[one]))
    }
    assert len(every) == len(values)
    assert {(row["K"], row["O"]) for row in front} == values.keys() - beaten


def test_each_replacement_is_a_row_of_its_own_where_it_is_judged() -> None:
    rows = rows_of(CONFIGS[0], "-r", "separable", "-r", "inverted", "--pareto", "replacement.params,replacement.macs")
    assert [row["replacement"] for row in rows] == ["separable"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((CONFIGS[0], "--pareto", "params"), "--pareto is for rows of networks: give --rows totals"),
        ((CONFIGS[0], "--rows", "totals", "--pareto", "parms"), "nothing is called 'parms'; did you mean `params`?"),
        (("-C", "3", "-K", "3", "-O", "3", "--rows", "totals", "--join", "x.csv"), "--join has columns for networks"),
    ],
)
def test_what_does_not_go_together_is_one_line(arguments: tuple[str, ...], message: str) -> None:
    run = sepcost("compare", *arguments)
    assert run.code == 2
    assert message in run.err


def test_a_column_that_is_no_number_has_no_front(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_text("network,top1\nAlexNet,n/a\nResNet-50,76\n")
    run = sepcost(
        "compare", CONFIGS[3], CONFIGS[2], "-r", "none", "--rows", "totals", "--join", str(path), "--pareto", "top1"
    )
    assert (run.code, run.out) == (2, "")
    assert "--pareto: nothing is called 'top1'" in run.err


def test_values_by_replacement_need_one(tmp_path: Path) -> None:
    path = tmp_path / "by.csv"
    path.write_text("network,replacement,top1\nAlexNet,separable,50\n")
    run = sepcost("compare", CONFIGS[3], "-r", "none", "--rows", "totals", "--join", str(path))
    assert (run.code, run.err) == (2, f"{path}: has values by replacement, and 'AlexNet' has none\n")


def test_a_row_of_no_network_is_found_where_only_the_first_rows_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "typo.csv"
    path.write_text(f"{ACCURACY}Typo,1,\n\n")
    run = sepcost("compare", *CONFIGS, "--rows", "totals", "--join", str(path), "--top", "1")
    assert (run.code, run.out) == (2, "")
    assert "no network is called 'Typo'" in run.err


def test_measured_times_can_be_joined(tmp_path: Path) -> None:
    path = tmp_path / "times.csv"
    path.write_text("network,time\nAlexNet,4.5\n")
    rows = rows_of(CONFIGS[3], "--join", str(path), "--columns", "macs,time")
    assert [row["time"] for row in rows] == ["4.5"]
    run = sepcost("compare", CONFIGS[3], "--rows", "totals", "--join", str(path), "--target", "example-cpu")
    assert (run.code, run.err) == (2, f"{path}: 'time' is a name of sepcost's own: rename it\n")


def test_a_table_says_that_it_is_a_front(accuracy: str) -> None:
    run = sepcost("compare", *CONFIGS, "-r", "none", "--rows", "totals", "--join", accuracy, "--pareto", "params,top1")
    assert "\nOnly rows that no other row beats in params and top1; not those without a value.\n" in run.out

"""docs/conventions.md: its tables hold together, and what can be counted here is counted again."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from typing import Any

import pytest

from tests.commands import ROOT

TEXT = (ROOT / "docs" / "conventions.md").read_text(encoding="utf-8")
Rows = dict[str, dict[str, str]]


def rows(table: str) -> Rows:
    """The cells of a Markdown table by row and column, without the letters that lead to its notes."""
    head, _, *lines = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()]
    return {cells[0]: dict(zip(head[1:], [re.sub(r" \([a-z]\)$", "", cell) for cell in cells[1:]])) for cells in lines}


RATIOS, ADDED, EXACT = (rows(table) for table in re.findall(r"(?:^\| .*\n)+", TEXT, re.MULTILINE))


@pytest.fixture
def conventions(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return import_module("conventions")


def number(cell: str) -> int | None:
    return int(cell.replace(",", "")) if cell[0].isdigit() else None


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
def test_what_sepcost_and_torch_count_is_what_the_page_says(conventions: Any) -> None:
    assert [case.name for case in conventions.ALL] == list(EXACT)
    for case in conventions.ALL:
        printed = EXACT[case.name]
        ours, theirs = (conventions.count(counter, case).value for counter in ("sepcost", "torch"))
        assert case.macs == number(printed["MACs of one sample"]), case.name
        assert ours == number(printed["sepcost"]), case.name
        assert ours in (case.macs, None), case.name
        if "attention" not in case.name:  # which kernel runs, and so what torch sees, depends on the machine
            assert theirs == number(printed["torch"]), case.name


def test_the_ratios_are_those_of_the_counts() -> None:
    for layer, ratios in RATIOS.items():
        macs = number(EXACT[layer]["MACs of one sample"])
        assert macs is not None
        for counter, ratio in ratios.items():
            counted = number(EXACT[layer][counter])
            assert ratio == "–" if counted is None else float(ratio) == round(counted / macs, 3), (layer, counter)


def test_what_is_added_is_the_difference_of_the_counts() -> None:
    first, elements = next(iter(EXACT.values())), 32 * 28 * 28
    for layer, added in ADDED.items():
        for counter, ratio in added.items():
            counted, before = number(EXACT[layer][counter]), number(first[counter])
            assert before is not None
            assert ratio == "–" if counted is None else float(ratio) == round((counted - before) / elements, 3), layer


def test_a_counter_that_is_missing_or_fails_has_no_number(conventions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "thop", None)
    assert conventions.count("thop", conventions.PLAIN).value is None
    assert conventions.count("thop", conventions.PLAIN).said == "missing: thop is not installed"
    monkeypatch.setitem(conventions.COUNTERS, "torch", lambda case: 1 // 0)
    assert conventions.count("torch", conventions.PLAIN).said.startswith("fails: raises `ZeroDivisionError")


def test_the_four_numbers_of_a_convolution_with_a_bias() -> None:
    assert len(set(RATIOS["with a bias"].values())) == 4


def test_what_agrees_agrees() -> None:
    """The page's last claim: but for 2 per MAC, everybody counts these alike."""
    for layer in list(RATIOS)[:1] + list(RATIOS)[4:10] + ["1-D, K = 3", "3-D, 3×3×3"]:
        assert set(RATIOS[layer].values()) == {"1", "2"}, layer

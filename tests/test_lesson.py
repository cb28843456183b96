"""docs/lesson.md: every figure that it states holds. (What its commands print, test_shown.py checks.)"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from math import isclose

import pytest

from sepcost import Conv, compare, load
from sepcost.blocks.replacements import Replacement
from tests.commands import ROOT, sepcost

TEXT = (ROOT / "docs" / "lesson.md").read_text(encoding="utf-8")
PROSE = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)


def arithmetic(formula: str) -> str:
    """LaTeX as Python writes it: fractions, products, squares, thousands."""
    formula = formula.replace("{,}", "").replace(r"\cdot", "*").replace("^2", "**2")
    return re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", formula).strip()


def find_equations() -> Iterator[tuple[str, list[str]]]:
    """Each formula that equates numbers, with those of its sides that have no letters."""
    for formula in re.findall(r"\$\$?([^$]+)\$\$?", PROSE):
        sides = [arithmetic(side) for side in re.split(r"=|\\ge\b|\\gt\b", formula)]
        numeric = [side for side in sides if re.fullmatch(r"[\d\s.*+/()-]+", side)]
        is_a_definition = re.fullmatch(r"[A-Za-z] = \d+", formula)
        if len(sides) > 1 and numeric and not is_a_definition:
            yield formula, numeric


EQUATIONS = list(find_equations())
MOBILENET = ROOT / "configs" / "mobilenet_v1.yaml"
KEPT = [str(layer.standard.macs) for layer in compare(load(MOBILENET)).layers if layer.kept]
"""MACs of the layers of MobileNet that are not replaced: the first, the pool, the classifier."""


@pytest.mark.parametrize(("formula", "sides"), EQUATIONS)
def test_an_equation_of_numbers_holds(formula: str, sides: list[str]) -> None:
    assert len(sides) > 1 or r"\ge 0.9" in formula, "a figure that nothing on the page derives"
    exact = eval(sides[0])
    for side in sides[1:]:
        decimals = len(side.partition(".")[2])
        assert isclose(round(exact, decimals) if decimals else exact, eval(side), rel_tol=1e-12), formula


def test_a_large_figure_in_an_equation_is_shown_or_derived_on_the_page() -> None:
    shown = " ".join(re.findall(r"```.*?```", TEXT, re.DOTALL)).replace(",", "")
    known = {*re.findall(r"\d+(?:\.\d+)?", shown), *KEPT, *(sides[-1] for _, sides in EQUATIONS)}
    for formula, sides in EQUATIONS:
        for figure in re.findall(r"\d{5,}|\d+\.\d+", sides[0]):
            assert figure in known, formula


def test_there_are_equations_to_check() -> None:
    assert len(EQUATIONS) > 40


def test_the_tables_of_reductions() -> None:
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+\.\d+) \| (\d+) % \|$", TEXT, re.MULTILINE)
    assert len(rows) == 9
    for kernel, outputs, above, below, reduction, share in rows:
        squared, channels = int(kernel) ** 2, int(outputs)
        assert (int(above), int(below)) == (squared * channels, squared + channels)
        assert reduction == f"{squared * channels / (squared + channels):.2f}"
        assert share == f"{100 * channels / (squared + channels):.0f}"
        if squared > 1:  # a pointwise is kept
            ours = compare(Conv((9, 9), 5, channels, int(kernel))).reduction("separable")
            assert ours is not None
            assert f"{ours:.2f}" == reduction


def test_the_python_does_what_its_comments_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, object] = {}
    checked = 0
    for line in code.splitlines():
        expression, _, comment = line.partition("  # ")
        if comment:
            assert eval(expression, names) == int(comment)
            checked += 1
        else:
            exec(line, names)
    assert checked == 3


def test_exercise_9_adds_up_what_sepcost_counts() -> None:
    narrow = compare(load(MOBILENET, alpha="0.5")).totals["separable"].cost.macs
    (sides,) = (sides for formula, sides in EQUATIONS if f"{narrow:,}".replace(",", "{,}") in formula.split("=")[-1])
    assert all(figure in sides[0] for figure in KEPT)


@pytest.mark.parametrize("command", re.findall(r"`sepcost (compare [^`]+)`", PROSE))
def test_a_command_in_an_answer_works(command: str) -> None:
    assert sepcost(*shlex.split(command)).code == 0


@pytest.mark.parametrize("text", re.findall(r"`-r ([^`]+)`", PROSE))
def test_a_replacement_that_is_named_exists(text: str) -> None:
    Replacement.parse(text)


def test_exercise_4_halves_both_sides_of_the_map() -> None:
    whole, strided = (compare(Conv((112, 112), 32, 64, 3, stride=stride)) for stride in (1, 2))
    for before, after in (
        (whole.standard.cost, strided.standard.cost),
        (whole.totals["separable"].cost, strided.totals["separable"].cost),
    ):
        assert before.macs == 4 * after.macs


def test_exercise_6_breaks_even_between_14_and_15() -> None:
    result = compare(Conv((56, 56), 16, 32, 5), ["separable:multiplier=14", "separable:multiplier=15"])
    assert [total.costs_more for total in result.totals.values()] == [False, True]

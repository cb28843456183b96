"""The options of formats: what people read is rounded and in the units that they want, data never is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands import sepcost

ONE = ("compare", "-H", "112", "-C", "32", "-K", "3", "-O", "64")


def row(format_: str, name: str) -> str:
    """The row that begins with this name, its cells with one space between them."""
    lines = sepcost(*ONE, "--format", format_).out.splitlines()
    return " ".join(next(line for line in lines if name in line).split())


def test_precision_rounds_every_number_that_people_read() -> None:
    assert row("table:precision=2", "standard ") == "standard 18 k 230 M 800 k 72 KiB 3.1 MiB 4.7 MiB 47"
    assert row("table:precision=2", "  reduction") == "reduction 7.9× 7.9× 1.5× more 7.9× 1.5× more 1.6× more"


@pytest.mark.parametrize("format_", ["markdown", "latex"])
def test_every_format_for_people_rounds(format_: str) -> None:
    text = sepcost(*ONE, "--format", f"{format_}:precision=2").out
    found = next(line for line in text.splitlines() if "standard" in line)
    numbers = [cell.strip(" \\") for cell in re.split("[|&]", found)]
    assert [cell for cell in numbers if cell] == {
        "markdown": ["standard", "18 k", "230 M", "800 k", "72 KiB", "3.1 MiB", "4.7 MiB", "47"],
        "latex": ["standard", "18", "0.23", "0.80", "72", "3.1", "4.7", "47"],
    }[format_]


def test_the_most_precise_counts_are_exact() -> None:
    assert " 231.211008 M " in sepcost(*ONE, "--format", "table:precision=15").out


def test_units_are_those_of_all_counts_or_bytes() -> None:
    both = row('table:units="M,KiB"', "depthwise")
    assert both == "depthwise 0.000288 M 3.613 M 0.4014 M 1.125 KiB 1,568 KiB 3,137 KiB 1.12"
    assert row("markdown:units=k,precision=3", "pointwise").startswith("| – pointwise | 2.05 k | 25,700 k |")
    assert row("latex:units=G", "depthwise").startswith(r"\quad depthwise & 0.000000288 & 0.003613 &")
    diff = ("diff", "tests/configs/diff/before.yaml", "tests/configs/diff/changed.yaml", "--format", "table:units=k")
    assert "9.978 k" in sepcost(*diff).out
    assert "+14.75 k" in sepcost(*diff).out


@pytest.mark.parametrize(
    ("format_", "message"),
    [
        ("table:precision=0", "table: option precision must be between 1 and 15 significant digits, got 0"),
        ("table:precision=16", "table: option precision must be between 1 and 15 significant digits, got 16"),
        ("markdown:precision=2.5", "markdown: option precision must be a whole number, got 2.5"),
        ("table:precision", "table: option precision needs a value"),
        ("table:precision=3,precision=4", "table is given an option twice: precision"),
        ("table:precison=3", "table has no option 'precison'; did you mean `precision`? (it has precision and units)"),
        ("table:", "table has no option '' (it has precision and units)"),
        ("table:caption=x", "table has no option 'caption' (it has precision and units)"),
        ("latex:caption=x,long", "latex has no option 'long' (it has precision, units, caption and label)"),
        ('latex:caption="a, b', 'latex has a value that does not end with its quote: "a'),
        ("latex:label=a{b", "latex: option label must be letters, digits and : . _ + / - as in tab:cost, got a{b"),
        ('table:units="M,k"', "table: option units must be k, M, G, T, P or E for counts, "),
        ("table:units=MB", "table: option units must be k, M, G, T, P or E for counts, "),
        ("json:precision=3", "json has no option 'precision' (it has none)"),
        ("csv:units=M", "csv has no option 'units' (it has none)"),
    ],
)
def test_what_is_refused_gets_one_clear_line(format_: str, message: str) -> None:
    run = sepcost(*ONE, "--format", format_)
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
    assert run.err.startswith(f"sepcost: --format: {message}")


def test_a_derivation_and_a_gate_have_no_figures_to_round() -> None:
    derived = sepcost(*ONE, "--explain", "--format", "latex:caption=x")
    assert derived.err == "sepcost: --explain derives the exact numbers of a convolution: leave out caption=\n"
    gate = sepcost("check", "configs/m5.yaml", "--max-macs", "1", "--format", "table:precision=3")
    assert gate.err == "sepcost: --format: this command writes no table of figures: leave out :precision\n"


def test_the_environment_may_have_them_too(tmp_path: Path) -> None:
    assert sepcost(*ONE, SEPCOST_FORMAT="table:precision=3").out == sepcost(*ONE, "--format", "table:precision=3").out
    file = tmp_path / "costs.csv"
    assert sepcost(*ONE, "--output", str(file), SEPCOST_FORMAT="table:precision=3").code == 0
    assert "231211008" in file.read_text()
    assert sepcost(*ONE, "--explain", SEPCOST_FORMAT="table:precision=3").out == sepcost(*ONE, "--explain").out

"""--precision: what people read is rounded, data never is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands import sepcost

ONE = ("compare", "-H", "112", "-C", "32", "-K", "3", "-O", "64")


def test_precision_rounds_every_number_that_people_read() -> None:
    lines = sepcost(*ONE, "--precision", "2").out.splitlines()
    standard = next(line for line in lines if line.startswith("standard"))
    assert " ".join(standard.split()) == "standard 18 k 230 M 800 k 72 KiB 3.1 MiB 4.7 MiB 47"
    reduction = next(line for line in lines if line.startswith("  reduction"))
    assert " ".join(reduction.split()) == "reduction 7.9× 7.9× 0.67× 7.9× 0.67× 0.61×"


@pytest.mark.parametrize("format_", ["markdown", "latex"])
def test_every_format_for_people_rounds(format_: str) -> None:
    text = sepcost(*ONE, "--precision", "2", "--format", format_).out
    row = next(line for line in text.splitlines() if "standard" in line)
    numbers = [cell.strip(" \\") for cell in re.split("[|&]", row)]
    assert [cell for cell in numbers if cell] == {
        "markdown": ["standard", "18 k", "230 M", "800 k", "72 KiB", "3.1 MiB", "4.7 MiB", "47"],
        "latex": ["standard", "18", "0.23", "0.80", "72", "3.1", "4.7", "47"],
    }[format_]


def test_the_most_precise_counts_are_exact() -> None:
    assert " 231.211008 M " in sepcost(*ONE, "--precision", "15").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--precision", "0"), "--precision: must be between 1 and 15 significant digits, got 0"),
        (("--precision", "16"), "--precision: must be between 1 and 15 significant digits, got 16"),
        (("--precision", "2.5"), "--precision: must be a whole number, got 2.5"),
        (("--precision", "-3"), "--precision: must not be negative, got -3"),
        (
            ("--precision", "3", "--explain"),
            "--explain derives the exact numbers of a convolution: leave out --precision",
        ),
    ],
)
def test_what_is_refused_gets_one_clear_line(arguments: tuple[str, ...], message: str) -> None:
    run = sepcost(*ONE, *arguments)
    assert (run.code, run.out, run.err) == (2, "", f"sepcost: {message}\n")


@pytest.mark.parametrize("format_", ["json", "csv"])
def test_data_is_never_rounded(format_: str, tmp_path: Path) -> None:
    run = sepcost(*ONE, "--precision", "3", "--format", format_)
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
    assert run.err.startswith("sepcost: --precision rounds what people read (table, latex, markdown")
    assert run.err.endswith(f"not {format_}: its numbers are exact\n")
    file = tmp_path / f"out.{format_}"
    run = sepcost(*ONE, "--precision", "3", "--output", str(file))
    message = f"--output {file}: its name says {format_}, which does not go here: give --format"
    assert (run.code, run.err, file.exists()) == (2, f"sepcost: {message}\n", False)
    run = sepcost(*ONE, "--precision", "3", SEPCOST_FORMAT=format_)
    assert (run.code, run.out) == (0, sepcost(*ONE, "--precision", "3").out)

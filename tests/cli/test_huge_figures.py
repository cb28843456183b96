"""Figures whose quotients no float can be: exact or null in every format, and a stream goes on after them."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from tests.commands import sepcost

HUGE = 10**400
CONV = "{name: conv, H: 8, C: 4, K: 3, O: 8}"
SMALL = f"name: net\nindependent: true\nlayers:\n  - {CONV}\n"
LARGE = f"{SMALL}  - {{name: huge, type: other, operator: bmm, macs: {HUGE}}}\n"
NEXT = "name: next\ninput: {C: 3, H: 8}\nlayers:\n  - {name: conv, K: 3, O: 8}\n"
MACS = 8 * 8 * 4 * 9 * 8


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    texts = {"small": SMALL, "large": LARGE, "stream": f"{LARGE}---\n{NEXT}"}
    texts["budget"] = f"{LARGE}budget: {{macs: 5, macs_per_byte: 3}}\n"
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return {name: str(tmp_path / f"{name}.yaml") for name in texts}


def test_data_is_exact_or_null(files: dict[str, str]) -> None:
    run = sepcost("compare", files["stream"], "--format", "json")
    assert run.code == 0
    first, second = json.loads(run.out)["networks"]
    standard = first["total"]["standard"]
    assert standard["macs"] == HUGE + MACS
    assert standard["macs_per_byte"] is None
    assert second["name"] == "next"
    rows = list(csv.DictReader(StringIO(sepcost("compare", files["stream"], "--format", "csv").out)))
    assert int(next(row for row in rows if row["row"] == "total")["macs"]) == HUGE + MACS
    assert rows[-1]["network"] == "next"


@pytest.mark.parametrize("format_", ["table", "json", "jsonl", "csv", "markdown", "latex", "yaml"])
@pytest.mark.parametrize("options", [(), ("--rows", "totals", "--sort", "reduction.macs"), ("--sort", "macs_per_byte")])
def test_every_format_of_compare(files: dict[str, str], format_: str, options: tuple[str, ...]) -> None:
    if format_ == "yaml" and options:
        return
    run = sepcost("compare", files["stream"], "--format", format_, *options)
    assert (run.code, run.err) == (0, "")
    assert "next" in run.out


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown"])
def test_every_format_of_diff(files: dict[str, str], format_: str) -> None:
    for sides in (("small", "large"), ("large", "small")):
        run = sepcost("diff", *(files[side] for side in sides), "--format", format_)
        assert (run.code, run.err) == (0, "")
    run = sepcost("diff", files["small"], files["large"], "--format", "json")
    assert json.loads(run.out)["total"]["macs"] == {
        "before": MACS, "after": HUGE + MACS, "difference": HUGE, "percent": None,
    }  # fmt: skip


@pytest.mark.parametrize("format_", ["table", "json", "markdown", "github", "junit"])
def test_every_format_of_check(files: dict[str, str], format_: str, tmp_path: Path) -> None:
    baseline = tmp_path / "small.json"
    baseline.write_text(sepcost("compare", files["small"], "--format", "json").out)
    arguments = (files["budget"], "--baseline", str(baseline), "--no-verify", "--format", format_)
    run = sepcost("check", *arguments)
    assert run.code == 1
    assert "internal error" not in run.err
    assert str(HUGE + MACS)[-6:] in run.out.replace(",", "")


def test_what_compare_wrote_is_read_again(files: dict[str, str], tmp_path: Path) -> None:
    costs = tmp_path / "large.json"
    costs.write_text(sepcost("compare", files["large"], "--format", "json").out)
    run = sepcost("diff", str(costs), files["large"], "--exit-code")
    assert (run.code, run.err) == (0, "")

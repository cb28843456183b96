"""pdflatex takes what --format latex writes, with the packages that it names, and nothing is too large for its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from sepcost.blocks.replacements import REPLACEMENTS
from sepcost.formats.latex import latex
from tests.commands import sepcost
from tests.formats.test_latex import NASTY, RUNS, names_sheet
from tests.pdflatex import needs_pdflatex, problems

pytestmark = needs_pdflatex

ONE = ("-H", "112", "-C", "32", "-K", "3", "-O", "64")
EVERY_REPLACEMENT = [argument for name in REPLACEMENTS for argument in ("-r", name)]
SHAPES = {
    "a network of two pages": ("configs/resnet50.yaml", "--format", "latex:precision=3"),
    "a sweep of 96 rows": ("-H", "56", "-C", "16:256:16", "-K", "3,5,7", "-O", "64,128"),
    "networks of all lengths": ("configs/c3d.yaml", "configs/mobilenet_v2.yaml", "configs/m5.yaml"),
    "totals": ("configs/resnet50.yaml", *EVERY_REPLACEMENT, "--rows", "totals"),
    "every replacement": ("configs/mobilenet_v1.yaml", *EVERY_REPLACEMENT),
    "every digit": (*ONE, "--format", "latex:precision=15"),
    "chosen columns": ("configs/resnet50.yaml", "--columns", "params,macs,reduction.params,kernel"),
    "a lower bound": ("tests/cases/models.py:Transformed", "--input", "3x8x8"),
    "a derivation": (*ONE, "--explain"),
    "a derivation of a layer": ("configs/mobilenet_v1.yaml", "--explain", "--include", "conv2"),
}
LONG = """
name: {name}
input: {{C: 3, H: 32}}
layers:
  - {{name: backbone.features.denseblock3.denselayer24.bottleneck_with_a_very_long_name.conv2.module, K: 3, O: 16}}
  - {{name: {wide}, K: 3, O: 16}}
  - {{name: {name}, K: 3, O: 16}}
"""


@pytest.mark.parametrize("arguments", RUNS)
def test_usual_tables(arguments: str, tmp_path: Path) -> None:
    assert problems(sepcost("compare", "--format", "latex", *arguments.split()).out, tmp_path) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape(shape: str, tmp_path: Path) -> None:
    run = sepcost("compare", "--format", "latex", *SHAPES[shape])
    assert run.code == 0
    assert problems(run.out, tmp_path) == []


def test_names_of_any_letters(tmp_path: Path) -> None:
    assert problems(latex([names_sheet(NASTY)], caption=NASTY[3]), tmp_path) == []


def test_names_of_any_length(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(LONG.format(name="漢字のü" * 12, wide="w" * 90), encoding="utf-8")
    run = sepcost("compare", str(tmp_path / "net.yaml"), "--format", "latex")
    assert run.code == 0
    assert problems(run.out, tmp_path) == []


def test_any_number_of_tables(tmp_path: Path) -> None:
    assert problems(latex([names_sheet(["a", "b"])] * 70), tmp_path) == []


def test_a_long_table_of_two_columns(tmp_path: Path) -> None:
    text = latex([names_sheet([f"n{number}" for number in range(90)])])
    article = r"\documentclass[twocolumn]{article}"
    assert any("longtable not in 1-column mode" in problem for problem in problems(text, tmp_path, article))
    assert problems(text.replace(r"\begingroup", r"\onecolumn\begingroup") + r"\twocolumn", tmp_path, article) == []

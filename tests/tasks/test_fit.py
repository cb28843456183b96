"""Globs of ``sepcost fit``: each must match a convolution."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.commands import sepcost

CODE = "from torch import nn\ndef build():\n    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3))\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model, its weights, and a plan with a slip in it."""
    (tmp_path / "net.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "plan.yaml").write_text('replace: {"1": separable, "nope.*": blueprint}', encoding="utf-8")
    torch.save(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3)).state_dict(), tmp_path / "w.pt")
    return tmp_path


@pytest.mark.parametrize("source", [("net.py:build", "--input", "3x8x8"), ("w.pt",)], ids=["model", "weights"])
@pytest.mark.parametrize(
    ("globs", "complaint"),
    [
        (("--plan", "plan.yaml"), "plan nope.*"),
        (("--include", "x?"), "--include x?"),
        (("--exclude", "y"), "--exclude y"),
    ],
)
def test_a_glob_that_matches_nothing_is_an_error(
    folder: Path, source: tuple[str, ...], globs: tuple[str, ...], complaint: str
) -> None:
    found = sepcost("fit", *source, *globs, cwd=folder)
    assert (found.code, found.out, found.err) == (2, "", f"sepcost: {complaint}: no convolution has such a name\n")
    (folder / "plan.yaml").write_text('replace: {"1": separable}', encoding="utf-8")
    assert sepcost("fit", *source, "--plan", "plan.yaml", "--exclude", "0", cwd=folder).code == 0

"""Each layout is what it was: what changes here is read before it is committed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sepcost.formats.registry import format_named, format_names
from tests.golden.cases import CASES, printed

NAMED_APART = {"table", "jsonl", "html", *(name for name in format_names() if format_named(name).is_binary)}
"""What is written by default, lines of what ``json`` writes, pages (which have tests in a browser), and no texts."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_output_is_golden(case: Path) -> None:
    assert printed(case) == case.with_suffix(".out").read_text(encoding="utf-8")


def test_every_format_has_a_golden_case() -> None:
    arguments = [case.read_text(encoding="utf-8") for case in CASES]
    for name in {*format_names()} - NAMED_APART:
        assert any(f"--format {name}" in text for text in arguments)

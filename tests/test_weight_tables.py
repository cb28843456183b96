"""benchmarks/README.md: its tables of weights are those of the numbers in benchmarks/weights.csv."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.commands import ROOT

BENCHMARKS = ROOT / "benchmarks"


def test_the_tables_of_weights_are_those_of_the_measured_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    tables = import_module("weights_tables")
    texts = tables.tables(tables.read(BENCHMARKS / "weights.csv"))
    page = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert len(texts) > 5
    assert tables.put_into(page, texts) == page
    assert tables.put_into(page, [text.replace("1", "2") for text in texts]) != page

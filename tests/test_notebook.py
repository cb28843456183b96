"""The notebook of the lesson runs, where nothing but the extra for charts is installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.commands import ROOT

NOTEBOOK = ROOT / "docs" / "lesson.ipynb"
MISSING = ("torch", "pandas", "polars", "pyarrow", "scipy", "onnx", "pyspark", "duckdb")
"""What people do not have who only ran ``pip install 'sepcost[plot]'``."""
WITHOUT = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {MISSING}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""


def cells() -> list[Any]:
    return [cell for cell in nbformat.read(NOTEBOOK, 4).cells if cell.cell_type == "code"]  # type: ignore[no-untyped-call]


def test_it_is_stored_without_outputs() -> None:
    assert len(cells()) >= 10
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells())


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], Path]:
    """The cells as they ran in a folder of their own, and that folder."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "sitecustomize.py").write_text(WITHOUT)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
        "PYTHONWARNINGS": "error:::sepcost",
    }
    notebook = nbformat.read(NOTEBOOK, 4)  # type: ignore[no-untyped-call]
    notebook.cells.append(nbformat.v4.new_code_cell("import pandas"))  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment)
    return [cell for cell in notebook.cells if cell.cell_type == "code"], folder


def shown(cell: Any) -> dict[str, Any]:
    """What the cell shows, by its type."""
    return {type_: data for output in cell.outputs for type_, data in output.get("data", {}).items()}


def test_it_runs_where_only_the_extra_for_charts_is(ran: tuple[list[Any], Path]) -> None:
    *lesson, last = ran[0]
    assert last.outputs[0].ename == "ModuleNotFoundError"
    assert [output for cell in lesson for output in cell.outputs if output.output_type == "error"] == []


def test_it_shows_what_it_says(ran: tuple[list[Any], Path]) -> None:
    cells, folder = ran
    by_source = {cell.source: shown(cell) for cell in cells}

    def of(text: str) -> dict[str, Any]:
        return next(data for source, data in by_source.items() if text in source)

    assert "7.89×" in of("O=64")["text/html"]
    assert "$" in of("explain()")["text/markdown"]
    assert of('["K"]')["text/plain"] == "{3: 8.84, 5: 23.84, 7: 44.72}"
    assert "4867293184" in of("to_dict()")["text/plain"]
    charts = [data for source, data in by_source.items() if ".plot(" in source]
    assert len(charts) == 5
    assert all("vega-embed" in data["text/html"] for data in charts)
    assert (folder / "mobilenet_v1.html").read_text(encoding="utf-8").startswith("<!")

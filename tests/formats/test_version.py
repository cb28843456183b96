"""Every JSON document has the version of the sepcost that wrote it, and is read without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sepcost import __version__
from tests.commands import ROOT, sepcost

NET = str(ROOT / "configs/m5.yaml")
WRITERS = {
    "compare": ("compare", NET, "--format", "json", "--output"),
    "lines": ("compare", NET, "--format", "jsonl", "--output"),
    "diff": ("diff", NET, NET, "--format", "json", "--output"),
    "check": ("check", NET, "--max-params", "1G", "--no-verify", "--format", "json", "--output"),
    "baseline": ("check", NET, "--no-verify", "--update-baseline"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_document_has_the_version(tmp_path: Path, name: str) -> None:
    assert sepcost(*WRITERS[name], str(tmp_path / "out.json")).code == 0
    assert json.loads((tmp_path / "out.json").read_text())["version"] == __version__


@pytest.mark.parametrize("name", ["compare", "lines", "baseline"])
def test_costs_are_read_without_a_version(tmp_path: Path, name: str) -> None:
    file = tmp_path / "out.json"
    assert sepcost(*WRITERS[name], str(file)).code == 0
    document = json.loads(file.read_text())
    del document["version"]
    file.write_text(json.dumps(document))
    assert sepcost("check", NET, "--no-verify", "--baseline", str(file)).code == 0

"""In the log of GitHub Actions no line is a command to the runner but the annotations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Sepcost

NAMES = ["::error::pwned", " ::add-mask::x", "##[error]y", "a ##[add-mask]b"]


def taken(text: str) -> list[str]:
    """The lines that a runner takes for commands: ``::`` behind any blanks, or ``##[`` anywhere (ActionCommand.cs)."""
    return [line for line in text.split("\n") if line.lstrip().startswith("::") or "##[" in line]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def network(name: str, width: int = 4) -> str:
    return json.dumps({"name": name, "input": {"C": 3, "H": 8}, "layers": [{"name": name, "K": 3, "O": width}]})


@pytest.mark.parametrize("name", NAMES)
def test_no_name_makes_a_command(in_process: Sepcost, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (folder / "net.yaml").write_text(network(name))
    (folder / "other.yaml").write_text(network("other", 5))
    (folder / f"{name}.yaml").write_text("- {K: 0}\n")
    commands = [
        ("check", "--no-verify", "net.yaml", "--max-params", "1", "--format", "table"),
        ("check", "--no-verify", f"{name}.yaml", "net.yaml", "--max-params", "1", "--format", "table"),
        ("compare", "net.yaml"),
        ("compare", "net.yaml", "other.yaml", "--totals"),
        ("compare", "net.yaml", "--explain", "--include", "*"),
        ("diff", "net.yaml", "other.yaml"),
        ("diff", "net.yaml", f"{name}.yaml"),
        ("compare", f"{name}.missing"),
    ]

    def lines() -> list[str]:
        runs = [in_process(*command) for command in commands]
        return [line for run in runs for line in taken(f"{run.out}\n{run.err}")]

    assert len(lines()) > 3
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert lines() == []


@pytest.mark.parametrize("name", NAMES)
def test_annotations_are_the_only_commands(in_process: Sepcost, folder: Path, name: str) -> None:
    (folder / "net.yaml").write_text(network(name))
    run = in_process("check", "--no-verify", "net.yaml", "--max-params", "1", "--format", "github")
    assert [line.split(",")[0] for line in taken(run.out)] == ["::error title=sepcost"]


@pytest.mark.parametrize("name", NAMES)
def test_csv_keeps_names_as_they_are(
    in_process: Sepcost, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (folder / "net.yaml").write_text(network(name))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    rows = in_process("compare", "net.yaml", "--format", "csv").out.split("\n")[1:-1]
    assert {row.split(",")[0] for row in rows} == {name}

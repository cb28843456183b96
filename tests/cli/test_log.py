"""In the log of GitHub Actions no line is a command to the runner but the annotations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from sepcost.formats.registry import names_of
from sepcost.layers import formulas
from tests.commands import Sepcost, Spoil, in_a_process

NAMES = ["::error::pwned", " ::add-mask::x", "::error title=x::y", "##[error]y", "a ##[add-mask]b", "\\##[error]###[c"]


def taken(text: str) -> list[str]:
    """The lines that a runner takes for commands: ``::`` after any blanks, or ``##[`` anywhere (ActionCommand.cs)."""
    return [line for line in text.split("\n") if line.lstrip().startswith("::") or "##[" in line]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sepcost.tasks.inspection.perf_counter", lambda: 0.0)
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
        ("compare", "net.yaml", "other.yaml", "--rows", "totals"),
        ("compare", "net.yaml", "--explain", "--include", "*"),
        ("compare", "net.yaml", "--format", "latex"),
        ("diff", "net.yaml", "net.yaml"),
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


def test_every_format_has_an_escape_but_csv_the_commands_themselves_and_what_is_no_text() -> None:
    assert names_of(lambda format_: format_.escape is None and not format_.is_binary) == ["csv", "github"]


CHECK = ("check", "--no-verify", "net.yaml", "--max-params", "1", "--format")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "command",
    [
        *((*CHECK, name) for name in ("gitlab", "json", "junit", "sarif")),
        ("compare", "net.yaml", "--format", "json"),
        ("compare", "net.yaml", "--format", "jsonl"),
        ("compare", "net.yaml", "--format", "yaml"),
        ("diff", "net.yaml", "other.yaml", "--format", "json"),
    ],
    ids=lambda command: f"{command[0]} {command[-1]}",
)
def test_data_has_an_escape_for_what_would_be_a_command_and_reads_back_as_the_same(
    in_process: Sepcost, folder: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], name: str
) -> None:
    (folder / "net.yaml").write_text(network(name))
    (folder / "other.yaml").write_text(network(name, 5))
    raw = in_process(*command).out
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    run = in_process(*command)
    assert (taken(f"{run.out}\n{run.err}"), read(run.out, command[-1])) == ([], read(raw, command[-1]))
    assert in_process(*command, "--output", "out").out == ""
    assert (folder / "out").read_text() == raw


def read(text: str, format_: str) -> object:
    if format_ == "junit":
        return [(element.attrib, element.text) for element in ElementTree.fromstring(text).iter()]
    return yaml.safe_load(text) if format_ == "yaml" else json.loads(text)


def test_details_of_junit_are_no_commands_though_they_begin_a_line(
    in_process: Sepcost, folder: Path, monkeypatch: pytest.MonkeyPatch, spoil: Spoil
) -> None:
    def spoiled(*arguments: Any) -> int:
        return formulas.conv_macs(*arguments) + 1

    layers = [{"name": name, "K": 3, "O": 4} for name in ("first", "::error title=x::y")]
    (folder / "net.yaml").write_text(json.dumps({"input": {"C": 3, "H": 8}, "layers": layers}))
    spoil(spoiled)
    command = ("check", "net.yaml", "--verify", "--format", "junit")
    raw = in_process(*command).out
    assert taken(raw) != []
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    out = in_process(*command).out
    assert (taken(out), read(out, "junit")) == ([], read(raw, "junit"))


@pytest.mark.parametrize("output", ["/dev/fd/1", "/dev/stderr"])
def test_the_log_is_the_log_by_whatever_name_it_is_written_to(folder: Path, output: str) -> None:
    (folder / "net.yaml").write_text(network("##[error]y"))
    options = ("--format", "json", "--output", output)
    run = in_a_process("compare", "net.yaml", *options, cwd=folder, GITHUB_ACTIONS="true")
    assert taken(run.out + run.err) == []
    assert json.loads(run.out + run.err)["networks"][0]["name"] == "##[error]y"


@pytest.mark.parametrize("name", NAMES)
def test_csv_keeps_names_as_they_are(
    in_process: Sepcost, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (folder / "net.yaml").write_text(network(name))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    rows = in_process("compare", "net.yaml", "--format", "csv").out.split("\n")[1:-1]
    assert {row.split(",")[0] for row in rows} == {name}

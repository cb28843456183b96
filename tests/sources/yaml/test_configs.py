"""Good and bad configs are files: each good one loads, each bad one gets exactly the messages beside it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sepcost import ConfigError
from sepcost.sources.source import file_lines
from sepcost.sources.yaml.configs import read_networks
from tests.commands import ROOT, networks_in, sepcost

CONFIGS = ROOT / "tests" / "configs"
INVALID = sorted((CONFIGS / "invalid").glob("*.yaml"))
VALID = sorted((CONFIGS / "valid").glob("*.yaml"))


def messages(file: Path) -> str:
    items = read_networks(file_lines(str(file)), file.name)
    return "".join(f"{problem}\n" for item in items if isinstance(item, ConfigError) for problem in item.problems)


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_a_bad_config_gets_its_messages(file: Path) -> None:
    expected = file.with_suffix(".txt").read_text(encoding="utf-8")
    assert expected.strip()
    assert messages(file) == expected


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_a_good_config_loads(file: Path) -> None:
    assert networks_in(file)


def test_a_line_that_is_nested_very_deep() -> None:
    """Parsers read such a line ahead, and may stop on their own: the message is ours all the same."""
    (error,) = read_networks([b"[" * 100_000], "deep.yaml")
    assert isinstance(error, ConfigError)
    (problem,) = error.problems
    assert (problem.line, problem.message) == (1, "is nested more than 64 deep")


def test_bad_configs_on_the_command_line() -> None:
    """All of them in one run: no traceback, nothing on stdout but the good documents, exit code 2."""
    run = sepcost("compare", str(CONFIGS / "invalid"), "--format", "csv")
    assert run.code == 2
    assert "Traceback" not in run.err
    assert "internal error" not in run.err
    sources = {line.split(",")[1] for line in run.out.splitlines()[1:]}
    assert {Path(source).name for source in sources} == {"stream_with_bad_documents.yaml"}
    for file in INVALID:
        assert f"{file.name}:" in run.err


def test_names_are_as_written() -> None:
    (network,) = networks_in(CONFIGS / "valid" / "names_as_written.yaml")
    names = ["no", "1e3", "007", "true", "null", "~", "12", "-3", "2026-11-21", "5"]
    assert [node.name for node in network] == names


def test_merges_take_the_first_word() -> None:
    (network,) = networks_in(CONFIGS / "valid" / "aliases_and_merges.yaml")
    assert [node.layer.output_shape for node in network] == [(4, 4, 4), (4, 2, 2), (8, 1, 1), (5, 1, 1)]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are another matter there")
def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "note.txt").touch()
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    run = sepcost("compare", "missing.yaml", "folder", "loop.yaml", cwd=tmp_path)
    assert run.code == 2
    assert run.out == ""
    assert run.err.splitlines()[:2] == [
        "missing.yaml: cannot be read: no such file or directory",
        "folder: the folder has no .yaml or .yml file in it",
    ]
    assert run.err.splitlines()[2].startswith("loop.yaml: cannot be read: ")


def rewrite() -> None:
    for file in INVALID:
        file.with_suffix(".txt").write_text(messages(file), encoding="utf-8")


if __name__ == "__main__":
    rewrite()

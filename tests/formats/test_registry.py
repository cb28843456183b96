"""Every format writes every result that it says it has, and every command that has the result knows it."""

from __future__ import annotations

import ast
import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import get_args
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

from sepcost.count.snapshot import Snapshot
from sepcost.formats.format import Comparisons, Format, FormatOptions, ResultName
from sepcost.formats.registry import _files, format_named, format_names, names_of, writing
from tests.commands import ROOT, Sepcost

NETWORK = """
name: tiny
input: {C: 3, H: 8}
layers:
  - {name: stem, K: 3, O: 8}
  - {name: body, K: 3, O: 16}
"""
ONE_CONVOLUTION = ("compare", "-C", "3", "-K", "3", "-O", "8", "-H", "8")
COMMANDS = {
    "comparisons": ("compare", "net.yaml"),
    "difference": ("diff", "net.yaml", "wide.yaml"),
    "judgement": ("check", "net.yaml", "--no-verify", "--max-params", "1"),
    "derivation": (*ONE_CONVOLUTION, "--explain"),
    "replacements": ("replacements",),
    "benchmark": ("bench", "net.yaml"),
    "targets": ("target", "show", "example-cpu"),
    "fits": ("fit", "w.safetensors"),
}
"""A command for each result."""
SWEEP = ("compare", "-C", "3", "-K", "3", "-O", "1:500:1", "-H", "8", "--rows", "totals")
"""Enough results for a format that counts many at once to do so."""
READERS: Mapping[str, Callable[[str], object]] = {
    "json": json.loads,
    "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
    "csv": lambda text: list(csv.DictReader(io.StringIO(text), strict=True)),
    "yaml": lambda text: list(yaml.safe_load_all(text)),
    "pytorch": lambda text: ast.parse(text).body,
    "junit": ElementTree.fromstring,
    "gitlab": json.loads,
    "sarif": json.loads,
    "github": lambda text: [line for line in text.splitlines() if line.startswith("::")],
}
"""How programs read each format that is for them."""
TEXTS = [name for name in format_names() if not format_named(name).is_binary]
WRITTEN = [(name, result) for name in TEXTS for result in format_named(name).writes]


def command(name: str, result: ResultName) -> tuple[str, ...]:
    """A command of which this format can write the result."""
    return ONE_CONVOLUTION if format_named(name).one_convolution else COMMANDS[result]


def one_millisecond_each(_: object, contender: Callable[[], object], runs: int) -> float:
    contender()
    return runs / 1000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.yaml").write_text(NETWORK)
    save_file({"conv.weight": np.arange(216.0).reshape(8, 3, 3, 3)}, tmp_path / "w.safetensors")
    (tmp_path / "wide.yaml").write_text(NETWORK.replace("O: 16", "O: 32"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sepcost.tasks.inspection.perf_counter", lambda: 0.0)
    monkeypatch.setattr("sepcost.timing.torch_runtime.TorchRuntime.seconds", one_millisecond_each)
    return tmp_path


def swept(name: str) -> bool:
    """Whether this format writes sweeps."""
    format_ = format_named(name)
    return "comparisons" in format_.writes and not (format_.one_convolution or format_.whole_networks)


class Lines(Format):
    """A format that says no more than it must, and uses what every result has."""

    endings = (".lines",)
    writes = ("comparisons",)

    def comparisons(self, comparisons: Comparisons, options: FormatOptions) -> Iterator[str]:
        for each in comparisons:
            assert isinstance(each, Snapshot)
            yield f"{each.total['macs']}\n"


@pytest.fixture
def new(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file more in the folder of formats, which does not mention its ending."""
    module = ModuleType("sepcost.formats.lines")
    module.FORMAT = Lines()  # type: ignore[attr-defined]
    monkeypatch.setattr(Lines, "__module__", module.__name__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(_files(), "lines", ROOT / "sepcost" / "version.py")


@pytest.mark.usefixtures("new", "folder")
@pytest.mark.parametrize("options", [("--format", "lines"), ("--output", "costs.lines")])
def test_a_new_format_gets_each_result_by_itself(in_process: Sepcost, folder: Path, options: tuple[str, ...]) -> None:
    done = in_process(*SWEEP, *options)
    assert (done.code, done.err) == (0, "")
    written = done.out or (folder / "costs.lines").read_text()
    assert list(map(int, written.splitlines())) == [9 * 64 * 3 * outputs for outputs in range(1, 501)]


@pytest.mark.parametrize("name", [name for name in TEXTS if swept(name)])
def test_a_sweep_is_the_same_at_once_and_one_by_one(
    in_process: Sepcost, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    at_once = in_process(*SWEEP, "--format", name)
    monkeypatch.setattr(type(format_named(name)), "at_once", False)
    one_by_one = in_process(*SWEEP, "--format", name)
    assert one_by_one.out.replace("\n", "") == at_once.out.replace("\n", "")
    assert (one_by_one.code, at_once.code) == (0, 0)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("name", "result"), WRITTEN)
def test_every_format_writes_what_it_says(in_process: Sepcost, name: str, result: ResultName) -> None:
    first, second = (in_process(*command(name, result), "--format", name) for _ in range(2))
    assert first.code == (result == "judgement")
    assert first.out.strip()
    assert first.out.endswith("\n")
    assert first.out == second.out
    if format_named(name).audience != "people":
        assert READERS[name](first.out)


@pytest.mark.parametrize("result", get_args(ResultName))
def test_help_and_refusals_name_the_formats_that_write_the_result(
    in_process: Sepcost, monkeypatch: pytest.MonkeyPatch, result: ResultName
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    names = names_of(writing(result))
    if result != "derivation":
        assert f" {'|'.join(names)} " in in_process(*COMMANDS[result][: 1 + (result == "targets")], "--help").out
    for name in set(format_names()) - set(names):
        refused = in_process(*COMMANDS[result], "--format", name)
        assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(("name", "result"), [pair for pair in WRITTEN if pair[1] not in ("replacements", "targets")])
def test_the_name_of_a_file_and_the_environment_choose_a_format(
    in_process: Sepcost, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, result: ResultName
) -> None:
    typed = in_process(*command(name, result), "--format", name).out
    for ending in format_named(name).endings:
        in_process(*command(name, result), "--output", f"out{ending.upper()}")
        assert (folder / f"out{ending.upper()}").read_text() == typed
    monkeypatch.setenv("SEPCOST_FORMAT", name)
    assert in_process(*command(name, result)).out == typed


@pytest.mark.parametrize("name", format_names())
def test_a_format_has_a_method_for_each_result_that_it_writes(name: str) -> None:
    format_ = format_named(name)
    assert isinstance(format_, Format)
    assert format_.name == name
    assert all(callable(getattr(format_, result)) for result in format_.writes)
    assert set(format_.writes) <= {*get_args(ResultName)}


def test_no_format_is_imported_that_is_not_used(folder: Path) -> None:
    code = (
        "import sys; from sepcost.cli.app import run; run(sys.argv[1:]); print(*sorted(sys.modules), file=sys.stderr)"
    )
    for arguments, used in (((), "table"), (("--format", "csv"), "csv"), (("--output", "costs.csv"), "csv")):
        python = [sys.executable, "-c", code, "compare", "net.yaml", *arguments]
        modules = subprocess.run(python, cwd=folder, capture_output=True, text=True, check=True).stderr.split()
        assert [name for name in format_names() if f"sepcost.formats.{name}" in modules] == [used]

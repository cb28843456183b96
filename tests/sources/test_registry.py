"""Sources: whatever gives networks is known to every command, and to Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
from torch import nn

import sepcost
from sepcost import ConfigError, Conv, Network, SepcostError
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.registry import SOURCES, read
from sepcost.sources.source import Given, Item, YamlText
from tests.commands import Sepcost

NET = "name: net\ninput: {C: 3, H: 16}\nlayers: [{K: 3, O: 8}]\n"
VALUE = {"name": "net", "input": {"C": 3, "H": 16}, "layers": [{"K": 3, "O": 8}]}
PARAMS = 3 * 9 * 8
MODEL = "from torch import nn\nnet = nn.Conv2d(3, 8, 3, padding=1, bias=False)\n"


@pytest.fixture
def folder(in_process: Sepcost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    Path("net.py").write_text(MODEL)
    Path("nets").mkdir()
    Path("nets/one.yaml").write_text(NET)
    for name, options in (("costs.json", ()), ("line.jsonl", ("--format", "jsonl"))):
        Path(name).write_text(in_process("compare", "net.yaml", "--format", "json", *options).out)
    in_process("check", "net.yaml", "--no-verify", "--update-baseline", "baseline.json")
    return tmp_path


NAMED = ("net.yaml", "nets", "net.py:net", "costs.json", "line.jsonl", "baseline.json")
IN_PYTHON = (*NAMED, Path("net.yaml"), NET, VALUE, [{"C": 3, "H": 16, "K": 3, "O": 8}], Conv((16, 16), 3, 8, 3))


def inputs_of(source: object) -> str | None:
    return "3x16x16" if source == "net.py:net" else None


@pytest.mark.parametrize("source", NAMED)
@pytest.mark.parametrize("command", ["compare", "check", "diff"])
def test_every_command_takes_every_source(folder: Path, in_process: Sepcost, source: str, command: str) -> None:
    options: tuple[str, ...] = ("--input", "3x16x16") if inputs_of(source) else ()
    if command == "check":
        options += ("--no-verify", "--max-params", str(PARAMS))
    both = (source, source) if command == "diff" else (source,)
    done = in_process(command, *both, *options, "--format", "json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    total = document["total"]["params"]["before"] if command == "diff" else document["networks"][0]["total"]
    params = total if command == "diff" else total.get("params", total.get("standard", {}).get("params"))
    assert params == PARAMS


@pytest.mark.parametrize("source", IN_PYTHON, ids=str)
def test_python_takes_every_source_too(folder: Path, source: object) -> None:
    inputs = inputs_of(source)
    assert sepcost.check(source, at_most={"params": PARAMS}, inputs=inputs).holds  # type: ignore[arg-type]
    assert not sepcost.check([source], at_most={"params": PARAMS - 1}, inputs=inputs).holds
    change = sepcost.diff(source, "net.yaml", inputs=inputs).total["params"]  # type: ignore[arg-type]
    assert (change.before, change.difference) == (PARAMS, 0)
    if str(source).endswith((".json", ".jsonl")):
        with pytest.raises(SepcostError, match=r"net: only its figures are known, from earlier"):
            sepcost.compare(source)  # type: ignore[arg-type]
    else:
        assert sepcost.compare(source, inputs=inputs).standard.cost.params == PARAMS  # type: ignore[arg-type]


def test_a_module_is_a_source_beside_others(folder: Path) -> None:
    model = nn.Conv2d(3, 8, 3, padding=1, bias=False)
    judgement = sepcost.check([model, "net.yaml"], at_most={"params": PARAMS}, inputs="3x16x16")
    assert ([verdict.name for verdict in judgement.verdicts], judgement.holds) == (["Conv2d", "net"], True)


def test_inputs_are_for_a_model() -> None:
    conv = Conv((8, 8), 3, 8, 3)
    calls = (
        lambda: sepcost.compare(conv, inputs="3x8x8"),
        lambda: sepcost.check(conv, at_most={"params": 1}, inputs="3x8x8"),
        lambda: sepcost.diff(conv, conv, inputs="3x8x8"),
        lambda: sepcost.sweep(conv, inputs="3x8x8"),
    )
    for call in calls:
        with pytest.raises(SepcostError, match=r"^inputs are for a model, and Conv\("):
            call()
    with pytest.raises(SepcostError, match=r"^inputs are for a model, and none is given$"):
        sepcost.sweep(C=3, K=3, O=8, inputs="3x8x8")


def test_what_is_no_source_says_what_sources_are() -> None:
    with pytest.raises(SepcostError) as caught:
        sepcost.compare(3)  # type: ignore[arg-type]
    assert all(source.takes in str(caught.value) for source in SOURCES)
    assert str(caught.value).endswith("; got 3")


def test_costs_are_shown_as_they_were_counted(folder: Path, in_process: Sepcost) -> None:
    command = ("-r", "separable", "-r", "blueprint")
    Path("both.json").write_text(in_process("compare", "net.yaml", *command, "--format", "json").out)
    for format_ in ("table", "markdown", "csv", "json", "latex"):
        counted = in_process("compare", "net.yaml", *command, "--format", format_).out
        assert in_process("compare", "both.json", "--format", format_).out == counted
    one = in_process("compare", "net.yaml", "-r", "blueprint").out
    assert in_process("compare", "both.json", "-r", "blueprint").out == one


def test_a_baseline_says_no_more_of_a_peak_than_it_has(folder: Path, in_process: Sepcost) -> None:
    table = in_process("compare", "baseline.json", "--rows", "totals").out
    assert ("peak" in table, "No peak" in table) == (True, False)
    Path("list.yaml").write_text("- {H: 8, C: 3, K: 3, O: 8}\n- {H: 8, C: 8, K: 3, O: 8}\n")
    in_process("check", "list.yaml", "--no-verify", "--update-baseline", "list.json")
    reason = "the costs from earlier do not say why"
    assert f"No peak activations: {reason}." in in_process("compare", "list.json").out
    done = in_process("check", "list.json", "--no-verify", "--max", "peak_activation_bytes=1kB")
    assert (done.code, reason in done.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--alpha", "0.5"), "was counted earlier: leave out --alpha, or give its config"),
        (("--include", "conv*"), "was counted earlier: leave out --include and --exclude, or give its config"),
        (("--batch", "8"), "was counted in another way: give --batch 1"),
        (("-r", "blueprint"), "was counted with separable, not with blueprint"),
        (("--replace-if", "fewer-macs"), "was counted earlier: leave out --replace-if, or give its config"),
        (("-r", "separabel"), None),
    ],
)
def test_costs_are_not_counted_again(
    folder: Path, in_process: Sepcost, options: tuple[str, ...], message: str | None
) -> None:
    for command in (("compare", "costs.json"), ("check", "costs.json", "--no-verify", "--max-params", "1k")):
        done = in_process(*command, *options)
        assert done.code == 2
        assert message is None or f"costs.json: net: {message}" in done.err


def test_costs_are_not_counted_for_another_batch(folder: Path, in_process: Sepcost) -> None:
    done = in_process("compare", "costs.json", "--batch", "1,8", "--rows", "totals")
    expected = "costs.json: net: was counted earlier: leave out --batch, or give its config\n"
    assert (done.code, done.out, done.err) == (2, "", expected)


def test_costs_are_not_verified_and_that_is_said(folder: Path, in_process: Sepcost) -> None:
    why = "not verified: its figures were counted earlier"
    command = ("check", "costs.json", "--max-params", "1k")
    required, usual = in_process(*command, "--verify"), in_process(*command)
    assert (required.code, why in required.err) == (2, True)
    assert (usual.code, why in usual.out) == (0, True)


def test_bytes_that_were_counted_too_low_are_not_judged(folder: Path, in_process: Sepcost) -> None:
    document = json.loads(Path("costs.json").read_text())
    document["version"] = "0.1.0"
    document["networks"][0]["uncounted"] = {}
    Path("old.json").write_text(json.dumps(document))
    for command in (("check", "--no-verify", "--max-weight-bytes", "1MB"), ("compare",)):
        done = in_process(*command, "old.json")
        expected = "old.json: net: sepcost 0.1 counted bytes and peaks of models too low: write it again\n"
        assert (done.code, done.err) == (2, expected)


@pytest.mark.parametrize("format_", ["yaml", "table"])
def test_what_needs_the_network_itself_says_so(folder: Path, in_process: Sepcost, format_: str) -> None:
    option = ("--explain",) if format_ == "table" else ()
    done = in_process("compare", "costs.json", "--format", format_, *option)
    assert (done.code, done.out) == (2, "")
    assert done.err == "sepcost: net: only its figures are known, from earlier: give its config or its model\n"


def test_load_all_streams_and_a_bad_document_is_an_item(folder: Path) -> None:
    Path("three.yaml").write_text(f"{NET}---\n- {{K: 0}}\n---\n{NET}")
    first, bad, last = sepcost.load_all("three.yaml")
    assert isinstance(first, Network)
    assert isinstance(bad, ConfigError)
    assert isinstance(last, Network)


def test_two_texts_are_two_networks() -> None:
    judgement = sepcost.check([NET, NET.replace("O: 8", "O: 9")], at_most={"params": PARAMS})
    assert [verdict.failures for verdict in judgement.verdicts] == [0, 1]


def test_what_compare_returned_is_a_source() -> None:
    assert sepcost.diff(sepcost.compare(NET), VALUE).is_empty


def test_text_that_is_long_or_one_line_is_yaml() -> None:
    long = f"# {'x' * 5000}\n{NET}"
    assert [type(each).__name__ for each in sepcost.sweep(long, alpha=[1, 2])] == ["SnapshotResult", "SnapshotResult"]
    assert sepcost.compare(json.dumps(VALUE)).standard.cost.params == PARAMS
    with pytest.raises(ConfigError, match="cannot be read: file name too long"):
        sepcost.compare("x" * 5000)
    (error,) = sepcost.sweep("x" * 5000, alpha=[1, 2])
    assert isinstance(error, ConfigError)


def test_an_endless_stream_is_read_as_far_as_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = (line for _ in iter(int, 1) for line in (b'{"layers": [{"H": 8, "C": 3, "K": 3, "O": 8}]}\n',))
    monkeypatch.setattr("sepcost.sources.source.stdin_lines", lambda: endless)
    items = list(islice(read(["-"]), 3))
    assert [item.name for item in items if isinstance(item, Item)] == ["<stdin>", "<stdin>#2", "<stdin>#3"]


def test_looking_at_the_first_lines_takes_none_away() -> None:
    given = Given(YamlText("a\nb\nc\n"))
    assert given.head(lambda line: line.startswith(b"b")) == [b"a\n", b"b\n"]
    assert list(given.lines()) == [b"a\n", b"b\n", b"c\n"]


def test_code_that_a_config_names_runs_where_that_is_wanted(folder: Path) -> None:
    named = {"model": "net.py:net", "input": "3x16x16"}
    with pytest.raises(ConfigError, match=r"names code to run: give run_models=True if you trust it"):
        sepcost.compare(named)
    assert sepcost.compare(named, run_models=True).standard.cost.params == PARAMS
    (item,) = read([named], ModelOptions(from_configs=True))
    assert isinstance(item, Item)
    assert item.is_model


def test_programs_in_a_folder_are_not_passed_over_in_silence(tmp_path: Path, in_process: Sepcost) -> None:
    program = tmp_path / "net.onnx"
    program.write_bytes(b"any")
    said = in_process("compare", tmp_path).err
    assert said.endswith(f"{tmp_path}: the folder has no .yaml or .yml file in it: give {program} itself\n")
    (tmp_path / "net.yaml").write_text("[{H: 8, C: 3, K: 3, O: 8}]")
    assert f"skips {program}" in in_process("compare", tmp_path).err


def test_what_reads_programs_is_imported_where_there_is_one() -> None:
    code = (
        "import sys\n"
        "from sepcost.cli.app import run\n"
        "run(['compare', 'mobilenet_v1', '--format', 'csv', '--output', sys.argv[1]])\n"
        "read = ('sepcost.graphs', 'sepcost.sources.pt2.program', 'sepcost.sources.onnx.program')\n"
        "heavy = ('onnx', 'tflite', 'torch')\n"
        "print(*(name for name in sys.modules if name.partition('.')[0] in heavy or name in read))"
    )
    done = subprocess.run([sys.executable, "-c", code, os.devnull], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

"""Configs that name models, on the command line: run when they are trusted, and guarded as every network is."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sepcost.cli.app import run

MODEL = """
import torch
from torch import nn

print("running")

class Net(nn.Module):
    def __init__(self, channels=16):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, bias=False)
        self.block = nn.Sequential(nn.Conv2d(8, channels, 3, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return self.block(self.stem(x))

class Reads(Net):
    def forward(self, x):
        return super().forward(x) if x.sum().item() == 0 else x

class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.conv = nn.Conv1d(4, 8, 3)

    def forward(self, tokens):
        return self.conv(self.embedding(tokens).transpose(1, 2))

def fails():
    raise ValueError("no such file")
"""
CONFIG = """\
name: my net
model: mynet.py:Net
input: 3x10x10
"""
REFUSED = "net.yaml:2:8: model: names code to run: give --run-models if you trust it\n"
PARAMS = 3 * 8 * 9 + 8 * 16 * 9 + 2 * 16
MACS = 8 * 8 * 3 * 8 * 9 + 6 * 6 * 8 * 16 * 9


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    write("mynet.py", MODEL)
    write("net.yaml", CONFIG)
    return tmp_path


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """What compare says as JSON of each network."""
    assert run(["compare", *arguments, "--run-models", "--format", "json"]) == 0
    networks: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["networks"]
    return networks


@pytest.mark.parametrize(
    "arguments",
    [("compare", "net.yaml"), ("check", "net.yaml", "--no-verify"), ("diff", "net.yaml", "net.json")],
    ids=lambda arguments: arguments[0],
)
def test_nothing_is_run_that_is_not_trusted(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    write("net.json", '[{"H": 8, "C": 3, "K": 3, "O": 4}]')
    assert run(arguments) == 2
    assert capsys.readouterr() == ("", REFUSED)


def test_the_other_documents_are_evaluated(capsys: pytest.CaptureFixture[str]) -> None:
    write("net.yaml", f"# two\n{CONFIG}---\n[{{H: 8, C: 3, K: 3, O: 4}}]\n")
    assert run(["compare", "net.yaml", "--format", "csv", "--rows", "totals"]) == 2
    written = capsys.readouterr()
    assert "net#2" in written.out
    assert written.err == REFUSED.replace(":2:", ":3:") + "sepcost: 1 of 2 networks could not be evaluated\n"


def test_a_trusted_model_is_compared_under_the_configs_name(capsys: pytest.CaptureFixture[str]) -> None:
    write("net.yaml", f"{CONFIG}replace: [blueprint]\nexclude: stem\n")
    (network,) = data(capsys, "net.yaml")
    assert (network["name"], network["source"]) == ("my net", "net.yaml")
    assert network["total"]["standard"]["params"] == PARAMS
    assert network["total"]["standard"]["macs"] == MACS
    stem, block = network["layers"][:2]
    assert (stem["name"], stem["kept"]) == ("stem", "excluded")
    assert (block["name"], block["kept"]) == ("block.0", None)
    assert list(network["total"]["replacements"]) == ["blueprint"]


def test_globs_that_match_nothing_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    write("net.yaml", f"{CONFIG}exclude: [stem, hed]\n")
    assert run(["compare", "net.yaml", "--run-models", "--format", "csv"]) == 2
    expected = "net.yaml:2:8: model: exclude hed: no convolution has such a name\n"
    assert capsys.readouterr().err.replace("running\n", "") == expected


def test_what_a_model_prints_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "net.yaml", "--run-models", "--format", "json"]) == 0
    written = capsys.readouterr()
    json.loads(written.out)
    assert written.err in ("running\n", "")


def test_files_are_looked_for_from_the_current_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "configs").mkdir()
    write("configs/net.yaml", CONFIG)
    (network,) = data(capsys, "configs")
    assert network["source"] == str(Path("configs", "net.yaml"))
    assert network["total"]["standard"]["macs"] == MACS


def test_modules_and_arguments(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("other_net.py", MODEL)
    write("net.yaml", 'model: "other_net:Net(channels=4)"\ninput: [x=3x10x10]\n')
    (network,) = data(capsys, "net.yaml")
    assert network["name"] == "net"
    assert network["total"]["standard"]["params"] == 3 * 8 * 9 + 8 * 4 * 9 + 2 * 4


def test_inputs_with_a_dtype(capsys: pytest.CaptureFixture[str]) -> None:
    write("net.yaml", 'model: mynet.py:Tokens\ninput: ["tokens=77:int64"]\n')
    (network,) = data(capsys, "net.yaml")
    assert network["total"]["standard"]["macs"] == 75 * 8 * 4 * 3


def test_inputs_that_were_typed_replace_the_configs(capsys: pytest.CaptureFixture[str]) -> None:
    (network,) = data(capsys, "net.yaml", "--input", "3x5x5")
    assert network["total"]["standard"]["macs"] == 3 * 3 * 3 * 8 * 9 + 8 * 16 * 9


@pytest.mark.parametrize(("device", "options"), [("device: cpu\n", ()), ("", ("--device", "cpu"))])
def test_a_model_that_reads_values(device: str, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    write("net.yaml", f"model: mynet.py:Reads\ninput: 3x10x10\n{device}")
    (network,) = data(capsys, "net.yaml", *options)
    assert network["total"]["standard"]["macs"] == MACS


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    nets = [{"name": f"net{size}", "model": "mynet.py:Net", "input": f"3x{size}x{size}"} for size in (8, 10)]
    write("nets.jsonl", "".join(f"{json.dumps(net)}\n" for net in nets))
    small, large = data(capsys, "nets.jsonl")
    assert (small["name"], large["name"]) == ("net8", "net10")
    assert small["total"]["standard"]["macs"] < large["total"]["standard"]["macs"] == MACS


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CONFIG.encode())))
    (network,) = data(capsys, "-")
    assert network["source"] == "<stdin>"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"\n{CONFIG}".encode())))
    assert run(["compare", "-"]) == 2
    assert capsys.readouterr().err == REFUSED.replace("net.yaml:2:", "<stdin>:3:")


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        ("mynet.py:Nett", "3x10x10", "mynet.py has nothing called Nett; did you mean `Net`?"),
        ("missing.py:Net", "3x10x10", "there is no file missing.py"),
        ("mynet.py:fails", "3x10x10", "no such file (ValueError, mynet.py:29)"),
        ("torch.nn:ReLU", "3x10x10", "runs nothing that counts: no operator with MACs, and it has no params"),
        ("mynet.py:Net", "y=3x10x10", "forward takes no input called y; it takes x"),
    ],
)
def test_what_goes_wrong_is_reported_where_the_model_is_named(
    model: str, given: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write("net.yaml", f"# a comment\nname: bad\ninput: {given}\nmodel: {model}\n")
    assert run(["compare", "net.yaml", "--run-models"]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.replace("running\n", "").startswith("net.yaml:4:8: model: ")
    if "ValueError" not in message:
        assert written.err.endswith(f"net.yaml:4:8: model: {message}\n")
    else:
        assert "no such file" in written.err


def test_later_problems_are_reported_there_too(capsys: pytest.CaptureFixture[str]) -> None:
    write("my_blocks.py", "from sepcost import Conv\ndef none(conv): return [('a', Conv(conv.input_size, 3, 0, 3))]\n")
    assert run(["compare", "net.yaml", "--run-models", "-r", "my_blocks:none"]) == 2
    expected = (
        "net.yaml:2:8: model: must be at least 1, got 0 in a part of its replacement my_blocks:none (layer 'stem')\n"
    )
    assert capsys.readouterr().err.replace("running\n", "") == expected


def test_without_torch(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch" or "sepcost.pytorch" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    write("other.yaml", "[{H: 8, C: 3, K: 3, O: 4}]")
    assert run(["compare", "net.yaml", "other.yaml", "--format", "csv", "--run-models"]) == 2
    written = capsys.readouterr()
    assert written.err.startswith("net.yaml:2:8: model: torch ")
    assert "pip install" in written.err
    assert "other.yaml" in written.out


BUDGETED = f"""{CONFIG}\
replace: [separable, blueprint]
budget:
  params: {PARAMS}
  macs: 1k
  replacement: separable
  reduction:
    macs: 100
"""


def test_a_budget_is_held_with_the_lines_of_its_limits(capsys: pytest.CaptureFixture[str]) -> None:
    write("net.yaml", BUDGETED)
    assert run(["check", "net.yaml", "--run-models", "--format", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    errors = [line for line in lines if line.startswith("::error")]
    assert [line.partition("line=")[2].partition("::")[0] for line in errors] == ["7", "10"]
    assert all("file=net.yaml" in line and "my net: " in line for line in errors)


def test_a_refusal_is_annotated(capsys: pytest.CaptureFixture[str]) -> None:
    write("net.yaml", BUDGETED)
    assert run(["check", "net.yaml", "--format", "github"]) == 2
    first = capsys.readouterr().out.splitlines()[0]
    expected = "model: names code to run: give --run-models if you trust it"
    assert first == f"::error title=sepcost,file=net.yaml,line=2,col=8::{expected}"


def test_a_budget_that_holds_is_verified_too(capsys: pytest.CaptureFixture[str]) -> None:
    write("net.yaml", f"{CONFIG}budget: {{replacement: none, params: {PARAMS}, macs: {MACS}}}\n")
    assert run(["check", "net.yaml", "--run-models", "--verify", "--format", "json"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)["networks"]
    assert (verdict["name"], verdict["source"]) == ("my net", "net.yaml")


def test_the_replaced_model_is_verified(capsys: pytest.CaptureFixture[str]) -> None:
    write("net.yaml", f"{CONFIG}replace: [separable, blueprint]\nexclude: [stem]\n")
    assert run(["compare", "net.yaml", "--run-models", "--verify", "--format", "json"]) == 0
    (network,) = json.loads(capsys.readouterr().out)["networks"]
    assert network["verified"]["mismatches"] == []


def test_a_baseline_knows_the_config_by_its_file_and_name(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["net.yaml", "--run-models", "--no-verify"]
    assert run(["check", *options, "--update-baseline", "costs.json"]) == 0
    (written,) = json.loads(Path("costs.json").read_text())["networks"]
    assert (written["name"], written["source"]) == ("my net", "net.yaml")
    assert run(["check", *options, "--baseline", "costs.json"]) == 0
    write("net.yaml", f"# grown\n{CONFIG.replace('Net', 'Net(channels=32)')}")
    capsys.readouterr()
    assert run(["check", *options, "--baseline", "costs.json", "--format", "github"]) == 1
    errors = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::error")]
    assert errors
    assert all("file=net.yaml,line=" in line for line in errors)
    assert any("params" in line and "block.0" in line for line in errors)


def test_the_diff_of_two(capsys: pytest.CaptureFixture[str]) -> None:
    write("after.yaml", CONFIG.replace("Net", "Net(channels=32)"))
    assert run(["diff", "net.yaml", "after.yaml", "--run-models", "--format", "json", "--exit-code"]) == 1
    difference = json.loads(capsys.readouterr().out)
    assert (difference["before"]["source"], difference["after"]["source"]) == ("net.yaml", "after.yaml")
    assert [change["before"]["name"] for change in difference["changes"]] == ["block.0"]
    assert run(["diff", "net.yaml", "net.yaml", "--run-models", "--exit-code"]) == 0


def test_what_it_is_written_as_is_read_back_to_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    budget = "{replacement: separable, macs: 1k}"
    write("net.yaml", f"{CONFIG}replace: [blueprint, separable]\nexclude: [stem]\nbudget: {budget}\n")
    assert run(["compare", "net.yaml", "--run-models", "--format", "yaml", "--output", "layers.yaml"]) == 0
    (model,), (layers,) = data(capsys, "net.yaml"), data(capsys, "layers.yaml")
    before, after = model["total"], layers["total"]
    for figure in ("params", "macs", "activations", "traffic_bytes"):
        assert before["standard"][figure] == after["standard"][figure]
    assert list(after["replacements"]) == ["blueprint", "separable"]
    for total, other in zip(before["replacements"].values(), after["replacements"].values()):
        assert (total["params"], total["macs"]) == (other["params"], other["macs"])
    outcomes = []
    for name in ("net.yaml", "layers.yaml"):
        assert run(["check", name, "--run-models", "--no-verify", "--format", "json"]) == 1
        (verdict,) = json.loads(capsys.readouterr().out)["networks"]
        outcomes.append([(limit["figure"], limit["value"], limit["holds"]) for limit in verdict["budget"]])
    assert outcomes[0] == outcomes[1]

"""Models on the command line as their users meet them: every command, every format, and what goes wrong."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sepcost.cli.app import run
from sepcost.formats.registry import names_of
from sepcost.pytorch.running import running
from sepcost.pytorch.tracing.trace import Trace
from tests.commands import Run, Sepcost, in_a_process
from tests.commands import sepcost as in_a_folder

NETS = """
import torch
from torch import nn
from torch.nn import functional as F

class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        print("building")
        self.stem = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.body = nn.Conv2d(width, 16, 3, padding=1)
        self.point = nn.Conv2d(16, 16, 1)
        self.grouped = nn.Conv2d(16, 16, 3, groups=4)
        self.head = nn.Linear(16, 10)
    def forward(self, x):
        print("running")
        x = self.grouped(self.point(self.body(self.norm(self.stem(x)))))
        return {"scores": self.head(x.mean((2, 3)))}

class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(8, 3, 3, 3))
        self.hooked = nn.Conv2d(8, 8, 3, padding=1)
        self.hooked.register_forward_hook(note)
        self.own = Own(8, 8, 3, padding=1)
        self.plain = nn.Conv2d(8, 8, 3, padding=1)
        self.table = nn.Parameter(torch.zeros(5))
    def forward(self, x):
        x = self.plain(self.own(self.hooked(F.conv2d(x, self.weight)))).flatten(2)
        return (x.transpose(1, 2) @ x).sum() + self.table

class Own(nn.Conv2d):
    def forward(self, x):
        return super().forward(x) * 2

def note(module, inputs, output):
    return None

class Mv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 8, 3, padding=1)
        self.v = nn.Parameter(torch.zeros(10))
    def forward(self, x):
        return torch.mv(self.conv(x)[0], self.v) + torch.mv(self.conv(x)[0], self.v)

class OnlyMv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 8, 3, padding=1)
    def forward(self, x):
        x = self.conv(x)[0]
        return torch.mv(x, torch.ones(10)) + torch.mv(x, torch.zeros(10))

class Pyramid(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.head = nn.Conv2d(8, 8, 3, padding=1)
    def forward(self, x):
        x = self.stem(x)
        return [self.head(x), self.head(x[..., ::2, ::2])]

class Stuck(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.lock = (line for line in "")
    def forward(self, x):
        return self.conv(x)

def scripted():
    return torch.jit.script(nn.Sequential(nn.Conv2d(3, 8, 3)))

class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.tied = nn.Conv2d(3, 3, 3, padding=1)
        self.tied.weight = self.conv.weight
        self.up = nn.ConvTranspose2d(3, 8, 3, stride=2, padding=1, output_padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.tokens = nn.Linear(8, 4)
    def forward(self, x):
        x = self.norm(self.up(self.tied(self.conv(self.conv(x)))))
        return self.tokens(x.flatten(2).transpose(1, 2))

def weight_normed():
    normed = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3))
    return nn.Sequential(normed, nn.Conv2d(8, 8, 3), nn.GroupNorm(2, 8), nn.Conv2d(8, 8, 3, groups=8))

def volume():
    return nn.Sequential(nn.Conv3d(3, 8, 3, padding=1, bias=False), nn.BatchNorm3d(8))

class Values(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
    def forward(self, x):
        return self.conv(x) if x.sum() >= 0 else x

class Two(Values):
    def forward(self, image, tokens):
        return self.conv(image)[..., 0] + tokens.sum()

alone = nn.Conv2d(3, 8, 3)
linear = nn.Linear(3, 4)
number = 5

def fails():
    raise RuntimeError("no weights")
"""
NET, IMAGE = "nets.py:Net", ("--input", "3x16x16")
PARAMS = {"stem": 216 + 16, "body": 8 * 16 * 9 + 16, "point": 272, "grouped": 16 * 4 * 9 + 16, "pool": 0, "head": 170}
MACS = {"stem": 216 * 256, "body": 1152 * 256, "point": 256 * 256, "grouped": 576 * 196, "pool": 0, "head": 160}
PRINTED = "building\nrunning\n"
MODELS = [
    ("Net", "3x16x16"),
    ("Mixed", "3x8x8"),
    ("Mv", "3x10"),
    ("Tied", "3x6x6"),
    ("weight_normed", "3x12x12"),
    ("volume", "3x8x8x8"),
    ("alone", "3x8x8"),
]


@pytest.fixture
def sepcost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Sepcost:
    """The command in this process, in a folder with ``nets.py``; what the models print is left out of stderr."""
    monkeypatch.chdir(tmp_path)
    Path("nets.py").write_text(NETS, encoding="utf-8")

    def command(*arguments: str) -> Run:
        code = run(list(arguments))
        out, err = capfd.readouterr()
        return Run(code, out, err.replace("building\n", "").replace("running\n", ""))

    return command


def network_of(sepcost: Sepcost, *arguments: str) -> dict[str, Any]:
    done = sepcost("compare", *arguments, "--format", "json")
    assert (done.code, done.err) == (0, "")
    (network,) = json.loads(done.out)["networks"]
    assert isinstance(network, dict)
    return network


def layers_of(network: dict[str, Any]) -> dict[str, Any]:
    return {layer["name"]: layer for layer in network["layers"]}


# What is counted


def test_a_row_per_layer_and_the_totals_of_the_whole_model(sepcost: Sepcost) -> None:
    network = network_of(sepcost, NET, *IMAGE)
    layers = layers_of(network)
    assert {name: layer["standard"]["params"] for name, layer in layers.items()} == PARAMS
    assert {name: layer["standard"]["macs"] for name, layer in layers.items()} == MACS
    assert network["total"]["standard"]["params"] == sum(PARAMS.values())
    assert network["total"]["standard"]["macs"] == sum(MACS.values())
    assert (network["name"], network["source"], network["uncounted"]) == (NET, NET, {})
    kept = {name: layer["kept"] for name, layer in layers.items()}
    unreplaced = {"point": "1×1", "grouped": "grouped", "pool": "no convolution", "head": "no convolution"}
    assert kept == {"stem": None, "body": None, **unreplaced}


def test_the_table_has_the_share_of_convolutions(sepcost: Sepcost) -> None:
    done = sepcost("compare", NET, *IMAGE)
    assert (done.code, done.err) == (0, "")
    assert "\nConvolutions have 99.97 % of the MACs and 93.0 % of the params.\n" in done.out
    assert "Kept as they are: 1×1 (point); grouped (grouped); no convolution (pool, head)." in done.out
    assert "Not counted" not in done.out


def test_what_cannot_be_replaced_is_kept_with_its_reason(sepcost: Sepcost) -> None:
    layers = layers_of(network_of(sepcost, "nets.py:Mixed", "--input", "3x8x8"))
    assert layers["convolution"]["kept"] == "it is a functional call: no module runs it"
    assert layers["hooked"]["kept"] == "it has a forward hook (note)"
    assert layers["own"]["kept"] == "its class Own overrides forward"
    assert layers["plain"]["kept"] is None
    assert (layers["bmm"]["type"], layers["bmm"]["standard"]["macs"]) == ("other", 36 * 36 * 8)
    assert layers["remainder"]["standard"]["params"] == 5


UNCOUNTED = "Not counted, as its cost is not known: mv (2×)"


@pytest.mark.parametrize("model", ["nets.py:Mv", "nets.py:OnlyMv"])
def test_what_is_not_counted_is_never_silent(sepcost: Sepcost, model: str) -> None:
    inputs = (model, "--input", "3x10")
    assert network_of(sepcost, *inputs)["uncounted"] == {"mv": 2}
    for options in (
        (),
        (
            "--rows",
            "totals",
        ),
        ("--batch", "1,2", "--rows", "totals"),
        ("--format", "markdown"),
    ):
        assert f"! {UNCOUNTED}." in sepcost("compare", *inputs, *options).out
    assert f"# {UNCOUNTED}." in sepcost("compare", *inputs, "--format", "yaml").out
    check = ("check", *inputs, "--no-verify", "--max-macs", "1G")
    for format_ in ("table", "markdown", "github", "junit"):
        assert UNCOUNTED in sepcost(*check, "--format", format_).out
    assert json.loads(sepcost(*check, "--format", "json").out)["networks"][0]["uncounted"] == {"mv": 2}
    assert f"! {UNCOUNTED}." in sepcost("diff", model, model, *inputs[1:]).out
    difference = json.loads(sepcost("diff", model, model, *inputs[1:], "--format", "json").out)
    assert difference["before"]["uncounted"] == difference["after"]["uncounted"] == {"mv": 2}


def test_a_model_of_one_convolution_is_called_by_its_name(sepcost: Sepcost) -> None:
    title, *_ = sepcost("compare", "nets.py:alone", "--input", "3x8x8").out.splitlines()
    assert title == "nets.py:alone: 3×3 convolution, 3 → 8 channels, padding 0, bias, on 8×8 → 6×6"


def test_a_second_call_is_counted_and_has_no_parameters(sepcost: Sepcost) -> None:
    found = layers_of(network_of(sepcost, "nets.py:Tied", "--input", "3x6x6"))
    assert list(found)[:2] == ["conv", "tied"]
    assert (found["conv"]["standard"]["params"], found["conv"]["standard"]["macs"]) == (3 * 3 * 9 + 3, 2 * 81 * 36)
    assert (found["tied"]["standard"]["params"], found["tied"]["standard"]["macs"]) == (0, 81 * 36)


@pytest.mark.parametrize("inputs", [["image=3x8x8", "tokens=6:int64"], ["3x8x8", "6:int64"]])
def test_inputs_are_given_by_name_or_place(sepcost: Sepcost, inputs: list[str]) -> None:
    options = [word for text in inputs for word in ("--input", text)]
    assert network_of(sepcost, "nets.py:Two", *options)["total"]["standard"]["macs"] == 8 * 27 * 36


def test_a_model_that_reads_values_runs_on_the_cpu(sepcost: Sepcost) -> None:
    refused = sepcost("compare", "nets.py:Values", "--input", "3x8x8")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert "--device cpu" in refused.err
    assert "return self.conv(x) if x.sum() >= 0 else x" in refused.err
    network = network_of(sepcost, "nets.py:Values", "--input", "3x8x8", "--device", "cpu")
    assert network["total"]["standard"]["macs"] == 8 * 27 * 36


# Options and formats


@pytest.mark.parametrize(
    "name",
    names_of(lambda each: "comparisons" in each.writes and not each.one_convolution and not each.is_binary),
)
def test_every_format_takes_a_model(sepcost: Sepcost, name: str) -> None:
    done = sepcost("compare", NET, *IMAGE, "--format", name)
    assert (done.code, done.err) == (0, "")
    assert "stem" in done.out
    assert "building" not in done.out


def test_rows_are_sorted_cut_and_chosen(sepcost: Sepcost) -> None:
    options = ("--sort", "macs", "--top", "2", "--columns", "macs")
    network = network_of(sepcost, NET, *IMAGE, *options)
    assert [layer["name"] for layer in network["layers"]] == ["body", "grouped"]
    assert network["total"]["standard"] == {"macs": sum(MACS.values())}


def test_layers_are_included_and_excluded_by_globs(sepcost: Sepcost) -> None:
    layers = layers_of(network_of(sepcost, NET, *IMAGE, "--exclude", "st*"))
    assert (layers["stem"]["kept"], layers["body"]["kept"]) == ("excluded", None)
    layers = layers_of(network_of(sepcost, NET, *IMAGE, "--include", "st*"))
    assert (layers["stem"]["kept"], layers["body"]["kept"]) == (None, "not included")


@pytest.mark.parametrize("option", ["--include", "--exclude"])
@pytest.mark.parametrize("command", [["compare"], ["check", "--no-verify", "--max-macs", "1G"]])
def test_a_glob_that_no_convolution_matches_is_refused(sepcost: Sepcost, command: list[str], option: str) -> None:
    done = sepcost(*command, NET, *IMAGE, option, "head", option, "b*")
    assert (done.code, done.err) == (2, f"sepcost: {option} head: no convolution has such a name\n")


@pytest.mark.parametrize("format_", ["json", "jsonl", "csv", "yaml"])
def test_what_was_written_before_a_glob_is_refused_is_whole(sepcost: Sepcost, format_: str) -> None:
    wanted = ("compare", NET, *IMAGE, "--format", format_)
    done = sepcost(*wanted, "--exclude", "hed")
    assert (done.code, done.out) == (2, sepcost(*wanted).out)


@pytest.mark.parametrize("glob", ["head", "head#2", "*2", "h*"])
@pytest.mark.parametrize("option", ["--exclude", "--include"])
def test_a_module_that_runs_on_maps_of_several_sizes_is_chosen_as_one(sepcost: Sepcost, option: str, glob: str) -> None:
    model = ("nets.py:Pyramid", *IMAGE, option, glob)
    assert sepcost("compare", *model, "--verify").code == 0
    layers = layers_of(network_of(sepcost, *model))
    assert layers["head"]["kept"] == layers["head#2"]["kept"]
    assert (layers["head"]["kept"] is None) is (option == "--include")


def test_a_name_of_ones_own_with_a_number_is_chosen_alone(sepcost: Sepcost) -> None:
    layers = "".join(f'- {{name: "block#{n}", H: 8, C: 4, K: 3, O: 4}}\n' for n in (1, 2))
    Path("net.yaml").write_text(f"{layers}- {{name: block, H: 8, C: 4, K: 3, O: 4}}\n", encoding="utf-8")
    found = layers_of(network_of(sepcost, "net.yaml", "--exclude", "block#1"))
    assert [layer["kept"] for layer in found.values()] == ["excluded", None, None]


def test_notes_of_several_models_name_them(sepcost: Sepcost) -> None:
    done = sepcost("compare", "nets.py:Mv", "nets.py:OnlyMv", "--input", "3x10", "--rows", "totals")
    assert [line.partition(": ")[0] for line in done.out.splitlines() if "Not counted" in line] == [
        "! nets.py:Mv",
        "! nets.py:OnlyMv",
    ]


def test_one_model_under_several_replacements_is_one_network(sepcost: Sepcost) -> None:
    options = ("--rows", "totals", "--sort", "reduction.macs", "-r", "separable", "-r", "blueprint")
    assert sepcost("compare", NET, *IMAGE, *options).out.splitlines()[0] == NET


def test_globs_and_inputs_that_nothing_would_take_are_refused(sepcost: Sepcost) -> None:
    one = ("compare", "-H", "8", "-C", "4", "-K", "3", "-O", "4")
    names = "--include, --exclude and --plan choose layers of files and models by their names"
    expected = f"sepcost: {names}: leave them out\n"
    assert sepcost(*one, "--exclude", "x") == Run(2, "", expected)
    Path("net.yaml").write_text("- {H: 8, C: 4, K: 3, O: 4}\n", encoding="utf-8")
    expected = "--input 3x8x8 is for a model, and net.yaml is not one (--run-models runs those that configs name)"
    for command in (("compare", "net.yaml"), ("check", "net.yaml"), ("diff", "net.yaml", "net.yaml")):
        assert sepcost(*command, "--input", "3x8x8").err == f"sepcost: {expected}\n"


def test_a_glob_for_one_of_several_sources_is_fine(sepcost: Sepcost) -> None:
    done = sepcost("compare", NET, "nets.py:weight_normed", *IMAGE, "--exclude", "0", "--exclude", "stem")
    assert (done.code, done.err) == (0, "")


def test_memory_is_counted_for_batches_and_dtypes(sepcost: Sepcost) -> None:
    done = sepcost("compare", NET, *IMAGE, "--batch", "1,4", "--dtype", "int8", "--rows", "totals", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["peak_activation_bytes"] for row in rows] == ["8192", "32768"]
    assert {row["macs"] for row in rows} == {str(sum(MACS.values()))}


@pytest.mark.parametrize("option", [("--alpha", "0.5"), ("--rho", "0.5"), ("--resolution", "8")])
def test_a_model_is_not_scaled(sepcost: Sepcost, option: tuple[str, str]) -> None:
    expected = "a model is what its code or its file says: alpha, rho and resolution are for configs"
    assert sepcost("compare", NET, *IMAGE, *option) == Run(2, "", f"{NET}: {expected}\n")


def test_what_a_model_prints_goes_to_stderr(tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text(NETS, encoding="utf-8")
    done = in_a_folder("compare", NET, *IMAGE, "--format", "json", cwd=tmp_path)
    assert (done.code, done.err) == (0, PRINTED)
    assert json.loads(done.out)["networks"][0]["name"] == NET


NOISY = """
import os
from torch import nn

def build():
    os.system("echo from another program")
    os.write(1, b"from below\\n")
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3))

class Reads(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        return self.conv(x) + self.conv._parameters["weight"].sum()
"""


def test_what_writes_past_python_does_not_reach_stdout_either(tmp_path: Path) -> None:
    (tmp_path / "noisy.py").write_text(NOISY, encoding="utf-8")
    done = in_a_process("compare", "noisy.py:build", *IMAGE, "--format", "json", cwd=tmp_path)
    assert done.code == 0
    assert len(json.loads(done.out)["networks"][0]["layers"]) == 2
    assert done.err == "from another program\nfrom below\n"


def test_a_model_that_does_not_run_once_it_is_replaced_is_not_verified(sepcost: Sepcost) -> None:
    Path("noisy.py").write_text(NOISY, encoding="utf-8")
    done = sepcost("compare", "noisy.py:Reads", *IMAGE, "--verify", "--format", "json")
    assert done.code == 1
    assert "separable: MACs are " in done.err
    assert "since the replaced model does not run on 3x" in done.err
    (mismatch,) = json.loads(done.out)["networks"][0]["verified"]["mismatches"]
    assert (mismatch["layer"], mismatch["variant"], mismatch["field"]) == (None, "separable", "macs")


# As a config


def figures(network: dict[str, Any]) -> Any:
    """Parameters and MACs of everything, as it is and replaced in each way."""

    def counts(costs: dict[str, Any]) -> tuple[int, int]:
        return costs["params"], costs["macs"]

    def both(item: dict[str, Any]) -> list[tuple[int, int]]:
        return [counts(item["standard"]), *map(counts, item["replacements"].values())]

    standard, replaced = network["total"]["standard"], network["total"]["replacements"].values()
    return [(each["name"], both(each)) for each in network["layers"]], [counts(standard), *map(counts, replaced)]


BLOCKS = ["separable", "bottleneck", "inverted", "spatial", "grouped:pointwise=true", "blueprint"]


@pytest.mark.parametrize(("name", "shape"), MODELS)
@pytest.mark.parametrize("chosen", [[], [word for block in BLOCKS for word in ("-r", block)]], ids=["usual", "all"])
def test_its_yaml_reads_back_to_the_same_numbers(sepcost: Sepcost, name: str, shape: str, chosen: list[str]) -> None:
    model = [f"nets.py:{name}", "--input", shape, *chosen]
    written = sepcost("compare", *model, "--format", "yaml", "--output", "net.yaml")
    assert (written.code, written.out, written.err) == (0, "", "")
    assert figures(network_of(sepcost, "net.yaml")) == figures(network_of(sepcost, *model))
    difference = sepcost("diff", f"nets.py:{name}", "net.yaml", "--input", shape, "--exit-code")
    assert (difference.code, difference.err) == (0, "")


def test_each_model_is_a_document(sepcost: Sepcost) -> None:
    done = sepcost("compare", NET, "nets.py:Net(width=16)", *IMAGE, "--format", "yaml")
    documents = list(yaml.safe_load_all(done.out))
    assert [document["name"] for document in documents] == [NET, "nets.py:Net(width=16)"]
    assert [(document["replace"], document["inner_norm"]) for document in documents] == [(["separable"], False)] * 2


@pytest.mark.parametrize("chosen", ["blueprint", "separable", "bottleneck:inner_norm=true"])
def test_whatever_the_config_is_compared_with_later_is_what_the_model_would_be(sepcost: Sepcost, chosen: str) -> None:
    assert sepcost("compare", NET, *IMAGE, "--format", "yaml", "--output", "net.yaml").code == 0
    model = sepcost("compare", NET, *IMAGE, "-r", chosen, "--verify")
    assert model.code == 0
    assert figures(network_of(sepcost, "net.yaml", "-r", chosen)) == figures(
        network_of(sepcost, NET, *IMAGE, "-r", chosen)
    )


# diff and check


def test_two_models_are_set_against_each_other(sepcost: Sepcost) -> None:
    done = sepcost("diff", NET, "nets.py:Net(width=16)", *IMAGE, "--format", "json", "--exit-code")
    assert (done.code, done.err) == (1, "")
    assert '"stem"' in done.out
    assert '"head"' not in done.out


def test_a_model_and_its_earlier_json_do_not_differ(sepcost: Sepcost) -> None:
    assert sepcost("compare", NET, *IMAGE, "--format", "json", "--output", "net.json").code == 0
    done = sepcost("diff", "net.json", NET, *IMAGE, "--exit-code")
    assert (done.code, done.err) == (0, "")


def test_a_budget_guards_a_model(sepcost: Sepcost) -> None:
    total = sum(PARAMS.values())
    for bound, code in ((total, 0), (total - 1, 1)):
        assert sepcost("check", NET, *IMAGE, "-r", "none", "--max-params", str(bound)).code == code


def test_a_baseline_guards_a_model(tmp_path: Path) -> None:
    file, options = tmp_path / "nets.py", ("check", NET, *IMAGE, "--no-verify")
    file.write_text(NETS, encoding="utf-8")
    assert in_a_folder(*options, "--update-baseline", "costs.json", cwd=tmp_path).code == 0
    assert in_a_folder(*options, "--baseline", "costs.json", cwd=tmp_path).code == 0
    file.write_text(NETS.replace("width=8", "width=16"), encoding="utf-8")
    grown = in_a_folder(*options, "--baseline", "costs.json", cwd=tmp_path)
    assert (grown.code, grown.err) == (1, PRINTED)
    assert "params" in grown.out


# Proofs

HONEST = running.trace_model


@pytest.mark.parametrize(("name", "shape"), MODELS)
def test_verify_replaces_the_convolutions_for_real(sepcost: Sepcost, name: str, shape: str) -> None:
    chosen = [word for block in BLOCKS for word in ("-r", block)]
    done = sepcost("compare", f"nets.py:{name}", "--input", shape, *chosen, "--verify")
    assert (done.code, done.err) == (0, "")
    assert "Verified with torch " in done.out


def test_a_model_that_cannot_be_replaced_or_copied_is_verified_as_far_as_it_can_be(sepcost: Sepcost) -> None:
    scripted = sepcost("compare", "nets.py:scripted", "--input", "3x8x8", "--device", "cpu", "--verify")
    assert (scripted.code, scripted.err) == (0, "")
    stuck = sepcost("check", "nets.py:Stuck", NET, *IMAGE, "--format", "json")
    first, second = json.loads(stuck.out)["networks"]
    (mismatch,) = first["verified"]["mismatches"]
    assert mismatch["torch"].startswith("cannot count them, since the model cannot be copied: TypeError: ")
    assert (stuck.code, second["verified"]["mismatches"]) == (1, [])


def one_mac_more(*args: Any, **named: Any) -> Trace:
    traced = HONEST(*args, **named)
    return replace(traced, macs=traced.macs + 1)


@pytest.mark.parametrize("command", [["compare"], ["check"]])
def test_verify_finds_a_spoiled_prediction(
    sepcost: Sepcost, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setattr("sepcost.pytorch.running.recount.trace_model", one_mac_more)
    done = sepcost(*command, NET, *IMAGE, "--verify")
    assert done.code == 1
    written = done.err if command == ["compare"] else done.out
    assert "the whole network" in written
    assert "242,849" in written


@pytest.mark.parametrize("command", [["compare", NET], ["check", NET], ["diff", NET, NET]])
def test_layers_that_are_not_torchs_total_are_reported(
    sepcost: Sepcost, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setattr("sepcost.pytorch.running.running.trace_model", one_mac_more)
    expected = f"sepcost: {NET}: the layers have 528,800 MACs, and torch counts 528,801: please report it\n"
    assert sepcost(*command, *IMAGE) == Run(1, "", expected)


# What goes wrong


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nets.py:Nett", *IMAGE], "nets.py:Nett: nets.py has nothing called Nett; did you mean `Net`?"),
        (["nope.nets:Net", *IMAGE], "nope.nets:Net: there is no module nope: is it installed, or in this folder?"),
        (["nope.py:Net", *IMAGE], "nope.py:Net: there is no file nope.py"),
        (
            ["nets.py:Net(open('x'))", *IMAGE],
            "nets.py:Net(open('x')): argument open('x') is no literal; literals are numbers, texts in quotes, True, "
            "False, None, and lists, tuples, sets and dicts of these",
        ),
        (
            ["nets.py:fails", *IMAGE],
            'nets.py:fails: RuntimeError: no weights (nets.py:113: raise RuntimeError("no weights"))',
        ),
        (["nets.py:number", *IMAGE], "nets.py:number: is an int, not a PyTorch model"),
        ([NET], f"{NET}: forward takes x: give --input SHAPE, as in 3x224x224 or 77:int64, without the batch"),
        ([NET, "--input", "y=3x8x8"], f"{NET}: forward takes no input called y; it takes x"),
        (
            [NET, "--input", "1x3x8x8"],
            f"{NET}: --input 1x3x8x8 has the batch in it, which --batch sets: give --input 3x8x8",
        ),
        ([NET, "--input", "abc"], "sepcost: --input abc: the shape must be whole numbers, as in 3x224x224, got abc"),
        (
            ["torch.nn:ReLU", "--input", "3"],
            "torch.nn:ReLU: runs nothing that counts: no operator with MACs, and it has no params",
        ),
        (
            ["net.h5"],
            'net.h5: is a Keras model: keras.saving.load_model(FILE).export("net.onnx", format="onnx") writes an '
            ".onnx, which sepcost reads",
        ),
    ],
)
def test_bad_input_is_one_line(sepcost: Sepcost, arguments: list[str], message: str) -> None:
    assert sepcost("compare", *arguments) == Run(2, "", f"{message}\n")


@pytest.mark.parametrize("shape", ["3x4", "4x8x8"])
def test_a_wrong_shape_is_reported_with_the_line_of_the_model(sepcost: Sepcost, shape: str) -> None:
    done = sepcost("compare", NET, "--input", shape)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"{NET}: does not run on {shape}: ")
    assert "in stem: Conv2d(3, 8" in done.err
    assert "(nets.py:18: x = self.grouped(" in done.err


def test_a_model_that_fails_does_not_stop_the_others(sepcost: Sepcost) -> None:
    Path("net.yaml").write_text("layers: [{name: c, H: 4, C: 3, K: 3, O: 4}]\n", encoding="utf-8")
    done = sepcost("compare", NET, "nets.py:fails", "net.yaml", *IMAGE, "--format", "jsonl")
    assert done.code == 2
    assert [json.loads(line)["source"] for line in done.out.splitlines()] == [NET, "net.yaml"]
    assert done.err.splitlines()[0].startswith("nets.py:fails: RuntimeError: no weights")
    assert done.err.splitlines()[1:] == ["sepcost: 1 of 3 networks could not be evaluated"]

"""``--input file.py:function``: the figures are of a call on inputs of the user's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cases import inputs, models
from tests.commands import ROOT, Run, Sepcost, sepcost

MODELS = str(Path(models.__file__).relative_to(ROOT))
INPUTS = str(Path(inputs.__file__).relative_to(ROOT))


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def network_of(done: Run) -> dict[str, Any]:
    assert done.code == 0, done.err
    (network,) = json.loads(done.out)["networks"]
    assert isinstance(network, dict)
    return network


def counted(in_process: Sepcost, model: str, *arguments: str) -> dict[str, Any]:
    return network_of(in_process("compare", f"{MODELS}:{model}", *arguments, "--format", "json"))


@pytest.mark.parametrize(
    ("model", "function", "macs", "params"),
    [
        ("ListOfImages", "images", 127_872, 216),
        ("WithTimestep", "by_position", 73_736, 312),
        ("WithTimestep", "by_name", 73_736, 312),
        ("WithTimestep", "both", 73_736, 312),
        ("Pairs", "batch", 12_682_506, 24_330),
        ("Pairs", "batch(size=4)", 4 * 6_341_248 + 40, 24_330),
    ],
)
@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_a_model_runs_on_inputs_of_ones_own(
    in_process: Sepcost, model: str, function: str, macs: int, params: int, device: str
) -> None:
    given = f"{INPUTS}:{function}"
    network = counted(in_process, model, "--input", given, "--device", device)
    standard = network["total"]["standard"]
    assert (standard["macs"], standard["params"]) == (macs, params)
    assert network["inputs"] == given


def test_a_scalar_for_each_sample_is_described(in_process: Sepcost) -> None:
    network = counted(in_process, "WithTimestep", "--input", "4x16x16", "--input", "t=scalar:int64")
    assert network["total"]["standard"]["macs"] == 73_736
    assert "inputs" not in network


def test_titles_and_notes_say_whose_inputs_they_are(in_process: Sepcost) -> None:
    model, given = f"{MODELS}:Pairs", f"{INPUTS}:batch"
    called = f"{model} on inputs of {given}"
    table = in_process("compare", model, "--input", given)
    assert table.out.splitlines()[0] == called
    assert f"### {called}" in in_process("compare", model, "--input", given, "--format", "markdown").out
    assert f"# Counted on inputs of {given}." in in_process("compare", model, "--input", given, "--format", "yaml").out
    assert in_process("diff", model, model, "--input", given).out.startswith(f"{called}: nothing changed")
    check = ("check", model, "--input", given, "--max-macs", "13M", "--no-verify")
    assert f"{model} is counted on inputs of {given}." in in_process(*check).out
    assert network_of(in_process(*check, "--format", "json"))["inputs"] == given


def test_a_convolution_alone_says_so_too(in_process: Sepcost) -> None:
    model, given = "torch.nn:Conv2d(3, 8, 3)", f"{INPUTS}:batch"
    title = in_process("compare", model, "--input", given).out.splitlines()[0]
    assert title.startswith(f"{model} on inputs of {given}: 3×3 convolution")


def test_the_recount_runs_on_the_same_inputs(in_process: Sepcost) -> None:
    network = counted(in_process, "Pairs", "--input", f"{INPUTS}:batch", "--verify")
    assert network["verified"]["mismatches"] == []


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_a_model_that_writes_into_its_inputs_does_no_harm(in_process: Sepcost, device: str) -> None:
    given = ("--input", f"{INPUTS}:images", "--device", device, "-r", "separable", "-r", "blueprint", "--verify")
    network = counted(in_process, "WritesIntoItsInputs", *given)
    assert network["total"]["standard"]["macs"] == 18 * 22 * 216
    assert network["verified"]["mismatches"] == []


def test_what_the_function_prints_is_not_for_stdout() -> None:
    done = sepcost("compare", f"{MODELS}:ListOfImages", "--input", f"{INPUTS}:images", "--format", "json")
    assert network_of(done)["total"]["standard"]["macs"] == 127_872
    assert done.err == "making images\n"


def test_random_inputs_are_the_same_each_time(in_process: Sepcost, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text(
        "import random, torch\ndef noise(): return torch.zeros(random.randint(2, 10**6), 1, 1, 1)\n"
    )
    given = ("torch.nn:Conv2d(1, 1, 1)", "--input", f"{tmp_path}/f.py:noise", "--format", "json")
    first, second = (network_of(in_process("compare", *given))["total"] for _ in range(2))
    assert first == second


# Values


READ = "It reads values, and its inputs are zeros: --input file.py:function gives real ones"
ON_CPU = (f"{MODELS}:DataDependent", "--device", "cpu", "--input")


def test_a_model_that_reads_values_says_that_its_inputs_are_zeros(in_process: Sepcost) -> None:
    for format_ in ("table", "markdown", "yaml"):
        assert READ in in_process("compare", *ON_CPU, "3x16x16", "--format", format_).out
    assert READ.partition(":")[0] in in_process("compare", *ON_CPU, "3x16x16", "--format", "latex").out
    assert READ in in_process("compare", *ON_CPU, "3x16x16", "--rows", "totals").out
    assert READ in in_process("diff", ON_CPU[0], *ON_CPU, "3x16x16").out
    check = ("check", *ON_CPU, "3x16x16", "--max-macs", "1G", "--no-verify", "--allow", "zeros", "--format")
    for format_ in ("table", "markdown", "github", "junit"):
        assert READ in in_process(*check, format_).out
    assert network_of(in_process(*check, "json"))["read_zeros"] is True
    assert counted(in_process, "DataDependent", *ON_CPU[1:], "3x16x16")["read_zeros"] is True


@pytest.mark.parametrize(("value", "layers"), [(1, {"a": 55_296, "b": 147_456}), (-1, {"a": 55_296})])
def test_with_real_values_the_branch_that_they_choose_counts(
    in_process: Sepcost, value: int, layers: dict[str, int]
) -> None:
    network = counted(in_process, "DataDependent", *ON_CPU[1:], f"{INPUTS}:filled({value})")
    assert {
        layer["name"]: layer["standard"]["macs"] for layer in network["layers"] if layer["type"] == "conv"
    } == layers
    assert "read_zeros" not in network


def test_a_model_that_reads_no_values_says_nothing(in_process: Sepcost) -> None:
    done = in_process("compare", f"{MODELS}:ClassToken", "--input", "3x8x8", "--device", "cpu")
    assert done.code == 0
    assert "reads values" not in done.out


# In configs


def test_a_config_that_names_such_a_function_is_data_until_somebody_trusts_it(
    in_process: Sepcost, tmp_path: Path
) -> None:
    config = tmp_path / "pairs.yaml"
    config.write_text(f"model: {MODELS}:Pairs\ninput: {INPUTS}:batch\n")
    refused = in_process("compare", config)
    assert (refused.code, refused.out) == (2, "")
    assert "names code to run: give --run-models if you trust it" in refused.err
    network = network_of(in_process("compare", config, "--run-models", "--format", "json"))
    assert (network["inputs"], network["total"]["standard"]["macs"]) == (f"{INPUTS}:batch", 12_682_506)
    for command in (("compare",), ("check", "--max-macs", "1G", "--no-verify")):
        batched = in_process(*command, config, "--run-models", "--batch", "2")
        assert batched.code == 2
        assert f"the inputs of {INPUTS}:batch have their batch: a batch of 2 contradicts that" in batched.err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("[3x4, f.py:g]", "input[1]: a function returns every input: give it alone, not in a list"),
        ("x=f.py:g", "input: a function returns every input: leave out x=, and let it return a dict"),
        (
            f"f.py:g(**0x{'f' * 6000})",
            "input: argument **0xffffff…ffffffffff (6,004 characters) is no literal; literals",
        ),
        ("f.py:g(size)", "input: argument size is no literal; in quotes it is a text: 'size'"),
    ],
)
def test_a_config_that_names_it_in_another_way_is_reported(
    in_process: Sepcost, tmp_path: Path, given: str, message: str
) -> None:
    config = tmp_path / "net.yaml"
    config.write_text(f"model: nets.py:Net\ninput: {given}\n")
    done = in_process("compare", config, "--run-models")
    assert (done.code, done.out) == (2, "")
    assert message in done.err


# What goes wrong


@pytest.mark.parametrize(
    ("model", "function", "message"),
    [
        ("Pairs", "batch(size=3)", "does not run on the inputs of {}: ValueError: batch must be even (tests/cases/"),
        ("Pairs", "fails", "{}: KeyError: 'no such split' (tests/cases/inputs.py:"),
        ("Pairs", "fail", f"{{}}: {INPUTS} has nothing called fail; did you mean `fails`?"),
        ("Pairs", "batch(width=3)", "{}: batch: got an unexpected keyword argument 'width'"),
        ("Pairs", "number", "{}: is an int, not a function that returns inputs"),
        ("Pairs", "length", "{}: gives an int, not inputs: return a tuple of those by position, a dict of those by "
         "name, or both as (args, kwargs)"),
        ("ListOfImages", "one_by_one", "forward does not take the inputs of {0}: too many positional arguments; {0} "
         "gives 2 inputs by position: one that is a list goes in a tuple, (images,)"),
        ("ClassToken", "by_name", "forward does not take the inputs of {}: got an unexpected keyword argument 't'"),
        ("DataDependent", "filled(1)", "cannot run on the meta device: it asks for the values of tensors"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_line(in_process: Sepcost, model: str, function: str, message: str) -> None:
    given = f"{INPUTS}:{function}"
    done = in_process("compare", f"{MODELS}:{model}", "--input", given)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert done.err.startswith(f"{MODELS}:{model}: {message.format(given)}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("f.py:g", "--input", "3x4"), "f.py:g: a function returns every input: leave out the others"),
        (("x=f.py:g",), "x=f.py:g: a function returns every input: leave out x=, and let it return a dict"),
        (("f.py",), "f.py: names no function: write f.py:NAME"),
        (("f.py:g", "--batch", "2"), "f.py:g and --batch 2 contradict each other: its inputs have their batch"),
    ],
)
def test_what_contradicts_it_is_refused(in_process: Sepcost, options: tuple[str, ...], message: str) -> None:
    for command in ("compare", "check", "diff"):
        done = in_process(command, *["nets.py:Net"] * (2 if command == "diff" else 1), "--input", *options)
        assert (done.code, done.out, done.err) == (2, "", f"sepcost: --input {message}\n")


def test_a_function_is_for_a_model(in_process: Sepcost) -> None:
    done = in_process("compare", "configs/m5.yaml", "--input", "f.py:g")
    assert done.err.startswith("sepcost: --input f.py:g is for a model, and configs/m5.yaml is not one")

"""What people import: whatever they compare, it says what the command says, and what is wrong is a SepcostError."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from sepcost import (
    ConfigError,
    Conv,
    Network,
    Replacement,
    SepcostError,
    check,
    compare,
    diff,
    load,
    load_all,
    scale,
    sweep,
)
from sepcost.count.snapshot import Snapshot
from sepcost.pytorch import build, replace_convolutions
from tests.cases import inputs, models
from tests.commands import ROOT, Sepcost

MODELS = str(Path(models.__file__).relative_to(ROOT))
CONV = Conv((8, 8), 3, 8, 3)
IMAGE = "3x32x32"


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def as_data(text: str) -> Any:
    (network,) = json.loads(text)["networks"]
    return {name: value for name, value in network.items() if name not in ("name", "source")}


# Models


def test_a_model_and_its_name_say_what_the_command_says(in_process: Sepcost) -> None:
    of_command = as_data(in_process("compare", f"{MODELS}:small", "--input", IMAGE, "--format", "json").out)
    for result in (compare(models.small(), inputs=IMAGE), compare(f"{MODELS}:small", inputs=IMAGE)):
        assert (result.standard.cost.macs, result.standard.cost.params) == (6_341_248, 24_330)
        assert as_data(result.to_json()) == of_command


@pytest.mark.parametrize(
    "given",
    [
        IMAGE,
        [IMAGE],
        (3, 32, 32),
        [3, 32, 32],
        [(3, 32, 32)],
        {"x": (3, 32, 32)},
        {"x": IMAGE},
        {"x": torch.zeros(1, 3, 32, 32)},
    ],
)
def test_inputs_are_texts_or_shapes_or_tensors(given: Any) -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = models.small()

        def forward(self, x: torch.Tensor) -> Any:
            return self.net(x)

    assert compare(Named(), inputs=given).standard.cost.macs == 6_341_248


@pytest.mark.parametrize(
    ("model", "given", "macs"),
    [
        ("ListOfImages", "images", 127_872),
        ("WithTimestep", "by_position", 73_736),
        ("WithTimestep", "by_name", 73_736),
        ("WithTimestep", "both", 73_736),
        ("Pairs", "batch", 12_682_506),
    ],
)
def test_what_a_function_may_return_a_caller_may_give(model: str, given: str, macs: int) -> None:
    result = compare(getattr(models, model)(), inputs=getattr(inputs, given)(), verify=True)
    assert result.standard.cost.macs == macs
    assert result.verified is not None
    assert result.verified.mismatches == ()
    assert str(result).splitlines()[0].startswith(f"{model} on inputs of the caller")
    assert compare(f"{MODELS}:{model}", inputs=getattr(inputs, given)()).standard.cost.macs == macs


def state(model: nn.Module) -> Any:
    tensors = {name: (id(each), each.device, each.requires_grad) for name, each in model.named_parameters()}
    return tensors, [module.training for module in model.modules()]


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_a_model_of_ones_own_stays_as_it_is(device: str) -> None:
    model: Any = models.Pairs()
    model.net[0].weight.requires_grad_(False)
    model.net[1].eval()
    before, weight = state(model), model.net[0].weight.clone()
    compare(model, inputs=torch.ones(2, 3, 32, 32), device=device, verify=True)
    assert state(model) == before
    with pytest.raises(SepcostError, match="batch must be even"):
        compare(model, inputs=IMAGE, device=device)
    assert state(model) == before
    assert torch.equal(model.net[0].weight, weight)


def test_inputs_of_ones_own_stay_as_they_are() -> None:
    images = [torch.zeros(3, 8, 8), torch.zeros(3, 8, 8)]
    compare(models.WritesIntoItsInputs(), inputs=(images,), device="cpu", verify=True)
    assert len(images) == 2
    assert not any(image.any() for image in images)


def test_the_docs_show_what_is_so() -> None:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "import compare" in block]
    names: dict[str, Any] = {}
    exec(code, names)
    shown = re.findall(r"^(compare.*?)  # ([\d,]+|\(\))", code, re.MULTILINE)
    assert len(shown) == 3
    for expression, value in shown:
        assert eval(expression, names) == eval(value.replace(",", ""))


# Configs


NET: dict[str, Any] = {
    "name": "tiny",
    "input": {"C": 3, "H": 32},
    "replace": ["separable:multiplier=2"],
    "layers": [{"K": 3, "O": 8, "stride": 2}, {"type": "pool", "K": 2}, {"K": (3, 5), "O": 16}],
}


def test_a_dict_is_a_config(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(NET))))
    assert as_data(compare(NET).to_json()) == as_data(compare(tmp_path / "net.yaml").to_json())
    assert compare(NET).network.source is None


def test_a_list_is_independent_layers() -> None:
    layers = [{"H": 112, "C": 32, "K": 3, "O": 64}, {"H": 8, "C": 3, "K": 3, "O": 8}]
    assert compare(layers).standard.cost.macs == 231_211_008 + 8 * 8 * 3 * 9 * 8


# Replacements


@pytest.mark.parametrize("none", [[], (), "none", ["none"]])
def test_no_replacement_is_the_network_as_it_is(none: Any) -> None:
    result = compare(NET, none)
    assert (result.totals, result.replacements) == ({}, ())
    assert "separable" not in str(result)


def test_replacements_are_what_the_option_takes() -> None:
    two = compare(CONV, ["separable:multiplier=1,2", Replacement.parse("blueprint"), "blueprint"])
    assert list(two.totals) == ["separable:multiplier=1", "separable:multiplier=2", "blueprint"]


@pytest.mark.parametrize("source", [CONV, "configs/mobilenet_v1.yaml", NET])
def test_reductions_have_the_names_of_json(source: Any) -> None:
    result = compare(source, "separable")
    total = json.loads(result.to_json())["networks"][0]["total"]
    replacement = total["replacements"]["separable"]
    for name, value in replacement["reduction"].items():
        assert result.reduction("separable", name) == value, name
    for name, value in total["standard"].items():
        if name not in ("macs_per_byte", "peak"):
            assert result.reduction("separable", name) == value / replacement[name], name


def test_what_has_no_map_has_no_reduction_of_bytes() -> None:
    result = compare([{"C": 3, "K": 3, "O": 8, "H": 8}])
    assert result.reduction("separable", "traffic_bytes") is not None
    with pytest.raises(SepcostError, match="no reduction is called 'macs_per_byte'"):
        result.reduction("separable", "macs_per_byte")


# What is wrong


RESULT = compare(CONV)
COSTS = ROOT / "tests" / "configs" / "check" / "costs.json"
REDUCED = {"input": {"C": 3, "H": 8}, "layers": [{"K": 3, "O": 8}], "budget": {"reduction": {"macs": 8}}}
MODEL = nn.Sequential(nn.Conv2d(3, 8, 3))
WRONG: dict[str, tuple[Callable[..., Any], str]] = {
    "a number": (lambda: compare(3), "a source is one of: a Conv, a Network, a torch.nn.Module, a model's name, "),  # type: ignore[arg-type]
    "a tensor": (lambda: compare(torch.zeros(3)), "a source is one of: "),  # type: ignore[arg-type]
    "a set": (lambda: compare({"layers": {1}}), "network: has what YAML does not have: set (give one source, or "),
    "a key": (lambda: compare({**NET, "layer": []}), "network: layer: unknown key; did you mean `layers`?"),
    "a value": (lambda: compare([{"H": 8, "C": 3, "K": 0, "O": 8}]), "network: [0].K: must be at least 1, got 0"),
    "a model": (lambda: compare({"model": "a:b", "input": "3x4"}), "names code to run: give run_models=True if "),
    "a replacement": (lambda: compare(CONV, "separabel"), "did you mean `separable`?"),
    "an option": (lambda: compare(CONV, "separable:multiplir=2"), "did you mean `multiplier`?"),
    "an object": (lambda: compare(CONV, [3]), "a replacement is a text such as 'separable:multiplier=2', or a "),  # type: ignore[list-item]
    "parse": (lambda: Replacement.parse(3), "a replacement is a text, such as 'separable:multiplier=2', got 3"),  # type: ignore[arg-type]
    "none and others": (lambda: compare(CONV, ["none", "separable"]), 'replacements="none" is the network as given'),
    "dtype": (lambda: compare(CONV, dtype="flaot32"), "dtype: must be one of float64"),
    "no dtype": (lambda: compare(CONV, dtype=[]), "dtype: must be one of float64"),  # type: ignore[arg-type]
    "batch": (lambda: compare(CONV, batch="2"), "batch: must be a whole number from 1, got '2'"),  # type: ignore[arg-type]
    "flops": (lambda: compare(CONV, flops_per_mac=3), "flops_per_mac: must be 1 or 2, got 3"),
    "device": (lambda: compare(MODEL, inputs="3x8x8", device="cud"), "got 'cud'; did you mean `cpu`?"),
    "inputs": (lambda: compare(CONV, inputs="3x8x8"), "inputs are for a model, and Conv("),
    "no inputs": (lambda: compare(MODEL), 'Sequential: forward takes input: give inputs="SHAPE", as in'),
    "a text": (lambda: compare(MODEL, inputs="3xx"), "inputs: 3xx: the shape must be whole numbers"),
    "a shape": (lambda: compare(MODEL, inputs=(0, 4)), "inputs: 0x4: every size must be at least 1, got 0x4"),
    "other inputs": (lambda: compare(MODEL, inputs=3), "inputs: must be a shape such as (3, 224, 224), a text such as"),
    "no shapes": (lambda: compare(MODEL, inputs=[]), 'forward takes input: give inputs="SHAPE"'),
    "several inputs": (lambda: compare(nn.Bilinear(2, 2, 2)), 'give inputs=["input1=SHAPE", "input2=SHAPE"], as in'),
    "a shape with a batch": (lambda: compare(MODEL, inputs=(1, 3, 8, 8)), 'which batch sets: give inputs="3x8x8"'),
    "values": (lambda: compare(models.DataDependent(), inputs=IMAGE), '; device="cpu" runs it on real memory'),
    "a class": (lambda: compare(nn.Conv2d, inputs=IMAGE), "inputs are for a model, and the class Conv2d is not one"),  # type: ignore[arg-type]
    "layers": (lambda: compare([CONV, CONV]), "network: has what YAML does not have: Conv (give one source, or "),
    "a folder": (lambda: load("configs"), "configs: holds more than one network: sepcost.load_all loads them all"),
    "no values": (lambda: sweep(O=[], C=3, K=3), "O: must have at least one value, got []"),
    "no sources": (lambda: check([]), "nothing to check: give a source"),
    "a batch": (lambda: compare(MODEL, inputs=torch.zeros(2, 3, 8, 8), batch=2), "the caller have their batch"),
    "a reduction": (lambda: RESULT.reduction("separable", "mac"), "no reduction is called 'mac'; did you mean `macs`?"),
    "no text": (lambda: RESULT.reduction("separable", []), "no reduction is called []"),  # type: ignore[arg-type]
    "of nothing": (lambda: RESULT.reduction("separabel"), "nothing was compared with 'separabel'; did you mean "),
    "a total": (lambda: RESULT.totals["blueprint"], "nothing was compared with 'blueprint' (but with: separable)"),
    "a variant": (lambda: RESULT.layers[0].variants["separabel"], "did you mean `separable`?"),
    "under": (lambda: RESULT.under("separabel"), "did you mean `separable`?"),
    "a path": (lambda: load("no.yaml"), "no.yaml: cannot be read: no such file or directory"),
    "no name": (lambda: compare(""), "the name of a source is empty"),
    "no layers": (lambda: compare("input: {C: 3, H: 32}"), "network:1:1: missing key `layers`"),
    "a model to load": (lambda: load(MODEL), 'Sequential: forward takes input: give inputs="SHAPE", as in'),
    "models to load": (lambda: list(load_all(MODEL)), 'Sequential: forward takes input: give inputs="SHAPE", as in'),
    "a dtype of torch": (lambda: compare(CONV, dtype=torch.complex64), "dtype: must be one of float64, float32, "),
    "below zero": (lambda: load("vgg16", alpha=-1), "alpha: must be a positive number such as 0.75, got -1"),
    "no path": (lambda: list(load_all(3)), "a source is one of: a Conv, "),  # type: ignore[arg-type]
    "alpha": (lambda: load("configs/m5.yaml", alpha="x"), "alpha: must be a positive number such as 0.75, got x"),
    "rho": (lambda: scale(load("configs/m5.yaml"), rho="x"), "rho: must be a positive number"),
    "a layer": (lambda: Network.of(3), "a network is made of layers, such as a Conv, got 3"),  # type: ignore[arg-type]
    "parts": (lambda: build([3]), "parts are (name, Conv) pairs, got 3 among them"),  # type: ignore[list-item]
    "a glob": (lambda: replace_convolutions(MODEL, include=[3]), "include and exclude are globs of names, got [3]"),  # type: ignore[list-item]
}  # fmt: skip


def test_problems_and_notes_name_the_arguments_of_python() -> None:
    (problem,) = check(REDUCED).problems
    assert problem.message.endswith('is of a replacement, and none is named: give replacements="separable"')
    assert str(next(iter(sweep(COSTS, batch=2)))).endswith("was counted in another way: give batch=1")
    assert "(flops_per_mac=2)" in str(RESULT)
    assert "--" not in str(RESULT) + RESULT._repr_html_()


def test_numbers_of_numpy_and_options_of_torch_are_as_good() -> None:
    assert compare({**NET, "input": {"C": np.int64(3), "H": 32}}).standard == compare(NET).standard
    of_array: Any = list(sweep(C=np.arange(3, 5), K=3, O=8))
    assert [each.swept for each in of_array] == [{"C": 3}, {"C": 4}]
    cpu: Any = torch.device("cpu")
    assert compare(MODEL, inputs=(3, 8, 8), device=cpu).standard.cost.params == 8 * 28
    assert compare(CONV, dtype=torch.float16).convention == compare(CONV, dtype="float16").convention
    assert compare(CONV, dtype=torch.float8_e4m3fn).convention.dtype == "float8"
    assert next(iter(sweep(CONV, dtype=torch.int8))).convention.dtype == "int8"  # type: ignore[union-attr]


def test_models_are_loaded_on_their_inputs() -> None:
    (network,) = load_all(MODEL, inputs=(3, 8, 8))
    assert isinstance(network, Network)
    assert [node.layer for node in network] == [node.layer for node in load(MODEL, inputs="3x8x8")]


def test_several_sources_are_a_list(tmp_path: Path) -> None:
    costs = tmp_path / "costs.json"
    costs.write_text(RESULT.to_json())
    sources = ["configs/m5.yaml", costs, {**NET, "name": "mine"}]
    first, bad, last = load_all(sources)
    assert isinstance(first, Network)
    assert isinstance(last, Network)
    assert (first.name, last.name) == ("M5", "mine")
    known = f"{costs}: conv: only its figures are known, from earlier: give its config or its model"
    assert str(bad) == f"{known} (sweep, check and diff take figures)"
    with pytest.raises(SepcostError, match="only its figures are known"):
        compare(costs)
    assert [each.name for each in sweep(sources) if isinstance(each, Snapshot)] == ["M5", "conv", "mine"]
    assert list(load_all([])) == list(sweep([])) == []


def test_a_problem_of_both_sides_is_said_once() -> None:
    with pytest.raises(ConfigError) as caught:
        diff("no.yaml", "no.yaml")
    assert str(caught.value) == "no.yaml: cannot be read: no such file or directory"


@pytest.mark.parametrize(
    "text",
    [
        "{input: {C: 3, H: 8}, layers: [{K: 3, O: 8}]}",
        "layers: [{C: 3, H: 8, K: 3, O: 8}]",
        "- {C: 3, H: 8, K: 3, O: 8}",
        "[{C: 3, H: 8, K: 3, O: 8}]",
    ],
)
def test_a_text_that_begins_like_yaml_is_yaml(text: str) -> None:
    assert compare(text).standard.cost.params == 216


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_a_sepcost_error_that_says_what(what: str) -> None:
    call, message = WRONG[what]
    with pytest.raises(SepcostError) as caught:
        call()
    assert message in str(caught.value)
    assert not isinstance(caught.value, (KeyError, AttributeError, TypeError))

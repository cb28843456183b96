"""``inner_activation``: what is after each part but the last, in every module and in no figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from sepcost import Conv, LayerError, Replacement, compare, load
from sepcost.blocks.replacements import REPLACEMENTS
from sepcost.pytorch import build, replace_convolutions
from tests.commands import Sepcost, sepcost

MODULES = {"relu": nn.ReLU, "relu6": nn.ReLU6, "silu": nn.SiLU, "hardswish": nn.Hardswish, "gelu": nn.GELU}
BLOCKS = [name for name in REPLACEMENTS if name != "grouped"] + ["grouped:pointwise=true"]
FIGURE_3 = "separable:inner_activation=relu,inner_norm=true"
ONE = ("compare", "-H", "28", "-C", "16", "-K", "3", "-O", "32")


def with_option(block: str, option: str) -> str:
    return f"{block}{',' if ':' in block else ':'}{option}"


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("block", BLOCKS)
def test_it_is_behind_each_part_but_the_last(block: str, name: str) -> None:
    conv = Conv((8, 8), 16, 32, 3, norm="batch")
    built = build(Replacement.parse(with_option(block, f"inner_activation={name},inner_norm=true"))(conv))
    kinds = [type(module) for module in built.children()]
    convs = kinds.count(nn.Conv2d)
    assert convs > 1
    assert kinds == [nn.Conv2d, nn.BatchNorm2d, MODULES[name]] * (convs - 1) + [nn.Conv2d, nn.BatchNorm2d]


@pytest.mark.parametrize("block", BLOCKS)
def test_every_figure_is_the_same_without_it_and_torch_counts_it(block: str) -> None:
    conv = Conv((8, 8), 16, 32, 3, stride=2, bias=True, norm="batch")
    text = with_option(block, "inner_activation=hardswish")
    result = compare(conv, [block, text], verify=True)
    assert result.totals[text].cost == result.totals[block].cost
    assert result.totals[text].peak == result.totals[block].peak
    assert result.verified is not None
    assert not result.verified.mismatches


def test_a_convolution_in_groups_alone_has_none() -> None:
    built = build(Replacement.parse("grouped:inner_activation=relu")(Conv((8, 8), 16, 32, 3)))
    assert type(built) is nn.Sequential
    assert [type(module) for module in built] == [nn.Conv2d]


def test_what_is_behind_the_convolution_is_behind_the_last_part() -> None:
    parts = Replacement.parse("inverted:inner_activation=relu6")(Conv((8, 8), 16, 32, 3, activation="gelu"))
    assert [part.activation for _, part in parts] == ["relu6", "relu6", "gelu"]
    with pytest.raises(LayerError, match="activation: must be one of none, relu, relu6, silu, hardswish, gelu"):
        Conv((8, 8), 16, 32, 3, activation="tanh")


def test_a_replaced_model_computes_the_block_of_mobilenet() -> None:
    torch.manual_seed(0)
    model = replace_convolutions(nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16)), FIGURE_3)
    inputs = torch.randn(4, 8, 6, 6)
    weights = dict(model.named_parameters())
    depthwise = functional.conv2d(inputs, weights["0.depthwise.weight"], padding=1, groups=8)
    mean, variance = depthwise.mean((0, 2, 3), keepdim=True), depthwise.var((0, 2, 3), keepdim=True, correction=0)
    inner = ((depthwise - mean) / (variance + 1e-5).sqrt()).clamp(min=0)
    outer = functional.conv2d(inner, weights["0.pointwise.weight"], weights["0.pointwise.bias"])
    assert torch.allclose(model.get_submodule("0")(inputs), outer, atol=1e-5)


def test_a_replaced_model_costs_what_was_predicted() -> None:
    model = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3))
    result = compare(model, FIGURE_3, inputs=(3, 16, 16), verify=True)
    assert result.verified is not None
    assert not result.verified.mismatches
    assert result.totals[FIGURE_3].cost.params == sum(
        parameter.numel() for parameter in replace_convolutions(model, FIGURE_3).parameters()
    )


def test_code_has_it_behind_the_norm(in_process: Sepcost) -> None:
    done = in_process(*ONE, "--norm", "batch", "--format", "pytorch", "-r", FIGURE_3)
    names: dict[str, nn.Sequential] = {}
    exec(done.out, {}, names)
    block = next(value for name, value in names.items() if name.startswith("separable"))
    assert [name for name, _ in block.named_children()] == [
        *("depthwise", "depthwise_norm", "depthwise_activation"),
        *("pointwise", "pointwise_norm"),
    ]
    assert isinstance(block.depthwise_activation, nn.ReLU)


def test_a_config_keeps_it(in_process: Sepcost, tmp_path: Path) -> None:
    source, written = tmp_path / "net.yaml", tmp_path / "written.yaml"
    source.write_text(f'replace: ["{FIGURE_3}"]\ninput: {{C: 3, H: 8}}\nlayers: [{{K: 3, O: 4, norm: batch}}]\n')
    written.write_text(in_process("compare", str(source), "--format", "yaml").out)
    totals = [compare(load(str(file))).totals for file in (source, written)]
    assert list(totals[0]) == [FIGURE_3]
    assert totals[0] == totals[1]


def test_options_are_names_in_json_and_every_value_of_a_sweep(in_process: Sepcost) -> None:
    done = in_process(*ONE, "-r", "separable:inner_activation=relu,silu", "--format", "json")
    replacements = json.loads(done.out)["networks"][0]["total"]["replacements"]
    assert [each["options"] for each in replacements.values()] == [
        {"inner_activation": "relu"},
        {"inner_activation": "silu"},
    ]
    assert "options.inner_activation" in in_process(
        *ONE, "-r", "separable:inner_activation=relu,silu", "--format", "csv"
    ).out.partition("\n")[0].split(",")


def test_explain_derives_the_same(in_process: Sepcost) -> None:
    usual = in_process(*ONE, "--explain", "-r", "separable")
    assert usual.code == 0
    with_it = in_process(*ONE, "--explain", "-r", "separable:inner_activation=relu")
    assert with_it.out.replace(":inner_activation=relu", "").split() == usual.out.split()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("=rleu", "must be none, relu, relu6, silu, hardswish or gelu, got rleu; did you mean `relu`?"),
        ("=ReLU6", "must be none, relu, relu6, silu, hardswish or gelu, got ReLU6; did you mean `relu6`?"),
        ("=", "must be none, relu, relu6, silu, hardswish or gelu, got "),
        ("", "needs a value, such as inner_activation=none"),
    ],
)
def test_a_wrong_name_is_one_line(in_process: Sepcost, given: str, message: str) -> None:
    done = in_process(*ONE, "-r", f"separable:inner_activation{given}")
    assert (done.code, done.err) == (2, f"sepcost: separable: option inner_activation {message}\n")


def test_a_block_of_ones_own_may_have_names(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from dataclasses import replace\nfrom enum import Enum\n\n"
        "class Size(Enum):\n    SMALL = 'small'\n    LARGE = 'large'\n\n"
        "def mine(conv, size=Size.SMALL):\n"
        "    return [('conv', replace(conv, groups=8 if size is Size.SMALL else 2))]\n"
    )
    done = sepcost(*ONE, "-r", "own:mine:size=small,large", "--format", "json", cwd=tmp_path)
    total = json.loads(done.out)["networks"][0]["total"]["replacements"]
    assert {text: (each["options"], each["params"]) for text, each in total.items()} == {
        "own:mine:size=small": ({"size": "small"}, 16 * 9 * 32 // 8),
        "own:mine:size=large": ({"size": "large"}, 16 * 9 * 32 // 2),
    }
    wrong = sepcost(*ONE, "-r", "own:mine:size=smal", cwd=tmp_path)
    assert wrong.err == "sepcost: own:mine: option size must be small or large, got smal; did you mean `small`?\n"

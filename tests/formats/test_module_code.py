"""--format pytorch: the source runs, and torch finds in it the params, MACs and shapes that sepcost counts."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sepcost import Conv, Network, Replacement, compare
from sepcost.blocks.blocks import Parts
from sepcost.blocks.replacements import REPLACEMENTS
from sepcost.blocks.torch_modules import TORCHS
from sepcost.count.comparison import Comparison
from sepcost.formats.drawing.module_code import module_code
from tests.commands import sepcost
from tests.strategies import convs

OPTIONS = [
    "separable:multiplier=2",
    "blueprint:multiplier=2",
    "grouped:groups=3,pointwise=true",
    "blueprint_subspace:ratio=0.7",
]
TEXTS = [*OPTIONS, *REPLACEMENTS]
ONE = ("compare", "-H", "112", "-C", "32", "-K", "3", "-O", "64")


def executed(source: str) -> dict[str, nn.Module]:
    """The modules that the source makes, in its order."""
    names: dict[str, Any] = {}
    with torch.device("meta"):
        exec(source, names)
    return {name: value.eval() for name, value in names.items() if isinstance(value, nn.Module)}


def counted(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, int, tuple[int, ...]]:
    """Params, MACs and output shape as torch has them."""
    with warnings.catch_warnings(), FlopCounterMode(display=False) as counter, torch.no_grad():
        warnings.filterwarnings("ignore", "Using padding='same' with even kernel lengths")
        output = module(torch.empty((1, *shape), device="meta"))
    params = sum(parameter.numel() for parameter in module.parameters())
    return params, counter.get_total_flops() // 2, tuple(output.shape[1:])


@st.composite
def wide_convs(draw: st.DrawFn) -> Conv:
    """Convolutions with many channels, too: their source is broken into lines."""
    conv, factor = draw(convs()), draw(st.sampled_from([1, 1, 97, 12345]))
    return replace(conv, in_channels=conv.in_channels * factor, out_channels=conv.out_channels * factor)


@given(wide_convs())
def test_torch_counts_the_same_in_every_module(conv: Conv) -> None:
    result = compare(conv, TEXTS)
    source = module_code("", result)
    modules = executed(source)
    variants = result.layers[0].variants
    costs = [conv.cost, *(variant.cost for variant in variants.values() if variant.parts)]
    assert len(modules) == len(costs)
    for module, cost in zip(modules.values(), costs):
        assert counted(module, conv.input_shape) == (cost.params, cost.macs, conv.output_shape)
    for text, variant in variants.items():
        assert not variant.kept or f"{text}: kept as it is, because {variant.kept}" in source.replace("\n# ", " ")


@given(convs(), st.data())
def test_modules_without_a_map_fit_the_maps_that_the_comment_names(conv: Conv, data: st.DataObject) -> None:
    rank = len(conv.input_size)
    size = (1,) * rank if conv.transposed else conv.stride
    conv = replace(conv, input_size=size, padding="same", output_padding=(0,) * rank)
    network = replace(Network.of(conv), per_position=True)
    source = module_code("", Comparison.of(network, list(map(Replacement.parse, TEXTS))))
    any_size = "# padding same, for maps of any size\n" in source
    assert any_size or "# padding same, for maps that the stride divides" in source
    sizes = [data.draw(st.integers(1, 20)) for _ in range(rank)]
    if not any_size:
        sizes = [number * stride for number, stride in zip(sizes, conv.stride)]
    mapped = replace(conv, input_size=tuple(sizes))
    for module in executed(source).values():
        assert counted(module, mapped.input_shape)[2] == mapped.output_shape


@settings(max_examples=8)
@given(st.lists(wide_convs(), min_size=20, max_size=30))
def test_the_source_is_formatted(drawn: list[Conv]) -> None:
    with TemporaryDirectory() as folder:
        for number, conv in enumerate(drawn):
            source = module_code("title " * 30, compare(conv, TEXTS))
            Path(folder, f"model_{number}.py").write_text(source, encoding="utf-8")
        command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "88", "--diff", folder]
        done = subprocess.run(command, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stdout.decode()


def test_every_name_that_torch_has_is_known() -> None:
    assert {name for name in dir(nn.Sequential()) if not name.startswith("_")} <= set(TORCHS.split())


@settings(max_examples=40)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=6, unique=True), st.text(max_size=80))
def test_any_name_becomes_a_python_name(names: list[str], text: str) -> None:
    def block(conv: Conv) -> Parts:
        return tuple((name, replace(conv, norm="batch")) for name in names)

    conv = Conv((8, 8), 4, 4, 3)
    chosen = [Replacement(f"{text}{end}", block) for end in (":", ".", "\n")]
    modules = executed(module_code("", compare(conv, chosen)))
    assert len(modules) == 4
    for module in list(modules.values())[1:]:
        assert len(module._modules) == 2 * len(names)
        assert counted(module, conv.input_shape)[2] == conv.output_shape


def test_names_of_parts_are_the_names_that_everything_shows() -> None:
    modules = executed(sepcost(*ONE, "--norm", "batch", "--stride", "2", "--format", "pytorch").out)
    assert list(modules) == ["standard", "separable"]
    assert list(modules["separable"]._modules) == ["depthwise", "depthwise_norm", "pointwise", "pointwise_norm"]
    assert isinstance(modules["separable"].depthwise, nn.Conv2d)
    assert isinstance(OrderedDict(modules["standard"].named_children())["conv_norm"], nn.BatchNorm2d)


def test_a_users_function(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from sepcost import Conv\n"
        "def halves(conv):\n"
        "    return [('forward', Conv(conv.input_size, conv.in_channels, conv.out_channels, 3, groups=2))]\n"
    )
    run = sepcost(*ONE, "-r", "mine:halves", "--output", "model.py", cwd=tmp_path)
    assert (run.code, run.out, run.err) == (0, "", "")
    modules = executed((tmp_path / "model.py").read_text())
    assert list(modules) == ["standard", "mine_halves"]
    assert counted(modules["mine_halves"], (32, 112, 112))[0] == 32 * 64 * 9 // 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*ONE, "--columns", "macs"), "pytorch writes modules, not figures: leave out --columns"),
        (
            (*ONE, "--explain"),
            "--explain is for people: it goes with --format table, html, latex or markdown, not pytorch",
        ),
        (("compare", "configs/m5.yaml"), "pytorch writes one convolution: give -C, -K and -O (and -H), not a source"),
        (("compare", "-C", "3", "-K", "3,5", "-O", "8"), "pytorch writes one convolution: give one value for K"),
        (("compare",), "nothing to compare: give a YAML file, a folder or -, or one convolution by -C, -K and -O"),
        (
            ("compare", "-C", "3", "-K", "3", "-O", "8", "--padding", "1"),
            "pytorch cannot place --padding without a map: give -H",
        ),
    ],
)
def test_what_contradicts_it_gets_one_clear_line(arguments: tuple[str, ...], message: str) -> None:
    run = sepcost(*arguments, "--format", "pytorch")
    assert (run.code, run.out, run.err) == (2, "", f"sepcost: {message}\n")


def test_what_goes_with_it() -> None:
    plain = sepcost(*ONE, "--format", "pytorch")
    assert (plain.code, plain.err) == (0, "")
    assert sepcost(*ONE, "--format", "pytorch", SEPCOST_FORMAT="json").out == plain.out

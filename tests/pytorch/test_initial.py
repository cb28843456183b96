"""Initial weights of a replaced model: what goes in keeps its variance, and the model learns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import prod
from statistics import median

import pytest
import torch
from torch import Tensor, nn

from sepcost import Conv, Replacement
from sepcost.blocks.blocks import Parts
from sepcost.blocks.replacements import REPLACEMENTS
from sepcost.pytorch import replace_convolutions
from tests.pytorch.learning import accuracy_after_training, seeded, variances, without_norms

OPTIONS = [
    "separable:multiplier=3",
    "blueprint:multiplier=3",
    "grouped:groups=1,pointwise=true",
    "inverted:expansion=1",
]
WITH_ACTIVATIONS = [
    *(f"{block}:inner_activation=relu" for block in ("separable", "blueprint")),
    "grouped:pointwise=true,inner_activation=silu",
    "inverted:inner_activation=relu6",
    *(f"separable:inner_activation={name},inner_norm=true" for name in ("relu", "silu")),
]
EVERY = [*REPLACEMENTS, *OPTIONS, *WITH_ACTIVATIONS]
CONVS: dict[str, nn.Module] = {
    "strided": nn.Conv2d(24, 48, 3, stride=2, padding=1),
    "transposed": nn.ConvTranspose2d(24, 48, 4, stride=2, padding=1),
    "transposed, with gaps": nn.ConvTranspose2d(24, 48, 3, stride=4, output_padding=1),
    "dilated, in one dimension": nn.Conv1d(24, 48, 5, dilation=3, padding="same"),
    "in three dimensions": nn.Conv3d(24, 48, 3, padding=1, bias=False),
    "small weights": nn.Conv2d(24, 48, 3, padding=1),
    "constant weights": nn.Conv2d(24, 48, 3, padding=1),
    "float64": nn.Conv2d(24, 48, 3, padding=1, dtype=torch.float64),
    "complex": nn.Conv2d(24, 48, 3, padding=1, dtype=torch.complex64),
}
with torch.no_grad():
    nn.init.normal_(CONVS["small weights"].get_parameter("weight"), std=1e-6)
    nn.init.constant_(CONVS["constant weights"].get_parameter("weight"), 0.1)


@pytest.fixture(autouse=True)
def _without_denormals() -> Iterator[None]:
    """A processor takes ten times as long for numbers that are nearly 0, as gradients of good networks are."""
    torch.set_flush_denormal(True)
    yield
    torch.set_flush_denormal(False)


def mean_square(values: Tensor) -> float:
    return values.detach().abs().double().square().mean().item()


@cache
def originals() -> list[list[float]]:
    """The variances at each depth of 20 networks as they are."""
    nets = [seeded(seed, without_norms) for seed in range(20)]
    return [variances(net, inputs[:2]) for net, inputs in nets]


@pytest.mark.parametrize("text", EVERY)
def test_the_variance_at_each_depth_is_about_the_originals(text: str) -> None:
    before, after = originals(), []
    for seed in range(len(before)):
        net, inputs = seeded(seed, without_norms)
        after.append(variances(replace_convolutions(net, text), inputs[:2]))  # type: ignore[arg-type]
    ratios = [median(ours) / median(theirs) for ours, theirs in zip(zip(*after), zip(*before))]
    assert len(ratios) == 8
    assert all(0.5 <= ratio <= 2 for ratio in ratios), ratios


@pytest.mark.parametrize(
    "text", ["separable", "inverted:expansion=2", "separable:inner_activation=relu,inner_norm=true"]
)
def test_a_replaced_network_without_norms_learns(text: str) -> None:
    net, _ = seeded(0, without_norms)
    assert accuracy_after_training(replace_convolutions(net, text), steps=20) > 0.7


@pytest.mark.parametrize("kind", CONVS)
@pytest.mark.parametrize("text", ["separable", "blueprint", "grouped:groups=3,pointwise=true", "spatial"])
def test_every_kind_of_convolution_keeps_its_gain(kind: str, text: str) -> None:
    conv = CONVS[kind]
    if text == "spatial" and isinstance(conv, nn.Conv1d):
        return
    torch.manual_seed(1)
    weight = conv.get_parameter("weight")
    inputs = torch.randn(8, 24, *[24] * (weight.dim() - 2), dtype=weight.dtype)
    without_bias = replace_convolutions(conv, text)
    bias = dict(conv.named_parameters()).get("bias", torch.zeros(1))
    shape = (-1, *[1] * (weight.dim() - 2))
    wanted = mean_square(conv(inputs) - bias.reshape(shape))
    got = mean_square(without_bias(inputs) - bias.reshape(shape))
    assert got == pytest.approx(wanted, rel=0.35)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex128])
def test_the_weights_product_has_the_mean_square_of_the_convolutions(dtype: torch.dtype) -> None:
    conv = nn.Conv2d(32, 64, 3, padding=1, dtype=dtype)
    replaced = replace_convolutions(conv)
    depthwise, pointwise = (
        mean_square(replaced.get_parameter(f"{part}.weight")) for part in ("depthwise", "pointwise")
    )
    assert depthwise == pytest.approx(1 / 9, rel=0.01)
    assert depthwise * pointwise == pytest.approx(mean_square(conv.weight), rel=0.01)
    assert {parameter.dtype for parameter in replaced.parameters()} == {dtype}


def test_zeros_come_back_in_the_last_part_only() -> None:
    conv = nn.Conv2d(16, 16, 3, padding=1)
    nn.init.zeros_(conv.weight)
    replaced = replace_convolutions(conv, "inverted")
    assert mean_square(replaced.get_parameter("expand.weight")) > 0
    assert mean_square(replaced.get_parameter("depthwise.weight")) > 0
    assert mean_square(replaced.get_parameter("project.weight")) == 0


def test_the_last_part_has_the_bias_and_the_others_have_zeros() -> None:
    conv = nn.Conv2d(16, 16, 3, padding=1)
    replaced = replace_convolutions(conv, "bottleneck")
    biases = [replaced.get_parameter(f"{part}.bias") for part in ("reduce", "conv", "expand")]
    assert [mean_square(bias) for bias in biases[:2]] == [0, 0]
    assert torch.equal(biases[2], conv.bias)  # type: ignore[arg-type]


def test_a_chain_of_ones_own_keeps_the_gain() -> None:
    def twice(conv: Conv) -> Parts:
        first = Conv(conv.input_size, conv.in_channels, 40, 3, groups=8)
        return (
            ("grouped", first),
            ("mix", Conv.pointwise(first.output_size, 40, 40)),
            ("grouped_again", Conv(first.output_size, 40, conv.out_channels, 5, groups=8, bias=True)),
        )

    torch.manual_seed(0)
    conv = nn.Conv2d(16, 64, 3, padding=1, bias=False)
    replaced, inputs = replace_convolutions(conv, Replacement("twice", twice)), torch.randn(8, 16, 32, 32)
    assert mean_square(replaced(inputs)) == pytest.approx(mean_square(conv(inputs)), rel=0.3)
    assert mean_square(replaced.get_parameter("grouped_again.bias")) == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_has_no_finite_weights_gets_torchs_own(value: float) -> None:
    conv = nn.Conv2d(16, 16, 3)
    with torch.no_grad():
        conv.weight[0, 0, 0, 0] = value
    weight = replace_convolutions(conv).get_parameter("depthwise.weight")
    bound = 1 / prod(conv.kernel_size) ** 0.5
    assert 0 < weight.abs().max() <= bound


def test_on_meta_there_is_nothing_to_draw() -> None:
    replaced = replace_convolutions(nn.Conv2d(16, 16, 3, device="meta"))
    assert {parameter.device.type for parameter in replaced.parameters()} == {"meta"}


def test_a_wide_layer_takes_independent_weights() -> None:
    conv = nn.Conv2d(600, 520, 3, bias=False)
    replaced = replace_convolutions(conv)
    product = mean_square(replaced.get_parameter("depthwise.weight")) * mean_square(
        replaced.get_parameter("pointwise.weight")
    )
    assert product == pytest.approx(mean_square(conv.weight), rel=0.01)

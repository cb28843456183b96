"""``inner_bias=false``: the last part alone has the convolution's bias."""

from __future__ import annotations

import pytest
from torch import nn

from sepcost import Conv, Replacement, compare
from sepcost.pytorch import build, replace_convolutions
from tests.commands import Sepcost

BLOCKS = ("separable", "grouped:pointwise=true", "bottleneck", "inverted", "spatial")


@pytest.mark.parametrize("block", BLOCKS)
def test_only_the_last_part_has_a_bias(block: str) -> None:
    text = f"{block}{',' if ':' in block else ':'}inner_bias=false"
    conv = Conv((8, 8), 16, 32, 3, bias=True)
    built = build(Replacement.parse(text)(conv))
    *inner, last = [module for module in built.modules() if isinstance(module, nn.Conv2d)]
    assert inner
    assert all(module.bias is None for module in inner)
    assert last.bias is not None
    result = compare(conv, text, verify=True)
    assert result.verified is not None
    assert not result.verified.mismatches
    assert result.totals[text].cost.params == sum(parameter.numel() for parameter in built.parameters())


def test_a_convolution_in_groups_alone_keeps_its_bias() -> None:
    (part,) = Replacement.parse("grouped:inner_bias=false")(Conv((8, 8), 16, 32, 3, bias=True))
    assert part[1].bias


def test_a_model_has_its_last_biases_and_code_says_so(in_process: Sepcost) -> None:
    model = replace_convolutions(nn.Sequential(nn.Conv2d(16, 32, 3)), "separable:inner_bias=false")
    assert sum(parameter.numel() for parameter in model.parameters()) == 16 * 9 + 16 * 32 + 32
    done = in_process(
        *("compare", "-H", "8", "-C", "16", "-K", "3", "-O", "32", "--bias", "--format", "pytorch"),
        *("-r", "separable:inner_bias=false"),
    )
    assert "groups=16, bias=False" in done.out
    assert "separable:inner_bias=false: 688 params" in done.out

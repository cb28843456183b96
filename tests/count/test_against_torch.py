"""Counts and shapes against torch's own modules and its FlopCounterMode: nothing here uses sepcost's formulas."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sepcost import Conv, LayerError, Pool, compare
from sepcost.blocks.replacements import REPLACEMENTS
from sepcost.pytorch import TorchWitness, build
from tests.strategies import convs

CONV: Any = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED: Any = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
NORM: Any = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


class Same(nn.Module):
    """Pads as TensorFlow does for ``same``, then convolves; or crops what a transposed convolution makes."""

    def __init__(self, conv: Conv, module: nn.Module) -> None:
        super().__init__()
        self.conv, self.module = conv, module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.conv.transposed:
            full = self.module(x)
            wanted = [size * stride for size, stride in zip(x.shape[2:], self.conv.stride)]
            short = [max(0, want - have) for want, have in zip(wanted, full.shape[2:])]
            full = nn.functional.pad(full, [pad for axis in reversed(short) for pad in (0, axis)])
            for axis, want in enumerate(wanted, start=2):
                full = full.narrow(axis, 0, want)
            return full
        pads: list[int] = []
        axes = list(zip(x.shape[2:], self.conv.kernel_size, self.conv.stride, self.conv.dilation))
        for size, kernel, stride, dilation in reversed(axes):
            total = max(0, (-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size)
            pads += [total // 2, total - total // 2]
        return self.module(nn.functional.pad(x, pads))  # type: ignore[no-any-return]


def module_of(conv: Conv) -> nn.Module:
    rank = len(conv.input_size)
    arguments: dict[str, Any] = {
        "kernel_size": conv.kernel_size,
        "stride": conv.stride,
        "dilation": conv.dilation,
        "groups": conv.groups,
        "bias": conv.bias,
        "padding": 0 if conv.padding == "same" else conv.padding,
        "device": "meta",
    }
    kinds = TRANSPOSED if conv.transposed else CONV
    if conv.transposed:
        arguments["output_padding"] = conv.output_padding
    module: nn.Module = kinds[rank](conv.in_channels, conv.out_channels, **arguments)
    if conv.padding == "same":
        module = Same(conv, module)
    if conv.norm == "batch":
        module = nn.Sequential(module, NORM[rank](conv.out_channels, device="meta"))
    return module.eval()


def counted(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, int, tuple[int, ...]]:
    """Params, MACs and output shape as torch has them."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        output = module(torch.empty((1, *shape), device="meta"))
    params = sum(parameter.numel() for parameter in module.parameters())
    return params, counter.get_total_flops() // 2, tuple(output.shape[1:])


OPTIONS = [
    "separable:multiplier=2",
    "blueprint:multiplier=2",
    "grouped:groups=3,pointwise=true",
    "blueprint_subspace:ratio=0.7",
]
TEXTS = [*OPTIONS, *REPLACEMENTS]


@given(convs())
def test_the_formulas_count_what_modules_made_by_hand_count(conv: Conv) -> None:
    assert counted(module_of(conv), conv.input_shape) == (conv.cost.params, conv.cost.macs, conv.output_shape)
    for variant in compare(conv, TEXTS).layers[0].variants.values():
        if variant.parts:
            module = nn.Sequential(*(module_of(part.layer) for part in variant.parts))
            expected = (variant.cost.params, variant.cost.macs, conv.output_shape)
            assert counted(module, conv.input_shape) == expected


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@settings(max_examples=50)
@given(convs())
def test_the_witness_counts_what_modules_made_by_hand_count(conv: Conv) -> None:
    witness = TorchWitness()
    assert witness.counts(conv) == counted(module_of(conv), conv.input_shape)
    for variant in compare(conv, TEXTS).layers[0].variants.values():
        if variant.parts:
            by_hand = [module_of(part.layer) for part in variant.parts]
            for part, module in zip(variant.parts, by_hand):
                assert witness.counts(part.layer) == counted(module, part.layer.input_shape)
            built = build(variant.parts, device="meta").eval()
            assert counted(built, conv.input_shape) == counted(nn.Sequential(*by_hand), conv.input_shape)


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_pool_sizes(ceil_mode: bool) -> None:
    for size in range(1, 20):
        for kernel in range(1, 5):
            for stride in range(1, 5):
                for padding in range(kernel // 2 + 1):
                    pool = nn.MaxPool2d(kernel, stride, padding, ceil_mode=ceil_mode)
                    try:
                        theirs = tuple(pool(torch.empty(1, 1, size, size)).shape[1:])
                    except RuntimeError:
                        with pytest.raises(LayerError, match="larger than the padded input"):
                            Pool((1, size, size), kernel, stride=stride, padding=padding, ceil_mode=ceil_mode)
                        continue
                    ours = Pool((1, size, size), kernel, stride=stride, padding=padding, ceil_mode=ceil_mode)
                    assert ours.output_shape == theirs

"""Layers of every kind for what is fitted, and what tests ask of a fitted one, with NumPy and torch alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

KINDS: Mapping[str, tuple[partial[Any], tuple[int, ...]]] = {
    "1-D": (partial(nn.Conv1d, 3, 4, 5, padding=2), (11,)),
    "2-D": (partial(nn.Conv2d, 3, 4, 3, bias=False), (6, 7)),
    "3-D": (partial(nn.Conv3d, 2, 9, (3, 1, 2), padding=1, stride=(1, 2, 1)), (4, 5, 4)),
    "strided": (partial(nn.Conv2d, 3, 4, 3, stride=(2, 3), padding=1), (8, 9)),
    "dilated": (partial(nn.Conv2d, 3, 4, 3, dilation=(1, 2), padding=(0, 2)), (6, 6)),
    "rectangular": (partial(nn.Conv2d, 3, 5, (1, 4), padding=(0, 1)), (5, 6)),
    "even": (partial(nn.Conv2d, 3, 4, 4, stride=2, padding=1), (8, 8)),
    "transposed": (partial(nn.ConvTranspose2d, 3, 4, 3, stride=2, padding=1, output_padding=1), (5, 4)),
    "transposed, 1-D": (partial(nn.ConvTranspose1d, 3, 4, 4, stride=3, dilation=2, output_padding=2), (5,)),
    "transposed, 3-D": (partial(nn.ConvTranspose3d, 2, 3, 2, stride=2, bias=False), (3, 2, 3)),
    "reflect": (partial(nn.Conv2d, 3, 4, 3, padding=1, padding_mode="reflect"), (6, 6)),
    "circular": (partial(nn.Conv2d, 3, 4, 3, padding=1, stride=2, padding_mode="circular"), (6, 6)),
    "replicate": (partial(nn.Conv1d, 3, 4, 3, padding=1, padding_mode="replicate"), (9,)),
    "same": (partial(nn.Conv2d, 3, 4, (3, 5), padding="same", dilation=2), (6, 6)),
    "same, even": (partial(nn.Conv2d, 3, 4, 2, padding="same"), (6, 6)),
    "one input channel": (partial(nn.Conv2d, 1, 4, 3, padding=1), (6, 6)),
    "one output channel": (partial(nn.Conv2d, 4, 1, 3, padding=1), (6, 6)),
}
"""A layer without its dtype, and the size of the map that it reads."""


def of_kind(kind: str, dtype: torch.dtype = torch.float64) -> tuple[Any, Tensor]:
    """A layer with drawn weights, and inputs with a mean."""
    torch.manual_seed(0)
    make, size = KINDS[kind]
    conv = make(dtype=dtype)
    return conv, 1 + torch.randn(4, conv.in_channels, *size, dtype=dtype)


def weights_of(conv: Any) -> npt.NDArray[np.float64]:
    """O × C × K, a transposed convolution's too."""
    weight: npt.NDArray[np.float64] = conv.weight.detach().double().flatten(2).numpy()
    return weight.transpose(1, 0, 2) if conv.transposed else weight


def most_energy(conv: Any, order: str, multiplier: int) -> float:
    """The share of the squared norm that NumPy's singular values leave, of each channel's matrix."""
    weight = weights_of(conv)
    matrices = weight.transpose(1, 0, 2) if order == "separable" else weight
    squares = np.linalg.svd(matrices, compute_uv=False) ** 2
    return float(squares[:, :multiplier].sum() / squares.sum())


def full_rank(conv: Any, order: str) -> str:
    """The order with the least multiplier with which it is any convolution of this shape."""
    others = conv.out_channels if order == "separable" else conv.in_channels
    return f"{order}:multiplier={min(others, prod(conv.kernel_size))}"


def kernel_of_block(block: nn.Module, conv: nn.Conv2d) -> Tensor:
    """What a 3×3 block with padding 1 does to a single 1 in the middle of a map, without its bias."""
    one = torch.zeros(conv.in_channels, conv.in_channels, 3, 3, dtype=conv.weight.dtype)
    one[range(conv.in_channels), range(conv.in_channels), 1, 1] = 1
    with torch.no_grad():
        given: Tensor = block(one) - block(torch.zeros_like(one))
    return given.flip(2, 3).transpose(0, 1)


def missed(block: nn.Module, conv: nn.Module, inputs: Tensor) -> float:
    """The share of the variance of the layer's outputs that a block misses."""
    with torch.no_grad():
        given, wanted = block(inputs).double(), conv(inputs).double()
        mean = wanted.mean([0, *range(2, wanted.dim())], keepdim=True)
        return float((given - wanted).square().sum() / (wanted - mean).square().sum())


def relative(given: Tensor, wanted: Tensor) -> float:
    """The relative error."""
    given, wanted = given.detach().double(), wanted.detach().double()
    return float((given - wanted).norm() / wanted.norm())

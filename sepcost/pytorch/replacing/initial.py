"""Initial weights: those of a replacement's parts, drawn so that a signal keeps its variance."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import isfinite, prod, sqrt

import torch
from torch import nn

from sepcost.pytorch.private import ConvModule

SAMPLES = 100_000
WIDE = 512
"""With more weights, independent ones average out, and orthogonal ones take long to draw."""


def initialise(parts: nn.Sequential, conv: ConvModule) -> None:
    """Draw the weights of parts that replace this convolution, and set their biases.

    >>> conv = nn.Conv2d(64, 64, 3, padding=1)
    >>> parts = nn.Sequential(nn.Conv2d(64, 64, 3, padding=1, groups=64), nn.Conv2d(64, 64, 1))
    >>> initialise(parts, conv)
    >>> source = torch.randn(1, 64, 64, 64)
    >>> abs(parts(source).var().item() / conv(source).var().item() - 1) < 0.1
    True

    The gain of a layer is the factor by which it changes the mean square of a signal: the products that an output
    sums, times the mean square of the weights (He et al. 2015, arXiv:1502.01852, section 2.2). Inner parts have a
    gain of 1, which makes up for the activation in front of them. The last part has the convolution's gain: zeros if
    the convolution has zeros. Weights are orthogonal (Saxe et al. 2013, arXiv:1312.6120): with few hidden channels or
    9 weights a channel, independent ones would leave much of the gain to chance. Inner biases are 0, and the last
    part has the convolution's own. If the weights have no finite values, or none (on the meta device), torch's own
    initial weights stay.
    """
    if conv.weight.is_meta:
        return
    gain = _gain(conv)
    if not isfinite(gain):
        return
    convs = list(_with_activations(parts))
    with torch.no_grad():
        for part, activation in convs:
            last = part is convs[-1][0]
            _draw(part, (gain if last else 1.0) / _mean_square_behind(activation))
            if part.bias is not None:
                part.bias.copy_(conv.bias) if last and conv.bias is not None else part.bias.zero_()


def _with_activations(parts: nn.Sequential) -> Iterator[tuple[ConvModule, str]]:
    """Each convolution, and the activation in front of it (Identity if there is none)."""
    activation = "Identity"
    for module in parts:
        if isinstance(module, ConvModule):
            yield module, activation
            activation = "Identity"
        elif type(module).__module__ == nn.ReLU.__module__:
            activation = type(module).__name__


def _gain(conv: ConvModule) -> float:
    weight = conv.weight.detach()
    norm = torch.linalg.vector_norm(weight, dtype=torch.promote_types(weight.dtype, torch.float32))
    return _terms(conv) * float(norm) ** 2 / weight.numel()


def _terms(conv: ConvModule) -> float:
    """How many products an output sums, on average and far from the borders."""
    spread = prod(conv.stride) if conv.transposed else 1
    return conv.in_channels // conv.groups * prod(conv.kernel_size) / spread


@cache
def _mean_square_behind(activation: str) -> float:
    """The mean square of a standard normal signal after an activation: 1/2 for ReLU."""
    normal = torch.special.ndtri((torch.arange(SAMPLES, dtype=torch.float64, device="cpu") + 0.5) / SAMPLES)
    return float(getattr(nn, activation)()(normal).square().mean())


def _draw(conv: ConvModule, gain: float) -> None:
    drawn = _orthogonal(conv.weight)
    mean_square = drawn.abs().square().mean().item()
    conv.weight.copy_(drawn * sqrt(gain / _terms(conv) / mean_square))


def _orthogonal(weight: torch.Tensor) -> torch.Tensor:
    """Values for a weight, drawn on the CPU in single precision or better, where torch can."""
    if weight.is_complex():
        return torch.complex(_orthogonal(weight.real), _orthogonal(weight.imag))
    drawn = torch.empty(weight.shape, dtype=torch.promote_types(weight.dtype, torch.float32), device="cpu")
    draw = nn.init.orthogonal_ if min(len(drawn), drawn[0].numel()) <= WIDE else nn.init.normal_
    draw(drawn)
    return _with_all_of_the_mean(drawn)


def _with_all_of_the_mean(drawn: torch.Tensor) -> torch.Tensor:
    """The same weights, which keep as much of a signal's mean as of the rest of it.

    Behind a ReLU, a third of the signal is its mean. That is one direction of many, and few outputs would by chance
    see too little of it. Each channel of a depthwise keeps as much of it, and half of them make it negative: a ReLU
    after it lets about half of the signal through, whichever channels have most of it.
    """
    rows = drawn.flatten(1)
    mean = rows.mean(1, keepdim=True)
    if drawn.shape[1] == 1:
        signs = 1 - 2 * (torch.randperm(len(rows), device="cpu")[:, None] % 2)
        wanted = signs * torch.linalg.vector_norm(rows, dim=1, keepdim=True) / rows.shape[1]
    else:
        wanted = mean * (rows.norm() / rows.shape[1] / mean.norm().clamp_min(1e-12))
    kept: torch.Tensor = rows - mean + wanted
    return kept.view_as(drawn)

"""One layer's weights: the parts of its replacement, as close to its kernel as they can be."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sepcost.errors import CannotReplaceError
from sepcost.measured.fits import Fit
from sepcost.pytorch.fitting.kernels import composed, kernel_of, reads_alike, write
from sepcost.pytorch.fitting.low_rank import closest
from sepcost.pytorch.fitting.refining import KernelError, refined
from sepcost.pytorch.private import ConvModule

LINEAR = (ConvModule, nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d)
ROWS = 32
"""How many output channels there is a copy of in float64 at once."""


def convolutions(parts: nn.Sequential) -> list[ConvModule]:
    """The convolutions among the modules of a replacement."""
    return [each for each in parts if isinstance(each, ConvModule)]


def reason_not_to_fit(conv: ConvModule, parts: nn.Sequential) -> str | None:
    """Why no weights of these parts can be computed from the convolution's; None if they can be.

    >>> parts = nn.Sequential(nn.Conv2d(3, 3, 3, groups=3), nn.ReLU(), nn.Conv2d(3, 8, 1))
    >>> reason_not_to_fit(nn.Conv2d(3, 8, 3), parts)
    'ReLU is among its parts, and only linear ones can be fitted'
    """
    other = next((each for each in parts if not isinstance(each, LINEAR)), None)
    if other is not None:
        return f"{type(other).__name__} is among its parts, and only linear ones can be fitted"
    if not reads_alike(conv, convolutions(parts)):
        return "along each axis one part must have its kernel size, stride and dilation, and the others 1"
    if conv.weight.is_complex():
        return "its weights are complex"
    if conv.weight.is_meta:
        return "its weights have no values: they are on the meta device"
    ends = torch.stack(conv.weight.detach().aminmax())
    return None if bool(torch.isfinite(ends).all()) else "its weights have NaN or infinite values"


def fit_kernel(conv: ConvModule, parts: nn.Sequential) -> Fit:
    """Give parts the weights whose product is closest to the convolution's kernel, and the last one its bias.

    Raises CannotReplaceError where that cannot be.
    """
    if reason := reason_not_to_fit(conv, parts):
        raise CannotReplaceError(reason)
    convs = convolutions(parts)
    kernel, groups = kernel_of(conv), [each.groups for each in convs]
    found = closest(convs, kernel)
    kernels = found.kernels if found else [kernel_of(each).double() for each in convs]
    if found is None or found.kept is None:
        kernels = refined(kernels, KernelError(groups, kernel))
    write(convs, kernels)
    with torch.no_grad():
        for each in convs:
            if each.bias is not None:
                each.bias.zero_()
        if convs[-1].bias is not None and conv.bias is not None:
            convs[-1].bias.copy_(conv.bias)
    kept = found.kept if found else None
    return Fit(_energy(kernel, kernels, groups, kept), is_exact=kept is not None)


def _energy(kernel: Tensor, kernels: Sequence[Tensor], groups: Sequence[int], kept: float | None) -> float:
    """The share of the kernel's squared norm that is kept; 1 of a kernel of zeros."""
    squares = sum(float(rows.double().square().sum()) for rows in kernel.split(ROWS))
    if squares == 0:
        return 1.0
    if kept is None:
        kept = squares - float((composed(kernels, groups) - kernel).square().sum())
    return min(1.0, max(0.0, kept / squares))

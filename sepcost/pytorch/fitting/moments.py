"""Moments: what a layer reads and should give, as second moments of its patches, in float64."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from sepcost.errors import ModelError
from sepcost.pytorch.private import PADS, ConvModule

POSITIONS_A_NUMBER = 8
"""How many positions there are for each number of a patch, at most; beyond that they are sampled."""
LEAST_POSITIONS = 20_000
PATCHES_AT_ONCE = 2**24
"""How many numbers of patches are made at once."""
KINDS: Mapping[tuple[bool, int], type[nn.Module]] = {
    (False, 1): nn.Conv1d,
    (False, 2): nn.Conv2d,
    (False, 3): nn.Conv3d,
    (True, 1): nn.ConvTranspose1d,
    (True, 2): nn.ConvTranspose2d,
    (True, 3): nn.ConvTranspose3d,
}
"""By whether they are transposed, and by how many axes."""


@dataclass
class Moments:
    """Sums over positions: of patches x (C·K numbers), of the outputs y that are wanted (O), and of their products."""

    xx: Tensor
    yx: Tensor
    yy: Tensor
    x: Tensor
    y: Tensor
    positions: int = 0

    @classmethod
    def none(cls, patch: int, outputs: int, device: torch.device) -> Moments:
        """Of no positions so far: in float64."""
        xx, yx, yy, x, y = (
            torch.zeros(size, dtype=torch.float64, device=device)
            for size in ((patch, patch), (outputs, patch), (outputs,), (patch,), (outputs,))
        )
        return cls(xx, yx, yy, x, y)

    def add(self, patches: Tensor, outputs: Tensor) -> None:
        """Add positions: a row for each."""
        x, y = patches.double(), outputs.double()
        self.xx.addmm_(x.T, x)
        self.yx.addmm_(y.T, x)
        self.yy += y.square().sum(0)
        self.x += x.sum(0)
        self.y += y.sum(0)
        self.positions += len(x)

    def average(self, *, centred: bool) -> Moments:
        """Make means of the sums: around the means of x and y if ``centred``, which are 0 otherwise.

        Raises ModelError where there are none.
        """
        if not self.positions:
            raise ModelError("data: has no samples")
        if not torch.isfinite(self.xx.sum() + self.yy.sum()):
            raise ModelError("the model has NaN or infinite values on the data")
        self.xx /= self.positions
        self.yx /= self.positions
        self.yy /= self.positions
        self.x *= centred / self.positions
        self.y *= centred / self.positions
        self.xx.addr_(self.x, self.x, alpha=-1)
        self.yx.addr_(self.y, self.x, alpha=-1)
        self.yy.sub_(self.y.square()).clamp_min_(0)
        return self

    def result(self, kernel: Tensor) -> Result:
        """What a kernel, O × C·K, gives of these means: its outputs beside those that are wanted."""
        given, both = ((kernel @ self.xx) * kernel).sum(1), (kernel * self.yx).sum(1)
        scale = float(self.yy.sum())
        missed = float((self.yy - 2 * both + given).clamp_min(0).sum()) / scale if scale else 0.0
        ratios = torch.where(self.yy > 0, given.clamp_min(0) / self.yy, 1.0)
        return Result(self.y, kernel @ self.x, ratios, missed)


class Result(NamedTuple):
    """The means of the outputs that are wanted and given, the ratios of variances, and the share that is missed."""

    wanted: Tensor
    given: Tensor
    ratios: Tensor
    missed: float


def patches(conv: ConvModule, maps: Tensor, channels: slice, places: Tensor) -> Tensor:
    """What each output of a convolution reads: a row for each position, C·K numbers of these channels.

    A convolution with ones in the right places gives them, whatever its stride, padding, dilation and direction.

    >>> conv, maps = torch.nn.Conv2d(3, 8, 3, bias=False), torch.randn(2, 3, 5, 5)
    >>> rows = patches(conv, maps, slice(None), torch.arange(18))
    >>> outputs = conv(maps).flatten(2).transpose(1, 2).flatten(0, 1)
    >>> torch.allclose(rows @ conv.weight.flatten(1).T, outputs, atol=1e-5)
    True

    ``places`` are the positions that are wanted, in a batch's order.
    """
    some = (maps if maps.dim() > len(conv.kernel_size) + 1 else maps[None])[:, channels]
    some = some.to(torch.promote_types(maps.dtype, torch.float32))
    size = prod(conv.kernel_size)
    many = max(1, PATCHES_AT_ONCE // max(1, size * prod(maps.shape[2:]) * len(maps)))
    rows = [_patches(conv, each).flatten(2).transpose(1, 2).flatten(0, 1) for each in some.split(many, 1)]
    return torch.cat([row[places] for row in rows], 1)


def _patches(conv: ConvModule, maps: Tensor) -> Tensor:
    """Each channel's K numbers as channels: the convolution that has a single 1 for each of them."""
    channels, size, rank = maps.shape[1], prod(conv.kernel_size), len(conv.kernel_size)
    weight = torch.eye(size, dtype=maps.dtype, device=maps.device).reshape(1, size, *conv.kernel_size)
    weight = weight.repeat(channels, *[1] * (rank + 1))
    one: Any = KINDS[conv.transposed, rank](channels, channels * size, conv.kernel_size, groups=channels, device="meta")
    for name in ("stride", "padding", "output_padding", "dilation", "padding_mode", PADS):
        setattr(one, name, getattr(conv, name))
    one.weight = nn.Parameter(weight if conv.transposed else weight.flatten(0, 1)[:, None], requires_grad=False)
    one.bias = None
    patched: Tensor = one(maps)
    return patched

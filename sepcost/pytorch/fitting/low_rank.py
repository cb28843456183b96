"""Low rank: the parts of a replacement that are closest to a kernel, by singular value decomposition."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from sepcost.pytorch.private import ConvModule

AT_ONCE = 2**23
"""How many numbers of a kernel are decomposed at once: 64 MiB, of which a decomposition takes a few times as much."""


class Closest(NamedTuple):
    """Kernels of parts; ``kept`` is the squared norm of their product if no others are nearer, None if some may be."""

    kernels: list[Tensor]
    kept: float | None = None


def closest(parts: Sequence[ConvModule], kernel: Tensor) -> Closest | None:
    """Kernels of parts, in float64, whose product is near this kernel; None for parts of an unknown form.

    Of two parts none are nearer (Eckart & Young 1936): for ``separable`` each input channel's O × K² matrix is cut off
    at rank m (Network Decoupling, arXiv:1808.05517, section 3), for ``blueprint`` each output channel's C × K²
    (arXiv:2003.13549, section 3), for ``spatial`` the (O·K) × (C·K) matrix (arXiv:1405.3866, section 3). Of more parts
    the last one is split off first, then the next one: a start.

    >>> from sepcost.pytorch.fitting.kernels import composed
    >>> kernel, nn = torch.randn(8, 3, 3, 3), torch.nn
    >>> parts = [nn.Conv2d(3, 27, 3, groups=3), nn.Conv2d(27, 8, 1)]
    >>> torch.allclose(composed(closest(parts, kernel).kernels, [3, 1]).float(), kernel, atol=1e-6)
    True
    """
    if len(parts) == 1:
        own = _diagonal(kernel.double(), parts[0].groups)
        return Closest([own], float(own.square().sum()))
    kernels = _split(kernel, parts)
    if kernels is None:
        return None
    return Closest(kernels, _norm_of_product(kernels[0]) if len(parts) == 2 else None)


def _norm_of_product(first: Tensor) -> float:
    """The squared norm of two factors' product: each row of the first is as long as the root of its singular value."""
    return float(first.flatten(1).square().sum(1).square().sum())


def _split(kernel: Tensor, parts: Sequence[ConvModule]) -> list[Tensor] | None:
    *before, last = parts
    if not before:
        return [_diagonal(kernel, last.groups)]
    if len(before) == 2 and last.groups == 1 and before[1].groups == before[1].in_channels > before[0].in_channels:
        return _expanded(kernel, before[0], last)
    if last.groups > 1 < before[-1].groups:
        return None
    inputs = before[0].groups if len(before) == 1 else 1
    mine, rest = _factors(kernel, last, inputs)
    others = [rest] if inputs > 1 else _split(rest, before)
    return None if others is None else [*others, mine]


def _expanded(kernel: Tensor, expand: ConvModule, project: ConvModule) -> list[Tensor] | None:
    """Expand, depthwise, project: each input channel is repeated, and each of its copies filtered by itself."""
    channels, hidden = expand.in_channels, expand.out_channels
    if expand.groups > 1 or hidden % channels:
        return None
    mine, filters = _factors(kernel, project, channels)
    one = torch.eye(channels, dtype=filters.dtype, device=filters.device)
    copies = one.repeat_interleave(hidden // channels, 0).reshape(hidden, channels, *[1] * (kernel.dim() - 2))
    return [copies, filters, mine]


def _factors(kernel: Tensor, last: ConvModule, inputs: int) -> tuple[Tensor, Tensor]:
    """The kernel of the last part, and what is left for those before it, which has ``inputs`` groups.

    The kernel's matrix has a row for each output channel and place in the last part's kernel, and a column for each
    input channel and place in the others'. There is one for each group of the outputs, or of the inputs.
    """
    rank, size = last.in_channels // last.groups // inputs, kernel.shape[2:]
    axes = range(2, kernel.dim())
    own = [axis for axis in axes if last.kernel_size[axis - 2] > 1]
    others = [axis for axis in axes if axis not in own]
    groups = last.groups * inputs
    blocks = kernel.unflatten(1, (inputs, -1)).unflatten(0, (last.groups, -1))  # g, O/g, i, C/i, K
    blocks = blocks.permute(0, 2, 1, *(axis + 2 for axis in own), 3, *(axis + 2 for axis in others))
    rows = blocks.shape[2] * prod(last.kernel_size)
    matrices = blocks.flatten(0, 1)
    left, right = _truncated(matrices, rows, rank)
    sizes = [kernel.shape[axis] for axis in own], [kernel.shape[axis] for axis in others]
    mine = left.reshape(last.groups, inputs, -1, *sizes[0], rank)
    mine = mine.permute(0, 2, 1, mine.dim() - 1, *range(3, mine.dim() - 1))
    theirs = [1 if axis in own else length for axis, length in zip(axes, size)]
    return (
        mine.reshape(last.out_channels, inputs * rank, *last.kernel_size),
        right.reshape(groups * rank, -1, *theirs),
    )


def _truncated(matrices: Tensor, rows: int, rank: int) -> tuple[Tensor, Tensor]:
    """The factors of each matrix that keep the most of it: groups × rows × rank, groups × rank × columns."""
    columns = matrices[0].numel() // rows
    left = matrices.new_zeros(len(matrices), rows, rank, dtype=torch.float64)
    right = matrices.new_zeros(len(matrices), rank, columns, dtype=torch.float64)
    many, known = max(1, AT_ONCE // matrices[0].numel()), min(rank, rows, columns)
    for first in range(0, len(matrices), many):
        some = matrices[first : first + many].double().reshape(-1, rows, columns)
        u, v = _factored(some, known) if rows >= columns else [each.mT for each in _factored(some.mT, known)][::-1]
        left[first : first + many, :, :known], right[first : first + many, :known] = u, v
    return left, right


def _factored(matrices: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The best factors of tall matrices, from their Gram matrices, which are small: projections onto eigenvectors.

    Both factors have the roots of the singular values in them.
    """
    directions = torch.linalg.eigh(matrices.mT @ matrices).eigenvectors[..., -rank:].flip(-1)
    projected = matrices @ directions
    roots = torch.linalg.vector_norm(projected, dim=1, keepdim=True).sqrt()
    return projected / torch.where(roots > 0, roots, 1), (directions * roots).mT


def _diagonal(kernel: Tensor, groups: int) -> Tensor:
    """What of a dense kernel a grouped convolution has."""
    blocks = kernel.unflatten(0, (groups, -1)).unflatten(2, (groups, -1))
    own = torch.arange(groups, device=kernel.device)
    diagonal: Tensor = blocks[own, :, own].flatten(0, 1)
    return diagonal

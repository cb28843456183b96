"""Found: the layers that operators are, by the shapes and weights of what they read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, NamedTuple

from sepcost.errors import LayerError
from sepcost.graphs.products import matmul
from sepcost.graphs.windows import Mode, adaptive_pool, pool, upsample
from sepcost.layers import Layer, Linear, Other, Shape

UNFIT = (ArithmeticError, LayerError, LookupError, TypeError, ValueError)
"""What is raised where a size is not known, or no layer has such arguments."""


class Found(NamedTuple):
    """The layer that an operator is, how often it runs, and its weights by name, the kernel first."""

    layer: Layer
    times: int = 1
    weights: Sequence[str] = ()


def pooled(kind: str, shape: Shape, made: Shape, rank: int, **window: Any) -> Found:
    """The pool that makes a map, whose last axes are sizes; without a ``window`` what it makes says which it is.

    >>> pooled("MaxPool", (2, 8, 9, 9), (2, 8, 3, 3), 2).layer.kernel_size
    (3, 3)
    """
    before, after = shape[-rank - 1 :], made[-rank - 1 :]
    mode: Mode = "max" if "max" in kind.lower() else "average"
    layer = pool(before, after, mode=mode, **window) if window else adaptive_pool(before, after, mode)
    return _resampled(kind, layer, prod(shape[: -rank - 1]))


def global_pool(kind: str, shape: Shape, axes: Iterable[int]) -> Found | None:
    """A mean or a maximum over the whole map of each channel; None over other axes.

    >>> global_pool("ReduceMean", (2, 8, 9, 9), (2, -1)).layer.global_pool, global_pool("ReduceMean", (2, 8, 9, 9), [1])
    (True, None)
    """
    rank = len(shape)
    if rank not in (4, 5) or sorted(axis % rank for axis in axes) != list(range(2, rank)):
        return None
    return pooled(kind, shape, (*shape[:2], *(1 for _ in shape[2:])), rank - 2)


def resized(kind: str, shape: Shape, made: Shape, mode: str) -> Found:
    """The interpolation of a batch of maps."""
    layer = upsample(shape[1:], made[1:], mode) if mode and shape[:2] == made[:2] else None
    return _resampled(kind, layer, shape[0])


def _resampled(kind: str, layer: Layer | None, batch: int) -> Found:
    """A pool or an interpolation; one that no layer describes is an operator of its own."""
    return Found(layer, batch) if layer else Found(Other(kind))


def product(kind: str, left: Shape, right: Shape, weights: Sequence[str] = ("", ""), bias: Sequence[str] = ()) -> Found:
    """A product of matrices; with a matrix of ``weights``, on either side, it is a linear layer on all positions.

    >>> product("MatMul", (1, 196, 64), (64, 128), ("", "w")).layer, product("MatMul", (8, 5), (5, 8)).layer.macs
    (Linear(in_features=64, out_features=128, bias=False), 320)

    Raises LayerError for matrices that cannot be multiplied.
    """
    inner = right[-2:][0]  # a vector has one axis
    if left[-1] != inner:
        raise LayerError("in_features", f"is {inner}, and {left[-1]} are read")
    if weights[1] and len(right) == 2:
        return Found(Linear(*right, bool(bias)), _positions(left, right[0]), [weights[1], *bias])
    if weights[0] and len(left) == 2 and len(right) > 1:
        return Found(Linear(left[1], left[0]), _positions(right, left[1]), [weights[0]])
    return Found(Other(kind, macs=matmul(left, right)), weights=[*filter(None, weights), *bias])


def _positions(shape: Shape, features: int) -> int:
    positions = prod(shape) // features
    if not positions:
        raise LayerError("times", "has no positions")
    return positions

"""Found: the layers that operators are, by the shapes and weights of what they read."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from sepcost.errors import LayerError
from sepcost.graphs.products import matmul
from sepcost.layers import Layer, Linear, Other, Shape

UNFIT = (ArithmeticError, LayerError, LookupError, TypeError, ValueError)
"""What is raised where a size is not known, or no layer has such arguments."""


class Found(NamedTuple):
    """The layer that an operator is, how often it runs, and its weights by name, the kernel first."""

    layer: Layer
    times: int = 1
    weights: Sequence[str] = ()


def resampled(kind: str, layer: Layer | None, batch: int) -> Found:
    """A pool or an interpolation; one that no layer describes is an operator of its own."""
    return Found(layer, batch) if layer else Found(Other(kind))


def product(
    kind: str, left: Shape, right: Shape, weights: tuple[str, str] = ("", ""), bias: Sequence[str] = ()
) -> Found:
    """A product of matrices; with a matrix of ``weights``, on either side, it is a linear layer on all positions.

    >>> product("MatMul", (1, 196, 64), (64, 128), ("", "w")).layer, product("MatMul", (8, 5), (5, 8)).layer.macs
    (Linear(in_features=64, out_features=128, bias=False), 320)
    """
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

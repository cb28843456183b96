"""Operators of TensorFlow Lite: which layer each one is. Its maps end with channels, and ours begin with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from sepcost.errors import LayerError
from sepcost.graphs.found import Found, product, resampled
from sepcost.graphs.products import recurrent
from sepcost.graphs.windows import adaptive_pool, convolution, pool, upsample
from sepcost.layers import Other, Shape
from sepcost.sources.tflite.kinds import RECURRENT
from sepcost.sources.tflite.model import SAME, Node, axes_of, factors_of, kernel_of

OF_GATES = (2, 3, 4, 6, 7, 8)
"""Where an LSTM reads the matrices of its gates; those of the input gate may be left out."""
BASIC = 1
"""The kind of LSTM that has one matrix for all."""


def _first(shape: Shape) -> Shape:
    """A map with its channels first, without the batch."""
    return (shape[-1], *shape[1:-1])


def _convolution(source: int, bias: int) -> Callable[[Node], Found]:
    """A convolution that reads its map and its bias in these places."""

    def find(node: Node) -> Found:
        shape, kernel, transposed = node.known(source), kernel_of(node), "TRANSPOSE" in node.kind
        groups, rest = divmod(shape[-1], kernel.in_channels)
        if rest or (transposed and groups > 1):
            raise LayerError("in_channels", f"must be the kernel's {kernel.in_channels}, got {shape[-1]}")
        rank = len(kernel.size)
        uneven = (0,) * rank + (1,) * rank  # what a transposed one pads follows from its output
        padding: Any = uneven if transposed else "same" if node.option("Padding") == SAME else 0
        conv = convolution(
            _first(shape), _first(node.result), kernel.size, stride=axes_of(node.options, "Stride*", rank),
            padding=padding, dilation=axes_of(node.options, "Dilation*Factor", rank), groups=groups,
            transposed=transposed, bias=bool(node.weights(bias)),
        )  # fmt: skip
        return Found(conv, shape[0], [node.reads[1], *node.weights(bias)])

    return find


def _linear(node: Node) -> Found:
    shape, (out_features, in_features) = node.known(0), node.known(1)
    if prod(shape) % in_features:
        raise LayerError("in_features", f"is {in_features}, and there are {prod(shape)} numbers")
    rows = (prod(shape) // in_features, in_features)
    return product(node.kind, rows, (in_features, out_features), ("", node.weight(1)), node.weights(2))


def _product(node: Node) -> Found:
    return product(node.kind, *factors_of(node), (node.weight(0), node.weight(1)))


def _recurrent(node: Node) -> Found:
    """Each of its matrices is used in every step, those of an SVDF too (arXiv:1812.02802, section 2)."""
    needed: Sequence[int] = OF_GATES if node.kind.endswith("LSTM") else (1, 2)
    if node.kind == "LSTM" and node.option("KernelType") == BASIC:
        needed = (2,)
    if len(node.weights(*needed)) < len(needed):
        raise LayerError("weights", "are computed, or are not there")
    weights = node.weights(*range(1, len(node.reads)))
    matrices = [node.known(place) for place, name in enumerate(node.reads) if name in weights]
    return Found(Other(node.kind, macs=recurrent(matrices, prod(node.known(0)[:-1]))), weights=weights)


def _pool(node: Node) -> Found:
    shape = node.known(0)
    found = pool(
        _first(shape), _first(node.result), (node.option("FilterHeight"), node.option("FilterWidth")),
        "max" if "MAX" in node.kind else "average", stride=axes_of(node.options, "Stride*", 2),
        padding="same" if node.option("Padding") == SAME else 0,
    )  # fmt: skip
    return resampled(node.kind, found, shape[0])


def _reduction(node: Node) -> Found | None:
    """A mean or a maximum over the whole map of each channel is a global pool."""
    shape, axes = node.known(0), node.whole(1)
    if len(shape) not in (4, 5) or sorted(axis % len(shape) for axis in axes) != list(range(1, len(shape) - 1)):
        return None
    made = (shape[-1], *(1 for _ in axes))
    found = adaptive_pool(_first(shape), made, "max" if "MAX" in node.kind else "average")
    return Found(found, shape[0]) if found else None


def _resize(node: Node) -> Found:
    shape, mode = node.known(0), "bilinear" if node.kind == "RESIZE_BILINEAR" else "nearest"
    found = upsample(_first(shape), _first(node.result), mode)
    return resampled(node.kind, found, shape[0])


LAYERS: Mapping[str, Callable[[Node], Found | None]] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D"), _convolution(0, 2)),
    **dict.fromkeys(("TRANSPOSE_CONV", "CONV_3D_TRANSPOSE"), _convolution(2, 3)),
    "FULLY_CONNECTED": _linear,
    "BATCH_MATMUL": _product,
    **dict.fromkeys(RECURRENT, _recurrent),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), _pool),
    **dict.fromkeys(("MEAN", "REDUCE_MAX"), _reduction),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), _resize),
}  # fmt: skip

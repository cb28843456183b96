"""Operators of TensorFlow Lite: which layer each one is. Its maps end with channels, and ours begin with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from sepcost.errors import LayerError
from sepcost.graphs.found import Found, global_pool, pooled, product, resized
from sepcost.graphs.products import recurrent
from sepcost.graphs.windows import convolution
from sepcost.layers import Other
from sepcost.sources.tflite.kinds import RECURRENT
from sepcost.sources.tflite.model import SAME, Node, axes_of, channels_first, factors_of, kernel_of

OF_GATES = (2, 3, 4, 6, 7, 8)
"""Where an LSTM reads the matrices of its gates; those of the input gate may be left out."""
BASIC = 1
"""The kind of LSTM that has one matrix for all."""


def _convolution(source: int, bias: int) -> Callable[[Node], Found]:
    """A convolution that reads its map and its bias in these places."""

    def find(node: Node) -> Found:
        batch, *shape = channels_first(node.known(source))
        kernel, transposed = kernel_of(node), "TRANSPOSE" in node.kind
        groups, rest = divmod(shape[0], kernel.in_channels)
        if rest or (transposed and groups > 1):
            raise LayerError("in_channels", f"must be the kernel's {kernel.in_channels}, got {shape[0]}")
        rank = len(kernel.size)
        uneven = (0,) * rank + (1,) * rank  # what a transposed one pads follows from its output
        padding: Any = uneven if transposed else "same" if node.option("Padding") == SAME else 0
        conv = convolution(
            tuple(shape), channels_first(node.result)[1:], kernel.size, stride=axes_of(node.options, "Stride*", rank),
            padding=padding, dilation=axes_of(node.options, "Dilation*Factor", rank), groups=groups,
            transposed=transposed, bias=bool(node.weights(bias)),
        )  # fmt: skip
        return Found(conv, batch, [node.reads[1], *node.weights(bias)])

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
    return pooled(
        node.kind, channels_first(node.known(0)), channels_first(node.result), 2,
        kernel=(node.option("FilterHeight"), node.option("FilterWidth")),
        stride=axes_of(node.options, "Stride*", 2), padding="same" if node.option("Padding") == SAME else 0,
    )  # fmt: skip


def _reduction(node: Node) -> Found | None:
    """An axis of a map is one further on where its channels are first."""
    shape = channels_first(node.known(0))
    return global_pool(node.kind, shape, [axis % len(shape) + 1 for axis in node.whole(1)])


def _resize(node: Node) -> Found:
    mode = "bilinear" if node.kind == "RESIZE_BILINEAR" else "nearest"
    return resized(node.kind, channels_first(node.known(0)), channels_first(node.result), mode)


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

"""Shapes: what operators make of maps of other sizes than those in the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from sepcost.graphs.flow import Effect
from sepcost.layers import Shape
from sepcost.layers.formulas import padded_output, same_output
from sepcost.sources.tflite.operators import EFFECTS, SAME, Node, axes_of

OVER = (Effect.OVER, Effect.ADDS, Effect.MULTIPLIES)


def made(node: Node) -> Shape | None:
    """The shape of each thing that an operator makes, by those that it reads; None where that is not known."""
    find = SHAPES.get(node.kind, _broadcast if EFFECTS.get(node.kind) in OVER else None)
    return find(node) if find else None


def _broadcast(node: Node) -> Shape:
    rank = max(map(len, node.shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in node.shapes]
    return tuple(max(sizes) if min(sizes) else 0 for sizes in zip(*padded))


def _windows(node: Node, kernel: Sequence[int], channels: int, dilation: Sequence[int]) -> Shape:
    """The map that a kernel makes that moves over a map."""
    batch, *size, _ = node.shapes[0]
    stride = axes_of(node.options, "Stride*", len(size))
    if node.options.Padding() == SAME:
        return (batch, *map(same_output, size, stride), channels)
    none = (0,) * len(size)
    return (batch, *map(padded_output, size, kernel, stride, none, dilation), channels)


def _convolution(node: Node) -> Shape:
    weight, rank = node.shapes[1], len(node.shapes[0]) - 2
    dilation = axes_of(node.options, "Dilation*Factor", rank)
    if node.kind == "CONV_3D":
        return _windows(node, weight[:3], weight[4], dilation)
    return _windows(node, weight[1:3], weight[3 if node.kind == "DEPTHWISE_CONV_2D" else 0], dilation)


def _pool(node: Node) -> Shape:
    kernel = (node.options.FilterHeight(), node.options.FilterWidth())
    return _windows(node, kernel, node.shapes[0][-1], (1, 1))


def _joined(node: Node) -> Shape:
    first, axis = node.shapes[0], node.options.Axis() % len(node.shapes[0])
    return (*first[:axis], sum(shape[axis] for shape in node.shapes), *first[axis + 1 :])


def _padded(node: Node) -> Shape | None:
    sides = node.numbers[1]
    if sides is None:
        return None
    return tuple(size + before + after for size, before, after in zip(node.shapes[0], sides[::2], sides[1::2]))


def _reduced(node: Node) -> Shape | None:
    shape, axes = node.shapes[0], node.numbers[1]
    if axes is None:
        return None
    gone = {axis % len(shape) for axis in axes}
    kept = [1 if axis in gone else size for axis, size in enumerate(shape)]
    return tuple(kept if node.options.KeepDims() else (size for axis, size in enumerate(shape) if axis not in gone))


def _reshaped(node: Node) -> Shape | None:
    """A shape that is written in the file, if the numbers fit into it."""
    target = node.numbers[1] if len(node.shapes) > 1 else None
    many, rest = prod(node.shapes[0]), prod(size for size in target or () if size != -1)
    if target is None or not rest or (many != rest and (-1 not in target or many % rest)):
        return None
    return tuple(many // rest if size == -1 else size for size in target)


def _resized(node: Node) -> Shape | None:
    size = node.numbers[1]
    return None if size is None else (node.shapes[0][0], *size, node.shapes[0][-1])


def _product(node: Node) -> Shape:
    left, right = node.shapes[:2]
    return (*left[:-2], left[-1 if node.options.AdjX() else -2], right[-2 if node.options.AdjY() else -1])


def _blocks(node: Node) -> Shape:
    batch, height, width, channels = node.shapes[0]
    block = node.options.BlockSize()
    if node.kind == "SPACE_TO_DEPTH":
        return batch, height // block, width // block, channels * block**2
    return batch, height * block, width * block, channels // block**2


def _turned(node: Node) -> Shape | None:
    order: Any = node.numbers[1]
    return None if order is None else tuple(node.shapes[0][axis] for axis in order)


SHAPES: Mapping[str, Callable[[Node], Shape | None]] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D"), _convolution),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"), _pool),
    "CONCATENATION": _joined,
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), _padded),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"), _reduced),
    "RESHAPE": _reshaped,
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), _resized),
    "FULLY_CONNECTED": lambda node: (prod(node.shapes[0]) // node.shapes[1][1], node.shapes[1][0]),
    "BATCH_MATMUL": _product,
    **dict.fromkeys(("DEPTH_TO_SPACE", "SPACE_TO_DEPTH"), _blocks),
    "TRANSPOSE": _turned,
}

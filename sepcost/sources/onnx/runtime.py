"""Operators that ONNX Runtime adds when it optimises or quantises: the shapes of what they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from onnx import NodeProto

from sepcost.layers import Shape

CONVOLUTION = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
POOL = ("auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides")
STANDINS: Mapping[str, tuple[str, tuple[int, ...], tuple[str, ...]]] = {
    "FusedConv": ("Conv", (0, 1, 2), CONVOLUTION),
    "FusedGemm": ("Gemm", (0, 1, 2), ("transA", "transB")),
    "QGemm": ("Gemm", (0, 3), ("transA", "transB")),
    "DynamicQuantizeMatMul": ("MatMul", (0, 1), ()),
    "MatMulIntegerToFloat": ("MatMul", (0, 1), ()),
    "DynamicQuantizeLSTM": ("LSTM", (0, 1, 2), ("direction", "hidden_size")),
    "QLinearAdd": ("Add", (0, 3), ()),
    "QLinearMul": ("Mul", (0, 3), ()),
    "QLinearGlobalAveragePool": ("GlobalAveragePool", (0,), ()),
    "QLinearAveragePool": ("AveragePool", (0,), POOL),
    "QLinearReduceMean": ("ReduceMean", (0,), ("axes", "keepdims")),
}
"""A standard operator whose result has the same shape, its inputs among those of this one, and its attributes."""
SAME_SHAPE = {
    "BiasAdd", "BiasGelu", "BiasSoftmax", "FastGelu", "GroupNorm", "QLinearLeakyRelu",
    "QLinearSigmoid", "QLinearSoftmax", "QuickGelu", "SimplifiedLayerNormalization", "SkipGroupNorm",
    "SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "Gelu", "RotaryEmbedding", "DequantizeLinear",
    "QuantizeLinear",
}  # fmt: skip
"""What makes a map of the shape of what it reads first; the fourth result of some, a sum, has this shape, too."""
Shapes = Sequence[Shape]
Attributes = Mapping[str, Any]


def standin(node: NodeProto) -> NodeProto | None:
    """A standard operator whose results have the same shapes; None if there is none."""
    if node.op_type not in STANDINS:
        return None
    kind, places, names = STANDINS[node.op_type]
    reads = [node.input[place] for place in places if place < len(node.input)]
    attributes = [each for each in node.attribute if each.name in names]
    return NodeProto(op_type=kind, input=reads, output=node.output, attribute=attributes)


def turned(shape: Shape, attributes: Attributes, side: str) -> Shape:
    """The shape of a matrix, or of many, as a product reads it: its first axis among the last two, or those swapped.

    >>> turned((2, 3, 4), {"transA": 1}, "A"), turned((2, 3, 4), {"transBatchA": 1}, "A")
    ((2, 4, 3), (3, 2, 4))
    """
    shape = (*shape[1:-1], shape[0], shape[-1]) if attributes.get(f"transBatch{side}") else shape
    return (*shape[:-2], shape[-1], shape[-2]) if attributes.get(f"trans{side}") else shape


def of_values(weights: Shape, attributes: Attributes) -> list[int]:
    """The features of queries, keys and values that a packed matrix makes."""
    return list(attributes.get("qkv_hidden_sizes") or [weights[1] // 3] * 3)


def _product(shapes: Shapes, attributes: Attributes) -> Shape:
    left, right = turned(shapes[0], attributes, "A"), turned(shapes[1], attributes, "B")
    return (*(left if len(left) >= len(right) else right)[:-2], left[-2], right[-1])


def _concatenated(shapes: Shapes, attributes: Attributes) -> Shape:
    parts, axis = shapes[2::3], attributes["axis"] % len(shapes[2])
    return (*parts[0][:axis], sum(part[axis] for part in parts), *parts[0][axis + 1 :])


def _attention(shapes: Shapes, attributes: Attributes) -> Shape:
    return (*shapes[0][:2], of_values(shapes[1], attributes)[2])


def _multi_head(shapes: Shapes, _: Attributes) -> Shape:
    """By the values, of which each head has some features; or by all three in one."""
    query, value = shapes[0], (*shapes, (), ())[2]
    features = query[2::2] if len(query) == 5 else value[1::2] if len(value) == 4 else (value or query)[2:]
    return (*query[:2], prod(features))


def _grouped(shapes: Shapes, attributes: Attributes) -> Shape:
    if shapes[1]:
        return shapes[0]
    heads, shared = attributes["num_heads"], attributes["kv_num_heads"]
    return (*shapes[0][:-1], heads * (shapes[0][-1] // (heads + 2 * shared)))


SHAPES: Mapping[str, Callable[[Shapes, Attributes], Shape]] = {
    "FusedMatMul": _product,
    "MatMulNBits": lambda shapes, attributes: (*shapes[0][:-1], attributes["N"]),
    **dict.fromkeys(("Attention", "QAttention"), _attention),
    "MultiHeadAttention": _multi_head,
    "GroupQueryAttention": _grouped,
    "EmbedLayerNormalization": lambda shapes, _: (*shapes[0], shapes[2][-1]),
    "QLinearConcat": _concatenated,
}
"""The shape of the first result, by the shapes of what is read; an empty one where that is left out."""

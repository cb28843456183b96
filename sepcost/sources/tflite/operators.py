"""Operators of TensorFlow Lite: which layer each one is. Its maps end with channels, and ours begin with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from sepcost.graphs.flow import Effect
from sepcost.graphs.found import Found, product, resampled
from sepcost.graphs.graph import Graph
from sepcost.graphs.products import recurrent
from sepcost.graphs.windows import adaptive_pool, convolution, pool, upsample
from sepcost.layers import Other, Shape

EFFECTS: Mapping[str, Effect] = {
    **dict.fromkeys(("ADD", "ADD_N"), Effect.ADDS),
    "MUL": Effect.MULTIPLIES,
    **dict.fromkeys(("CONCATENATION", "PACK"), Effect.JOINS),
    **dict.fromkeys((
        "ABS", "ATAN2", "BITWISE_XOR", "CAST", "CEIL", "COS", "DEQUANTIZE", "DIV", "ELU", "EQUAL", "EXP", "FAKE_QUANT",
        "FLOOR", "FLOOR_DIV", "FLOOR_MOD", "GELU", "GREATER", "GREATER_EQUAL", "HARD_SWISH", "L2_NORMALIZATION",
        "LEAKY_RELU", "LESS", "LESS_EQUAL", "LOCAL_RESPONSE_NORMALIZATION", "LOG", "LOGICAL_AND", "LOGICAL_NOT",
        "LOGICAL_OR", "LOGISTIC", "LOG_SOFTMAX", "MAXIMUM", "MINIMUM", "NEG", "NOT_EQUAL", "POW", "PRELU", "QUANTIZE",
        "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "RIGHT_SHIFT", "ROUND", "RSQRT", "SELECT", "SELECT_V2", "SIGN",
        "SIN", "SOFTMAX", "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SUB", "TANH", "ZEROS_LIKE",
    ), Effect.OVER),
    **dict.fromkeys((
        "BITCAST", "BROADCAST_TO", "EXPAND_DIMS", "RESHAPE", "SLICE", "SPLIT", "SPLIT_V", "SQUEEZE", "STRIDED_SLICE",
        "TRANSPOSE", "UNPACK",
    ), Effect.VIEWS),
}  # fmt: skip
"""Those of other operators make another map."""
OTHERS = {
    "ARG_MAX", "ARG_MIN", "BATCH_TO_SPACE_ND", "BROADCAST_ARGS", "BUCKETIZE", "COMPLEX_ABS", "CUMSUM", "DENSIFY",
    "DEPTH_TO_SPACE", "DILATE", "DYNAMIC_UPDATE_SLICE", "EMBEDDING_LOOKUP", "FILL", "GATHER", "GATHER_ND", "HASHTABLE",
    "HASHTABLE_FIND", "HASHTABLE_IMPORT", "HASHTABLE_LOOKUP", "HASHTABLE_SIZE", "IMAG", "L2_POOL_2D", "MATRIX_DIAG",
    "MATRIX_SET_DIAG", "MIRROR_PAD", "MULTINOMIAL", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "ONE_HOT",
    "PAD", "PADV2", "RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM", "RANGE", "RANK", "READ_VARIABLE", "REAL", "REDUCE_ALL",
    "REDUCE_ANY", "REDUCE_MIN", "REDUCE_PROD", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_SEQUENCE",
    "REVERSE_V2", "SCATTER_ND", "SEGMENT_SUM", "SHAPE", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPARSE_TO_DENSE",
    "SUM", "TILE", "TOPK_V2", "UNIQUE", "UNSORTED_SEGMENT_MAX", "UNSORTED_SEGMENT_MIN", "UNSORTED_SEGMENT_PROD",
    "UNSORTED_SEGMENT_SUM", "VAR_HANDLE", "ASSIGN_VARIABLE", "CALL_ONCE", "WHERE", "TFLite_Detection_PostProcess",
    "MaxPoolingWithArgmax2D", "MaxUnpooling2D",
}  # fmt: skip
"""Other operators without products, custom ones that are well known too."""
FREE = {*EFFECTS, *OTHERS}
SAME = 0
"""The number of padding SAME; the other one is VALID."""


class Node(NamedTuple):
    """An operator with the names and the shapes of what it reads and makes; nothing where that is left out."""

    kind: str
    reads: Sequence[str]
    shapes: Sequence[Shape]
    made: Sequence[Shape]
    numbers: Sequence[Sequence[int] | None]
    options: Any
    graph: Graph

    def weights(self, *places: int) -> list[str]:
        """Those of these that are weights."""
        return [self.reads[place] for place in places if place < len(self.reads) and self.is_weight(place)]

    def is_weight(self, place: int) -> bool:
        return self.graph.is_weight(self.reads[place])


def _first(shape: Shape) -> Shape:
    """A map with its channels first, without the batch."""
    return (shape[-1], *shape[1:-1])


def axes_of(options: Any, name: str, rank: int) -> tuple[int, ...]:
    """A number for each axis: StrideD, StrideH, StrideW, or DilationHFactor and so on; 1 where there is none."""
    before, _, after = name.partition("*")
    return tuple(int(getattr(options, f"{before}{axis}{after}", lambda: 1)()) for axis in "DHW"[-rank:])


def _convolution(source: int, kernel: int, bias: int) -> Callable[[Node], Found]:
    """A convolution that reads its map, its kernel and its bias in these places."""

    def find(node: Node) -> Found:
        shape, made, weight = node.shapes[source], node.made[0], node.shapes[kernel]
        rank, is_deep, transposed = len(shape) - 2, node.kind.startswith("CONV_3D"), "TRANSPOSE" in node.kind
        size = weight[:3] if is_deep else weight[1:3]
        depthwise = node.kind == "DEPTHWISE_CONV_2D"
        groups = shape[-1] if depthwise else 1 if is_deep or transposed else shape[-1] // weight[3]
        uneven = (0,) * rank + (1,) * rank  # what a transposed one pads follows from its output
        padding: Any = (uneven if transposed else "same") if node.options.Padding() == SAME else 0
        conv = convolution(
            _first(shape), _first(made), size, stride=axes_of(node.options, "Stride*", rank), padding=padding,
            dilation=axes_of(node.options, "Dilation*Factor", rank), groups=groups, transposed=transposed,
            bias=bool(node.weights(bias)),
        )  # fmt: skip
        return Found(conv, shape[0], node.weights(kernel, bias) or [node.reads[kernel]])

    return find


def _linear(node: Node) -> Found:
    kernel = node.reads[1] * node.is_weight(1)
    return product(node.kind, node.shapes[0], node.shapes[1][::-1], ("", kernel), node.weights(2))


def _product(node: Node) -> Found:
    sides = [node.shapes[0], node.shapes[1]]
    for place, flag in enumerate((node.options.AdjX(), node.options.AdjY()) if node.options else ()):
        sides[place] = (*sides[place][:-2], sides[place][-1], sides[place][-2]) if flag else sides[place]
    weights = [node.reads[place] * node.is_weight(place) for place in (0, 1)]
    return product(node.kind, sides[0], sides[1], (weights[0], weights[1]))


def _recurrent(node: Node) -> Found:
    """Each of its matrices is used in every step, those of an SVDF too (arXiv:1812.02802, section 2)."""
    weights = node.weights(*range(1, len(node.reads)))
    matrices = [shape for name, shape in zip(node.reads, node.shapes) if name in weights]
    return Found(Other(node.kind, macs=recurrent(matrices, prod(node.shapes[0][:-1]))), weights=weights)


def _pool(node: Node) -> Found:
    options, shape = node.options, node.shapes[0]
    found = pool(
        _first(shape), _first(node.made[0]), (options.FilterHeight(), options.FilterWidth()),
        "max" if "MAX" in node.kind else "average", stride=axes_of(options, "Stride*", 2),
        padding="same" if options.Padding() == SAME else 0,
    )  # fmt: skip
    return resampled(node.kind, found, shape[0])


def _reduction(node: Node) -> Found | None:
    """A mean or a maximum over the whole map of each channel is a global pool."""
    shape, axes = node.shapes[0], node.numbers[1] or ()
    if len(shape) not in (4, 5) or sorted(axis % len(shape) for axis in axes) != list(range(1, len(shape) - 1)):
        return None
    made = (shape[-1], *(1 for _ in axes))
    found = adaptive_pool(_first(shape), made, "max" if "MAX" in node.kind else "average")
    return Found(found, shape[0]) if found else None


def _resize(node: Node) -> Found:
    found = upsample(_first(node.shapes[0]), _first(node.made[0]), "bilinear" if "BI" in node.kind else "nearest")
    return resampled(node.kind, found, node.shapes[0][0])


LAYERS: Mapping[str, Callable[[Node], Found | None]] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D"), _convolution(0, 1, 2)),
    **dict.fromkeys(("TRANSPOSE_CONV", "CONV_3D_TRANSPOSE"), _convolution(2, 1, 3)),
    "FULLY_CONNECTED": _linear,
    "BATCH_MATMUL": _product,
    **dict.fromkeys((
        "LSTM", "RNN", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM",
        "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN",
    ), _recurrent),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), _pool),
    **dict.fromkeys(("MEAN", "REDUCE_MAX"), _reduction),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), _resize),
}  # fmt: skip

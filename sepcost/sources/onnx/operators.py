"""Operators of ONNX, quantised ones too: which layer each one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from sepcost.errors import LayerError
from sepcost.graphs.found import Found, global_pool, pooled, product, resized
from sepcost.graphs.graph import Graph
from sepcost.graphs.products import einsum, recurrent
from sepcost.graphs.values import Value
from sepcost.graphs.windows import convolution
from sepcost.layers import Other, Shape
from sepcost.sources.onnx.runtime import of_values, turned

MODES = {"nearest": ("nearest",) * 3, "linear": ("linear", "bilinear", "trilinear"), "cubic": ("", "bicubic", "")}
"""What interpolates as it is called here, by the number of axes."""
SAME = ("SAME_UPPER", "SAME_LOWER")


class Node(NamedTuple):
    """A node of the graph: its operator, what it reads and makes, its attributes."""

    kind: str
    reads: Sequence[str]
    made: Sequence[str]
    attributes: Mapping[str, Any]
    values: Mapping[str, Value]
    constants: Mapping[str, Any]
    graph: Graph

    def name(self, place: int) -> str:
        """What it reads in this place; nothing if that is left out."""
        return self.reads[place] if 0 <= place < len(self.reads) else ""

    def shape(self, place: int) -> Shape:
        """The shape of what it reads in this place; a KeyError if that is not known."""
        return self.values[self.reads[place]].shape

    @property
    def result(self) -> Shape:
        """The shape of the first thing that it makes."""
        return self.values[self.made[0]].shape

    def weight(self, place: int) -> str:
        """What it reads in this place, if that is a weight."""
        return self.name(place) if self.graph.is_weight(self.name(place)) else ""

    def weights(self, *places: int) -> list[str]:
        """Those of these that are weights."""
        return [*filter(None, map(self.weight, places))]


Finder = Callable[[Node], Found | None]


def _convolution(weight: int, bias: int) -> Finder:
    """A convolution that reads its kernel and its bias in these places."""

    def find(node: Node) -> Found:
        kernel, shape = node.shape(weight), node.shape(0)
        rank, given = len(kernel) - 2, node.attributes
        ones = (1,) * rank
        transposed = "Transpose" in node.kind
        is_same = given.get("auto_pad") in SAME
        is_free = is_same or "output_shape" in given
        conv = convolution(
            shape[1:], node.result[1:], kernel[2:],
            stride=tuple(given.get("strides", ones)),
            padding="same" if is_same and not transposed else _pads(given, rank, uneven=is_free),
            dilation=tuple(given.get("dilations", ones)), groups=given.get("group", 1),
            bias=bool(node.name(bias)), transposed=transposed,
            output_padding=tuple(given.get("output_padding", (0,) * rank)),
        )  # fmt: skip
        if node.name(bias) and node.shape(bias) != node.result[1:2]:
            raise LayerError("bias", f"must have {node.result[1]} numbers")
        return Found(conv, shape[0], [name for name in (node.name(weight), node.name(bias)) if name])

    return find


def _pads(given: Mapping[str, Any], rank: int, *, uneven: bool = False) -> tuple[int, ...]:
    """Front sides, then back sides; ``uneven`` ones are a mark that they follow from the output."""
    return (0,) * rank + (1,) * rank if uneven else tuple(given.get("pads", (0,) * 2 * rank))


def _product(left: int, right: int, *biases: int) -> Finder:
    """A product of what it reads in these places; with a matrix of weights it is a linear layer."""

    def find(node: Node) -> Found:
        one, other = (turned(node.shape(place), node.attributes, side) for place, side in ((left, "A"), (right, "B")))
        bias = [name for name in node.weights(*biases) if prod(node.values[name].shape) == other[-1]]
        return product(node.kind, one, other, (node.weight(left), node.weight(right)), bias)

    return find


def _packed_product(node: Node) -> Found:
    """A matrix of few bits, packed: its params follow from its size."""
    inner, columns, bits = (int({"bits": 4, **node.attributes}[name]) for name in ("K", "N", "bits"))
    packed = Value((inner, columns), f"int{bits}")
    if packed.bytes > node.values[node.name(1)].bytes:
        raise LayerError("in_channels", "are more than are stored")
    if node.weight(1):
        node.graph.repack(node.name(1), packed)
    return Found(Other(node.kind, macs=prod(node.shape(0)) * columns), weights=node.weights(1, 5))


def _einsum(node: Node) -> Found:
    shapes = [node.shape(place) for place in range(len(node.reads))]
    weights = node.weights(*range(len(node.reads)))
    return Found(Other(node.kind, macs=einsum(node.attributes["equation"], shapes)), weights=weights)


def _recurrent(node: Node) -> Found:
    steps = prod(node.shape(0)[:-1])
    macs = recurrent((node.shape(1), node.shape(2)), steps)
    return Found(Other(node.kind, macs=macs), weights=node.weights(1, 2, 3, 5, 6, 7))


def _attention(node: Node) -> Found:
    """Attention of queries, keys and values, of which some may be from the past (opset 23)."""
    query, key, value = (_heads(node, place, name) for place, name in enumerate(("q", "kv", "kv")))
    past = node.shape(4)[-2] if node.name(4) else 0
    macs = prod(query[:-1]) * (key[-2] + past) * (query[-1] + value[-1])
    return Found(Other(node.kind, macs=macs))


def _heads(node: Node, place: int, which: str) -> Shape:
    """The shape as batch, heads, positions, features."""
    shape = node.shape(place)
    if len(shape) == 4:
        return shape
    heads = int(node.attributes[f"{which}_num_heads"])
    return shape[0], heads, shape[1], shape[2] // heads


def _packed_attention(node: Node) -> Found:
    """Attention with the matrix that makes queries, keys and values: one input, batch × positions × features."""
    batch, positions, features = node.shape(0)
    past = node.name(4 if node.kind == "Attention" else 8)
    total = positions + (node.values[past].shape[-2] if past else 0)
    sizes = of_values(node.shape(1), node.attributes)
    macs = batch * positions * (features * sum(sizes) + total * (sizes[0] + sizes[2]))
    return Found(Other(node.kind, macs=macs), weights=node.weights(1, 2))


def _grouped_attention(node: Node) -> Found:
    """Attention whose queries may have more heads than keys and values; what was cached is read, too."""
    batch, positions, *features = node.shape(0)
    heads = int(node.attributes["num_heads"])
    shared = int(node.attributes.get("kv_num_heads", heads))
    is_packed = not node.name(1)
    width = prod(features) // (heads + 2 * shared if is_packed else heads)
    past = node.name(3 if node.kind == "GroupQueryAttention" else 6)
    key = node.shape(0 if is_packed else 1)
    length = (node.values[past].shape[-2] if past else 0) + key[2 if len(key) == 4 else 1]
    value = node.shape(2) if node.name(2) else ()
    of_value = value[-1] // (shared if len(value) == 3 else 1) if value else width
    macs = batch * positions * length * heads * (width + of_value)
    return Found(Other(node.kind, macs=macs), weights=node.weights(3))


def _pool(node: Node) -> Found:
    kernel, given = tuple(node.attributes["kernel_shape"]), node.attributes
    ones = (1,) * len(kernel)
    return pooled(
        node.kind, node.shape(0), node.result, len(kernel), kernel=kernel,
        stride=tuple(given.get("strides", ones)), dilation=tuple(given.get("dilations", ones)),
        padding="same" if given.get("auto_pad") in SAME else _pads(given, len(kernel)),
        ceil_mode=bool(given.get("ceil_mode")),
    )  # fmt: skip


def _global_pool(node: Node) -> Found:
    return pooled(node.kind, node.shape(0), node.result, len(node.result) - 2)


def _reduction(node: Node) -> Found | None:
    axes = node.attributes.get("axes", node.constants.get(node.name(1), ()))
    return global_pool(node.kind, node.shape(0), map(int, axes))


def _resize(node: Node) -> Found:
    shape = node.shape(0)
    names = MODES.get(node.attributes.get("mode", "nearest"), ("",) * 3)
    return resized(node.kind, shape, node.result, names[len(shape) - 3] if 3 <= len(shape) <= 5 else "")


LAYERS: Mapping[str, Finder] = {
    **dict.fromkeys(("Conv", "ConvTranspose", "FusedConv"), _convolution(1, 2)),
    "ConvInteger": _convolution(1, -1),
    "DeformConv": _convolution(1, 3),
    "QLinearConv": _convolution(3, 8),
    "MatMul": _product(0, 1),
    **dict.fromkeys(("Gemm", "FusedGemm"), _product(0, 1, 2)),
    **dict.fromkeys(("FusedMatMul", "MatMulInteger"), _product(0, 1)),
    "DynamicQuantizeMatMul": _product(0, 1, 4),
    "MatMulIntegerToFloat": _product(0, 1, 6),
    "QLinearMatMul": _product(0, 3),
    "QGemm": _product(0, 3, 6),
    "MatMulNBits": _packed_product,
    "Einsum": _einsum,
    **dict.fromkeys(("LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"), _recurrent),
    **dict.fromkeys(("MaxPool", "AveragePool", "QLinearAveragePool"), _pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "QLinearGlobalAveragePool"), _global_pool),
    **dict.fromkeys(("ReduceMean", "ReduceMax"), _reduction),
    **dict.fromkeys(("Resize", "Upsample"), _resize),
    "Attention": _attention,
}  # fmt: skip
"""By the name of the operator, of the standard and of ONNX Runtime."""
OF_RUNTIME: Mapping[str, Finder] = {
    **dict.fromkeys(("Attention", "QAttention"), _packed_attention),
    **dict.fromkeys(("MultiHeadAttention", "GroupQueryAttention"), _grouped_attention),
}
"""Operators that only ONNX Runtime has, or defines differently."""

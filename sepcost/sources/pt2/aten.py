"""Operators of ATen, by name: which layer each one is, and what it does with the maps that it reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from sepcost.errors import LayerError
from sepcost.graphs.aten import unknown_cost
from sepcost.graphs.flow import Effect
from sepcost.graphs.found import Found, global_pool, pooled, product, resized
from sepcost.graphs.graph import Graph
from sepcost.graphs.products import einsum, recurrent
from sepcost.graphs.values import Value
from sepcost.graphs.windows import convolution
from sepcost.layers import Other, Shape
from sepcost.layers.upsample import MODES

EFFECTS: Mapping[str, Effect] = {
    **dict.fromkeys(("add", "add_"), Effect.ADDS),
    **dict.fromkeys(("mul", "mul_"), Effect.MULTIPLIES),
    **dict.fromkeys(("cat", "stack", "concat", "hstack", "vstack"), Effect.JOINS),
    **dict.fromkeys((
        "abs", "batch_norm", "bitwise_and", "bitwise_not", "bitwise_or", "ceil", "celu", "clamp", "clamp_max",
        "clamp_min", "cos", "div", "elu", "eq", "erf", "exp", "floor", "floor_divide", "fmod", "ge", "gelu", "glu",
        "group_norm", "gt", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "instance_norm", "isinf", "isnan",
        "layer_norm", "le", "leaky_relu", "lerp", "log", "log1p", "log_sigmoid", "log_softmax", "logical_and",
        "logical_not", "logical_or", "lt", "masked_fill", "maximum", "minimum", "mish", "native_batch_norm",
        "native_group_norm", "native_layer_norm", "ne", "neg", "pow", "prelu", "reciprocal", "relu", "relu6",
        "remainder", "rms_norm", "round", "rrelu", "rsqrt", "rsub", "selu", "sigmoid", "sign", "silu", "sin",
        "softmax", "softplus", "softshrink", "softsign", "sqrt", "square", "sub", "tanh", "threshold", "to", "type_as",
        "where", "_log_softmax", "_native_batch_norm_legit_no_training", "_prelu_kernel", "_safe_softmax", "_softmax",
        "_to_copy",
    ), Effect.OVER),
    **dict.fromkeys((
        "alias", "alpha_dropout", "chunk", "contiguous", "detach", "dropout", "expand", "expand_as", "flatten",
        "identity", "lift_fresh_copy", "movedim", "narrow", "permute", "real", "reshape", "reshape_as", "select",
        "slice", "split", "split_with_sizes", "squeeze", "swapaxes", "t", "transpose", "unbind", "unflatten", "unfold",
        "unsafe_chunk", "unsafe_split", "unsqueeze", "view", "view_as", "_unsafe_view", "numpy_T", "mT",
    ), Effect.VIEWS),
}  # fmt: skip
"""Those of other operators make another map."""
COPYING = ("contiguous", "flatten", "reshape", "reshape_as")
"""Views that copy what does not lie one after the other."""
DEQUANTISES = ("dequantize_per_tensor", "dequantize_per_channel")
"""What makes floating-point numbers of weights that are whole numbers."""
STAYS = {"clone", "to", "_to_copy", "type_as", *DEQUANTISES}
"""What leaves a weight what it is, as views do."""
REMADE = ("quantize_per", "dequantize_per", "choose_qparams")
"""How the names of operators begin that quantise, and have no products."""
ATTENTION = "scaled_dot_product_"
"""What the names of operators have that are attention: queries, keys and values are their first arguments."""
PRODUCTS = re.compile(
    r"matmul|mm|dot|lstm|gru|rnn|det(_|$)|(^|_)(conv|(addr|attention|bilinear|cdist|chain|cholesky|corrcoef|cov|einsum"
    r"|fft|inner|inverse|istft|linalg|lu|matrix|pdist|pinverse|qr|solve|stft|svd)(_|$))"
)
"""The names of operators that may have products; torch takes most of them apart when it runs them, export does not."""
HARMLESS = {
    "fft_fftfreq", "fft_fftshift", "fft_ifftshift", "fft_rfftfreq", "linalg__powsum", "linalg_cross", "linalg_diagonal",
    "linalg_norm", "linalg_vander", "linalg_vecdot", "linalg_vector_norm", "lu_unpack", "matrix_H", "slice_inverse",
}  # fmt: skip
"""Those of them that have none."""
NORMS = ("batch_norm", "_native_batch_norm_legit_no_training", "native_batch_norm")
OF_CONVOLUTIONS = "torch.nn.modules.conv."
RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")
OF_LINEAR = "torch.nn.modules.linear."
OF_POOLS = ("torch.nn.modules.pooling.", "torch.nn.modules.upsampling.")


class Node(NamedTuple):
    """A node of the graph: the operator's name, its arguments, and what it makes."""

    kind: str
    args: Mapping[str, Any]
    made: Sequence[Value]
    values: Mapping[str, Value]
    graph: Graph

    def shape(self, argument: str) -> Shape:
        """The shape of a tensor that is an argument."""
        return self.values[self.args[argument]].shape

    def weight(self, argument: str) -> str:
        """The name of a tensor that is an argument, if it is a weight."""
        name: str = self.args[argument]
        return name if self.graph.is_weight(name) else ""

    @property
    def source(self) -> Shape:
        """The shape of its first argument."""
        return self.shape(next(iter(self.args)))

    @property
    def result(self) -> Shape:
        """The shape of the first thing that it makes."""
        return self.made[0].shape


def unknown(namespace: str, kind: str) -> str | None:
    """The name of an operator that may have products and is not counted; None of one that has none.

    >>> unknown("aten", "fft_rfft"), unknown("aten", "fft_fftshift"), unknown("aten", "relu"), unknown("mine", "relu")
    ('fft_rfft', None, None, 'mine.relu')
    """
    if namespace == "torch" or kind.startswith(REMADE):
        return None
    has_products = PRODUCTS.search(kind) and kind not in HARMLESS
    return unknown_cost(namespace, kind) or (kind if has_products else None)


def has_products(namespace: str, kind: str) -> bool:
    """Whether an operator may have products, counted or not.

    >>> has_products("aten", "linear"), has_products("aten", "fft_rfft"), has_products("aten", "max_pool2d")
    (True, True, False)
    """
    return LAYERS.get(kind, _pool) not in (_pool, _adaptive, _reduction) or unknown(namespace, kind) is not None


def layer_of(node: Node) -> Found | None:
    """The layer that a node is; None of one without params and MACs, a LayerError of one that no layer describes."""
    find = LAYERS.get(node.kind)
    if find is not None:
        return find(node)
    mode = next((mode for mode in MODES if node.kind.startswith((f"upsample_{mode}", f"_upsample_{mode}"))), None)
    return resized(node.kind, node.source, node.result, mode) if mode else None


def _convolution(node: Node) -> Found:
    weight, bias = node.args["weight"], node.args.get("bias")
    shape, kernel = node.shape("input"), node.values[weight].shape
    rank = len(kernel) - 2
    transposed = node.args.get("transposed", node.kind.startswith("conv_transpose"))
    groups = node.args.get("groups", 1)
    conv = convolution(
        shape[-rank - 1 :], node.result[-rank - 1 :], kernel[2:],
        stride=_axes(node, "stride", 1, rank), padding=_axes(node, "padding", 0, rank),
        dilation=_axes(node, "dilation", 1, rank), groups=groups, bias=bias is not None, transposed=transposed,
        output_padding=_axes(node, "output_padding", 0, rank),
    )  # fmt: skip
    return Found(conv, prod(shape[: -rank - 1]), [name for name in (weight, bias) if name])


def _axes(node: Node, name: str, usual: int, rank: int) -> Any:
    """One number for each axis, or ``same``."""
    given = node.args.get(name, usual)
    if isinstance(given, str):
        return {"valid": 0}.get(given, given)
    several = [given] if isinstance(given, int) else list(given)
    return tuple(several * rank if len(several) == 1 else several)


def _linear(node: Node) -> Found:
    weight, bias = node.args["weight"], node.args.get("bias")
    kernel = node.values[weight].shape[::-1]
    return product(node.kind, node.shape("input"), kernel, ("", node.weight("weight")), [bias] if bias else [])


def _addmm(node: Node) -> Found:
    bias = node.args["self"]
    is_bias = node.graph.is_weight(bias) and len(node.values[bias].shape) == 1
    return _product(node, "mat1", "mat2", [bias] if is_bias else [])


def _product(node: Node, left: str, right: str, bias: Sequence[str] = ()) -> Found:
    return product(node.kind, node.shape(left), node.shape(right), (node.weight(left), node.weight(right)), bias)


def _held(node: Node, arguments: Sequence[str]) -> list[str]:
    return [*filter(None, map(node.weight, arguments))]


def _einsum(node: Node) -> Found:
    tensors = node.args["tensors"]
    macs = einsum(node.args["equation"], [node.values[name].shape for name in tensors])
    return Found(Other(node.kind, macs=macs), weights=[name for name in tensors if node.graph.is_weight(name)])


def _inner(node: Node) -> Found:
    left, right = node.shape("self"), node.shape("other")
    return Found(Other(node.kind, macs=prod(left[:-1]) * prod(right)), weights=_held(node, ("self", "other")))


def _tensordot(node: Node) -> Found:
    shape = node.shape("self")
    summed = prod(shape[axis] for axis in node.args["dims_self"])
    return Found(Other(node.kind, macs=prod(node.result) * summed), weights=_held(node, ("self", "other")))


def _cell(node: Node) -> Found:
    weights = [node.args[name] for name in ("w_ih", "w_hh", "b_ih", "b_hh") if node.args.get(name)]
    macs = recurrent((node.values[name].shape for name in weights), prod(node.shape("input")[:-1]))
    return Found(Other(node.kind, macs=macs), weights=weights)


def _recurrent(node: Node) -> Found | None:
    if "input" not in node.args:  # a packed sequence: how long each is, its values say
        raise LayerError("type", "has sequences whose lengths are not known")
    weights = node.args["params"]
    steps = prod(node.shape("input")[:-1])
    macs = recurrent((node.values[name].shape for name in weights), steps)
    return Found(Other(node.kind, macs=macs), weights=weights)


def _pool(node: Node) -> Found:
    rank = int(node.kind.partition("_with")[0].removesuffix("d")[-1])
    stride = _axes(node, "stride", 0, rank) or (0,)
    kernel = _axes(node, "kernel_size", 1, rank)
    return pooled(
        node.kind, node.source, node.result, rank, kernel=kernel, stride=stride if any(stride) else kernel,
        padding=_axes(node, "padding", 0, rank), dilation=_axes(node, "dilation", 1, rank),
        ceil_mode=node.args.get("ceil_mode", False),
    )  # fmt: skip


def _adaptive(node: Node) -> Found:
    return pooled(node.kind, node.source, node.result, int(node.kind.removesuffix("d")[-1]))


def _reduction(node: Node) -> Found | None:
    axes = node.args.get("dim")
    return global_pool(node.kind, node.source, axes) if isinstance(axes, list) else None


LAYERS: Mapping[str, Callable[[Node], Found | None]] = {
    **dict.fromkeys((f"conv{kind}{axes}d" for kind in ("", "_transpose") for axes in (1, 2, 3)), _convolution),
    **dict.fromkeys(("convolution", "_convolution"), _convolution),
    "linear": _linear,
    "addmm": _addmm,
    "mm": lambda node: _product(node, "self", "mat2"),
    "bmm": lambda node: _product(node, "self", "mat2"),
    "matmul": lambda node: _product(node, "self", "other"),
    "baddbmm": lambda node: _product(node, "batch1", "batch2"),
    "mv": lambda node: _product(node, "self", "vec"),
    "dot": lambda node: _product(node, "self", "tensor"),
    "vdot": lambda node: _product(node, "self", "other"),
    "linalg_matmul": lambda node: _product(node, "self", "other"),
    "inner": _inner,
    "tensordot": _tensordot,
    "einsum": _einsum,
    **dict.fromkeys((f"{kind}_cell" for kind in RECURRENT), _cell),
    **dict.fromkeys(RECURRENT, _recurrent),
    **dict.fromkeys((f"{mode}_pool{axes}d" for mode in ("max", "avg") for axes in (1, 2, 3)), _pool),
    **dict.fromkeys((f"max_pool{axes}d_with_indices" for axes in (2, 3)), _pool),
    **dict.fromkeys((f"adaptive_{mode}_pool{axes}d" for mode in ("max", "avg") for axes in (1, 2, 3)), _adaptive),
    **dict.fromkeys((f"_adaptive_avg_pool{axes}d" for axes in (2, 3)), _adaptive),
    **dict.fromkeys(("mean", "amax"), _reduction),
}  # fmt: skip

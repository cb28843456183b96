"""Shapes: what operators make of maps whose sizes the file leaves open, and of small constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from sepcost.errors import ModelError
from sepcost.graphs.flow import Effect
from sepcost.layers import Shape
from sepcost.layers.formulas import padded_output, same_output
from sepcost.sources.tflite.kinds import EFFECTS, RECURRENT
from sepcost.sources.tflite.model import MOST_NUMBERS, SAME, Node, axes_of, factors_of, kernel_of
from sepcost.text.arguments import times

Array = Any
OVER = (Effect.OVER, Effect.ADDS, Effect.MULTIPLIES)
NOT_KNOWN = (LookupError, TypeError)
LARGEST = 2**31 - 1
"""No size is larger, and no number of which one is calculated: products of two such fit in 64 bits."""
MOST_ELEMENTS = 2**63
"""No map has as many."""
DOES_NOT_FIT = (ArithmeticError, ValueError)
MASKS = ("Begin", "End", "ShrinkAxis", "Ellipsis", "NewAxis")
"""The options of a strided slice that have a bit for each axis."""


def made(node: Node) -> Sequence[Shape | None]:
    """The shape of each thing that an operator makes, by what it reads; None where that is not known.

    Where the file leaves no size open, it knows. Raises ModelError if an operator does not fit what it reads.
    """
    kind = node.kind
    find = SHAPES.get(kind, _broadcast if EFFECTS.get(kind) in OVER else None)
    try:
        if kind in VIEWS:
            whole = np.broadcast_to(np.int8(0), node.known(kind == "SPLIT"))  # without memory
            return [view.shape for view in _several(VIEWS[kind](whole, node))]
        if find is not None:
            shape = tuple(int(size) for size in find(node))
            if min(shape, default=0) < 0 or max(shape, default=0) > LARGEST or prod(shape) >= MOST_ELEMENTS:
                raise ValueError
            return [shape]
    except NOT_KNOWN:
        pass
    except DOES_NOT_FIT:
        maps = (shape for shape, numbers in zip(node.shapes, node.numbers) if shape and numbers is None)
        reads = " and ".join(times(shape) for shape in list(maps)[:2])
        raise ModelError(f"{kind} cannot read {reads}: give other sizes of the inputs") from None
    return [None if -1 in tensor.signature else tensor.signature for tensor in node.declared]


def folded(node: Node) -> Sequence[Array]:
    """What an operator makes of small constants, and the shape that it reads; nothing of others."""
    kind = node.kind
    try:
        if kind == "SHAPE":
            return [np.array(node.known(0), np.int64)]
        is_large = len(node.numbers) > MOST_NUMBERS or any(each is None for each in node.numbers)
        if is_large or kind not in (*VIEWS, *FOLDS):
            return []
        with np.errstate(all="ignore"):
            array = VIEWS[kind](node.numbers[kind == "SPLIT"], node) if kind in VIEWS else _calculated(node)
    except (*NOT_KNOWN, *DOES_NOT_FIT):
        return []
    return [each for each in map(np.asarray, _several(array)) if each.size <= MOST_NUMBERS]


def _calculated(node: Node) -> Array:
    """In 64 bits, of numbers that sizes may be, if the result is one."""
    numbers = [each.astype(np.int64) if each.dtype.kind == "i" else each for each in node.numbers]
    array = np.asarray(FOLDS[node.kind](node._replace(numbers=numbers)))
    if not all(abs(number) <= LARGEST for each in (*numbers, array) for number in each.reshape(-1).tolist()):
        raise LookupError
    return array.astype(np.int64) if array.dtype.kind == "O" else array


def places(node: Node) -> Sequence[tuple[int, Shape]]:
    """Where each part begins, and its strides: of a weight; of a map, the channel; nothing where that is not known."""
    source = node.kind == "SPLIT"
    try:
        shape = node.known(source)
        bytes_ = np.zeros(shape if node.weight(source) else shape[-1:], np.int8)  # that nothing touches: no memory
        views = _several(VIEWS[node.kind](np.broadcast_to(bytes_, shape), node))
        return [(view.ctypes.data - bytes_.ctypes.data, view.strides) for view in views if view.ndim]
    except (*NOT_KNOWN, *DOES_NOT_FIT, MemoryError):
        return []


def _several(array: Array | list[Array]) -> list[Array]:
    return array if isinstance(array, list) else [array]


def _reshape(array: Array, node: Node) -> Array:
    """To the shape that it reads; else to that of the file, one of whose sizes may be open."""
    if len(node.reads) < 2 and node.options and not node.option("NewShapeIsNone"):
        return array.reshape(node.option("NewShapeAsNumpy"))
    known = len(node.reads) > 1 and node.numbers[1] is not None
    if not known and node.declared[0].signature.count(-1) > 1:
        raise LookupError
    return array.reshape(node.whole(1) if known else node.declared[0].signature)


def _squeeze(array: Array, node: Node) -> Array:
    axes = node.option("SqueezeDimsAsNumpy")
    return np.squeeze(array, None if isinstance(axes, int) or not axes.size else tuple(axes))


def _slice(array: Array, node: Node) -> Array:
    ranges = zip(node.whole(1), node.whole(2))
    return array[tuple(slice(begin, None if many < 0 else begin + many) for begin, many in ranges)]


def _strided_slice(array: Array, node: Node) -> Array:
    """As NumPy slices; a bit of a mask says for each axis what is no range."""
    parts = list[Any]()
    for axis, (begin, end, stride) in enumerate(zip(*map(node.whole, (1, 2, 3)))):
        masked = {name for name in MASKS if node.option(f"{name}Mask") >> axis & 1}
        stop = None if "End" in masked else begin + end if node.option("Offset") else end
        part: Any = slice(None if "Begin" in masked else begin, stop, stride)
        part = begin if "ShrinkAxis" in masked else part
        parts.append(Ellipsis if "Ellipsis" in masked else None if "NewAxis" in masked else part)
    return array[tuple(parts)]


def _split(array: Array, node: Node) -> list[Array]:
    """Into no more parts than there are places, one where there are none."""
    axis, many = node.whole(0)[0], len(node.declared)
    if many > max(1, array.shape[axis]):
        raise LookupError(many)
    return np.split(array, many, axis)


def _split_v(array: Array, node: Node) -> list[Array]:
    """Into parts of these sizes, one of which may be -1: the rest."""
    sizes, axis = node.whole(1), node.whole(2)[0]
    rest = array.shape[axis] - sum(size for size in sizes if size >= 0)
    ends = accumulate(rest if size < 0 else size for size in sizes)
    return np.split(array, [*ends][:-1], axis)


def _unpack(array: Array, node: Node) -> list[Array]:
    first = np.moveaxis(array, node.option("Axis"), 0)
    return [first[number] for number in range(len(node.declared))]


VIEWS: Mapping[str, Callable[[Array, Node], Array | list[Array]]] = {
    "EXPAND_DIMS": lambda array, node: np.expand_dims(array, node.whole(1)[0]),
    "RESHAPE": _reshape,
    "SLICE": _slice,
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "SQUEEZE": _squeeze,
    "STRIDED_SLICE": _strided_slice,
    "TRANSPOSE": lambda array, node: np.transpose(array, node.whole(1)),
    "UNPACK": _unpack,
}
"""What shows a map, or a constant, in another shape, or a part of it."""
PARTS = ("SLICE", "SPLIT", "SPLIT_V", "STRIDED_SLICE")


def _reduction(fold: Callable[..., Array]) -> Callable[[Node], Array]:
    return lambda node: fold(node.numbers[0], axis=tuple(node.whole(1)), keepdims=node.option("KeepDims"))


def _arithmetic(fold: Callable[..., Array]) -> Callable[[Node], Array]:
    return lambda node: fold(node.numbers[0], node.numbers[1])


FOLDS: Mapping[str, Callable[[Node], Array]] = {
    "ADD": _arithmetic(np.add),
    "CAST": lambda node: node.numbers[0].astype(node.declared[0].dtype),
    "CONCATENATION": lambda node: np.concatenate(node.numbers, node.option("Axis")),
    "DIV": lambda node: np.divide(*node.numbers).astype(node.declared[0].dtype),  # whole numbers towards zero
    "FLOOR_DIV": _arithmetic(np.floor_divide),
    "GATHER": lambda node: np.take(node.numbers[0], node.numbers[1], node.option("Axis")),
    "MAXIMUM": _arithmetic(np.maximum),
    "MINIMUM": _arithmetic(np.minimum),
    "MUL": _arithmetic(np.multiply),
    "PACK": lambda node: np.stack(node.numbers, node.option("Axis")),
    "REDUCE_PROD": _reduction(partial(np.prod, dtype=object)),  # more than two numbers may not fit
    "SUB": _arithmetic(np.subtract),
    "SUM": _reduction(np.sum),
}
"""What is calculated of small constants: nothing else is."""


def _broadcast(node: Node) -> Shape:
    return np.broadcast_shapes(*map(node.known, range(len(node.reads))))


def _windows(node: Node, kernel: Sequence[int], channels: int) -> Shape:
    """The map that a kernel makes that moves over a map."""
    batch, *size, _ = node.known(0)
    stride, dilation = (axes_of(node.options, name, len(size)) for name in ("Stride*", "Dilation*Factor"))
    if node.option("Padding") == SAME:
        return (batch, *map(same_output, size, stride), channels)
    return (batch, *map(padded_output, size, kernel, stride, (0,) * len(size), dilation), channels)


def _convolution(node: Node) -> Shape:
    return _windows(node, kernel_of(node).size, kernel_of(node).out_channels)


def _pool(node: Node) -> Shape:
    return _windows(node, (node.option("FilterHeight"), node.option("FilterWidth")), node.known(0)[-1])


def _joined(node: Node) -> Shape:
    shapes = [node.known(place) for place in range(len(node.reads))]
    axis = node.option("Axis") % len(shapes[0])
    return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])


def _packed(node: Node) -> Shape:
    shape, axis = node.known(0), node.option("Axis") % (len(node.known(0)) + 1)
    return (*shape[:axis], len(node.reads), *shape[axis:])


def _padded(node: Node) -> Shape:
    sides = iter(node.whole(1))
    return tuple(before + size + after for size, before, after in zip(node.known(0), sides, sides))


def _reduced(node: Node) -> Shape:
    shape = node.known(0)
    gone = {axis % len(shape) for axis in node.whole(1)}
    keeps = getattr(node.options, "KeepDims", lambda: False)()
    return tuple(1 if axis in gone else size for axis, size in enumerate(shape) if keeps or axis not in gone)


def _resized(node: Node) -> Shape:
    height, width = node.whole(1)
    return (node.known(0)[0], height, width, node.known(0)[-1])


def _linear(node: Node) -> Shape:
    shape, (out_features, in_features) = node.known(0), node.known(1)
    return (*(shape[:-1] if node.option("KeepNumDims") else (prod(shape) // in_features,)), out_features)


def _product(node: Node) -> Shape:
    left, right = factors_of(node)
    return (*np.broadcast_shapes(left[:-2], right[:-2]), left[-2], right[-1])


def _gathered(node: Node) -> Shape:
    shape, places = node.known(0), node.known(1)
    axis = node.option("Axis") % len(shape)
    return (*shape[:axis], *places[node.option("BatchDims") :], *shape[axis + 1 :])


def _blocks(node: Node) -> Shape:
    batch, height, width, channels = node.known(0)
    block = node.option("BlockSize")
    if node.kind == "SPACE_TO_DEPTH":
        return batch, height // block, width // block, channels * block**2
    return batch, height * block, width * block, channels // block**2


def _as_declared(node: Node) -> Shape:
    """As the file says, with the open sizes of what it reads."""
    signature = node.declared[0].signature
    return tuple(size if given < 0 else given for given, size in zip(signature, node.known(0), strict=True))


SHAPES: Mapping[str, Callable[[Node], Sequence[int]]] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D"), _convolution),
    **dict.fromkeys(("TRANSPOSE_CONV", "CONV_3D_TRANSPOSE", "FILL"), lambda node: node.whole(0)),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"), _pool),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), _resized),
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), _padded),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "ARG_MAX", "ARG_MIN"), _reduced),
    **dict.fromkeys(("DEPTH_TO_SPACE", "SPACE_TO_DEPTH"), _blocks),
    **dict.fromkeys(RECURRENT, _as_declared),
    "BATCH_MATMUL": _product,
    "BROADCAST_TO": lambda node: node.whole(1),
    "CONCATENATION": _joined,
    "FULLY_CONNECTED": _linear,
    "GATHER": _gathered,
    "PACK": _packed,
    "SHAPE": lambda node: (len(node.known(0)),),
    "TILE": lambda node: [size * many for size, many in zip(node.known(0), node.whole(1), strict=True)],
}

"""Folding: small constants that operators calculate from others, such as the shape for a reshape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import zip_longest
from math import prod
from typing import Any

import numpy as np
from onnx.helper import tensor_dtype_to_np_dtype
from onnx.numpy_helper import to_array

Array = Any
MOST = 4096
"""The most elements of a constant that is calculated."""


def folded(kind: str, reads: Sequence[Array | None], attributes: Mapping[str, Any]) -> list[Array] | None:
    """What an operator makes of constants; None if it is none of these, or makes too much.

    >>> folded("Concat", [np.array([2]), np.array([3, 4])], {"axis": 0})
    [array([2, 3, 4])]

    It raises what NumPy raises where they do not fit.
    """
    if kind not in FOLDS or (kind not in OPTIONAL and any(each is None for each in reads)):
        return None
    with np.errstate(all="ignore"):
        made = FOLDS[kind](*reads, **attributes)
    several = made if isinstance(made, list) else [made]
    return [np.asarray(each) for each in several] if sum(np.size(each) for each in several) <= MOST else None


OPTIONAL = ("Slice", "Squeeze", "Unsqueeze", "Split", "ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin")
"""Operators that may be given less."""


def _too_many() -> Array:
    """What is made in the place of an array of more than MOST elements."""
    return np.broadcast_to(np.float32(0), MOST + 1)


def _elementwise(function: Callable[..., Array]) -> Callable[..., Array]:
    def fold(*parts: Array, **given: Any) -> Array:
        return function(*parts, **given) if prod(np.broadcast_shapes(*map(np.shape, parts))) <= MOST else _too_many()

    return fold


def _gather(data: Array, places: Array, axis: int = 0) -> Array:
    many = places.size * data.size // max(1, data.shape[axis])
    return np.take(data, places.astype(np.int64), axis) if many <= MOST else _too_many()


def _concat(*parts: Array, axis: int) -> Array:
    return np.concatenate(parts, axis) if sum(part.size for part in parts) <= MOST else _too_many()


def _slice(data: Array, *given: Array, **old: Any) -> Array:
    names = ("starts", "ends", "axes", "steps")
    starts, ends, axes, steps = (old.get(name, each) for name, each in zip_longest(names, given))
    parts = [slice(None)] * data.ndim
    for place, (start, end) in enumerate(zip(starts, ends)):
        axis = place if axes is None else int(axes[place])
        step = 1 if steps is None else int(steps[place])
        is_whole = step < 0 and end < -data.shape[axis]
        parts[axis] = slice(int(start), None if is_whole else int(end), step)
    return data[tuple(parts)]


def _squeeze(data: Array, axes: Any = None, **old: Any) -> Array:
    axes = old.get("axes", axes)
    return np.squeeze(data) if axes is None else np.squeeze(data, tuple(int(axis) for axis in np.atleast_1d(axes)))


def _unsqueeze(data: Array, axes: Any = None, **old: Any) -> Array:
    return np.expand_dims(data, tuple(int(axis) for axis in np.atleast_1d(old.get("axes", axes))))


def _reshape(data: Array, shape: Array, allowzero: int = 0) -> Array:
    return data.reshape(
        [data.shape[axis] if size == 0 and not allowzero else int(size) for axis, size in enumerate(shape)]
    )


def _cast(data: Array, to: int = 1, **rest: Any) -> Array:
    return data.astype(tensor_dtype_to_np_dtype(to))


def _range(start: Array, limit: Array, delta: Array) -> Array:
    many = (limit - start) / delta
    return np.arange(start, limit, delta) if many <= MOST else _too_many()


def _constant_of_shape(shape: Array, value: Any = None) -> Array:
    if value is not None and value.data_location:
        raise ValueError("the value is in another file")
    filled = np.zeros(1, np.float32) if value is None else to_array(value)
    sizes = [int(size) for size in shape]
    return np.full(sizes, filled[0]) if prod(sizes) <= MOST else _too_many()


def _expand(data: Array, shape: Array) -> Array:
    whole = np.broadcast_shapes(data.shape, tuple(int(size) for size in shape))
    return np.broadcast_to(data, whole) if prod(whole) <= MOST else _too_many()


def _split(data: Array, split: Any = None, axis: int = 0, **old: Any) -> list[Array] | Array:
    sizes = old.get("split", split)
    return _too_many() if sizes is None else np.split(data, np.cumsum(sizes)[:-1], axis)


def _reduced(function: Callable[..., Array]) -> Callable[..., Array]:
    def fold(data: Array, axes: Any = None, keepdims: int = 1, noop_with_empty_axes: int = 0, **old: Any) -> Array:
        given = tuple(int(axis) for axis in old.get("axes", () if axes is None else axes))
        whole = None if given or not noop_with_empty_axes else ()
        return function(data, axis=given or whole, keepdims=bool(keepdims))

    return fold


def _divided(one: Array, other: Array) -> Array:
    """Whole numbers towards zero, as ONNX says."""
    return np.trunc(one / other).astype(one.dtype) if np.issubdtype(np.asarray(one).dtype, np.integer) else one / other


BROADCAST: Mapping[str, Callable[..., Any]] = {
    "Where": np.where,
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": _divided,
    "Mod": lambda one, other, fmod=0: np.fmod(one, other) if fmod else np.mod(one, other),
    "Pow": np.power,
    "Min": lambda *parts: reduce(np.minimum, parts),
    "Max": lambda *parts: reduce(np.maximum, parts),
    "Equal": np.equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "And": np.logical_and,
    "Or": np.logical_or,
}
"""Element by element."""
FOLDS: Mapping[str, Callable[..., Any]] = {
    "Identity": lambda data: data,
    "Cast": _cast,
    "Gather": _gather,
    "Concat": _concat,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    "Transpose": lambda data, perm=None: np.transpose(data, perm),
    "Split": _split,
    "Range": _range,
    "ConstantOfShape": _constant_of_shape,
    "Expand": _expand,
    **{kind: _elementwise(function) for kind, function in BROADCAST.items()},
    "Neg": np.negative,
    "Abs": np.abs,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Sqrt": np.sqrt,
    "Not": np.logical_not,
    "ReduceProd": _reduced(np.prod),
    "ReduceSum": _reduced(np.sum),
    "ReduceMax": _reduced(np.max),
    "ReduceMin": _reduced(np.min),
}
"""What is calculated, by the name of the operator: nothing else is."""

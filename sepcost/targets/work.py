"""Work: what a layer has to do, as the numbers that its time depends on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from sepcost.layers import Conv, Layer, Linear

Array: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"
STANDARD, DEPTHWISE, POINTWISE, GROUPED, LINEAR = "standard", "depthwise", "pointwise", "grouped", "linear"
ON_MANY = "linear layers on many positions were not measured"


def is_timed(layer: Layer) -> bool:
    """Whether layers like it have a time: those that have MACs and weights."""
    return isinstance(layer, (Conv, Linear))


def kind_of(layer: Layer) -> str:
    """The kind whose law gives its time.

    >>> kind_of(Conv((8, 8), 16, 16, 3, groups=16)), kind_of(Conv((8,), 16, 16, 1)), kind_of(Linear(16, 4))
    ('depthwise', '1-D pointwise', 'linear')
    """
    if not isinstance(layer, Conv):
        return LINEAR
    rank = len(layer.input_size)
    return f"{'transposed ' * layer.transposed}{f'{rank}-D ' * (rank != 2)}{_by_groups(layer)}"


def _by_groups(conv: Conv) -> str:
    if conv.is_depthwise:
        return DEPTHWISE
    if conv.groups > 1:
        return GROUPED
    return POINTWISE if conv.is_pointwise else STANDARD


class Work(NamedTuple):
    """FLOPs (2 a MAC) and bytes of a layer without its norm and its bias, and its numbers: of one layer, or of many.

    Bytes are those that it must read or write at least once. ``K``, ``stride`` and ``dilation`` are products over the
    axes; ``inputs`` and ``outputs`` the positions of its maps, for the batch; ``width`` is the last axis of its output.
    ``oblong`` is by how much a kernel or a stride is longer along one axis than along another.
    """

    flops: Any
    bytes: Any
    weight_bytes: Any
    inputs: Any
    outputs: Any
    C: Any
    O: Any  # noqa: E741 (the field's letter)
    K: Any
    stride: Any
    groups: Any
    dilation: Any
    width: Any
    oblong: Any

    @classmethod
    def of(cls, layer: Any, batch: int = 1, size: int = 4) -> Work:
        """What a convolution or a linear layer does for a batch, with elements of this many bytes.

        >>> work = Work.of(Conv((112, 112), 32, 64, 3))
        >>> work.flops, work.bytes, work.weight_bytes
        (462422016, 4890624, 73728)
        """
        cost = layer.cost
        inputs, outputs = (prod(shape[1:]) * batch for shape in (layer.input_shape, layer.output_shape))
        channels = (layer.input_shape[0], layer.out_channels)
        own, oblong = (1, 1, 1, 1), 1.0
        if isinstance(layer, Conv):
            own = (prod(layer.kernel_size), prod(layer.stride), layer.groups, prod(layer.dilation))
            oblong = _oblong(layer.kernel_size) * _oblong(layer.stride)
        weight_bytes = size * (cost.params - cost.biases)
        moved = weight_bytes + size * (channels[0] * inputs + channels[1] * outputs)
        width = layer.output_shape[-1] if layer.output_shape[1:] else 1
        return cls(2 * cost.macs * batch, moved, weight_bytes, inputs, outputs, *channels, *own, width, oblong)

    @property
    def many(self) -> int:
        """How many layers it is of at once; 0 of one."""
        return max((len(value.array) for value in self if hasattr(value, "array")), default=0)

    @classmethod
    def of_all(cls, works: Iterable[Work]) -> Work:
        """The same numbers of many layers, as arrays: one layer after the other."""
        works = list(works)
        if not any(work.many for work in works):
            return cls._make(np.array(works, float).T)
        rows = (np.broadcast_arrays(*(_floats(value) for value in work)) for work in works)
        return cls._make(map(np.concatenate, zip(*rows)))


def _oblong(sizes: Sequence[Any]) -> Any:
    """The longest axis ÷ the shortest; of many at once, axes that are not the same number are long."""
    first, *others = sizes
    if all(other is first for other in others):
        return 1.0
    return max(sizes) / min(sizes)


def _floats(value: Any) -> Array:
    """A number, or many, as an array."""
    return np.atleast_1d(np.asarray(getattr(value, "array", value), float))

"""Values: what a tensor is, and where its elements are."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from sepcost.layers import Shape
from sepcost.layers.cost import MODEL_DTYPES

BITS = {"float4_e2m1fn": 4, **{f"{sign}int{bits}": bits for sign in ("", "u") for bits in range(1, 8)}}
"""What has less than a byte; the bytes of the others are in ``MODEL_DTYPES``."""


class Value(NamedTuple):
    """A tensor: its shape, and what its elements are; ``offset`` and ``strides`` say where a view is in its memory.

    >>> Value((64, 56, 56), "float16").bytes
    401408
    """

    shape: Shape
    dtype: str = "float32"
    offset: int = 0
    strides: Shape | None = None

    @property
    def numel(self) -> int:
        return prod(self.shape)

    @property
    def width(self) -> int:
        """The bytes of an element, at least one."""
        return MODEL_DTYPES.get(self.dtype, 1)

    @property
    def bits(self) -> int:
        """The bits of an element."""
        return BITS.get(self.dtype, 8 * self.width)

    @property
    def bytes(self) -> int:
        return -(-self.numel * self.bits // 8)

    def part(self, axis: int, start: int, length: int) -> Value:
        """Some of its elements along an axis, where they are.

        >>> Value((1, 8, 4, 4)).part(1, 6, 2)
        Value(shape=(1, 2, 4, 4), dtype='float32', offset=96, strides=(128, 16, 4, 1))
        """
        offset, shape, strides = self.lies
        return Value((*shape[:axis], length, *shape[axis + 1 :]), self.dtype, offset + start * strides[axis], strides)

    @property
    def is_dense(self) -> bool:
        """Whether its elements lie one after the other."""
        _, shape, strides = self.lies
        usual = Value(shape).lies[2]
        return all(size == 1 or step == want for size, step, want in zip(shape, strides, usual))

    @property
    def lies(self) -> tuple[int, Shape, Shape]:
        """Where its elements are: one after the other, unless it says otherwise."""
        steps = tuple(prod(self.shape[axis + 1 :]) for axis in range(len(self.shape)))
        return self.offset, self.shape, self.strides or steps

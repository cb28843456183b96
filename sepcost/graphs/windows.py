"""Windows: convolutions, pools and interpolations by the shapes of what they read and make."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal

from sepcost.errors import LayerError
from sepcost.layers import Conv, Pool, Shape, Upsample
from sepcost.text.arguments import times

Mode = Literal["max", "average"]


def convolution(
    shape: Shape,
    made: Shape,
    kernel: Sequence[int],
    *,
    stride: Sequence[int],
    padding: Any,
    dilation: Sequence[int],
    groups: int = 1,
    bias: bool = False,
    transposed: bool = False,
    output_padding: Sequence[int] | int = 0,
) -> Conv:
    """The convolution that makes a map of one shape of a map of another.

    >>> convolution((3, 224, 224), (8, 112, 112), (3, 3), stride=(2, 2), padding=(0, 0, 1, 1), dilation=(1, 1)).padding
    'same'

    ``padding`` is what all sides of an axis get, or first all front sides and then all back sides. Where these differ,
    and are not those of ``same``, the convolution reads the padded map; a transposed one may make a row or a column
    that is cut off afterwards. Raises LayerError if it would make another map.
    """
    size, sides, added = shape[1:], padding, output_padding if transposed else 0
    options: Any = {"stride": stride, "dilation": dilation, "groups": groups, "bias": bias, "transposed": transposed}
    if isinstance(sides, tuple) and len(sides) == 2 * len(size):
        front, back = sides[: len(size)], sides[len(size) :]
        if front == back:
            sides = front
        elif Conv(size, shape[0], made[0], kernel, **options).output_shape == made:
            sides, added = "same", 0
        elif transposed:
            sides, added = zip(*map(_sides, size, made[1:], kernel, stride, dilation))
        else:
            size, sides = tuple(before + each + after for before, each, after in zip(front, size, back)), 0
    conv = Conv(size, shape[0], made[0], kernel, padding=sides, output_padding=added, **options)
    more = [have - want for have, want in zip(conv.output_shape, made)]
    if any(more) and not (transposed and set(more) <= {0, 1} and not more[0]):
        raise LayerError("type", f"makes {times(conv.output_shape)}, and the file has {times(made)}")
    return conv


def _sides(size: int, made: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """The padding and the output padding of a transposed convolution of this size."""
    less = (size - 1) * stride + dilation * (kernel - 1) + 1 - made
    added = next((more for more in range(max(stride, dilation)) if less + more >= 0 and (less + more) % 2 == 0), 0)
    return max(0, less + added) // 2, added


def pool(
    shape: Shape,
    made: Shape,
    kernel: Sequence[int],
    mode: Mode,
    *,
    stride: Sequence[int],
    padding: Any = 0,
    dilation: Sequence[int] = (1,),
    ceil_mode: bool = False,
) -> Pool | None:
    """The pool that makes a map of one shape of a map of another; None if no layer describes it, as with a dilation.

    >>> pool((64, 112, 112), (64, 56, 56), (3, 3), "max", stride=(2, 2), padding=(1, 1)).padding
    (1, 1)
    """
    if set(dilation) != {1}:
        return None
    if isinstance(padding, tuple) and len(padding) == 2 * len(kernel):
        front, back = padding[: len(kernel)], padding[len(kernel) :]
        padding = front if front == back else "same"
    with suppress(LayerError):
        found = Pool(shape, tuple(kernel), stride=stride, padding=padding, mode=mode, ceil_mode=ceil_mode)
        return found if found.output_shape == made else None
    return None


def adaptive_pool(shape: Shape, made: Shape, mode: Mode) -> Pool | None:
    """The pool whose output has a given size; None unless that divides the input's.

    >>> adaptive_pool((512, 7, 7), (512, 1, 1), "average").global_pool
    True
    """
    with suppress(LayerError):
        if set(made[1:]) == {1}:
            return Pool(shape, mode=mode, global_pool=True)
        if not any(before % after for before, after in zip(shape[1:], made[1:])):
            return Pool(shape, tuple(before // after for before, after in zip(shape[1:], made[1:])), mode=mode)
    return None


def upsample(shape: Shape, made: Shape, mode: Any) -> Upsample | None:
    """The interpolation of a map to a larger one; None if it is smaller on an axis.

    >>> upsample((8, 13, 13), (8, 26, 26), "nearest").scale_factor
    (2, 2)
    """
    with suppress(LayerError):
        return Upsample(shape, output_size=made[1:], mode=mode)
    return None

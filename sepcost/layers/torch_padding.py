"""Padding in torch's words: what a torch module needs so that its output has the size that ``same`` means here.

The modules made with it verify the formulas (``judge.witness``), so nothing here calls one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sepcost.layers.layer import Padding
from sepcost.text.arguments import Extent

if TYPE_CHECKING:
    from sepcost.layers import Conv


@dataclass(frozen=True, slots=True)
class TorchPadding:
    """The arguments ``padding`` and ``output_padding``, and what they cannot say.

    ``around`` are zeros to put in front of and after each axis of the input, ``crop`` is what to cut off the end of
    each axis of the output; None where there is nothing to do.
    """

    padding: Padding
    output_padding: Extent
    around: tuple[tuple[int, int], ...] | None = None
    crop: Extent | None = None


def torch_padding(conv: Conv, *, any_size: bool = False) -> TorchPadding:
    """How torch pads this convolution.

    >>> from sepcost import Conv
    >>> torch_padding(Conv((112, 112), 32, 64, 3, stride=2)).padding
    (1, 1)
    >>> torch_padding(Conv((112, 112), 32, 64, 4)).padding
    'same'
    >>> torch_padding(Conv((112, 112), 32, 64, (3, 4), stride=(2, 1))).around
    ((1, 1), (1, 2))

    Both sides get the same where that makes the output as large as it should be, which on odd kernels and under
    strides it does. ``any_size`` does not look at the size of the map: right for any where ``fits_any_size``, else
    for those that the stride divides.
    """
    none = (0,) * len(conv.input_size)
    if conv.padding != "same":
        return TorchPadding(conv.padding, conv.output_padding)
    if conv.transposed:
        padding, added, crop = zip(*map(_transposed, conv.kernel_size, conv.stride, conv.dilation))
        return TorchPadding(padding, added, crop=crop if any(crop) else None)
    sizes = conv.stride if any_size else conv.input_size
    sides = tuple(map(_sides, sizes, conv.kernel_size, conv.stride, conv.dilation, (any_size,) * len(none)))
    if all(front == back for front, back in sides):
        return TorchPadding(tuple(front for front, _ in sides), none)
    if set(conv.stride) == {1}:
        return TorchPadding("same", none)
    return TorchPadding(none, none, around=sides)


def fits_any_size(conv: Conv) -> bool:
    """Whether padding ``same`` is one amount on maps of any size: where a kernel of even reach meets no stride."""
    reaches = map(_reach, conv.kernel_size, conv.dilation)
    return conv.transposed or all(stride == 1 or extent % 2 for stride, extent in zip(conv.stride, reaches))


def _sides(size: int, kernel: int, stride: int, dilation: int, any_size: bool) -> tuple[int, int]:
    extent = _reach(kernel, dilation)
    if any_size and extent % 2:
        return (extent // 2, extent // 2)
    windows = (size + stride - 1) // stride
    total = max(0, (windows - 1) * stride + extent - size)
    if total % 2 and stride == 1:
        return (total // 2, total // 2 + 1)
    return (-(-total // 2),) * 2


def _transposed(kernel: int, stride: int, dilation: int) -> tuple[int, int, int]:
    """padding, output_padding and crop: 2p − p_out = d·(K − 1) + 1 − stride, if torch takes that p_out."""
    excess = _reach(kernel, dilation) - stride
    padding = max(0, -(-excess // 2))
    added = 2 * padding - excess
    return (padding, added, 0) if added < max(stride, dilation) else (padding - 1, 0, 1)


def _reach(kernel: int, dilation: int) -> int:
    """How far a kernel with its gaps extends, which torch does not say."""
    return kernel + (kernel - 1) * (dilation - 1)

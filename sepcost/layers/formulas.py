"""The closed forms: plain integer arithmetic along one axis, or over one layer.

``H`` is a map's extent along one axis, ``K`` a kernel's; the rest is named as in ``torch.nn.Conv2d``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod


def reach(kernel: int, dilation: int) -> int:
    """Extent of a kernel with its gaps: d·(K − 1) + 1.

    >>> reach(3, dilation=2)
    5
    """
    return dilation * (kernel - 1) + 1


def same_output(size: int, stride: int) -> int:
    """Output extent under padding ``same``: ceil(H / stride), for any kernel, as TensorFlow defines it.

    >>> same_output(225, stride=2)
    113
    """
    return -(-size // stride)


def padded_output(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Output extent with ``padding`` on both sides: floor((H + 2p − d·(K − 1) − 1) / stride) + 1.

    >>> padded_output(50, kernel=3, stride=1, padding=0, dilation=1)
    48
    """
    return (size + 2 * padding - reach(kernel, dilation)) // stride + 1


def transposed_output(size: int, kernel: int, stride: int, padding: int, dilation: int, output_padding: int) -> int:
    """Output extent of a transposed convolution: (H − 1)·stride − 2p + d·(K − 1) + p_out + 1.

    >>> transposed_output(28, kernel=2, stride=2, padding=0, dilation=1, output_padding=0)
    56
    """
    return (size - 1) * stride - 2 * padding + reach(kernel, dilation) + output_padding


def pooled_output(size: int, kernel: int, stride: int, padding: int, ceil_mode: bool) -> int:
    """Output extent of a pool; in ceil mode a last window may start inside the map but end outside of it.

    A window that would start in the padding on the far side is dropped (torch.nn.MaxPool2d, `ceil_mode`).

    >>> pooled_output(6, kernel=3, stride=2, padding=0, ceil_mode=False)
    2
    >>> pooled_output(6, kernel=3, stride=2, padding=0, ceil_mode=True)
    3
    """
    room = size + 2 * padding - kernel
    if not ceil_mode:
        return room // stride + 1
    windows = -(-room // stride) + 1
    return windows - 1 if (windows - 1) * stride >= size + padding else windows


def conv_weights(in_channels: int, out_channels: int, kernel: Sequence[int], groups: int) -> int:
    """Weights of a convolution without its bias: (C / groups)·K²·O.

    >>> conv_weights(32, 64, (3, 3), groups=1)
    18432
    >>> conv_weights(32, 32, (3, 3), groups=32)
    288
    """
    return in_channels // groups * prod(kernel) * out_channels


def conv_macs(positions: int, in_channels: int, out_channels: int, kernel: Sequence[int], groups: int) -> int:
    """MACs of a convolution: each weight is used once per position: H'·W'·(C / groups)·K²·O.

    ``positions`` counts the output map's elements per channel; a transposed convolution's, the input map's.

    >>> conv_macs(112 * 112, 32, 64, (3, 3), groups=1)
    231211008
    """
    return positions * conv_weights(in_channels, out_channels, kernel, groups)

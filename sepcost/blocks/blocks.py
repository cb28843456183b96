"""The blocks that can replace a convolution, each a function from one convolution to a sequence of them.

A new one is a function ``(conv, option=default, …) -> parts`` here and a line in ``replacements.REPLACEMENTS``:
every command, format and check then knows it. Its options are its arguments: whole numbers, decimals, true/false,
names of an Enum.
Its docstring begins with what it is and where it comes from; the line ``MACs:`` is the count of a plain
convolution without groups (C, O, K, H', W' as everywhere; HW is the input map, HW' the output map).
What a block cannot take, it refuses with CannotReplaceError; the convolution is then kept.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any, TypeAlias

from sepcost.errors import CannotReplaceError
from sepcost.layers import Conv
from sepcost.layers.activation import Activation

if TYPE_CHECKING:
    from fractions import Fraction

Parts: TypeAlias = tuple[tuple[str, Conv], ...]
"""Named convolutions that run one after the other."""


def separable(
    conv: Conv,
    multiplier: int = 1,
    inner_norm: bool = True,
    inner_bias: bool = True,
    inner_activation: str = Activation.NONE,
) -> Parts:
    """Depthwise, then pointwise (MobileNet, arXiv:1704.04861, section 3.1).

    MACs: HW'·C·m·(K² + O)

    >>> for name, part in separable(Conv((112, 112), 32, 64, 3)):
    ...     print(name, part.cost.params, part.cost.macs)
    depthwise 288 3612672
    pointwise 2048 25690112

    The depthwise has m = ``multiplier`` outputs per input channel: C·m hidden channels. Stride, padding, output
    padding and dilation are the depthwise's; a transposed convolution makes a transposed depthwise, whose pointwise
    runs on the larger map. A bias is on both parts, unless ``inner_bias`` is false: then only the pointwise has it.
    So is a norm, unless ``inner_norm`` is false (as in Xception, arXiv:1610.02357). ``inner_activation`` is between
    them, after the norm (MobileNet's figure 3 has ``relu``). Takes dense convolutions only.
    """
    hidden = conv.in_channels * multiplier
    inner = _inner(conv, inner_norm, inner_bias, inner_activation)
    depthwise = replace(conv, out_channels=hidden, groups=conv.in_channels, **inner)
    pointwise = Conv.pointwise(depthwise.output_size, hidden, conv.out_channels, **_own(conv))
    return (("depthwise", depthwise), ("pointwise", pointwise))


def blueprint(
    conv: Conv, multiplier: int = 1, inner_norm: bool = False, inner_activation: str = Activation.NONE
) -> Parts:
    """Pointwise, then depthwise: BSConv-U (arXiv:2003.13549, section 4.1).

    MACs: m·O·(HW·C + HW'·K²)

    >>> for name, part in blueprint(Conv((112, 112), 32, 64, 3)):
    ...     print(name, part.cost.params, part.cost.macs)
    pointwise 2048 25690112
    depthwise 576 7225344

    O hidden channels, or m·O with m = ``multiplier`` (Network Decoupling, arXiv:1808.05517, section 3): the depthwise
    then has O groups, which read m channels for each output. The pointwise runs first, at full input resolution;
    stride, padding, output padding and dilation are the depthwise's. Bias and norm are the depthwise's alone, as in the
    authors' code; with ``inner_norm`` a norm is on the pointwise too. ``inner_activation`` is between them. Takes dense
    convolutions only.
    """
    hidden = multiplier * conv.out_channels
    inner = _inner(conv, inner_norm, False, inner_activation)
    pointwise = Conv.pointwise(conv.input_size, conv.in_channels, hidden, **inner)
    depthwise = replace(conv, in_channels=hidden, groups=conv.out_channels)
    return (("pointwise", pointwise), ("depthwise", depthwise))


def blueprint_subspace(
    conv: Conv, ratio: Fraction | float = 0.25, inner_norm: bool = False, inner_activation: str = Activation.NONE
) -> Parts:
    """Two pointwise through a bottleneck, then depthwise: BSConv-S (arXiv:2003.13549, section 4.2).

    MACs: HW·(C·M + M·O) + HW'·O·K²

    >>> for name, part in blueprint_subspace(Conv((112, 112), 32, 64, 3)):
    ...     print(name, part.cost.params, part.cost.macs)
    pointwise1 256 3211264
    pointwise2 512 6422528
    depthwise 576 7225344

    M = ceil(``ratio``·C) hidden channels, at least 4 and at most C, as in the authors' code. Both pointwise run at
    full input resolution; stride, padding, output padding and dilation are the depthwise's. Bias and norm are the
    depthwise's alone; with ``inner_norm`` a norm is on every part. ``inner_activation`` is after each part but the
    last. Takes dense convolutions only.
    """
    hidden = min(conv.in_channels, max(4, ceil(ratio * conv.in_channels)))
    (_, pointwise), depthwise = blueprint(conv, 1, inner_norm, inner_activation)
    first = replace(pointwise, out_channels=hidden)
    return (("pointwise1", first), ("pointwise2", replace(pointwise, in_channels=hidden)), depthwise)


def grouped(
    conv: Conv,
    groups: int = 2,
    pointwise: bool = False,
    inner_norm: bool = True,
    inner_bias: bool = True,
    inner_activation: str = Activation.NONE,
) -> Parts:
    """The same convolution in groups (ResNeXt, arXiv:1611.05431, section 3), or with a pointwise to mix them.

    MACs: HW'·(C·O·K² / g + p·O²)

    >>> for name, part in grouped(Conv((112, 112), 32, 64, 3), groups=4, pointwise=True):
    ...     print(name, part.cost.params, part.cost.macs)
    grouped 4608 57802752
    pointwise 4096 51380224

    g = ``groups``, which must divide C and O; p is 1 with ``pointwise``, else 0. Everything else of the convolution
    stays. A bias is on both parts, unless ``inner_bias`` is false; so is a norm, unless ``inner_norm`` is false.
    ``inner_activation`` is between them. Takes dense convolutions only.
    """
    if conv.in_channels % groups or conv.out_channels % groups:
        raise CannotReplaceError(f"{groups} groups do not divide its channels")
    if not pointwise:
        return (("grouped", replace(conv, groups=groups)),)
    first = replace(conv, groups=groups, **_inner(conv, inner_norm, inner_bias, inner_activation))
    mixing = Conv.pointwise(conv.output_size, conv.out_channels, conv.out_channels, **_own(conv))
    return (("grouped", first), ("pointwise", mixing))


def bottleneck(
    conv: Conv,
    ratio: int = 4,
    inner_norm: bool = True,
    inner_bias: bool = True,
    inner_activation: str = Activation.NONE,
) -> Parts:
    """Reduce, convolve, expand (ResNet, arXiv:1512.03385, figure 5).

    MACs: HW·C·M + HW'·(M²·K² + M·O)

    >>> for name, part in bottleneck(Conv((56, 56), 256, 256, 3)):
    ...     print(name, part.cost.params, part.cost.macs)
    reduce 16384 51380224
    conv 36864 115605504
    expand 16384 51380224

    M = floor(O / ``ratio``) hidden channels, at least 1. Stride, padding, output padding and dilation are the
    middle convolution's. A bias is on all three, unless ``inner_bias`` is false, and a norm, unless ``inner_norm``
    is: then only the last has it. ``inner_activation`` is after the first two (ResNet has ``relu``). Takes dense
    convolutions only.
    """
    hidden = max(1, conv.out_channels // ratio)
    inner = _inner(conv, inner_norm, inner_bias, inner_activation)
    reduce = Conv.pointwise(conv.input_size, conv.in_channels, hidden, **inner)
    middle = replace(conv, in_channels=hidden, out_channels=hidden, **inner)
    expand = Conv.pointwise(conv.output_size, hidden, conv.out_channels, **_own(conv))
    return (("reduce", reduce), ("conv", middle), ("expand", expand))


def inverted(
    conv: Conv,
    expansion: int = 6,
    inner_norm: bool = True,
    inner_bias: bool = True,
    inner_activation: str = Activation.NONE,
) -> Parts:
    """Expand, depthwise, project: the inverted residual (MobileNet v2, arXiv:1801.04381, section 3.3).

    MACs: e·C·(HW·C + HW'·(K² + O))

    >>> for name, part in inverted(Conv((56, 56), 24, 24, 3)):
    ...     print(name, part.cost.params, part.cost.macs)
    expand 3456 10838016
    depthwise 1296 4064256
    project 3456 10838016

    e·C hidden channels with e = ``expansion``; the expanding pointwise is there for e = 1 too. Stride, padding,
    output padding and dilation are the depthwise's. A bias is on all three, unless ``inner_bias`` is
    false, and a norm, unless ``inner_norm`` is: then only the last has it. ``inner_activation`` is after the first
    two (MobileNet v2 has ``relu6``). Takes dense convolutions only.
    """
    hidden = conv.in_channels * expansion
    inner = _inner(conv, inner_norm, inner_bias, inner_activation)
    expand = Conv.pointwise(conv.input_size, conv.in_channels, hidden, **inner)
    depthwise = replace(conv, in_channels=hidden, out_channels=hidden, groups=hidden, **inner)
    project = Conv.pointwise(conv.output_size, hidden, conv.out_channels, **_own(conv))
    return (("expand", expand), ("depthwise", depthwise), ("project", project))


def spatial(
    conv: Conv, inner_norm: bool = True, inner_bias: bool = True, inner_activation: str = Activation.NONE
) -> Parts:
    """One convolution along each axis: K×1, then 1×K (Inception v2, arXiv:1512.00567, section 3.2).

    MACs: H'W·C·O·K + HW'·O²·K

    >>> for name, part in spatial(Conv((17, 17), 192, 192, 7)):
    ...     print(name, part.kernel_size, part.cost.params)
    vertical (7, 1) 258048
    horizontal (1, 7) 258048

    O hidden channels. Each axis keeps its stride, padding, output padding and dilation (what an axis of kernel 1
    has is the first part's). A bias is on every part, unless ``inner_bias`` is false, and a norm, unless
    ``inner_norm`` is: then only the last has it. ``inner_activation`` is after each part but the last. Takes dense
    convolutions whose kernel is larger than 1 along two axes or more.
    """
    rank = len(conv.kernel_size)
    axes = [axis for axis in range(rank) if conv.kernel_size[axis] > 1]
    if len(axes) < 2:
        raise CannotReplaceError("its kernel has one axis only")
    inner = _inner(conv, inner_norm, inner_bias, inner_activation)
    parts: list[tuple[str, Conv]] = []
    size, channels = conv.input_size, conv.in_channels
    for axis in axes:
        mine = {axis} if parts else set(range(rank)) - set(axes) | {axis}
        part = replace(
            conv,
            input_size=size,
            in_channels=channels,
            kernel_size=_only(mine, conv.kernel_size, 1),
            stride=_only(mine, conv.stride, 1),
            padding="same" if conv.padding == "same" else _only(mine, conv.padding, 0),
            output_padding=_only(mine, conv.output_padding, 0),
            dilation=_only(mine, conv.dilation, 1),
            **(_own(conv) if axis == axes[-1] else inner),
        )
        parts.append((("depth", "vertical", "horizontal")[axis - rank], part))
        size, channels = part.output_size, part.out_channels
    return tuple(parts)


def _inner(conv: Conv, norm: bool, bias: bool, activation: str) -> dict[str, Any]:
    """What is after each part but the last."""
    return {"norm": conv.norm if norm else "none", "bias": conv.bias and bias, "activation": activation}


def _own(conv: Conv) -> dict[str, Any]:
    """What is after the convolution, and so after the last part."""
    return {"norm": conv.norm, "bias": conv.bias, "activation": conv.activation}


def _only(axes: set[int], values: tuple[int, ...], other: int) -> tuple[int, ...]:
    return tuple(value if axis in axes else other for axis, value in enumerate(values))

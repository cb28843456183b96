"""The replacements: each turns one convolution into a sequence of convolutions.

A new one is a function ``(conv, option=default, …) -> parts`` and a line in REPLACEMENTS: every command, format
and check then knows it. Its options are its arguments, whole numbers or true/false.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import Parameter, signature
from typing import TypeAlias

from sepcost.arguments import LARGEST
from sepcost.errors import LayerError, ReplacementError
from sepcost.layers import Conv
from sepcost.suggestions import did_you_mean
from sepcost.units import NumberError, read_whole

Parts: TypeAlias = tuple[tuple[str, Conv], ...]
"""Named convolutions that run one after the other."""


def separable(conv: Conv, multiplier: int = 1, inner_norm: bool = True) -> Parts:
    """Depthwise, then pointwise (MobileNet, arXiv:1704.04861, section 3.1).

    >>> for name, part in separable(Conv((112, 112), 32, 64, 3)):
    ...     print(name, part.cost.params, part.cost.macs)
    depthwise 288 3612672
    pointwise 2048 25690112

    The depthwise has ``multiplier`` outputs per input channel: C·multiplier hidden channels. Stride, padding,
    output padding and dilation are the depthwise's; a transposed convolution makes a transposed depthwise, whose
    pointwise runs on the larger map. A bias is on both parts. So is a norm, unless ``inner_norm`` is false:
    then only the pointwise has it (as in Xception, arXiv:1610.02357). Takes dense convolutions only.
    """
    hidden = conv.in_channels * multiplier
    inner = conv.norm if inner_norm else "none"
    depthwise = replace(conv, out_channels=hidden, groups=conv.in_channels, norm=inner)
    pointwise = Conv.pointwise(depthwise.output_size, hidden, conv.out_channels, bias=conv.bias, norm=conv.norm)
    return (("depthwise", depthwise), ("pointwise", pointwise))


def blueprint(conv: Conv, inner_norm: bool = False) -> Parts:
    """Pointwise, then depthwise: BSConv-U (arXiv:2003.13549, section 4.1).

    >>> for name, part in blueprint(Conv((112, 112), 32, 64, 3)):
    ...     print(name, part.cost.params, part.cost.macs)
    pointwise 2048 25690112
    depthwise 576 7225344

    O hidden channels. The pointwise runs first, at full input resolution; stride, padding, output padding and
    dilation are the depthwise's. Bias and norm are the depthwise's alone, as in the authors' code; with
    ``inner_norm`` a norm is on the pointwise too. Takes dense convolutions only.
    """
    channels = conv.out_channels
    inner = conv.norm if inner_norm else "none"
    pointwise = Conv.pointwise(conv.input_size, conv.in_channels, channels, norm=inner)
    depthwise = replace(conv, in_channels=channels, groups=channels)
    return (("pointwise", pointwise), ("depthwise", depthwise))


REPLACEMENTS: Mapping[str, Callable[..., Parts]] = {
    "separable": separable,
    "blueprint": blueprint,
}


@dataclass(frozen=True, slots=True)
class Replacement:
    """A replacement with its options set; ``text`` is how its user wrote it, and its key in every output.

    >>> double = Replacement.parse("separable:multiplier=2")
    >>> [part.out_channels for name, part in double(Conv((14, 14), 8, 16, 3))]
    [16, 16]
    """

    text: str
    function: Callable[..., Parts]
    options: tuple[tuple[str, int | bool], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Replacement:
        """Read ``NAME`` or ``NAME:option=value,…``; raises ReplacementError."""
        name, _, given = text.partition(":")
        function = REPLACEMENTS.get(name)
        if function is None:
            hint = did_you_mean(name, REPLACEMENTS)
            raise ReplacementError(f"no replacement is called {name!r}{hint} (there are: {', '.join(REPLACEMENTS)})")
        options = dict(_option(name, function, item) for item in given.split(",")) if _ else {}
        return cls(text, function, tuple(options.items()))

    def __call__(self, conv: Conv) -> Parts:
        try:
            return self.function(conv, **dict(self.options))
        except LayerError as error:
            raise LayerError(error.field, f"{error.reason} in a part of its replacement {self.text}") from None


def reason_to_keep(conv: Conv) -> str | None:
    """Why this convolution has nothing to gain from a replacement; None if it can be replaced.

    >>> reason_to_keep(Conv.pointwise((14, 14), 512, 512))
    '1×1'
    >>> reason_to_keep(Conv((14, 14), 512, 512, 3))
    """
    if conv.is_depthwise:
        return "already depthwise"
    if conv.groups > 1:
        return "grouped"
    if conv.is_pointwise:
        return "×".join("1" * len(conv.kernel_size))
    return None


def _option(name: str, function: Callable[..., Parts], item: str) -> tuple[str, int | bool]:
    key, equals, value = item.partition("=")
    known = {option.name: option for option in list(signature(function).parameters.values())[1:]}
    if key not in known:
        options = ", ".join(known) or "none"
        raise ReplacementError(f"{name} has no option {key!r}{did_you_mean(key, known)} (its options: {options})")
    if not equals:
        raise ReplacementError(f"{name}: option {key} needs a value, such as {key}={_example(known[key])}")
    try:
        return key, _value(value, known[key])
    except NumberError as error:
        raise ReplacementError(f"{name}: option {key} {error}") from None


def _value(text: str, option: Parameter) -> int | bool:
    if isinstance(option.default, bool):
        if text not in ("true", "false"):
            raise NumberError(f"must be true or false, got {text}")
        return text == "true"
    number = read_whole(text)
    if not 1 <= number <= LARGEST:
        raise NumberError(f"must be between 1 and {LARGEST}, got {number}")
    return number


def _example(option: Parameter) -> str:
    return str(option.default).lower()

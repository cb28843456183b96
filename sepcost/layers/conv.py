"""Convolutions, transposed ones too."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from sepcost.errors import LayerError
from sepcost.layers.activation import ACTIVATIONS, OF_TORCH
from sepcost.layers.cost import Cost, Odd
from sepcost.layers.formulas import conv_macs, conv_weights, padded_output, reach, same_output, transposed_output
from sepcost.layers.layer import Argument, Form, Layer, Padding, Shape, Takes, TorchModule, short, zero_pad
from sepcost.layers.torch_padding import torch_padding
from sepcost.text.arguments import Extent, extent, flag, map_size, one_of, short_times, times, whole
from sepcost.text.units import VALID, as_text

PADDING = "same (the default), or a number for both sides of each axis"
Norm: TypeAlias = Literal["none", "batch", "folded"]
NORMS = get_args(Norm)


@dataclass(frozen=True, slots=True, init=False)
class Conv(Layer):
    """A convolution on a map of known size, in one, two or three dimensions.

    >>> conv = Conv((112, 112), in_channels=32, out_channels=64, kernel_size=3)
    >>> conv.output_shape
    (64, 112, 112)
    >>> conv.cost
    Cost(params=18432, macs=231211008, activations=802816, touched=1204224)

    The arguments are those of ``torch.nn.Conv2d`` and ``torch.nn.ConvTranspose2d``, with the defaults of the
    articles: no bias, padding ``same``. ``norm="batch"`` is a batch norm after it: 2 params per output channel;
    ``activation="relu"`` is after that, and costs nothing. Where an argument has a value per axis, one number is
    for all axes. Raises LayerError.
    """

    input_size: Extent
    in_channels: int
    out_channels: int
    kernel_size: Extent
    stride: Extent
    padding: Padding
    output_padding: Extent
    dilation: Extent
    groups: int
    bias: bool
    norm: Norm
    activation: str
    transposed: bool
    output_size: Extent = field(init=False, repr=False, compare=False)

    type = "conv"
    summary = "A convolution; depthwise with groups = C."
    takes = Takes.MAP
    arguments = (
        Argument("K", Form.SIZES, "kernel size: 3, 3x5 or [3, 5]", attribute="kernel_size", needed=True),
        Argument("O", Form.POSITIVE, "output channels", attribute="out_channels", needed=True),
        Argument("stride", Form.SIZES, unless_given=1),
        Argument("padding", Form.PADDING, PADDING, unless_given="same"),
        Argument("output_padding", Form.NATURAL_SIZES, "for transposed convolutions", unless_given=0),
        Argument("dilation", Form.SIZES, unless_given=1),
        Argument("groups", Form.POSITIVE, unless_given=1),
        Argument("bias", Form.FLAG, "false unless given", unless_given=False),
        Argument(
            "norm",
            NORMS,
            "a batch norm after it: 2 params per channel; folded into it: a bias in its place",
            unless_given="none",
        ),
        Argument("transposed", Form.FLAG, unless_given=False),
    )
    defaults = frozenset({argument.key for argument in arguments} - {"output_padding"} | {"keep", "round_to"})
    facts: ClassVar = {
        "kernel": "kernel_size",
        "stride": "stride",
        "padding": "padding",
        "dilation": "dilation",
        "groups": "groups",
        "bias": "bias",
        "norm": "norm",
        "transposed": "transposed",
        "output_padding": "output_padding",
    }
    weights: ClassVar = {
        "K": "kernel_size",
        "C": "in_channels",
        "O": "out_channels",
        "groups": "groups",
        "bias": "bias",
        "norm": "norm",
        "transposed": "transposed",
    }

    def __init__(
        self,
        input_size: Sequence[int],
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        *,
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | Literal["same"] = "same",
        output_padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = False,
        norm: Norm = "none",
        activation: str = "none",
        transposed: bool = False,
    ) -> None:
        put = object.__setattr__
        size = map_size(input_size)
        rank = len(size)
        put(self, "input_size", size)
        put(self, "in_channels", whole("in_channels", in_channels, 1))
        put(self, "out_channels", whole("out_channels", out_channels, 1))
        put(self, "kernel_size", extent("kernel_size", kernel_size, rank, 1))
        put(self, "stride", extent("stride", stride, rank, 1))
        put(self, "padding", padding if padding == "same" else _checked_padding(padding, rank))
        put(self, "output_padding", extent("output_padding", output_padding, rank, 0))
        put(self, "dilation", extent("dilation", dilation, rank, 1))
        put(self, "groups", whole("groups", groups, 1))
        put(self, "bias", flag("bias", bias))
        put(self, "norm", one_of("norm", norm, NORMS))
        put(self, "activation", one_of("activation", activation, ACTIVATIONS))
        put(self, "transposed", flag("transposed", transposed))
        self._check_groups()
        self._check_output_padding()
        put(self, "output_size", self._output_size())

    @classmethod
    def pointwise(
        cls,
        input_size: Sequence[int],
        in_channels: int,
        out_channels: int,
        *,
        bias: bool = False,
        norm: Norm = "none",
        activation: str = "none",
    ) -> Conv:
        """A 1×1 convolution, in as many dimensions as the map has.

        >>> Conv.pointwise((14, 14), 512, 512).cost.params
        262144
        """
        return cls(input_size, in_channels, out_channels, 1, bias=bias, norm=norm, activation=activation)

    @classmethod
    def on(cls, shape: Shape, **options: Any) -> Conv:
        return cls(shape[1:], shape[0], **options)

    def config_arguments(self) -> dict[str, Any]:
        """Whether it is transposed comes first: the rest is read in that light."""
        return {"transposed": self.transposed, **Layer.config_arguments(self)}

    @property
    def input_shape(self) -> Shape:
        return (self.in_channels, *self.input_size)

    @property
    def output_shape(self) -> Shape:
        return (self.out_channels, *self.output_size)

    @property
    def is_pointwise(self) -> bool:
        return prod(self.kernel_size) == 1

    @property
    def is_depthwise(self) -> bool:
        """Whether each input channel has kernels of its own, and there is more than one channel.

        >>> Conv((14, 14), 512, 512, 3, groups=512).is_depthwise
        True
        """
        return self.groups == self.in_channels > 1

    @property
    def norm_params(self) -> int:
        """The scales and shifts of its norm; of a folded one, a bias where the convolution has none itself."""
        of_each = {"none": 0, "batch": 2, "folded": int(not self.bias)}
        return of_each[self.norm] * self.out_channels

    @property
    def with_norm_folded(self) -> Conv:
        """The same for inference: the norm's scales are in the weights, and its shifts are a bias.

        >>> conv = Conv((8, 8), 3, 16, 3, norm="batch")
        >>> conv.cost.params, conv.with_norm_folded.cost.params
        (464, 448)
        """
        return self if self.norm == "none" else replace(self, norm="folded")

    @property
    def cost(self) -> Cost:
        """Params, MACs and maps of one sample (the formulas: MobileNet, arXiv:1704.04861, section 3.1)."""
        outputs = self.out_channels * prod(self.output_size)
        positions = prod(self.input_size if self.transposed else self.output_size)
        channels = (self.in_channels, self.out_channels)
        biases = self.out_channels * self.bias + self.norm_params
        weights = conv_weights(*channels, self.kernel_size, self.groups)
        inputs = self.in_channels * prod(self.input_size)
        return Cost(
            params=weights + biases,
            macs=conv_macs(positions, *channels, self.kernel_size, self.groups),
            activations=outputs,
            touched=inputs + outputs,
            biases=biases,
            written=outputs,
            odd=Odd(weights % 2, outputs % 2, inputs % 2 + outputs % 2),
        )

    @property
    def label(self) -> str:
        """Its kernel, and its stride where it has one.

        >>> Conv((56, 56), 64, 128, 3, stride=2).label
        '3×3 /2'
        """
        stride = f" /{short_times(self.stride)}" if set(self.stride) != {1} else ""
        return f"{times(self.kernel_size)}{stride}{' transposed' if self.transposed else ''}"

    def torch_modules(self, *, any_size: bool = False) -> list[TorchModule]:
        """What pads, convolves, crops, normalizes and activates."""
        rank = len(self.kernel_size)
        padding = torch_padding(self, any_size=any_size)
        options = {
            "stride": (short(self.stride), 1),
            "padding": (short(padding.padding), 0),
            "output_padding": (short(padding.output_padding), 0),
            "dilation": (short(self.dilation), 1),
            "groups": (self.groups, 1),
            "bias": (self.bias or self.norm == "folded", True),
        }
        given = {option: value for option, (value, default) in options.items() if value != default}
        kernel = {"kernel_size": short(self.kernel_size)}
        conv = f"Conv{'Transpose' if self.transposed else ''}{rank}d"
        crop = [(0, -more) for more in padding.crop or ()]
        return [
            *([zero_pad("pad", padding.around)] if padding.around else []),
            TorchModule("", conv, (self.in_channels, self.out_channels), {**kernel, **given}),
            *([zero_pad("crop", crop)] if crop else []),
            *([TorchModule("norm", f"BatchNorm{rank}d", (self.out_channels,))] if self.norm == "batch" else []),
            *([TorchModule("activation", OF_TORCH[self.activation])] if self.activation != "none" else []),
        ]

    def scaled(self, shape: Shape, widen: Callable[[int], int]) -> Conv:
        """A depthwise one has as many channels as reach it, times its multiplier."""
        groups, out_channels = self.groups, widen(self.out_channels)
        if self.is_depthwise:
            groups, out_channels = shape[0], self.out_channels // self.in_channels * shape[0]
        return replace(self, input_size=shape[1:], in_channels=shape[0], out_channels=out_channels, groups=groups)

    def _check_groups(self) -> None:
        if self.groups == 1:
            return
        for name, channels in (("in_channels", self.in_channels), ("out_channels", self.out_channels)):
            if channels % self.groups:
                raise LayerError("groups", f"must divide {name}, got {self.groups} groups of {channels} channels")

    def _check_output_padding(self) -> None:
        if not any(self.output_padding):
            return
        if not self.transposed:
            raise LayerError("output_padding", f"is for transposed convolutions, got {times(self.output_padding)}")
        if self.padding == "same":
            raise LayerError("output_padding", "padding same fixes the output: give padding as a number, or leave it")
        for axis, added in enumerate(self.output_padding):
            bound = max(self.stride[axis], self.dilation[axis])
            if added >= bound:
                raise LayerError("output_padding", f"must be below stride or dilation ({bound}), got {added}")

    def _output_size(self) -> Extent:
        if self.padding == "same":
            if self.transposed:
                return tuple(map(operator.mul, self.input_size, self.stride))
            return tuple(map(same_output, self.input_size, self.stride))
        if self.transposed:
            return self._transposed_output_size(self.padding)
        padded = tuple(size + 2 * padding for size, padding in zip(self.input_size, self.padding))
        reaches = tuple(map(reach, self.kernel_size, self.dilation))
        if any(map(operator.gt, reaches, padded)):
            kernel = times(self.kernel_size)
            dilated = f" (with dilation {times(reaches)})" if reaches != self.kernel_size else ""
            raise LayerError("kernel_size", f"{kernel}{dilated} is larger than the padded input, {times(padded)}")
        axes = (self.input_size, self.kernel_size, self.stride, self.padding, self.dilation)
        return tuple(map(padded_output, *axes))

    def _transposed_output_size(self, padding: Extent) -> Extent:
        axes = (self.input_size, self.kernel_size, self.stride, padding, self.dilation, self.output_padding)
        output = tuple(map(transposed_output, *axes))
        if min(output) < 1:
            raise LayerError("padding", f"{times(padding)} leaves nothing of the output ({times(output)})")
        return output


def _checked_padding(padding: object, rank: int) -> Extent:
    if isinstance(padding, str):
        hint = VALID if padding.lower() == "valid" else ""
        raise LayerError("padding", f"must be same, or what both sides get, got {as_text(padding, repr)}{hint}")
    return extent("padding", padding, rank, 0)

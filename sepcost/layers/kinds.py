"""The layers: shape arithmetic and the cost of one layer. Each checks itself as it is made."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Literal, TypeAlias

from sepcost.errors import LayerError
from sepcost.layers.activation import ACTIVATIONS
from sepcost.layers.cost import Cost, Stored
from sepcost.layers.formulas import (
    conv_macs,
    conv_weights,
    padded_output,
    pooled_output,
    reach,
    same_output,
    transposed_output,
)
from sepcost.text.arguments import Extent, extent, flag, map_size, natural, one_of, times, whole

Shape: TypeAlias = tuple[int, ...]
"""Channels, then the map: (32, 112, 112); a vector of features is (1000,)."""

Padding: TypeAlias = Literal["same"] | Extent


@dataclass(frozen=True, slots=True, init=False)
class Conv:
    """A convolution on a map of known size, in one, two or three dimensions.

    >>> conv = Conv((112, 112), in_channels=32, out_channels=64, kernel_size=3)
    >>> conv.output_shape
    (64, 112, 112)
    >>> conv.cost
    Cost(params=18432, macs=231211008, activations=802816, touched=1204224)

    The arguments are those of ``torch.nn.Conv2d`` and ``torch.nn.ConvTranspose2d``, with the defaults of the
    articles: no bias, padding ``same``. ``norm="batch"`` is a batch norm behind it: 2 params per output channel;
    ``activation="relu"`` is behind that, and costs nothing. Where an argument has a value per axis, one number stands
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
    norm: Literal["none", "batch"]
    activation: str
    transposed: bool
    output_size: Extent = field(init=False, repr=False, compare=False)

    type = "conv"

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
        norm: Literal["none", "batch"] = "none",
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
        put(self, "padding", padding if padding == "same" else extent("padding", padding, rank, 0))
        put(self, "output_padding", extent("output_padding", output_padding, rank, 0))
        put(self, "dilation", extent("dilation", dilation, rank, 1))
        put(self, "groups", whole("groups", groups, 1))
        put(self, "bias", flag("bias", bias))
        put(self, "norm", one_of("norm", norm, ("none", "batch")))
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
        norm: Literal["none", "batch"] = "none",
        activation: str = "none",
    ) -> Conv:
        """A 1×1 convolution, in as many dimensions as the map has.

        >>> Conv.pointwise((14, 14), 512, 512).cost.params
        262144
        """
        return cls(input_size, in_channels, out_channels, 1, bias=bias, norm=norm, activation=activation)

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
    def cost(self) -> Cost:
        """Params, MACs and maps of one sample (the formulas: MobileNet, arXiv:1704.04861, section 3.1)."""
        outputs = self.out_channels * prod(self.output_size)
        positions = prod(self.input_size if self.transposed else self.output_size)
        channels = (self.in_channels, self.out_channels)
        biases = self.out_channels * (self.bias + 2 * (self.norm == "batch"))
        return Cost(
            params=conv_weights(*channels, self.kernel_size, self.groups) + biases,
            macs=conv_macs(positions, *channels, self.kernel_size, self.groups),
            activations=outputs,
            touched=self.in_channels * prod(self.input_size) + outputs,
            biases=biases,
        )

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


@dataclass(frozen=True, slots=True)
class Linear:
    """A fully connected layer.

    >>> Linear(4096, 1000, bias=True).cost
    Cost(params=4097000, macs=4096000, activations=1000, touched=5096)
    """

    in_features: int
    out_features: int
    bias: bool = False

    type = "linear"

    def __post_init__(self) -> None:
        for name in ("in_features", "out_features"):
            object.__setattr__(self, name, whole(name, getattr(self, name), 1))
        flag("bias", self.bias)

    @property
    def input_shape(self) -> Shape:
        return (self.in_features,)

    @property
    def output_shape(self) -> Shape:
        return (self.out_features,)

    @property
    def cost(self) -> Cost:
        weights = self.in_features * self.out_features
        return Cost(
            params=weights + self.out_features * self.bias,
            macs=weights,
            activations=self.out_features,
            touched=self.in_features + self.out_features,
            biases=self.out_features * self.bias,
        )


@dataclass(frozen=True, slots=True, init=False)
class Pool:
    """A max or average pool: no params, no MACs, but maps to read and to write.

    >>> Pool((64, 112, 112), kernel_size=3, stride=2, padding=1).output_shape
    (64, 56, 56)
    >>> Pool((1024, 7, 7), global_pool=True).output_shape
    (1024, 1, 1)

    The stride is the kernel's size unless told otherwise; a global pool takes none of the other arguments.
    """

    input_shape: Shape
    kernel_size: Extent
    stride: Extent
    padding: Padding
    mode: Literal["max", "average"]
    ceil_mode: bool
    global_pool: bool
    output_size: Extent = field(init=False, repr=False, compare=False)

    type = "pool"

    def __init__(
        self,
        input_shape: Sequence[int],
        kernel_size: int | Sequence[int] | None = None,
        *,
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] | Literal["same"] = 0,
        mode: Literal["max", "average"] = "max",
        ceil_mode: bool = False,
        global_pool: bool = False,
    ) -> None:
        put = object.__setattr__
        channels, size = whole("in_channels", input_shape[0], 1), map_size(input_shape[1:])
        rank = len(size)
        if flag("global_pool", global_pool):
            if kernel_size not in (None, size) or stride not in (None, size):
                raise LayerError("global_pool", "spans the whole map: leave out kernel_size and stride")
            if padding not in (0, (0,) * rank) or ceil_mode:
                raise LayerError("global_pool", "spans the whole map: leave out padding and ceil_mode")
            kernel_size, stride = size, size
        elif kernel_size is None:
            raise LayerError("kernel_size", "is missing: give it, or make the pool global")
        kernel = extent("kernel_size", kernel_size, rank, 1)
        put(self, "input_shape", (channels, *size))
        put(self, "kernel_size", kernel)
        put(self, "stride", kernel if stride is None else extent("stride", stride, rank, 1))
        put(self, "padding", padding if padding == "same" else extent("padding", padding, rank, 0))
        put(self, "mode", one_of("mode", mode, ("max", "average")))
        put(self, "ceil_mode", flag("ceil_mode", ceil_mode))
        put(self, "global_pool", global_pool)
        put(self, "output_size", self._output_size(size))

    @property
    def output_shape(self) -> Shape:
        return (self.input_shape[0], *self.output_size)

    @property
    def cost(self) -> Cost:
        return Cost(touched=prod(self.input_shape) + prod(self.output_shape))

    def _output_size(self, size: Extent) -> Extent:
        if self.padding == "same":
            return tuple(map(same_output, size, self.stride))
        for kernel, padding in zip(self.kernel_size, self.padding):
            if 2 * padding > kernel:
                raise LayerError("padding", f"must be at most half of the pool's kernel ({kernel}), got {padding}")
        ceil_mode = (self.ceil_mode,) * len(size)
        output = tuple(map(pooled_output, size, self.kernel_size, self.stride, self.padding, ceil_mode))
        if min(output) < 1:
            padded = times([extent + 2 * padding for extent, padding in zip(size, self.padding)])
            raise LayerError("kernel_size", f"{times(self.kernel_size)} is larger than the padded input, {padded}")
        return output


@dataclass(frozen=True, slots=True)
class Flatten:
    """A map as a vector of features: a view, which costs nothing.

    >>> Flatten((512, 7, 7)).output_shape
    (25088,)
    """

    input_shape: Shape

    type = "flatten"

    @property
    def output_shape(self) -> Shape:
        return (prod(self.input_shape),)

    @property
    def cost(self) -> Cost:
        return Cost()


@dataclass(frozen=True, slots=True)
class Other:
    """What has params or MACs and is none of these: attention, a product of matrices, or what is left of a model.

    >>> Other("bmm", macs=1000, reads=200, writes=50).cost
    Cost(params=0, macs=1000, activations=0, touched=250)

    Its figures are given, not computed: ``reads`` and ``writes`` are elements of maps. Nothing is known of its shapes.
    ``stored`` are its bytes, where they are given too.
    """

    operator: str
    params: int = 0
    macs: int = 0
    reads: int = 0
    writes: int = 0
    stored: Stored | None = None

    type = "other"
    input_shape: Shape = field(init=False, repr=False, compare=False, default=())
    output_shape: Shape = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        for name in ("params", "macs", "reads", "writes"):
            natural(name, getattr(self, name))

    @property
    def cost(self) -> Cost:
        return Cost(self.params, self.macs, touched=self.reads + self.writes, stored=self.stored)


Layer: TypeAlias = Conv | Linear | Pool | Flatten | Other

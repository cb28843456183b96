"""One convolution from the options of the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from typing import Any, TypeVar

from sepcost.arguments import Extent, extent
from sepcost.errors import LayerError, SepcostError
from sepcost.layers import Conv
from sepcost.network import Network
from sepcost.units import NumberError, read_padding, read_sizes, read_whole

T = TypeVar("T")

OPTIONS: Mapping[str, str] = {
    "height": "-H",
    "width": "-W",
    "in_channels": "-C",
    "kernel_size": "-K",
    "out_channels": "-O",
}
"""How messages name an option that has a letter; the others are called as they are written."""

NEEDED = ("in_channels", "kernel_size", "out_channels")


@dataclass(frozen=True, slots=True)
class ConvolutionOptions:
    """What was typed; None where nothing was."""

    height: str | None = None
    width: str | None = None
    size: str | None = None
    in_channels: str | None = None
    kernel_size: str | None = None
    out_channels: str | None = None
    stride: str | None = None
    padding: str | None = None
    output_padding: str | None = None
    dilation: str | None = None
    groups: str | None = None
    bias: bool | None = None
    norm: str | None = None
    transposed: bool | None = None

    @property
    def given(self) -> list[str]:
        """The options that were typed, as messages name them."""
        return [option(name) for name in self.__dataclass_fields__ if getattr(self, name) is not None]

    @property
    def assumed(self) -> list[str]:
        """What the title should say, since nobody did."""
        no_bias = ["no bias"] if self.bias is None else []
        return no_bias + (["padding same"] if self.padding is None and self.has_map else [])

    @property
    def has_map(self) -> bool:
        """Whether there is a map to count on, or only positions."""
        return self.height is not None or self.size is not None

    def network(self) -> Network:
        """The network of this one convolution; a SepcostError that names the option which is wrong."""
        missing = [option(name) for name in NEEDED if getattr(self, name) is None]
        if missing:
            raise SepcostError(
                f"missing {' and '.join(missing)}: one convolution needs -C, -K and -O (and -H for a map)"
            )
        try:
            network = Network.of(self._conv())
        except LayerError as error:
            raise SepcostError(f"{self._option_of(error.field)}: {error.reason}") from None
        return replaced(network, per_position=not self.has_map)

    def _conv(self) -> Conv:
        kernel = self._sizes("kernel_size")
        arguments: dict[str, Any] = {"kernel_size": _alone(kernel)}
        for name in ("stride", "output_padding", "dilation"):
            if getattr(self, name) is not None:
                arguments[name] = self._extent(name)
        if self.padding is not None:
            padding = read_option("--padding", read_padding, self.padding)
            arguments["padding"] = padding if padding == "same" else _alone(padding)
        for name in ("bias", "norm", "transposed"):
            if getattr(self, name) is not None:
                arguments[name] = getattr(self, name)
        if self.groups is not None:
            arguments["groups"] = self._whole("groups")
        channels = self._whole("in_channels"), self._whole("out_channels")
        if not self.has_map:
            smallest = self._smallest_map(kernel, arguments)
            for name in ("padding", "output_padding"):  # a matter of the map's border, but still to be right
                if arguments.pop(name, "same") != "same":
                    extent(name, self._extent(name), len(smallest), 0)
            return Conv(smallest, *channels, **arguments)
        return Conv(self._input_size(), *channels, **arguments)

    def _input_size(self) -> Extent:
        if self.size is not None:
            if self.height is not None or self.width is not None:
                raise SepcostError("--size contradicts -H and -W: give one or the other")
            return self._sizes("size")
        height = self._whole("height")
        return (height, height if self.width is None else self._whole("width"))

    def _smallest_map(self, kernel: Extent, arguments: Mapping[str, Any]) -> Extent:
        """An input with one position on its smaller side, under padding ``same``: counts on it are per position."""
        if self.width is not None:
            raise SepcostError("-W needs -H")
        rank = 2 if len(kernel) == 1 else len(kernel)
        stride = arguments.get("stride", 1)
        if self.transposed or not isinstance(stride, (int, tuple)):
            return (1,) * rank
        return stride if isinstance(stride, tuple) else (stride,) * rank

    def _extent(self, name: str) -> int | Extent:
        return _alone(self._sizes(name))

    def _sizes(self, name: str) -> Extent:
        return read_option(option(name), read_sizes, getattr(self, name))

    def _whole(self, name: str) -> int:
        return read_option(option(name), read_whole, getattr(self, name))

    def _option_of(self, field: str) -> str:
        if field == "input_size":
            return "--size" if self.size is not None else "-H"
        return option(field)


def option(name: str) -> str:
    """An option as it is typed.

    >>> option("kernel_size"), option("output_padding")
    ('-K', '--output-padding')
    """
    return OPTIONS.get(name, f"--{name.replace('_', '-')}")


def _alone(sizes: Sequence[int]) -> int | Extent:
    return sizes[0] if len(sizes) == 1 else tuple(sizes)


def read_option(name: str, read: Callable[[str], T], text: str) -> T:
    """The value of an option as it was typed; a SepcostError that names the option."""
    try:
        return read(text)
    except NumberError as error:
        raise SepcostError(f"{name}: {error}") from None

"""One convolution, or a sweep of them, from the options of the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sepcost.cli.reading import read_option
from sepcost.count.sweep import Axis
from sepcost.errors import LayerError, SepcostError
from sepcost.network.network import Network
from sepcost.tasks.convolution import Convolution
from sepcost.text.arguments import Extent
from sepcost.text.units import read_list, read_padding, read_sizes, read_whole

T = TypeVar("T")

LETTERS: Mapping[str, str] = {
    "height": "H",
    "width": "W",
    "in_channels": "C",
    "kernel_size": "K",
    "out_channels": "O",
}
"""What an option that has a letter is called, in messages and as a swept number."""

NEEDED = ("in_channels", "kernel_size", "out_channels")


def _sizes(text: str) -> int | Extent:
    return _alone(read_sizes(text))


def _padding(text: str) -> str | int | Extent:
    padding = read_padding(text)
    return padding if padding == "same" else _alone(padding)


READERS: Mapping[str, Callable[[str], Any]] = {
    "height": read_whole,
    "width": read_whole,
    "size": _sizes,
    "in_channels": read_whole,
    "kernel_size": _sizes,
    "out_channels": read_whole,
    "stride": _sizes,
    "padding": _padding,
    "output_padding": _sizes,
    "dilation": _sizes,
    "groups": read_whole,
}


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

    def axes(self) -> tuple[Axis, ...]:
        """The numbers that were typed, each with its values; a SepcostError that names the option which is wrong."""
        missing = [option(name) for name in NEEDED if getattr(self, name) is None]
        if missing:
            raise SepcostError(
                f"missing {' and '.join(missing)}: one convolution needs -C, -K and -O (and -H for a map)"
            )
        if self.size is not None and (self.height is not None or self.width is not None):
            raise SepcostError("--size contradicts -H and -W: give one or the other")
        if self.width is not None and self.height is None:
            raise SepcostError("-W needs -H")
        typed = [(name, getattr(self, name)) for name in READERS if getattr(self, name) is not None]
        return tuple(Axis(LETTERS.get(name, name), _read_values(name, text)) for name, text in typed)

    def network(self, values: Mapping[str, Any]) -> Network:
        """The network of this one convolution, with these values for its axes; a SepcostError names the option."""
        try:
            return self._convolution.network(values)
        except LayerError as error:
            raise SepcostError(f"{self._option_of(error.field)}: {error.reason}") from None

    @property
    def _convolution(self) -> Convolution:
        behind = {name: getattr(self, name) for name in ("bias", "norm", "transposed")}
        return Convolution(self.has_map, **{name: value for name, value in behind.items() if value is not None})

    def _option_of(self, field: str) -> str:
        if field == "input_size":
            return "--size" if self.size is not None else "-H"
        return option(field)


def option(name: str) -> str:
    """An option as it is typed.

    >>> option("kernel_size"), option("output_padding")
    ('-K', '--output-padding')
    """
    return f"-{LETTERS[name]}" if name in LETTERS else f"--{name.replace('_', '-')}"


def _read_values(name: str, text: str) -> Sequence[Any]:
    return read_option(option(name), lambda text: read_list(text, READERS[name]), text)


def _alone(sizes: Sequence[int]) -> int | Extent:
    return sizes[0] if len(sizes) == 1 else tuple(sizes)

"""One convolution, or a sweep of them, from the options of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sepcost.cli.option_values import read_several
from sepcost.count.sweep import Axis, Sweep
from sepcost.errors import LayerError, SepcostError
from sepcost.layers.conv import Norm
from sepcost.network.network import Network
from sepcost.tasks.convolution import NEEDED, READERS, Convolution, assumed, ties

LETTERS: Mapping[str, str] = {
    "height": "H",
    "width": "W",
    "in_channels": "C",
    "kernel_size": "K",
    "out_channels": "O",
}
"""What an option that has a letter is called, in messages and as a swept number."""


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
    norm: Norm | None = None
    transposed: bool | None = None

    @property
    def given(self) -> list[str]:
        """The options that were typed, as messages name them."""
        return [option(name) for name in self.__dataclass_fields__ if getattr(self, name) is not None]

    @property
    def assumed(self) -> list[str]:
        """The defaults that the title names."""
        return assumed(self.bias, self.padding, has_map=self.has_map)

    @property
    def has_map(self) -> bool:
        """Whether there is a map to count on, or only positions."""
        return self.height is not None or self.size is not None

    def sweep(self) -> Sweep:
        """The numbers that were typed, each with its values; a SepcostError that names the option which is wrong."""
        typed = {LETTERS.get(name, name): name for name in self.__dataclass_fields__ if getattr(self, name) is not None}
        missing = [f"-{letter}" for letter in NEEDED if letter not in typed]
        if missing:
            raise SepcostError(
                f"missing {' and '.join(missing)}: one convolution needs -C, -K and -O (and -H for a map)"
            )
        if self.size is not None and (self.height is not None or self.width is not None):
            raise SepcostError("--size contradicts -H and -W: give one or the other")
        sizes = (self.size or "").split(",")
        if len(sizes) > 1 and len(set(sizes)) == 1:
            raise SepcostError(f"--size: {self.size} is the same map again: one of more axes is {'x'.join(sizes)}")
        if self.width is not None and self.height is None:
            raise SepcostError("-W needs -H")
        texts = {number: getattr(self, name) for number, name in typed.items()}
        tied = ties(texts, lambda number: option(typed.get(number, number)))
        axes = (
            Axis(number, read_several(option(typed[number]), read, texts[number]))
            for number, read in READERS.items()
            if number in typed and number not in tied
        )
        return Sweep(tuple(axes), tied)

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

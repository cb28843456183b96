"""One convolution whose numbers may take several values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sepcost.errors import refuse
from sepcost.layers import Conv
from sepcost.layers.conv import Norm
from sepcost.network.network import Network
from sepcost.text.arguments import Extent, extent
from sepcost.text.units import NumberError, read_padding, read_sizes, read_whole
from sepcost.text.wording import listed

ARGUMENTS = ("stride", "padding", "output_padding", "dilation", "groups")
NEEDED = ("C", "K", "O")


def read_size(text: str) -> int | Extent:
    """One number for all axes, or one for each.

    >>> read_size("3"), read_size("3x5")
    (3, (3, 5))
    """
    return _alone(read_sizes(text))


def _read_padding(text: str) -> str | int | Extent:
    padding = read_padding(text)
    return padding if padding == "same" else _alone(padding)


def _read_groups(text: str) -> int:
    try:
        return read_whole(text)
    except NumberError as error:
        raise NumberError(f"{error}{' (depthwise is as many groups as channels: give C)' * text.isalpha()}") from None


def _alone(sizes: Sequence[int]) -> int | Extent:
    return sizes[0] if len(sizes) == 1 else tuple(sizes)


READERS: Mapping[str, Callable[[str], Any]] = {
    "H": read_whole,
    "W": read_whole,
    "size": read_size,
    "C": read_whole,
    "K": read_size,
    "O": read_whole,
    "stride": read_size,
    "padding": _read_padding,
    "output_padding": read_size,
    "dilation": read_size,
    "groups": _read_groups,
}
"""How each number is read from a text."""
OF_CHANNELS = ("H", "W", "C", "O", "groups")
"""The numbers that may be tied to each other: plain whole ones."""


def assumed(bias: bool | None, padding: Any, *, has_map: bool) -> list[str]:
    """What is left to the defaults, as the title names it: bias and padding, which torch has otherwise."""
    return ["no bias"] * (bias is None) + ["padding same"] * (padding is None and has_map)


def ties(given: Mapping[str, Any], called: Callable[[str], str] = str) -> dict[str, str]:
    """The numbers that are given as the name of another one, and which one has their value in the end.

    >>> ties({"C": "8:64:8", "O": "C", "groups": "O"})
    {'O': 'C', 'groups': 'C'}
    >>> ties({"C": "O", "O": "C"})
    Traceback (most recent call last):
    sepcost.errors.SepcostError: C: is tied to itself, by O: give one of them a number

    ``called`` is what messages call a number. Raises SepcostError.
    """
    tied = {name: given[name] for name in READERS if given.get(name) in READERS}
    return {name: _leader(name, tied, given, called) for name in tied}


def _leader(name: str, tied: Mapping[str, str], given: Mapping[str, Any], called: Callable[[str], str]) -> str:
    passed, leader = [name], tied[name]
    while leader in tied and leader not in passed:
        passed.append(leader)
        leader = tied[leader]
    by = f", by {' and '.join(map(called, passed[1:]))}" if len(passed) > 1 else ""
    refuse(
        (leader in passed, f"{called(name)}: is tied to itself{by}: give one of them a number"),
        (leader not in given, f"{called(name)}: is tied to {leader}, which is not given"),
        (
            not {*passed, leader} <= {*OF_CHANNELS},
            f"{called(name)}: only {listed(OF_CHANNELS)} can be tied to each other, got {given[name]}",
        ),
    )
    return leader


@dataclass(frozen=True, slots=True)
class Convolution:
    """What is the same for all of its numbers: whether there is a map to count on, and what is after it.

    >>> Convolution(has_map=True).network({"H": 112, "C": 32, "K": 3, "O": 64}).nodes[0].layer.output_shape
    (64, 112, 112)
    """

    has_map: bool
    bias: bool = False
    norm: Norm = "none"
    transposed: bool = False

    @classmethod
    def of(cls, numbers: Mapping[str, Any], bias: bool | None, norm: Norm, transposed: bool) -> Convolution:
        """The one of these numbers; raises SepcostError where they contradict each other."""
        twice = "size" in numbers and not {"H", "W"}.isdisjoint(numbers)
        refuse(
            (twice, "size contradicts H and W: give one or the other"),
            ("W" in numbers and "H" not in numbers, "W needs H"),
        )
        return cls("H" in numbers or "size" in numbers, bool(bias), norm, transposed)

    def network(self, values: Mapping[str, Any]) -> Network:
        """The network of this one convolution, with these values for its numbers. Raises LayerError."""
        return replace(Network.of(self._conv(values)), per_position=not self.has_map)

    def _conv(self, values: Mapping[str, Any]) -> Conv:
        arguments = {name: values[name] for name in ARGUMENTS if name in values}
        size = self._input_size(values)
        if not self.has_map:
            for name in ("padding", "output_padding"):  # it only matters at the map's border, but must be right
                if arguments.get(name, "same") != "same":
                    extent(name, arguments.pop(name), len(size), 0)
        arguments |= {"bias": self.bias, "norm": self.norm, "transposed": self.transposed}
        return Conv(size, values["C"], values["O"], values["K"], **arguments)

    def _input_size(self, values: Mapping[str, Any]) -> Extent:
        if not self.has_map:
            return self._smallest_map(values)
        if "size" in values:
            return _extent(values["size"], 1)
        return (values["H"], values.get("W", values["H"]))

    def _smallest_map(self, values: Mapping[str, Any]) -> Extent:
        """An input with one position on its smaller side, under padding ``same``: counts on it are per position."""
        kernel = values["K"]
        rank = len(kernel) if isinstance(kernel, tuple) else 2
        return _extent(1 if self.transposed else values.get("stride", 1), rank)


def _extent(value: Any, rank: int) -> Extent:
    return value if isinstance(value, tuple) else (value,) * rank

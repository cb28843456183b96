"""One convolution as callers in Python give it: by its numbers, which may have several values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from sepcost.count.sweep import Axis, Sweep
from sepcost.errors import SepcostError, refuse
from sepcost.layers.conv import Norm
from sepcost.network.network import Network
from sepcost.tasks.convolution import NEEDED, READERS, Convolution, assumed, ties
from sepcost.text.units import as_text, list_items, read_as
from sepcost.text.wording import did_you_mean, listed


class GivenConvolution(NamedTuple):
    """A convolution, the values of its numbers, and what is left to the defaults."""

    convolution: Convolution
    sweep: Sweep
    assumed: Sequence[str]

    @property
    def network(self) -> Network:
        """Its network, where each number has one value; raises SepcostError."""
        several = self.sweep.names
        refuse((several, f"{listed(several)}: has several values, and compare takes one: sepcost.sweep takes them all"))
        return self.convolution.network(self.sweep.combination(0))


def one_convolution(
    source: object, numbers: Mapping[str, Any], bias: bool | None, norm: Norm, transposed: bool
) -> GivenConvolution | None:
    """The convolution of these numbers, each one value, several, or a text; None where there is a source instead.

    Raises SepcostError, TypeError for a name that is no argument.
    """
    numbers = {name: value for name, value in numbers.items() if value is not None}
    if source is None:
        convolution = Convolution.of(numbers, bias, norm, transposed)
        left = assumed(bias, numbers.get("padding"), has_map=convolution.has_map)
        return GivenConvolution(convolution, convolution_sweep(numbers), left)
    if unknown := [name for name in numbers if name not in READERS]:
        raise TypeError(f"there is no argument {unknown[0]!r}")
    refuse((numbers, f"{listed([*numbers])}: numbers of one convolution contradict a source"))
    return None


FACTORS = ("alpha", "rho")
"""What is exact, however it is given."""


def convolution_sweep(numbers: Mapping[str, Any]) -> Sweep:
    """The combinations of a convolution's numbers, each one value, several, or a text; raises SepcostError.

    >>> convolution_sweep({"C": "8,16", "K": 3, "O": "C"}).size
    2
    """
    for name in numbers:
        if name not in READERS:
            raise SepcostError(f"no number of a convolution is called {name!r}{did_you_mean(name, READERS)}")
    if missing := [name for name in NEEDED if name not in numbers]:
        raise SepcostError(
            f"missing {listed(missing)}: give a source, or one convolution's C, K and O (and H for a map)"
        )
    tied = ties({name: value if isinstance(value, str) else "" for name, value in numbers.items()})
    axes = (axis(name, numbers[name], read) for name, read in READERS.items() if name in numbers and name not in tied)
    return Sweep(tuple(chain.from_iterable(axes)), tied)


def axis(name: str, given: Any, read: Any) -> Iterator[Axis]:
    """The values of a number; no axis for the usual value."""
    if given is None or (name in ("alpha", "rho", "batch") and type(given) is int and given == 1):
        return
    several = read_as(name, list_items, given) if isinstance(given, str) else [given]
    if isinstance(given, Iterable) and not isinstance(given, (str, tuple)):
        several = list(given)
    if not several:
        raise SepcostError(f"{name}: must have at least one value, got {as_text(given, repr)}")
    yield Axis(
        name, [read_as(name, read, each) if isinstance(each, str) or name in FACTORS else each for each in several]
    )

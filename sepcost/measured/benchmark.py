"""What was timed: rows of layers, their replacements and parts, and the sums of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby
from operator import add, attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sepcost.layers import Layer
from sepcost.measured.samples import Samples, Speedup, speedup
from sepcost.targets.setup import Setup

if TYPE_CHECKING:
    from sepcost.targets.prediction import Estimate
    from sepcost.targets.profile import Profile

LAYER, TOTAL, WHOLE = "layer", "total", "whole"
"""What a row is about: a layer, the sum of a network's layers, or its whole model."""


@dataclass(frozen=True, slots=True)
class Timed:
    """What ran, and how long it took: MACs of a sample, bytes of the batch. They add up; a layer may run several times.

    Both are of the forward pass, also where the time is of both directions (``backward``).

    >>> timed = Timed(1_000_000, 80_000, Samples((0.001,)), batch=8)
    >>> timed.gflops_per_second, timed.gbytes_per_second
    (16.0, 0.08)
    """

    macs: int
    traffic_bytes: int
    samples: Samples
    batch: int = 1
    backward: bool = False

    @property
    def gflops_per_second(self) -> float:
        """Billions of FLOPs a second, two for each MAC, as data sheets of hardware count them.

        With the backward pass, there are three times as many: the gradients of input and weights take as many each.
        """
        directions = 3 if self.backward else 1
        return 2 * directions * self.macs * self.batch / self.samples.best / 1e9

    @property
    def gbytes_per_second(self) -> float | None:
        """Billions of bytes a second that had to be read and written at least; caches may have answered.

        None with the backward pass, whose bytes are not counted.
        """
        return None if self.backward else self.traffic_bytes / self.samples.best / 1e9

    def __add__(self, other: Timed) -> Timed:
        bytes_ = self.traffic_bytes + other.traffic_bytes
        samples = self.samples + other.samples
        return replace(self, macs=self.macs + other.macs, traffic_bytes=bytes_, samples=samples)

    def __mul__(self, times: int) -> Timed:
        bytes_, samples = self.traffic_bytes * times, self.samples * times
        return replace(self, macs=self.macs * times, traffic_bytes=bytes_, samples=samples)


class Forecast(NamedTuple):
    """What a target predicts of a row, with its intervals; errors are against what is shown (0.05 is 5 % too much)."""

    time: Estimate
    error: float
    speedup: Estimate | None = None
    speedup_error: float | None = None


class Measured(NamedTuple):
    """One row: the standard (without a replacement), a replacement, or a part of one.

    ``layer`` is the first of ``occurs`` equal ones. ``standard`` is what it takes the place of, or None; ``kept``, why
    it is the same. ``runs`` are the layers that ran, if there are not a network's.
    """

    network: str
    about: str
    layer: str
    timed: Timed
    occurs: int = 1
    replacement: str | None = None
    part: str | None = None
    standard: Timed | None = None
    kept: str | None = None
    runs: Sequence[Layer] = ()
    forecast: Forecast | None = None

    @property
    def speedup(self) -> Speedup | None:
        """How many times as fast as the standard; None for the standard itself and for a part."""
        return None if self.standard is None else speedup(self.standard.samples, self.timed.samples)


class Benchmark(NamedTuple):
    """All rows, and what decides their times; ``missing`` is how many layers were not timed, if it was interrupted.

    ``target`` is what predicts them, too, if there is one; ``unknown`` are the layers and parts that it does not, and
    why.
    """

    setup: Setup
    rows: Sequence[Measured]
    missing: int = 0
    target: Profile | None = None
    unknown: Mapping[str, str] = MappingProxyType({})

    @property
    def groups(self) -> list[list[Measured]]:
        """The rows of each layer, total or model: the standard is the first."""
        return [list(rows) for _, rows in groupby(self.rows, key=attrgetter("network", "about", "layer"))]


def totals(network: str, rows: Sequence[Measured]) -> list[Measured]:
    """The sums of a network's layers, round by round: as it is, and under each replacement."""
    of_layers = [row for row in rows if row.part is None]
    texts = dict.fromkeys(row.replacement for row in of_layers)
    sums = {text: _sum([row for row in of_layers if row.replacement == text]) for text in texts}
    standard = sums[None]
    return [
        Measured(network, TOTAL, TOTAL, timed, replacement=text, standard=None if text is None else standard)
        for text, timed in sums.items()
    ]


def _sum(rows: Sequence[Measured]) -> Timed:
    return reduce(add, (row.timed * row.occurs for row in rows))

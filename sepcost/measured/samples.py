"""Samples of times, speed-ups, and whether there is any: arithmetic, whatever was run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import comb
from statistics import median, quantiles

CONFIDENCE = 0.95


class Verdict(str, Enum):
    """What a speed-up's interval says."""

    FASTER = "faster"
    SLOWER = "slower"
    SAME = "no difference"


@dataclass(frozen=True, slots=True)
class Samples:
    """Seconds of one run, as each round found them: the mean of its runs.

    >>> samples = Samples((0.011, 0.010, 0.012, 0.010, 0.019))
    >>> samples.best, samples.median, samples.low, samples.high
    (0.01, 0.011, 0.01, 0.012)

    ``best`` is the time, as a target's are: what else runs on a machine only adds to it, and unevenly (Chen and Revels,
    arXiv:1608.04295, section 4). ``low`` and ``high`` are the quartiles. Samples that were taken in the same number of
    rounds can be added, round by round, and multiplied by how often a layer occurs; the best of a sum is that of the
    best ones, each of its own round.
    """

    seconds: tuple[float, ...]
    _best: float | None = field(default=None, repr=False)

    @property
    def best(self) -> float:
        return min(self.seconds) if self._best is None else self._best

    @property
    def spread(self) -> float:
        """The slowest round ÷ the fastest."""
        return max(self.seconds) / min(self.seconds)

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def low(self) -> float:
        return self._quartiles[0]

    @property
    def high(self) -> float:
        return self._quartiles[2]

    @property
    def _quartiles(self) -> Sequence[float]:
        return quantiles(self.seconds, n=4, method="inclusive") if len(self.seconds) > 1 else self.seconds * 3

    def __add__(self, other: Samples) -> Samples:
        rounds = tuple(one + two for one, two in zip(self.seconds, other.seconds, strict=True))
        return Samples(rounds, self.best + other.best)

    def __mul__(self, times: int) -> Samples:
        return Samples(tuple(one * times for one in self.seconds), self.best * times)


@dataclass(frozen=True, slots=True)
class Speedup:
    """How many times as fast, and the interval that holds the true median with at least 95 %."""

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """*Faster* or *slower* where the whole interval is; else there is no difference that was seen.

        >>> Speedup(1.3, 1.2, 1.4).verdict.value, Speedup(1.1, 0.9, 1.2).verdict.value
        ('faster', 'no difference')
        """
        return Verdict.FASTER if self.low > 1 else Verdict.SLOWER if self.high < 1 else Verdict.SAME


def speedup(standard: Samples, replaced: Samples) -> Speedup:
    """How many times as fast the replacement is: the median of each round's ratio, with its interval.

    >>> speedup(Samples((4.0, 4.4, 3.9, 4.0, 4.1, 4.0)), Samples((2.0, 2.0, 2.0, 2.0, 2.0, 2.0)))
    Speedup(value=2.0, low=1.95, high=2.2)

    The interval is that of order statistics, which supposes no distribution (Hahn and Meeker, Statistical Intervals,
    section 5.2): of 9 rounds, the second and the eighth ratio. Fewer than 6 cannot give 95 %: it is all they have.
    """
    ratios = sorted(one / two for one, two in zip(standard.seconds, replaced.seconds, strict=True))
    outside = _outside(len(ratios))
    return Speedup(median(ratios), ratios[outside], ratios[-1 - outside])


def _outside(count: int) -> int:
    """How many values may be left out at each end, so that the rest holds the median with CONFIDENCE."""
    outside, missed = 0, 2 * 0.5**count
    while missed + 2 * comb(count, outside + 1) * 0.5**count <= 1 - CONFIDENCE:
        outside += 1
        missed += 2 * comb(count, outside) * 0.5**count
    return outside

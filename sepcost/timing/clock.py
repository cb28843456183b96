"""Contenders timed in alternation: seconds, speed-ups, and whether there is any. It knows nothing of what they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from math import ceil, comb
from statistics import median, quantiles
from typing import TypeAlias

Contender: TypeAlias = Callable[[], object]
"""What is timed: one call is one run."""
Clock: TypeAlias = Callable[[Contender, int], float]
"""The seconds that this many runs of a contender take, from the first one's start to the last one's end."""

MIN_TIME = 0.2
"""Seconds that each contender is timed for, in all rounds together."""
ROUNDS = 9
"""The fewest, but for 6 to 8, in which an interval of 95 % need not reach to the extremes."""
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

    ``best`` is the layer's time: what else runs on a machine only adds to it, and unevenly (Chen and Revels,
    arXiv:1608.04295, section 4). ``low`` and ``high`` are the quartiles. Samples that were taken in the same number of
    rounds can be added, round by round, and multiplied by how often a layer occurs.
    """

    seconds: tuple[float, ...]

    @property
    def best(self) -> float:
        return min(self.seconds)

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
        return Samples(tuple(one + two for one, two in zip(self.seconds, other.seconds, strict=True)))

    def __mul__(self, times: int) -> Samples:
        return Samples(tuple(one * times for one in self.seconds))


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


def alternating(
    contenders: Sequence[Contender], clock: Clock, *, min_time: float = MIN_TIME, rounds: int = ROUNDS
) -> list[Samples]:
    """The samples of each contender, one a round: all have their turn in each, so that a drifting machine hurts all.

    >>> slow, fast = object, int
    >>> alternating([slow, fast], lambda contender, runs: runs * (0.02 if contender is slow else 0.01), rounds=3)
    [Samples(seconds=(0.02, 0.02, 0.02)), Samples(seconds=(0.01, 0.01, 0.01))]

    Each is warmed up; a first estimate says how many runs a round needs for ``min_time`` seconds in all of them. What
    ran before has filled the caches with its own data, so a round of several runs begins with one that does not count.
    """
    runs = [_runs(contender, clock, min_time / rounds) for contender in contenders]
    seconds: list[list[float]] = [[] for _ in contenders]
    for _ in range(rounds):
        for contender, many, own in zip(contenders, runs, seconds):
            if many > 1:
                clock(contender, 1)
            own.append(clock(contender, many) / many)
    return [Samples(tuple(own)) for own in seconds]


def _runs(contender: Contender, clock: Clock, enough: float) -> int:
    """How many runs take this many seconds; at least one."""
    clock(contender, 1)
    runs = 1
    while (taken := clock(contender, runs)) < enough / 4:
        runs = max(2 * runs, min(10 * runs, ceil(runs * enough / 4 / max(taken, 1e-9))))
    return max(1, ceil(enough / (taken / runs)))


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

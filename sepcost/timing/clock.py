"""Contenders timed in alternation. It knows nothing of what they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import TypeAlias

from sepcost.measured.samples import Samples

Contender: TypeAlias = Callable[[], object]
"""What is timed: one call is one run."""
Clock: TypeAlias = Callable[[Contender, int], float]
"""The seconds that this many runs of a contender take, from the first one's start to the last one's end."""

MIN_TIME = 0.2
"""Seconds that each contender is timed for, in all rounds together."""
ROUNDS = 9
"""The fewest, but for 6 to 8, in which an interval of 95 % need not reach to the extremes."""


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

"""Replacements in every combination of their options' values, each made when it is asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple, overload

from sepcost.blocks.replacements import Block, Replacement, option_values
from sepcost.count.sweep import Axis, Sweep

TOGETHER = 1000
"""How many replacements are compared at once; if there are more, each is compared by itself."""


class Family(NamedTuple):
    """A replacement, and the values that each of its options was given, as they were typed.

    >>> from sepcost.blocks.blocks import grouped
    >>> family = Family.of("grouped", grouped, "groups=2,4,pointwise=true")
    >>> [family.member(number).text for number in range(family.sweep.size)], family.sweep.names
    (['grouped:groups=2,pointwise=true', 'grouped:groups=4,pointwise=true'], ('groups',))
    """

    name: str
    block: Block
    sweep: Sweep

    @classmethod
    def of(cls, name: str, block: Block, given: str | None) -> Family:
        """Raises ReplacementError where an option is unknown or given twice, or its first or last value is wrong."""
        options = {} if given is None else option_values(name, given, block)
        for values in options.values():
            for value in (values[0], values[-1]):
                Replacement.with_options(name, block, value)
        return cls(name, block, Sweep(tuple(Axis(option, values) for option, values in options.items())))

    def member(self, number: int) -> Replacement:
        """The combination with this number, from 0; the last option changes first."""
        options = self.sweep.combination(number)
        if not options:
            return Replacement(self.name, self.block)
        return Replacement.with_options(self.name, self.block, ",".join(map(str, options.values())))


class Members(Sequence[Replacement]):
    """The members of several families, one after the other."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families
        self._ends = list(accumulate(family.sweep.size for family in families))

    def __len__(self) -> int:
        return self._ends[-1]

    @overload
    def __getitem__(self, number: int) -> Replacement: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Replacement]: ...
    def __getitem__(self, number: int | slice) -> Replacement | Sequence[Replacement]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        place = bisect_right(self._ends, number)
        family = self._families[place]
        return family.member(number - self._ends[place] + family.sweep.size)

"""Sweep: every combination of the values that numbers take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from sepcost.text.arguments import Extent, times
from sepcost.text.kind import Kind
from sepcost.text.units import factor_text

if TYPE_CHECKING:
    from typing_extensions import Self

    from sepcost.blocks.replacements import Replacement

SweptValue: TypeAlias = "int | str | Extent | Fraction | Replacement"
"""What a swept number may be: 3, ``same``, (3, 5), or a multiplier; and what else may be swept."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A number by its name, and the values that it takes."""

    name: str
    values: Sequence[SweptValue]


@dataclass(frozen=True, slots=True)
class Sweep:
    """All combinations of its axes' values, in a stable order: the last axis changes first.

    >>> for combination in Sweep((Axis("K", (3, 5)), Axis("O", (64, 128)))):
    ...     print(combination)
    {'K': 3, 'O': 64}
    {'K': 3, 'O': 128}
    {'K': 5, 'O': 64}
    {'K': 5, 'O': 128}

    ``tied`` are numbers that have the value of another one, by its name:

    >>> list(Sweep((Axis("C", (8, 16)),), tied={"O": "C"}))
    [{'C': 8, 'O': 8}, {'C': 16, 'O': 16}]
    """

    axes: tuple[Axis, ...] = ()
    tied: Mapping[str, str] = field(default_factory=dict)

    def with_axes(self, *axes: Axis) -> Self:
        """The same with more axes, which change before all others."""
        return replace(self, axes=(*self.axes, *axes))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the numbers that take more than one value."""
        several = [axis.name for axis in self.axes if len(axis.values) > 1]
        return (*several, *(name for name, leader in self.tied.items() if leader in several))

    @property
    def fixed(self) -> Mapping[str, SweptValue]:
        """The others, with their values.

        >>> Sweep((Axis("K", (3, 5)), Axis("O", (64,)))).fixed
        {'O': 64}
        """
        return self.with_tied({axis.name: axis.values[0] for axis in self.axes if len(axis.values) == 1})

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """What each number is: whole, a decimal, or a text, as where it may be a size for each axis.

        >>> Sweep((Axis("K", (3, (3, 5))), Axis("C", (8, 16))), tied={"O": "C"}).kinds
        {'K': <Kind.TEXT: 'text'>, 'C': <Kind.COUNT: 'count'>, 'O': <Kind.COUNT: 'count'>}
        """
        return self.with_tied({axis.name: kind_of_values(axis.values) for axis in self.axes})

    @property
    def size(self) -> int:
        """How many combinations there are."""
        return prod(len(axis.values) for axis in self.axes)

    def __iter__(self) -> Iterator[Mapping[str, SweptValue]]:
        return map(self.combination, range(self.size))

    def combination(self, number: int) -> Mapping[str, SweptValue]:
        """The combination with this number, from 0."""
        chosen: dict[str, SweptValue] = {}
        for axis in reversed(self.axes):
            number, place = divmod(number, len(axis.values))
            chosen[axis.name] = axis.values[place]
        return self.with_tied({axis.name: chosen[axis.name] for axis in self.axes})

    def with_tied(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """These values of axes, and those of the numbers that are tied to them."""
        return {**values, **{name: values[leader] for name, leader in self.tied.items() if leader in values}}

    def swept(self, combination: Mapping[str, SweptValue]) -> dict[str, SweptValue]:
        """The part of a combination that is not the same in all of them."""
        return {name: combination[name] for name in self.names}


def kind_of_values(values: Iterable[object]) -> Kind:
    """What values are that are given: whole numbers, decimals too, or texts."""
    types = {type(value) for value in values}
    return Kind.COUNT if types == {int} else Kind.PARAMETER if types <= {int, float, Fraction} else Kind.TEXT


def value_text(value: SweptValue) -> str:
    """A value as it is written.

    >>> value_text((3, 5)), value_text(Fraction("0.75")), value_text(64)
    ('3×5', '0.75', '64')
    """
    if isinstance(value, tuple):
        return times(value)
    return factor_text(value) if isinstance(value, (Fraction, float)) else str(value)


def combination_text(values: Mapping[str, SweptValue]) -> str:
    """Swept values in one line.

    >>> combination_text({"K": 3, "O": 64})
    'K = 3, O = 64'
    """
    return ", ".join(f"{name} = {value_text(value)}" for name, value in values.items())

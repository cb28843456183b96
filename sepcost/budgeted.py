"""Budgeted: the figures of a comparison, held against their limits as exact numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from sepcost.budget import AS_GIVEN, REDUCTION, Limit, Quantity
from sepcost.comparison import Comparison
from sepcost.figures import total_figures


class Budgeted(NamedTuple):
    """A limit, what it speaks of (a replacement's text, or ``none``), and the exact value of the figure there.

    ``line`` is where a file has the limit; None where it was typed. ``lower_bound``: the value may be higher.
    """

    limit: Limit
    replacement: str
    value: Quantity | None
    line: int | None = None
    lower_bound: bool = False

    @property
    def holds(self) -> bool:
        return self.limit.allows(self.value)


def judged(comparison: Comparison, limit: Limit, replacement: str, line: int | None = None) -> Budgeted:
    """What becomes of a limit under one of the comparison's replacements, or ``none``.

    >>> from sepcost import Conv, compare
    >>> result = compare(Conv((112, 112), 32, 64, 3))
    >>> judged(result, Limit("params", 2336), "separable").holds, judged(result, Limit("params", 2336), "none").value
    (True, 18432)
    >>> judged(result, Limit("reduction.macs", 8), "separable").value
    Fraction(576, 73)
    """
    value = _value(comparison, limit.figure, replacement)
    return Budgeted(limit, replacement, value, line, comparison.is_lower_bound and isinstance(value, int))


def _value(comparison: Comparison, figure: str, replacement: str) -> Quantity | None:
    """The figure as an exact number, where the JSON has a rounded quotient; None where there is none."""
    convention = comparison.convention
    standard = total_figures(comparison.standard, convention)
    figures = standard if replacement == AS_GIVEN else total_figures(comparison.totals[replacement], convention)
    if figure.startswith(REDUCTION):
        name = figure.removeprefix(REDUCTION)
        return _quotient(standard[name], figures[name])
    if figure == "macs_per_byte":
        return _quotient(figures["macs"] * convention.batch, figures["traffic_bytes"])
    value: int | None = figures[figure]
    return value


def _quotient(numerator: int | None, denominator: int | None) -> Fraction | None:
    return None if numerator is None or not denominator else Fraction(numerator, denominator)

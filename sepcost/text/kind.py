"""Kinds: what a number is, and so how it is read and written."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from sepcost.text.units import (
    UNITS_OF_BYTES,
    UNITS_OF_COUNTS,
    USUAL_DIGITS,
    Units,
    as_percent,
    decimal,
    exact,
    in_bytes,
    scaled,
)

if TYPE_CHECKING:
    from fractions import Fraction

    from sepcost.text.quantities import Allowance


class Kind(Enum):
    """What a column or a figure holds."""

    TEXT = "text"
    COUNT = "count"
    BYTES = "bytes"
    RATIO = "ratio"
    INTENSITY = "intensity"
    PARAMETER = "parameter"
    """What was given rather than counted: written as it is, never rounded."""
    PERCENT = "percent"

    @property
    def units(self) -> Units | None:
        """The units that a long number is written in."""
        return {Kind.COUNT: UNITS_OF_COUNTS, Kind.BYTES: UNITS_OF_BYTES}.get(self)

    @property
    def is_whole(self) -> bool:
        """Whether its numbers are whole, and exact."""
        return self in (Kind.COUNT, Kind.BYTES)

    @property
    def is_of_bytes(self) -> bool:
        """Whether its numbers depend on the dtype: bytes, or something for each byte."""
        return self in (Kind.BYTES, Kind.INTENSITY)

    @property
    def alignment(self) -> str:
        """The type of a LaTeX column: text is aligned at its left, numbers at their decimal points (siunitx)."""
        return "l" if self is Kind.TEXT else "S"

    def read(self, text: str) -> int | Fraction:
        """A bound, as people write it; raises NumberError.

        >>> Kind.COUNT.read("4.3M"), Kind.BYTES.read("17MB"), Kind.RATIO.read("8")
        (4300000, 17000000, Fraction(8, 1))
        """
        from sepcost.text.quantities import read_bytes, read_count, read_ratio  # slow to import: fractions

        return read_bytes(text) if self is Kind.BYTES else read_count(text) if self is Kind.COUNT else read_ratio(text)

    def read_growth(self, text: str) -> Allowance:
        """By how much a figure may grow, as people write it; raises NumberError.

        >>> Kind.COUNT.read_growth("2%"), Kind.COUNT.read_growth("10k")
        (Allowance(share=Fraction(1, 50), amount=0), Allowance(share=Fraction(0, 1), amount=10000))
        """
        from sepcost.text.quantities import read_allowance

        return read_allowance(text, lambda amount: int(self.read(amount)))

    def text(self, value: float, precision: int | None = None, *, rounded: bool = False) -> str:
        """A number as people read it: counts with every digit, or ``rounded`` to four; or all in ``precision`` digits.

        >>> Kind.COUNT.text(231211008), Kind.COUNT.text(231211008, rounded=True), Kind.BYTES.text(2048)
        ('231,211,008', '231.2 M', '2.000 KiB')
        """
        if self is Kind.BYTES and isinstance(value, int):
            return in_bytes(value, precision or USUAL_DIGITS)
        if isinstance(value, int):
            return scaled(value, precision or USUAL_DIGITS) if rounded or precision else exact(value)
        return as_percent(value) if self is Kind.PERCENT else decimal(value, precision)

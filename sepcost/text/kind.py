"""Kinds: what a number is, and so how it is read and written."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from sepcost.text.units import (
    UNITS_OF_BYTES,
    UNITS_OF_COUNTS,
    USUAL_DIGITS,
    NumberError,
    Units,
    as_percent,
    decimal,
    exact,
    grouped,
    in_bytes,
    in_seconds,
    in_unit,
    scaled,
    shortened,
)
from sepcost.text.wording import listed

if TYPE_CHECKING:
    from fractions import Fraction

    from sepcost.text.quantities import Allowance


class Digits(NamedTuple):
    """How people want numbers: in how many digits, in which units (how many steps up), counts ``rounded``."""

    precision: int | None = None
    powers: Mapping[Units, int] = {}
    rounded: bool = False

    @property
    def many(self) -> int:
        """How many digits a number in a unit has."""
        return self.precision or USUAL_DIGITS


EXACT = Digits()
"""Counts have every digit."""


def read_powers(text: str) -> Mapping[Units, int]:
    """The unit of all counts, or of all bytes, or both; raises NumberError.

    >>> [power for units, power in read_powers("M,KiB").items()]
    [2, 1]
    >>> read_powers("MB")
    Traceback (most recent call last):
    sepcost.text.units.NumberError: must be k, M, G, T, P or E for counts, B, KiB, MiB, GiB, TiB, PiB or EiB for \
bytes, or one of each as in "M,MiB", got MB
    """
    powers: dict[Units, int] = {}
    for name in text.split(","):
        units = next((each for each in (UNITS_OF_COUNTS, UNITS_OF_BYTES) if name and name in each.names), None)
        if units is None or units in powers:
            counts, sizes = (listed(list(filter(None, each.names)), "or") for each in (UNITS_OF_COUNTS, UNITS_OF_BYTES))
            expected = f'{counts} for counts, {sizes} for bytes, or one of each as in "M,MiB"'
            raise NumberError(f"must be {expected}, got {shortened(text)}")
        powers[units] = units.names.index(name)
    return powers


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
    SECONDS = "seconds"

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
        from sepcost.text.quantities import (  # slow to import: fractions
            read_bytes,
            read_count,
            read_ratio,
            read_seconds,
        )

        if self is Kind.SECONDS:
            return read_seconds(text)
        return read_bytes(text) if self is Kind.BYTES else read_count(text) if self is Kind.COUNT else read_ratio(text)

    def read_growth(self, text: str) -> Allowance:
        """By how much a figure may grow, as people write it; raises NumberError.

        >>> Kind.COUNT.read_growth("2%"), Kind.COUNT.read_growth("10k")
        (Allowance(share=Fraction(1, 50), amount=0), Allowance(share=Fraction(0, 1), amount=10000))
        """
        from sepcost.text.quantities import read_allowance

        return read_allowance(text, lambda amount: int(self.read(amount)) if self.is_whole else self.read(amount))

    def text(self, value: float, digits: Digits = EXACT) -> str:
        """A number as people read it: counts with every digit, unless they are rounded or have a unit.

        >>> Kind.SECONDS.text(0.00123)
        '1.23 ms'
        >>> Kind.COUNT.text(231211008), Kind.COUNT.text(231211008, Digits(rounded=True)), Kind.BYTES.text(2048)
        ('231,211,008', '231.2 M', '2.000 KiB')
        >>> Kind.COUNT.text(18432, Digits(3, read_powers("M")))
        '0.0184 M'
        """
        if self is Kind.SECONDS:
            return in_seconds(value, digits.precision)
        if not isinstance(value, int):
            return as_percent(value) if self is Kind.PERCENT else decimal(value, digits.precision)
        units = self.units
        if units is not None and units in digits.powers:
            power = digits.powers[units]
            return f"{grouped(in_unit(value, power, units, digits.many))} {units.names[power]}"
        if self is Kind.BYTES:
            return in_bytes(value, digits.many)
        return scaled(value, digits.many) if digits.rounded or digits.precision else exact(value)

"""How numbers are read and written. Nothing else in sepcost rounds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeVar

from sepcost.errors import SepcostError

if TYPE_CHECKING:
    from fractions import Fraction

T = TypeVar("T")

WHOLE = re.compile(r"0|[1-9][0-9]*", re.ASCII)
DECIMAL = re.compile(r"(0|[1-9][0-9]*)?(\.[0-9]+)?(?<=[0-9])", re.ASCII)
LONGEST = 20
"""No number that sepcost takes has more digits; int() is not asked to read longer ones."""

MOST_VALUES = 1_000_000
"""A list has no more values, so that a slip does not fill the memory."""


class NumberError(SepcostError):
    """A text is not the number that it should be."""


def read_whole(text: str) -> int:
    """A plain decimal integer: no sign, no octal, no ``1_000``, no ``3.0``.

    >>> read_whole("64")
    64
    >>> read_whole("1_0")
    Traceback (most recent call last):
    sepcost.units.NumberError: must be a whole number, got 1_0
    """
    if text[:1] == "-" and WHOLE.fullmatch(text[1:]):
        raise NumberError(f"must not be negative, got {shortened(text)}")
    if not WHOLE.fullmatch(text):
        raise NumberError(f"must be a whole number, got {shortened(text)}")
    if len(text) > LONGEST:
        raise NumberError(f"is far too large: {shortened(text)}")
    return int(text)


def read_sizes(text: str) -> tuple[int, ...]:
    """One to three whole numbers with an x between them.

    >>> read_sizes("3x5")
    (3, 5)
    """
    parts = text.replace("×", "x").split("x")
    if len(parts) > 3 or not all(map(WHOLE.fullmatch, parts)):
        raise NumberError(f"must be a whole number, or sizes such as 3x5, got {shortened(text)}")
    return tuple(map(read_whole, parts))


def read_padding(text: str) -> Literal["same"] | tuple[int, ...]:
    """``same``, or what both sides of each axis get.

    >>> read_padding("same"), read_padding("1x2")
    ('same', (1, 2))
    """
    if text == "same":
        return "same"
    if text[:1].isalpha():
        hint = " (valid is 0)" if text.lower() == "valid" else ""
        raise NumberError(f"must be same, a whole number, or sizes such as 1x2, got {shortened(text)}{hint}")
    return read_sizes(text)


def read_factor(text: str) -> Fraction:
    """A decimal such as 0.75, exactly.

    >>> read_factor("0.714")
    Fraction(357, 500)
    """
    from fractions import Fraction  # counting without a multiplier does not need it

    if not DECIMAL.fullmatch(text) or len(text) > LONGEST:
        raise NumberError(f"must be a decimal number such as 0.75, got {shortened(text)}")
    return Fraction(text)


def read_list(text: str, read: Callable[[str], T]) -> list[T]:
    """One value, or several: ``a,b,c``, in which ``from:to:step`` stands for a range that includes its end.

    >>> read_list("3,16:64:16", read_whole)
    [3, 16, 32, 48, 64]
    """
    return [read(item) for item in list_items(text)]


def list_items(text: str) -> list[str]:
    """The items of a list as they would be typed one by one.

    >>> list_items("0.25:1:0.25")
    ['0.25', '0.5', '0.75', '1']
    """
    items: list[str] = []
    for item in text.split(","):
        items += _range_items(item) if ":" in item else [item]
        if len(items) > MOST_VALUES:
            raise NumberError(f"has more than {MOST_VALUES:,} values: {shortened(text)}")
    return items


def _range_items(text: str) -> list[str]:
    ends = text.split(":")
    if len(ends) != 3 or not all(map(DECIMAL.fullmatch, ends)):
        raise NumberError(f"a range is from:to:step, such as 16:512:16, got {shortened(text)}")
    first, last, step = map(read_factor, ends)
    if not step or last < first:
        raise NumberError(f"a range goes up from its first number to its last in steps above 0, got {shortened(text)}")
    count = (last - first) // step + 1
    if count > MOST_VALUES:
        raise NumberError(f"has more than {MOST_VALUES:,} values: {shortened(text)}")
    places = max(len(end.partition(".")[2]) for end in ends)
    scale = 10**places
    numbers = range(int(first * scale), int(last * scale) + 1, int(step * scale))
    return [_with_point(number, places) for number in numbers]


def _with_point(number: int, places: int) -> str:
    """A number of units of the last decimal place, as people write it."""
    if not places:
        return str(number)
    whole, rest = divmod(number, 10**places)
    return f"{whole}.{rest:0{places}}".rstrip("0").rstrip(".")


def shortened(text: str) -> str:
    """A text as a message shows it: its two ends where it is too long, and a word where there is none.

    >>> shortened("9" * 5000)
    '9999999999…9999999999 (5,000 characters)'
    """
    return text or "nothing" if len(text) <= 60 else f"{text[:10]}…{text[-10:]} ({len(text):,} characters)"


def exact(number: int) -> str:
    """Every digit, in groups of three.

    >>> exact(231211008)
    '231,211,008'
    """
    return f"{number:,}"


def scaled(number: int) -> str:
    """Four digits and a unit: k, M, G, T, P, E.

    >>> scaled(231211008), scaled(18432), scaled(64), scaled(999_960)
    ('231.2 M', '18.43 k', '64', '1.000 M')
    """
    return with_unit(number, 1000, ("", "k", "M", "G", "T", "P", "E"))


def in_bytes(number: int) -> str:
    """Bytes in binary units.

    >>> in_bytes(73728), in_bytes(512), in_bytes(3211264)
    ('72.00 KiB', '512 B', '3.063 MiB')
    """
    return with_unit(number, 1024, ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"))


def as_ratio(value: float | None) -> str:
    """A reduction or another quotient, followed by ×; a dash for none.

    >>> as_ratio(7.890410958904109), as_ratio(0.00123), as_ratio(1234.5), as_ratio(None)
    ('7.89×', '0.00123×', '1,234×', '–')
    """
    if value is None:
        return "–"
    return f"{decimal(value)}×"


def decimal(value: float | None) -> str:
    """At least three digits, never an exponent for numbers that people meet.

    >>> decimal(14.0625), decimal(240.28), decimal(0.5)
    ('14.06', '240', '0.50')
    """
    if value is None:
        return "–"
    if value >= 99.995:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 0.0995 or value == 0 else f"{value:.3g}"


def as_percent(value: float | None) -> str:
    """Per cent to two digits behind the point where they say something; a dash for none.

    >>> as_percent(40.28662985309801), as_percent(0), as_percent(1234.5), as_percent(None)
    ('40.3 %', '0 %', '1,234 %', '–')
    """
    if value is None:
        return "–"
    places = 0 if value >= 99.95 or value == 0 else 1 if value >= 9.95 else 2
    return f"{value:,.{places}f} %"


def with_unit(number: int, step: int, units: tuple[str, ...]) -> str:
    """Four digits in the largest unit that leaves at least 1, rounded half up in integer arithmetic."""
    if number < step:
        return f"{number} {units[0]}".rstrip()
    power = 1
    while power < len(units) - 1 and _rounded(number, step**power, 0) >= step:
        power += 1
    for places, bound in ((3, 10), (2, 100), (1, 1000)):
        digits = _rounded(number, step**power, places)
        if digits < bound * 10**places:
            whole, rest = divmod(digits, 10**places)
            return f"{whole}.{rest:0{places}} {units[power]}"
    return f"{_rounded(number, step**power, 0)} {units[power]}"


def _rounded(number: int, divisor: int, places: int) -> int:
    shift: int = 10**places
    return (number * shift * 2 + divisor) // (divisor * 2)

"""How numbers are read and written. Nothing else in sepcost rounds."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from sepcost.errors import SepcostError

if TYPE_CHECKING:
    from fractions import Fraction

T = TypeVar("T")

WHOLE_DIGITS = re.compile(r"0|[1-9][0-9]*", re.ASCII)
DECIMAL = re.compile(r"(0|[1-9][0-9]*)?(\.[0-9]+)?(?<=[0-9])", re.ASCII)
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
OTHER_SIZES = re.compile(r"[(\[]? *[0-9]+(?: *[,xX*×] *[0-9]+){1,2} *[)\]]?", re.ASCII)
"""Sizes as other programs write them."""
VALID = " (valid is 0)"
DEPTHWISE = " (depthwise is as many groups as channels: write their number)"
"""What else may have been meant by a padding, or by groups."""
LONGEST_NUMBER = 20
"""No number that sepcost takes has more digits; int() is not asked to read longer ones."""
USUAL_DIGITS = 4
FLOAT_DIGITS = 15
"""A float is exact to this many digits."""
LARGEST_FLOAT = sys.float_info.max

MOST_VALUES = 1_000_000
"""A list has no more values, so that a typing mistake does not fill the memory."""
MOST_PLACES = 1_000
"""Nor has a value of a range more decimals."""


class NumberError(SepcostError):
    """A text is not the number that it should be."""


class Units(NamedTuple):
    """Names of units, each ``step`` times the one before; dividing once by a step makes ``places`` decimals at most."""

    step: int
    names: tuple[str, ...]
    places: int


UNITS_OF_COUNTS = Units(1000, ("", "k", "M", "G", "T", "P", "E"), 3)
SECONDS = (("s", 1), ("ms", 1_000), ("µs", 1_000_000))
UNITS_OF_BYTES = Units(1024, ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"), 10)


def read_whole(text: str) -> int:
    """A plain decimal integer: no sign, no octal, no ``1_000``, no ``3.0``.

    >>> read_whole("64")
    64
    >>> read_whole("1_0")
    Traceback (most recent call last):
    sepcost.text.units.NumberError: must be a whole number, got 1_0
    """
    if text[:1] == "-" and WHOLE_DIGITS.fullmatch(text[1:]):
        raise NumberError(f"must not be negative, got {shortened(text)}")
    if not WHOLE_DIGITS.fullmatch(text):
        raise NumberError(f"must be a whole number, got {shortened(text)}")
    if len(text) > LONGEST_NUMBER:
        raise NumberError(f"is far too large: {shortened(text)}")
    return int(text)


def at_least_one(text: str) -> int:
    """A whole number from 1."""
    number = read_whole(text)
    if number < 1:
        raise NumberError(f"must be at least 1, got {number}")
    return number


def read_sizes(text: str) -> tuple[int, ...]:
    """One to three whole numbers with an x between them.

    >>> read_sizes("3x5")
    (3, 5)
    """
    parts = text.replace("×", "x").split("x")
    if len(parts) > 3 or not all(map(WHOLE_DIGITS.fullmatch, parts)):
        meant = OTHER_SIZES.fullmatch(text)
        hint = f": write {'x'.join(re.findall('[0-9]+', text))}" if meant else ""
        raise NumberError(f"must be a whole number, or sizes such as 3x5, got {shortened(text)}{hint}")
    return tuple(map(read_whole, parts))


def read_padding(text: str) -> Literal["same"] | tuple[int, ...]:
    """``same``, or what both sides of each axis get.

    >>> read_padding("same"), read_padding("1x2")
    ('same', (1, 2))
    """
    if text == "same":
        return "same"
    if text[:1].isalpha():
        hint = VALID if text.lower() == "valid" else ""
        raise NumberError(f"must be same, a whole number, or sizes such as 1x2, got {shortened(text)}{hint}")
    return read_sizes(text)


def read_factor(text: str) -> Fraction:
    """A decimal such as 0.75, exactly.

    >>> read_factor("0.714")
    Fraction(357, 500)
    """
    from fractions import Fraction  # slow to import, and not needed without a multiplier

    if not DECIMAL.fullmatch(text) or len(text) > LONGEST_NUMBER:
        raise NumberError(f"must be a positive number such as 0.75, got {shortened(text)}")
    return Fraction(text)


def factor_text(value: Fraction | float) -> str:
    """A decimal with every digit that it has.

    >>> factor_text(0.1234567), factor_text(1.0)
    ('0.1234567', '1')
    """
    return f"{float(value):.15g}"


def is_number(text: str) -> bool:
    """Whether it is a number in decimal digits.

    >>> is_number("76.10"), is_number("1e5"), is_number("007")
    (True, False, False)
    """
    return NUMBER.fullmatch(text) is not None


def read_as(name: str, read: Callable[[str], T], text: str) -> T:
    """The value of a text; a SepcostError that names the option or the argument."""
    try:
        return read(text)
    except NumberError as error:
        raise SepcostError(f"{name}: {error}") from None


def read_list(text: str, read: Callable[[str], T]) -> list[T]:
    """One value, or several: ``a,b,c``, in which ``from:to:step`` and ``from:to:*factor`` are ranges up to their ends.

    >>> read_list("3,16:64:16", read_whole), read_list("8:100:*2", read_whole)
    ([3, 16, 32, 48, 64], [8, 16, 32, 64])
    """
    return [read(item) for item in dict.fromkeys(list_items(text))]


def list_items(text: str) -> list[str]:
    """The items of a list, each as it would be typed alone.

    >>> list_items("0.25:1:0.25")
    ['0.25', '0.5', '0.75', '1']
    """
    items: list[str] = []
    for item in [text] if text.startswith(("(", "[")) else text.split(","):
        items += _range_items(item.strip()) if ":" in item else [item.strip()]
        if len(items) > MOST_VALUES:
            raise NumberError(f"has more than {MOST_VALUES:,} values: {shortened(text)}")
    return items


def _range_items(text: str) -> list[str]:
    ends = text.split(":")
    grows = text.count("*") == 1 and ends[-1].startswith("*")
    ends = [*ends[:-1], ends[-1].removeprefix("*")]
    if len(ends) != 3 or not all(map(DECIMAL.fullmatch, ends)):
        forms = "from:to:step or from:to:*factor, such as 16:512:16 or 8:1024:*2"
        raise NumberError(f"a range is {forms}, got {shortened(text)}")
    if grows:
        return _growing_items(text, *ends)
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


def _growing_items(text: str, first: str, last: str, factor: str) -> list[str]:
    """The first number, and each as many times the one before as the factor says."""
    number, end, times = map(read_factor, (first, last, factor))
    if not number or times <= 1 or end < number:
        raise NumberError(f"a range by factors goes up, from above 0, by more than *1, got {shortened(text)}")
    items: list[str] = []
    places, more = (len(each.partition(".")[2]) for each in (first, factor))
    while number <= end:
        if places > MOST_PLACES:
            raise NumberError(f"has values with more than {MOST_PLACES:,} decimals: {shortened(text)}")
        items.append(_with_point(int(number * 10**places), places))
        number, places = number * times, places + more
    return items


def _with_point(number: int, places: int) -> str:
    """A number of units of the last decimal place, as people write it."""
    if not places:
        return str(number)
    whole, rest = divmod(number, 10**places)
    return f"{whole}.{rest:0{places}}".rstrip("0").rstrip(".")


def read_precision(text: str) -> int:
    """How many significant digits people want to see.

    >>> read_precision("3")
    3
    >>> read_precision("16")
    Traceback (most recent call last):
    sepcost.text.units.NumberError: must be between 1 and 15 significant digits, got 16
    """
    digits = read_whole(text)
    if not 1 <= digits <= FLOAT_DIGITS:
        raise NumberError(f"must be between 1 and {FLOAT_DIGITS} significant digits, got {digits}")
    return digits


def shortened(text: str) -> str:
    """A text as a message shows it: only its two ends if it is too long, and ``nothing`` if it is empty.

    >>> shortened("9" * 5000)
    '9999999999…9999999999 (5,000 characters)'
    """
    return text or "nothing" if len(text) <= 60 else f"{text[:10]}…{text[-10:]} ({len(text):,} characters)"


def as_text(value: T, text: Callable[[T], str] = str) -> str:
    """A value that Python code gave, for a message: Python itself writes no integer of more than 4,300 digits.

    >>> as_text(10**5000), as_text("same", repr)
    ('a number with thousands of digits', "'same'")
    """
    try:
        return shortened(text(value))
    except ValueError:
        return "a number with thousands of digits"


def exact(number: int) -> str:
    """Every digit, in groups of three.

    >>> exact(231211008)
    '231,211,008'
    """
    return f"{number:,}"


def scaled(number: int, digits: int = USUAL_DIGITS) -> str:
    """Four digits, or as many as are wanted, and a unit: k, M, G, T, P, E.

    >>> scaled(231211008), scaled(18432), scaled(64), scaled(999_960)
    ('231.2 M', '18.43 k', '64', '1.000 M')
    >>> scaled(568740352, 3), scaled(64, 1), scaled(64, 8)
    ('569 M', '60', '64')
    """
    return with_unit(number, UNITS_OF_COUNTS, digits)


def in_bytes(number: int, digits: int = USUAL_DIGITS) -> str:
    """Bytes in binary units.

    >>> in_bytes(73728), in_bytes(512), in_bytes(3211264), in_bytes(3211264, 2)
    ('72.00 KiB', '512 B', '3.063 MiB', '3.1 MiB')
    """
    return with_unit(number, UNITS_OF_BYTES, digits)


def in_seconds(value: float, digits: int | None = None) -> str:
    """Seconds in the largest unit that leaves at least 1.

    >>> in_seconds(0.0123), in_seconds(0.000045), in_seconds(75.04), in_seconds(0.0), in_seconds(0.0123456, 4)
    ('12.30 ms', '45.00 µs', '75.04 s', '0.00 µs', '12.35 ms')
    """
    unit, many = next((each for each in SECONDS if value * each[1] >= 1), SECONDS[-1])
    return f"{decimal(value * many, digits)} {unit}"


def as_ratio(value: float | None, digits: int | None = None) -> str:
    """A reduction or another quotient, followed by ×; a dash for none.

    >>> as_ratio(7.890410958904109), as_ratio(0.00123), as_ratio(1234.5), as_ratio(None)
    ('7.89×', '0.00123×', '1,234×', '–')
    """
    if value is None:
        return "–"
    return f"{decimal(value, digits)}×"


def reduction_text(value: float | None, digits: int | None = None) -> str:
    """Standard ÷ replacement; where the replacement has more, how many times as much it has.

    >>> reduction_text(7.890410958904109), reduction_text(2 / 3), reduction_text(0.9, 2), reduction_text(0)
    ('7.89×', '1.50× more', '1.1× more', '0.00×')
    """
    return as_ratio(value, digits) if not value or value >= 1 else f"{as_ratio(1 / value, digits)} more"


def decimal(value: float | Fraction | None, digits: int | None = None) -> str:
    """At least three digits, or as many as asked for; all digits of a number too large for a float; never an exponent.

    >>> decimal(14.0625), decimal(240.28), decimal(0.5)
    ('14.06', '240', '0.50')
    >>> decimal(14.0625, 2), decimal(1234.5, 3), decimal(0.5, 1)
    ('14', '1,230', '0.5')
    """
    if value is None:
        return "–"
    if value > LARGEST_FLOAT:
        return exact(round(value))
    if digits is not None:
        return grouped(_written(*_significant(*value.as_integer_ratio(), digits)))
    value = float(value)
    if value >= 99.995:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 0.0995 or value == 0 else f"{value:.3g}"


def as_percent(value: float | Fraction | None) -> str:
    """Per cent with at most two decimals; a dash for none.

    >>> as_percent(40.28662985309801), as_percent(0), as_percent(1234.5), as_percent(None)
    ('40.3 %', '0 %', '1,234 %', '–')
    >>> as_percent(99.9996)  # not all of it
    '99.99 %'
    """
    if value is None:
        return "–"
    if value > LARGEST_FLOAT:
        return f"{exact(round(value))} %"
    value = float(min(value, 99.99) if 99.95 <= value < 100 else value)
    places = 0 if value >= 100 or value == 0 else 1 if 9.95 <= value < 99.95 else 2
    return f"{value:,.{places}f} %"


def with_unit(number: int, units: Units, digits: int) -> str:
    """This many digits in the largest unit that leaves at least 1, rounded half up in integer arithmetic."""
    power = 0
    while power < len(units.names) - 1 and _reaches(units.step, number, units.step**power, digits):
        power += 1
    at_least_one = max(number, units.step**power) if power else number
    return f"{in_unit(at_least_one, power, units, digits)} {units.names[power]}".rstrip()


def in_unit(number: int, power: int, units: Units, digits: int) -> str:
    """This many digits in the unit that is ``power`` steps up, but no more than the number has.

    >>> in_unit(18432, 1, UNITS_OF_COUNTS, 4), in_unit(288, 1, UNITS_OF_COUNTS, 4), in_unit(512, 1, UNITS_OF_BYTES, 4)
    ('18.43', '0.288', '0.5000')
    """
    divisor = units.step**power
    mantissa, places = _significant(number, divisor, digits)
    most = units.places * power
    if places > most:
        mantissa, places = _rounded(number, divisor, most), most
    return _written(mantissa, places)


def common_power(numbers: Iterable[int], units: Units, digits: int) -> int:
    """The smallest unit in which no number has more than this many digits before its point.

    >>> common_power([288, 2336, 18432], UNITS_OF_COUNTS, 4), common_power([568740352, 4867293184], UNITS_OF_COUNTS, 4)
    (1, 2)
    """
    largest = max(numbers, default=0)
    powers = range(len(units.names))
    fitting = (power for power in powers if not _reaches(10**digits, largest, units.step**power, digits))
    return next(fitting, powers[-1])


def grouped(text: str) -> str:
    """A decimal number with its whole part in groups of three.

    >>> grouped("4867.5")
    '4,867.5'
    """
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}"


def _significant(number: int, divisor: int, digits: int) -> tuple[int, int]:
    """The quotient rounded half up to this many digits, as an integer and its decimal places (maybe below 0)."""
    if number == 0:
        return 0, 0
    before_point = len(str(number // divisor)) if number >= divisor else 1 - len(str((divisor - 1) // number))
    places = digits - before_point
    mantissa = _rounded(number, divisor, places)
    return (mantissa // 10, places - 1) if mantissa == 10**digits else (mantissa, places)


def _reaches(bound: int, number: int, divisor: int, digits: int) -> bool:
    """Whether the quotient, rounded to this many digits, is at least the bound."""
    mantissa, places = _significant(number, divisor, digits)
    power: int = 10 ** abs(places)
    return mantissa >= bound * power if places > 0 else mantissa * power >= bound


def _written(mantissa: int, places: int) -> str:
    if places <= 0:
        return str(mantissa * 10**-places)
    whole, rest = divmod(mantissa, 10**places)
    return f"{whole}.{rest:0{places}}"


def _rounded(number: int, divisor: int, places: int) -> int:
    number, divisor = number * 10 ** max(0, places), divisor * 10 ** max(0, -places)
    return (number * 2 + divisor) // (divisor * 2)

"""Numbers with units, as people write them in a budget: 4.3M, 17MB, 16MiB, 8×, 2%. Each is exact, or refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from fractions import Fraction
from typing import NamedTuple

from sepcost.text.units import LONGEST_NUMBER, SECONDS, UNITS_OF_BYTES, UNITS_OF_COUNTS, NumberError, shortened

QUANTITY = re.compile(r"((?:0|[1-9][0-9]*)(?:\.[0-9]+)?) ?([^0-9.,\s]*)", re.ASCII)

COUNT_UNITS: Mapping[str, int] = {name: UNITS_OF_COUNTS.step**power for power, name in enumerate(UNITS_OF_COUNTS.names)}
BYTE_UNITS: Mapping[str, int] = {
    "": 1,
    **{name: UNITS_OF_BYTES.step**power for power, name in enumerate(UNITS_OF_BYTES.names)},
    **{f"{name}B": size for name, size in COUNT_UNITS.items() if name},
}
ALLOWED_COUNTS = "4300000, 600k, 4.3M, 1.2G (k, M, G, T, P and E are powers of 1000)"
ALLOWED_BYTES = "17000000, 512KiB, 16MiB (powers of 1024), 600kB, 17MB (powers of 1000)"
MEANT: Mapping[str, str] = {
    "K": "k is 1000",
    "m": "M is a million",
    "B": "a billion is G, and bytes are for figures in bytes",
    "b": "a billion is G, and bits are not counted",
    "g": "G is a billion",
    "t": "T is 1000 G",
}
MEANT_BYTES: Mapping[str, str] = {
    "k": "kB is 1000 bytes, KiB is 1024",
    "K": "kB is 1000 bytes, KiB is 1024",
    "KB": "kB is 1000 bytes, KiB is 1024",
    "kb": "kB is 1000 bytes, KiB is 1024",
    "M": "MB is 1000² bytes, MiB is 1024²",
    "Mb": "MB is 1000² bytes, MiB is 1024²",
    "mb": "MB is 1000² bytes, MiB is 1024²",
    "G": "GB is 1000³ bytes, GiB is 1024³",
    "Gb": "GB is 1000³ bytes, GiB is 1024³",
    "gb": "GB is 1000³ bytes, GiB is 1024³",
}
"""What may have been meant, if a text can be read in two ways."""


class Allowance(NamedTuple):
    """How much a figure may grow: a share of what it was, or an amount."""

    share: Fraction = Fraction(0)
    amount: int | Fraction = 0

    def bound(self, before: int) -> Fraction:
        """The most that a figure may grow to.

        >>> Allowance(share=Fraction(2, 100)).bound(600)
        Fraction(612, 1)
        """
        return before * (1 + self.share) + self.amount


def read_count(text: str) -> int:
    """A count: a whole number, or a decimal with a unit; a fraction of one is cut off.

    >>> read_count("4.3M"), read_count("600k"), read_count("64")
    (4300000, 600000, 64)
    >>> read_count("4.3B")
    Traceback (most recent call last):
    sepcost.text.units.NumberError: must be a count such as 4300000, 600k, 4.3M, 1.2G (k, M, G, T, P and E are powers \
of 1000), got 4.3B: a billion is G, and bytes are for figures in bytes
    """
    return _whole(text, COUNT_UNITS, f"a count such as {ALLOWED_COUNTS}", MEANT)


def read_bytes(text: str) -> int:
    """A number of bytes; a number without a unit is of bytes.

    >>> read_bytes("17MB"), read_bytes("512KiB"), read_bytes("0.5 kB")
    (17000000, 524288, 500)
    >>> read_bytes("512K")
    Traceback (most recent call last):
    sepcost.text.units.NumberError: must be bytes such as 17000000, 512KiB, 16MiB (powers of 1024), 600kB, 17MB (\
powers of 1000), got 512K: kB is 1000 bytes, KiB is 1024
    """
    return _whole(text, BYTE_UNITS, f"bytes such as {ALLOWED_BYTES}", MEANT_BYTES)


def read_ratio(text: str) -> Fraction:
    """A quotient above 0, perhaps followed by ×.

    >>> read_ratio("8"), read_ratio("7.5×"), read_ratio("8x")
    (Fraction(8, 1), Fraction(15, 2), Fraction(8, 1))
    """
    match = QUANTITY.fullmatch(text)
    if match is None or match[2] not in ("", "×", "x") or len(text) > LONGEST_NUMBER or not Fraction(match[1]):
        raise NumberError(f"must be a number above 0 such as 8 or 7.5×, got {shortened(text)}")
    return Fraction(match[1])


def read_seconds(text: str) -> Fraction:
    """A time above 0, with its unit.

    >>> read_seconds("40ms"), read_seconds("1.5 s")
    (Fraction(1, 25), Fraction(3, 2))
    """
    units = {**dict(SECONDS), "us": 1_000_000}
    match = QUANTITY.fullmatch(text)
    if match is None or match[2] not in units or len(text) > LONGEST_NUMBER or not Fraction(match[1]):
        raise NumberError(f"must be a time above 0 such as 40ms, 250us or 1.5s, got {shortened(text)}")
    return Fraction(match[1]) / units[match[2]]


def read_share(text: str) -> Fraction:
    """A share of a whole, as people write it.

    >>> read_share("95%")
    Fraction(19, 20)
    """
    share = Fraction(0)
    with suppress(NumberError):
        share = read_allowance(text).share
    if not 0 < share <= 1:
        raise NumberError(f"must be above 0% and at most 100%, such as 95%, got {shortened(text)}")
    return share


def read_allowance(text: str, read: Callable[[str], int | Fraction] | None = None) -> Allowance:
    """How much may be added: per cent; or, for one figure, an amount, which ``read`` reads.

    >>> read_allowance("2%"), read_allowance("10k", read_count)
    (Allowance(share=Fraction(1, 50), amount=0), Allowance(share=Fraction(0, 1), amount=10000))
    """
    match = QUANTITY.fullmatch(text)
    if match is not None and match[2] == "%" and len(text) <= LONGEST_NUMBER:
        return Allowance(share=Fraction(match[1]) / 100)
    if read is None:
        raise NumberError(f"must be per cent such as 2%, or NAME=VALUE such as macs=2%, got {shortened(text)}")
    try:
        if match is None or not match[2]:
            raise NumberError(f"must be an amount with a unit such as 10k, got {shortened(text)}")
        return Allowance(amount=read(text))
    except NumberError as error:
        raise NumberError(str(error).replace("must be ", "must be per cent such as 2%, or ", 1)) from None


def _whole(text: str, units: Mapping[str, int], expected: str, meant: Mapping[str, str]) -> int:
    match = QUANTITY.fullmatch(text)
    if match is None or match[2] not in units or len(text) > LONGEST_NUMBER:
        hint = meant.get(match[2], "") if match else "write no commas" if "," in text else ""
        raise NumberError(f"must be {expected}, got {shortened(text)}{': ' if hint else ''}{hint}")
    number = Fraction(match[1])
    if number.denominator != 1 and units[match[2]] == 1:
        raise NumberError(f"must be a whole number, or have a larger unit, got {shortened(text)}")
    return int(number * units[match[2]])

"""Rounding against Python's own decimal arithmetic."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from sepcost.text.units import (
    UNITS_OF_BYTES,
    UNITS_OF_COUNTS,
    Units,
    common_power,
    decimal,
    in_bytes,
    in_unit,
    list_items,
    scaled,
)

NUMBERS = st.integers(0, 10**22) | st.integers(0, 10**6) | st.integers(0, 21).map(lambda power: 10**power - 1)
DIGITS = st.integers(1, 15)


def rounded(value: Decimal, digits: int) -> Decimal:
    return value.normalize(Context(prec=digits, rounding=ROUND_HALF_UP))


def as_number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


@given(NUMBERS, DIGITS, st.sampled_from([(UNITS_OF_COUNTS, scaled), (UNITS_OF_BYTES, in_bytes)]))
def test_a_number_with_its_unit_is_right_to_its_digits(number: int, digits: int, way: tuple[Units, object]) -> None:
    units, write = way
    assert callable(write)
    text, _, name = write(number, digits).partition(" ")
    power = units.names.index(name)
    with_all_digits = Context(prec=100).divide(Decimal(number), Decimal(units.step**power))
    assert as_number(text) in (rounded(with_all_digits, digits), Decimal(1))  # 1023.9 KiB is 1.0 MiB
    assert power == len(units.names) - 1 or as_number(text) < units.step
    assert power == 0 or as_number(text) >= 1


@given(NUMBERS, DIGITS, st.integers(0, 6), st.sampled_from([UNITS_OF_COUNTS, UNITS_OF_BYTES]))
def test_a_given_unit_has_the_digits_and_none_behind_the_last(
    number: int, digits: int, power: int, units: Units
) -> None:
    text = in_unit(number, power, units, digits)
    exact = Context(prec=100).divide(Decimal(number), Decimal(units.step**power))
    assert as_number(text) == rounded(exact, digits)
    assert len(text.partition(".")[2]) <= units.places * power
    assert "e" not in text.lower()


@given(st.floats(1e-9, 1e12), DIGITS)
def test_a_quotient_is_right_to_its_digits(value: float, digits: int) -> None:
    assert as_number(decimal(value, digits)) == rounded(Decimal(value), digits)


@given(st.lists(NUMBERS), st.integers(4, 15), st.sampled_from([UNITS_OF_COUNTS, UNITS_OF_BYTES]))
def test_a_common_unit_fills_no_digit_with_a_zero(numbers: list[int], digits: int, units: Units) -> None:
    power = common_power(numbers, units, digits)
    if power < len(units.names) - 1:
        assert all(as_number(in_unit(number, power, units, digits)) < 10**digits for number in numbers)
    if power:
        assert any(as_number(in_unit(number, power - 1, units, digits)) >= 10**digits for number in numbers)


@given(st.integers(1, 1000), st.integers(1, 100_000), st.sampled_from(["1.5", "2", "3", "10", "1.25"]))
def test_a_range_by_factors_has_every_power_up_to_its_end(first: int, end: int, factor: str) -> None:
    numbers, exact = [], Fraction(first)
    while exact <= first + end:
        numbers.append(exact)
        exact *= Fraction(factor)
    assert list(map(Fraction, list_items(f"{first}:{first + end}:*{factor}"))) == numbers

"""Numbers as people write them in a budget: each is exact, or refused with what may be written instead."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sepcost.count.figure import OWN, kind_of
from sepcost.text.quantities import Allowance, read_allowance, read_bytes, read_count, read_ratio
from sepcost.text.units import NumberError

COUNT = "must be a count such as 4300000, 600k, 4.3M, 1.2G (k, M, G, T, P and E are powers of 1000)"
BYTES = "must be bytes such as 17000000, 512KiB, 16MiB (powers of 1024), 600kB, 17MB (powers of 1000)"
RATIO = "must be a number above 0 such as 8 or 7.5×"
PER_CENT = "must be per cent such as 2%, or NAME=VALUE such as macs=2%"
SIZES = {"": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
NO_NUMBERS = [
    "", " ", "M", ".5M", "5.", "05", "1_000", "1 000", "1.000.000", "1e6", "1E6M", "0x10", "0b1", "-3", "−3", "+3",
    "4.3  M", " 4M", "4M ", "4M\n", "4.3\u00a0M", "4.3MM", "4.3kM", "4.3 M M", "٤M", "4.3Μ", "４M", "½", "2%", "8×",
    "~4M", "<4M", "nan", "inf", "∞", "true", "None", "4.3million", "$4M", "4'000",
]  # fmt: skip


def message(read: Callable[[str], object], text: str) -> str:
    with pytest.raises(NumberError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("64", 64),
        ("4300000", 4_300_000),
        ("600k", 600_000),
        ("4.3M", 4_300_000),
        ("4.30 M", 4_300_000),
        ("1.2G", 1_200_000_000),
        ("2T", 2 * 10**12),
        ("0.5P", 5 * 10**14),
        ("1.5E", 15 * 10**17),
        ("0.1k", 100),
        ("0.001k", 1),
        ("64.000", 64),
        ("1.0001k", 1000),
        ("1.9999k", 1999),
        ("0.0000001M", 0),
        ("0.9999999999999999k", 999),
        ("12345678901234567890", 12345678901234567890),
    ],
)
def test_a_count_is_read_exactly(text: str, count: int) -> None:
    assert read_count(text) == count


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("17000000", 17_000_000),
        ("17MB", 17_000_000),
        ("16MiB", 16 * 2**20),
        ("16 MiB", 16 * 2**20),
        ("512KiB", 2**19),
        ("600kB", 600_000),
        ("3B", 3),
        ("0.5KiB", 512),
        ("0.5kB", 500),
        ("1.5GiB", 3 * 2**29),
        ("1.2GB", 1_200_000_000),
        ("1TiB", 2**40),
        ("1TB", 10**12),
        ("1PiB", 2**50),
        ("1EiB", 2**60),
        ("1EB", 10**18),
        ("0.1KiB", 102),
        ("36.55KiB", 37_427),
        ("1.0001kB", 1000),
        ("0.0001KiB", 0),
    ],
)
def test_bytes_are_read_exactly(text: str, size: int) -> None:
    assert read_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        ("8", Fraction(8)),
        ("8×", Fraction(8)),
        ("8x", Fraction(8)),
        ("7.5 ×", Fraction(15, 2)),
        ("0.1", Fraction(1, 10)),
        ("7.890410958904109", Fraction(7890410958904109, 10**15)),
    ],
)
def test_a_ratio_is_read_exactly(text: str, ratio: Fraction) -> None:
    assert read_ratio(text) == ratio


@pytest.mark.parametrize(
    ("text", "figure", "allowance"),
    [
        ("2%", None, Allowance(share=Fraction(2, 100))),
        ("2 %", "macs", Allowance(share=Fraction(2, 100))),
        ("0.1%", "params", Allowance(share=Fraction(1, 1000))),
        ("250%", "params", Allowance(share=Fraction(5, 2))),
        ("0%", None, Allowance()),
        ("0%", "macs", Allowance()),
        ("0k", "macs", Allowance()),
        ("10k", "params", Allowance(amount=10_000)),
        ("0.01k", "params", Allowance(amount=10)),
        ("7B", "traffic_bytes", Allowance(amount=7)),
        ("16MiB", "traffic_bytes", Allowance(amount=16 * 2**20)),
    ],
)
def test_an_allowance_is_a_share_or_an_amount(text: str, figure: str | None, allowance: Allowance) -> None:
    assert (read_allowance(text) if figure is None else kind_of(figure).read_growth(text)) == allowance


@pytest.mark.parametrize("text", [*NO_NUMBERS, "17MB", "16MiB"])
def test_what_is_no_count_is_refused(text: str) -> None:
    shown = text or "nothing"
    assert message(read_count, text) == f"{COUNT}, got {shown}"


@pytest.mark.parametrize("text", [*NO_NUMBERS, "17T", "16Mib", "16mib", "16MIB", "16iB", "16kiB", "16KIB", "17MBytes"])
def test_what_is_no_number_of_bytes_is_refused(text: str) -> None:
    shown = text or "nothing"
    assert message(read_bytes, text) == f"{BYTES}, got {shown}"


@pytest.mark.parametrize("text", [*(text for text in NO_NUMBERS if text != "8×"), "0", "0.0", "8X", "7,5", "8k", "8××"])
def test_what_is_no_ratio_is_refused(text: str) -> None:
    shown = text or "nothing"
    assert message(read_ratio, text) == f"{RATIO}, got {shown}"


@pytest.mark.parametrize("text", [*(text for text in NO_NUMBERS if text != "2%"), "2", "10k", "2%%", "2percent", "2‰"])
def test_what_is_no_per_cent_is_refused(text: str) -> None:
    shown = text or "nothing"
    assert message(read_allowance, text) == f"{PER_CENT}, got {shown}"


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (read_count, "512K", f"{COUNT}, got 512K: k is 1000"),
        (read_count, "4.3m", f"{COUNT}, got 4.3m: M is a million"),
        (read_count, "4.3B", f"{COUNT}, got 4.3B: a billion is G, and bytes are for figures in bytes"),
        (read_count, "4.3b", f"{COUNT}, got 4.3b: a billion is G, and bits are not counted"),
        (read_count, "1g", f"{COUNT}, got 1g: G is a billion"),
        (read_count, "1,000", f"{COUNT}, got 1,000: write no commas"),
        (read_count, "4,3M", f"{COUNT}, got 4,3M: write no commas"),
        (read_bytes, "512K", f"{BYTES}, got 512K: kB is 1000 bytes, KiB is 1024"),
        (read_bytes, "512k", f"{BYTES}, got 512k: kB is 1000 bytes, KiB is 1024"),
        (read_bytes, "512KB", f"{BYTES}, got 512KB: kB is 1000 bytes, KiB is 1024"),
        (read_bytes, "17M", f"{BYTES}, got 17M: MB is 1000² bytes, MiB is 1024²"),
        (read_bytes, "17Mb", f"{BYTES}, got 17Mb: MB is 1000² bytes, MiB is 1024²"),
        (read_bytes, "17mb", f"{BYTES}, got 17mb: MB is 1000² bytes, MiB is 1024²"),
        (read_bytes, "1G", f"{BYTES}, got 1G: GB is 1000³ bytes, GiB is 1024³"),
        (read_bytes, "1,000", f"{BYTES}, got 1,000: write no commas"),
    ],
)
def test_what_could_be_two_numbers_is_refused_with_what_may_be_meant(
    read: Callable[[str], object], text: str, expected: str
) -> None:
    assert message(read, text) == expected


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_count, "0.5"),
        (read_count, "4.3"),
        (read_count, "64.001"),
        (read_bytes, "0.5"),
        (read_bytes, "0.5B"),
        (read_bytes, "37427.2 B"),
    ],
)
def test_what_is_no_whole_number_and_has_no_unit_is_refused(read: Callable[[str], object], text: str) -> None:
    assert message(read, text) == f"must be a whole number, or have a larger unit, got {text}"


@pytest.mark.parametrize("text", ["0", "2", "10000", "3.0", "12.5"])
def test_growth_by_a_bare_number_is_refused(text: str) -> None:
    """A per cent sign may have been forgotten."""
    expected = "must be per cent such as 2%, or "
    for figure in OWN:
        assert message(kind_of(figure).read_growth, text).startswith(expected)
    if text.isdecimal():
        assert message(kind_of("macs").read_growth, text) == (
            f"{expected}an amount with a unit such as 10k, got {text}"
        )


def test_an_amount_of_growth_is_read_by_the_figures_own_rules() -> None:
    or_per_cent = "must be per cent such as 2%, or "
    assert message(kind_of("traffic_bytes").read_growth, "17M") == (
        f"{or_per_cent}{BYTES.removeprefix('must be ')}, got 17M: MB is 1000² bytes, MiB is 1024²"
    )
    assert message(kind_of("macs").read_growth, "17MB") == (f"{or_per_cent}{COUNT.removeprefix('must be ')}, got 17MB")


@pytest.mark.parametrize(
    ("read", "unit"),
    [(read_count, ""), (read_count, "k"), (read_bytes, "MB"), (read_ratio, "×"), (read_allowance, "%")],
)
def test_the_length_of_a_number_is_bounded_and_its_message_too(read: Callable[[str], object], unit: str) -> None:
    read(f"{'9' * (20 - len(unit))}{unit}")
    assert message(read, f"{'9' * (21 - len(unit))}{unit}").endswith(f", got {'9' * (21 - len(unit))}{unit}")
    line = message(read, "9" * 100_000 + unit)
    assert line.endswith(f", got 9999999999…{'9' * (10 - len(unit))}{unit} ({100_000 + len(unit):,} characters)")
    assert len(line) < 200


@st.composite
def decimals(draw: st.DrawFn) -> str:
    """A decimal number as people write it, of at most 16 characters."""
    whole, places = draw(st.integers(0, 10**9)), draw(st.integers(0, 6))
    return f"{whole}.{draw(st.integers(0, 10**places - 1)):0{places}}" if places else str(whole)


@given(decimals(), st.sampled_from(list(SIZES)), st.sampled_from(["", " "]))
@example("0.1", "k", "")
@example("1.0001", "k", "")
def test_a_number_times_its_unit_is_exact_but_for_what_is_left_of_one(number: str, unit: str, space: str) -> None:
    exact = Decimal(number).scaleb(3 * SIZES[unit])  # moves the point alone, which is exact
    text = f"{number}{space}{unit}"
    if unit or exact == exact.to_integral_value():
        assert read_count(text) == int(exact.to_integral_value(ROUND_FLOOR))
        assert read_bytes(f"{text}B") == read_count(text)
    else:
        assert message(read_count, text) == f"must be a whole number, or have a larger unit, got {text}"
        assert message(read_bytes, f"{text}B") == f"must be a whole number, or have a larger unit, got {text}B"


@given(decimals(), st.sampled_from(["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]))
def test_binary_units_are_powers_of_1024(number: str, unit: str) -> None:
    exact = Fraction(number) * 1024 ** ("KMGTPE".index(unit[0]) + 1)
    assert read_bytes(number + unit) == floor(exact)


@given(decimals(), st.sampled_from(["kB", "KiB", "MB", "MiB"]), st.integers(0, 10**15))
def test_a_whole_number_is_at_most_a_decimal_if_it_is_at_most_what_is_read(number: str, unit: str, value: int) -> None:
    exact = Fraction(number) * (1024 if unit[1] == "i" else 1000) ** ("KM".index(unit[0].upper()) + 1)
    for near in (value, floor(exact), floor(exact) + 1):
        assert (near <= exact) == (near <= read_bytes(number + unit))


@given(decimals())
def test_ratios_and_shares_are_the_decimals_that_were_written(number: str) -> None:
    share = read_allowance(f"{number}%").share
    assert share * 100 == Fraction(Decimal(number))
    if Decimal(number):
        assert read_ratio(number) == share * 100


NEARLY = st.text("0123456789.,kKMmGgBbiTPE% ×xe-+_\n", max_size=24)


@given(NEARLY | st.text(max_size=24) | st.text(min_size=25).map(lambda text: f"9{text}"))
def test_any_text_is_a_number_or_gets_a_short_message(text: str) -> None:
    for read in (read_count, read_bytes, read_ratio, read_allowance):
        value = read_or_message(read, text)
        if isinstance(value, str):
            assert value.startswith("must ")
            assert len(value) < 250
        else:
            assert text[0] in "0123456789"
            assert text.isascii() or text[-1] == "×"
            assert isinstance(value, Allowance) or value >= 0


def read_or_message(read: Callable[[str], int | Fraction | Allowance], text: str) -> int | Fraction | Allowance | str:
    try:
        return read(text)
    except NumberError as error:
        return str(error)

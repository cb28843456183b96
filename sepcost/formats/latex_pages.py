"""What of a sheet fits a page of LaTeX's ``article``: its units, its columns, and its rows page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from math import ceil
from typing import NamedTuple

from sepcost.sheets.sheet import AT_LEAST, AtLeast, Cell, Column, Sheet, cell_text
from sepcost.text.kind import Kind
from sepcost.text.units import USUAL_DIGITS, common_power, grouped, in_unit

TEXT_WIDTH = 345
"""The lines of LaTeX's ``article``, in points; other classes have longer ones."""
SIZES = {"small": 0.93, "footnotesize": 0.86}
GAP = 8
"""Points between two columns."""
MOST_ROWS = 40
"""A float with more does not fit a page, and LaTeX would cut it."""
LAST_OF_EUROPE = 0x2E80
"""Letters from here on are written as their numbers, U+6F22."""
LONGEST_GROUP = 16
"""A longer group is broken behind its punctuation."""


class Page(NamedTuple):
    """As much of a sheet as fits a page, in the units and the type of the whole."""

    sheet: Sheet
    powers: tuple[int, ...]
    size: str
    left_out: tuple[str, ...]


class Group(NamedTuple):
    """Neighbouring columns under one name, which is broken into lines where it is long."""

    lines: list[str]
    first: int
    number: int


def groups(columns: Sequence[Column]) -> Iterator[Group]:
    """The names that stand above several columns, or above one."""
    first = 0
    for name, members in groupby(columns, key=lambda column: column.group):
        number = len(list(members))
        if name:
            broken = name.replace(":", ":\n").replace(",", ",\n") if len(name) > LONGEST_GROUP else name
            yield Group(broken.split("\n"), first, number)
        first += number


def pages(sheet: Sheet) -> Iterator[Page]:
    """The sheet in pages: totals and notes are on the last."""
    sheet, size, left_out = _fitted(sheet)
    powers = _powers(sheet)
    number = max(1, ceil(len(sheet.rows) / MOST_ROWS))
    height = ceil(len(sheet.rows) / number)
    for page in range(number):
        part = sheet._replace(rows=sheet.rows[page * height : (page + 1) * height])
        if page < number - 1:
            part = part._replace(totals=(), notes=())
        yield Page(part, powers, size, left_out)


def _fitted(sheet: Sheet) -> tuple[Sheet, str, tuple[str, ...]]:
    """The sheet without what does not fit between the margins, its type, and the headers that were left out."""
    left_out: list[str] = []
    while (size := _size(sheet)) is None:
        least = max(range(len(sheet.columns)), key=lambda number: (sheet.columns[number].optional, number))
        if not sheet.columns[least].optional:
            return sheet, [*SIZES][-1], tuple(left_out)
        left_out.insert(0, sheet.columns[least].full_header)
        sheet = sheet.without(least)
    return sheet, size, tuple(left_out)


def _size(sheet: Sheet) -> str | None:
    """The largest type in which the sheet fits between the margins."""
    powers = _powers(sheet)
    columns = range(len(sheet.columns))
    widths = [
        max(
            *(_width(line) for line in header(sheet.columns[number], powers[number])),
            *(_width(text_of(row.cells[number], sheet, number, powers[number])) for row in sheet.all_rows),
            0,
        )
        for number in columns
    ]
    for group in groups(sheet.columns):
        below = sum(widths[group.first : group.first + group.number])
        widths[group.first] += max(0, max(map(_width, group.lines)) - below)
    for size, scale in SIZES.items():
        if sum(widths) * scale + GAP * len(widths) <= TEXT_WIDTH:
            return size
    return None


def _width(text: str) -> float:
    """About as many points as the text takes in 10-point type."""
    return sum(map(_letter_width, text))


def _letter_width(letter: str) -> float:
    if letter in " ,.:;!|'()/-fijlrst":
        return 3.8
    if letter in "×÷=→mw" or letter.isupper():
        return 7.7
    if letter in "acegvxyz":
        return 4.7
    return 5 if ord(letter) < LAST_OF_EUROPE else 32


def _powers(sheet: Sheet) -> tuple[int, ...]:
    """Each column's unit; columns of one quantity share theirs, so that they can be compared."""
    quantities = [_quantity(column) for column in sheet.columns]
    powers = []
    for column, quantity in zip(sheet.columns, quantities):
        alike = [number for number, other in enumerate(quantities) if other == quantity]
        numbers = [row.cells[number] for row in sheet.all_rows for number in alike]
        counts = [number for number in numbers if isinstance(number, int)]
        digits = sheet.precision or USUAL_DIGITS
        units = column.kind.units
        powers.append(common_power(counts, units, digits) if units else 0)
    return tuple(powers)


def _quantity(column: Column) -> str:
    return "MACs" if column.kind is Kind.COUNT and re.search("MACs|FLOPs", column.header) else column.header


def text_of(cell: Cell, sheet: Sheet, number: int, power: int) -> str:
    """A cell as text: a number in its column's unit, or what every format writes."""
    units = sheet.columns[number].kind.units
    if units and isinstance(cell, int):
        sign = AT_LEAST if isinstance(cell, AtLeast) else ""
        return sign + grouped(in_unit(cell, power, units, sheet.precision or USUAL_DIGITS))
    return cell_text(cell, sheet.columns[number].kind, sheet.precision)


def header(column: Column, power: int) -> tuple[str, str, str]:
    """Two lines of words, the upper one maybe empty, and the unit."""
    words = column.header.split()
    breaks = range(1, max(2, len(words)))
    lines = [(" ".join(words[:number]), " ".join(words[number:])) for number in breaks] if len(words) > 1 else []
    upper, lower = min(lines, key=lambda pair: max(map(len, pair)), default=("", column.header))
    unit = column.kind.units.names[power] if column.kind.units else ""
    return upper, lower, f"({unit})" if unit else ""

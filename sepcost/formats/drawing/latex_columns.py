"""The columns of a sheet as LaTeX sets them: each in one unit, numbers for siunitx, and only those that fit a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from math import ceil
from typing import NamedTuple

from sepcost.count.figure import FLOPS, MACS
from sepcost.formats.drawing.layout import BREAKABLE, SHORT
from sepcost.formats.drawing.tex import by_number, tex
from sepcost.sheets.sheet import AT_LEAST, AtLeast, Cell, Column, Look, Sheet, cell_text
from sepcost.text.kind import Kind
from sepcost.text.units import common_power, grouped, in_unit

LINE_WIDTH = 340
"""The lines of LaTeX's ``article`` have 345 points, and other classes more; widths are only guessed."""
TYPE_SIZES = {"small": 0.93, "footnotesize": 0.86, "scriptsize": 0.8, "tiny": 0.68}
READABLE = ("small", "footnotesize")
"""Smaller type is only for what cannot be left out."""
GAP = 6
"""Points between two columns."""
WIDEST_TEXT = 150
"""A column with a longer text has this width, and breaks the text."""
PARAGRAPHS = r">{\raggedright\arraybackslash}p{15em}"
WIDTHS = {2.8: ".,:;!'|il", 3.8: " ()-/fjrst", 4.7: "acegvxyz", 7.7: "×÷=→≥mw"}
"""How wide they are, in points of 10-point type; all others are as wide as digits or capitals."""
NUMBER_PARTS = re.compile(r"(\D*)([\d,]+)(\.\d+)?(\D*)")
"""What is before a number, its whole part, its decimals, and what is after it."""


class TexColumn(NamedTuple):
    """A column in TeX, with its header in lines; ``width`` is about how many points it takes in 10-point type."""

    source: Column
    alignment: str
    header: Sequence[str]
    cells: Sequence[str]
    width: float


def fitted(sheet: Sheet) -> tuple[list[TexColumn], str, list[str]]:
    """The columns that fit a line, the most optional left out first; the size of their type; the headers left out."""
    columns = [_tex_column(sheet, number, power) for number, power in enumerate(_powers(sheet))]
    left_out: list[str] = []
    while True:
        width = _width(columns)
        sizes = [size for size, scale in TYPE_SIZES.items() if width * scale + GAP * len(columns) <= LINE_WIDTH] or [
            "tiny"
        ]
        least = max(range(len(columns)), key=lambda number: (columns[number].source.optional, number))
        if sizes[0] in READABLE or not columns[least].source.optional:
            return columns, sizes[0], left_out
        left_out.insert(0, columns.pop(least).source.full_header)


def groups(columns: Sequence[TexColumn]) -> Iterator[tuple[list[str], list[TexColumn]]]:
    """Neighbouring columns of one group, and its name, which is broken into lines where it is long."""
    for name, members in groupby(columns, key=lambda column: column.source.group):
        yield (BREAKABLE.sub("\\g<0>\n", name) if len(name) > SHORT else name).split("\n"), list(members)


def _tex_column(sheet: Sheet, number: int, power: int) -> TexColumn:
    column = sheet.columns[number]
    header = _header(column, power)
    texts = [_text(row.cells[number], sheet, number, power) for row in sheet.all_rows]
    cells = [_text_cell(text, row.look) for text, row in zip(texts, sheet.all_rows)]
    width = max(map(_text_width, (*header, *texts)))
    if column.kind is Kind.TEXT:
        alignment = column.kind.alignment if width <= WIDEST_TEXT else PARAGRAPHS
        return TexColumn(column, alignment, list(map(tex, header)), cells, min(width, WIDEST_TEXT))
    # A reduction is a different quantity from the numbers above it, and is not aligned with them.
    plain = [row.look is not Look.REDUCTION for row in sheet.all_rows]
    numbers = [NUMBER_PARTS.fullmatch(text) if aligned else None for text, aligned in zip(texts, plain)]
    parts = [match.groups("") for match in numbers if match] or [("", "0", "", "")]
    before, whole, decimals, after = (max(part, key=len) for part in zip(*parts))
    form = _number(before, str(len(whole.replace(",", ""))), decimals and f".{len(decimals) - 1}", after)
    return TexColumn(
        column,
        f"{column.kind.alignment}[table-format={form}]",
        list(map(_braced, map(tex, header))),
        [_number(*match.groups("")) if match else _braced(cell) for match, cell in zip(numbers, cells)],
        max(width, _text_width(before + whole + decimals + after)),
    )


def _number(before: str, whole: str, decimals: str, after: str) -> str:
    return _braced(tex(before)) + whole.replace(",", "") + decimals + _braced(tex(after))


def _braced(text: str) -> str:
    """A text that siunitx does not take for a number."""
    return f"{{{text}}}" if text else ""


def _text_cell(text: str, look: Look) -> str:
    shown = tex(text.strip())
    indent = r"\quad " if text.startswith("  ") else ""
    return indent + (rf"\textit{{{shown}}}" if shown and look is Look.REDUCTION else shown)


def _width(columns: Sequence[TexColumn]) -> float:
    """About as many points as the columns take in 10-point type, or the groups above them."""
    return sum(
        max(*map(_text_width, lines), sum(column.width for column in members)) for lines, members in groups(columns)
    )


def text_lines(text: str, width: float = WIDEST_TEXT) -> int:
    """About how many lines the text is broken into."""
    return ceil(_text_width(text) / width) or 1


def _text_width(text: str) -> float:
    """About as many points as the text takes in 10-point type."""
    return sum(map(_letter_width, text))


@cache
def _letter_width(letter: str) -> float:
    known = next((width for width, letters in WIDTHS.items() if letter in letters), 7.7 if letter.isupper() else 5)
    return 32 if by_number(letter) in tex(letter) else known


def _powers(sheet: Sheet) -> Iterator[int]:
    """Each column's unit; columns of one quantity share theirs, so that they can be compared."""
    quantities = [_quantity(column) for column in sheet.columns]
    for column, quantity in zip(sheet.columns, quantities):
        alike = [number for number, other in enumerate(quantities) if other == quantity]
        numbers = [row.cells[number] for row in sheet.all_rows for number in alike]
        counts = [number for number in numbers if isinstance(number, int)]
        units = column.kind.units
        power = sheet.digits.powers.get(units) if units else 0
        yield common_power(counts, units, sheet.digits.many) if units and power is None else power or 0


def _quantity(column: Column) -> str:
    is_macs = column.kind is Kind.COUNT and (MACS in column.header or FLOPS in column.header)
    return MACS if is_macs else column.header


def _text(cell: Cell, sheet: Sheet, number: int, power: int) -> str:
    """A cell as text: a number in its column's unit, or what every format writes."""
    units = sheet.columns[number].kind.units
    if units and isinstance(cell, int):
        sign = AT_LEAST if isinstance(cell, AtLeast) else ""
        return sign + grouped(in_unit(cell, power, units, sheet.digits.many))
    return cell_text(cell, sheet.columns[number].kind, sheet.digits)


def _header(column: Column, power: int) -> tuple[str, str, str]:
    """Two lines of words, the upper one maybe empty, and the unit."""
    *upper, lower = column.header.split(" ", 1)
    unit = column.kind.units.names[power] if column.kind.units else ""
    return "".join(upper), lower, f"({unit})" if unit else ""

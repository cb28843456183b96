"""Layout: which columns of a sheet fit a terminal, rounded or not, and in how many tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from sepcost.sheets.sheet import Sheet, cell_text
from sepcost.text.harmless import harmless
from sepcost.text.kind import Kind

COLUMN_GAP = 3
"""Between two columns."""
WORTH_ROUNDING = 3
"""Columns that are more optional than this are left out before any count is rounded."""
SHORT = 12
"""Longer groups are broken after their punctuation."""
BREAKABLE = re.compile("[:,_](?!$)")
SHORTEST_TEXT, SHORTEST_NAME = 16, 10
"""Texts are never cut shorter than this, and names only if they leave no space for numbers."""


class Page(NamedTuple):
    """Columns next to each other, and the width of each."""

    sheet: Sheet
    widths: Sequence[int]

    @property
    def width(self) -> int:
        return sum(self.widths) + COLUMN_GAP * len(self.widths)


class Layout(NamedTuple):
    """The tables that a sheet becomes, and the headers of the columns that are on none of them."""

    pages: Sequence[Page]
    rounded: bool
    left_out: Sequence[str]


def laid_out(sheet: Sheet, width: int | None) -> Layout:
    """The sheet in this width; the whole sheet if the width is None.

    First the least important columns are left out, then counts are rounded, then further columns are left out.
    What still does not fit goes on in further tables, each beginning with the names of its rows. Numbers are never
    cut: if there is no space for one, its line is longer than the terminal.
    """
    rounded = False
    left_out: list[str] = []
    while width is not None and _excess(_natural(sheet, rounded), width) > 0:
        least = max(range(len(sheet.columns)), key=lambda number: (sheet.columns[number].optional, number))
        if not rounded and sheet.columns[least].optional <= WORTH_ROUNDING:
            rounded = True
        elif sheet.columns[least].optional:
            left_out.insert(0, sheet.columns[least].full_header)
            sheet = sheet.without(least)
        else:
            return Layout(_pages(sheet, _natural(sheet, rounded), width), rounded, left_out)
    return Layout([Page(sheet, _natural(sheet, rounded))], rounded, left_out)


def header(sheet: Sheet, number: int) -> str:
    """The header of a column in lines: a group above its columns, long words below each other."""
    column = sheet.columns[number]
    text = harmless(column.header)
    if any(other.group for other in sheet.columns):
        group = harmless(column.group)
        lines = BREAKABLE.sub("\\g<0>\n", group) if len(group) > SHORT else group
        return f"{lines}\n{text}"
    return text.replace(" ", "\n", 1) if column.kind is Kind.BYTES else text


def _pages(sheet: Sheet, widths: list[int], width: int) -> list[Page]:
    names = [number for number, column in enumerate(sheet.columns) if column.names_rows] or [0]
    others = [number for number in range(len(sheet.columns)) if number not in names]
    texts = [number for number in others if sheet.columns[number].kind is Kind.TEXT]
    _cut(widths, texts, _excess(widths, width), SHORTEST_TEXT)
    if _excess(widths, width) <= 0 or not others:
        return [Page(sheet, widths)]
    widest = max(widths[number] for number in others)
    cuttable = [number for number in names if sheet.columns[number].kind is Kind.TEXT]
    _cut(widths, cuttable, _excess([widths[number] for number in names] + [widest], width), SHORTEST_NAME)
    taken = [[others[0]]]
    for number in others[1:]:
        together = [widths[other] for other in (*names, *taken[-1], number)]
        if _excess(together, width) > 0:
            taken.append([])
        taken[-1].append(number)
    pages = [sorted([*names, *page]) for page in taken]
    return [Page(sheet.only(page), [widths[number] for number in page]) for page in pages]


def _cut(widths: list[int], numbers: Sequence[int], excess: int, least: int) -> None:
    """Make the widest of these columns narrower until nothing exceeds, but none narrower than ``least``."""
    for _ in range(max(0, excess)):
        widest = max(numbers, key=lambda number: widths[number], default=None)
        if widest is None or widths[widest] <= least:
            return
        widths[widest] -= 1


def _excess(widths: Sequence[int], width: int) -> int:
    return sum(widths) + COLUMN_GAP * (len(widths) - 1) - width


def _natural(sheet: Sheet, rounded: bool) -> list[int]:
    """The width that each column needs."""
    return [
        max(
            *(cell_len(line) for line in header(sheet, number).split("\n")),
            *(
                cell_len(cell_text(row.cells[number], column.kind, sheet.digits._replace(rounded=rounded)))
                for row in sheet.all_rows
            ),
            1,
        )
        for number, column in enumerate(sheet.columns)
    ]

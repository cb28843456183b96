"""Sheets as what the templates draw: cells with their raw values, rows that belong to others, blocks of layers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from sepcost.sheets.grouping import block_names
from sepcost.sheets.sheet import LAYER, Look, Measure, Ratio, Row, Sheet, Speedup, cell_text
from sepcost.sheets.sheet import Cell as SheetCell
from sepcost.text.harmless import harmless
from sepcost.text.kind import Kind

FILTERED_FROM = 8
"""Tables with at least this number of rows have a box to filter them."""
WIDE_FROM = 28
"""Names with more characters are broken into lines."""
RENAMED = " → "
"""In the name of a layer that had another name before: it is in two blocks."""
LONG_FROM = 40
"""Tables with at least this number scroll below their headers."""


class Cell(NamedTuple):
    """A text, the number that it is of, and its classes; it ``names`` its row, and is ``many`` columns wide."""

    text: str
    value: str | None = None
    look: str = ""
    names: bool = False
    many: int = 1

    @property
    def is_wide(self) -> bool:
        return len(self.text) > WIDE_FROM


class Line(NamedTuple):
    """A row; it belongs to the last one before it of a smaller ``depth``."""

    cells: Sequence[Cell]
    look: str = ""
    depth: int = 0


class Header(NamedTuple):
    """A header, above a number of columns, and a number of lines high."""

    text: str
    is_text: bool = False
    columns: int = 1
    lines: int = 1


class Table(NamedTuple):
    """What the template draws of a sheet."""

    title: str
    headers: Sequence[Sequence[Header]]
    lines: Sequence[Line]
    totals: Sequence[Line] = ()
    notes: Sequence[str] = ()
    sorts: bool = False

    @property
    def filters(self) -> bool:
        return self.sorts and len(self.lines) >= FILTERED_FROM

    @property
    def is_long(self) -> bool:
        return len(self.lines) >= LONG_FROM


def table_of(sheet: Sheet) -> Table:
    """The table of a sheet.

    >>> from sepcost.sheets.sheet import Column
    >>> table = table_of(Sheet("net", (LAYER, Column("params")), (Row(("conv1", 18432)),)))
    >>> table.lines[0].cells[1]
    Cell(text='18,432', value='18432', look='n', names=False, many=1)
    """
    compares = any(row.look is Look.REDUCTION for row in sheet.rows)
    return Table(
        harmless(sheet.title),
        _headers(sheet),
        list(_in_blocks(sheet, _lines(sheet, sheet.rows))),
        _lines(sheet, sheet.totals),
        list(map(harmless, sheet.notes)),
        sorts=len(sheet.rows) > 1 and not compares,
    )


def raw(value: object) -> str:
    """A value as JSON writes it."""
    return json.dumps(value, ensure_ascii=False)


def _headers(sheet: Sheet) -> Sequence[Sequence[Header]]:
    """One line; or two, with a group above its columns."""
    columns = sheet.columns
    if not any(column.group for column in columns):
        return [[Header(harmless(each.header), each.kind is Kind.TEXT) for each in columns]]
    above: list[Header] = []
    below: list[Header] = []
    for group, grouped in groupby(columns, key=lambda column: column.group):
        own = [Header(harmless(each.header), each.kind is Kind.TEXT) for each in grouped]
        above += [Header(harmless(group), columns=len(own))] if group else [each._replace(lines=2) for each in own]
        below += own if group else []
    return [above, below]


def _lines(sheet: Sheet, rows: Sequence[Row]) -> list[Line]:
    """The rows; a name that is left out, since the row above has it, is written again."""
    lines = []
    names: dict[int, str] = {}
    for row in rows:
        cells, depth = [], 0
        for number, (cell, column) in enumerate(zip(row.cells, sheet.columns)):
            text = cell_text(cell, column.kind, sheet.digits)
            if column.names_rows:
                if number == 0:
                    depth = (len(text) - len(text.lstrip(" "))) // 2
                text = names[number] = text.strip(" ") or names.get(number, "")
            look = f"{'' if column.kind is Kind.TEXT else 'n'} {_tone(cell)}".strip()
            cells.append(Cell(text, _value(cell), look, column.names_rows))
        lines.append(Line(cells, "" if row.look is Look.PLAIN else row.look.value, depth))
    return lines


def _in_blocks(sheet: Sheet, lines: Sequence[Line]) -> Iterator[Line]:
    """The lines; layers whose names begin alike follow a line with that beginning."""
    number = next((number for number, column in enumerate(sheet.columns) if column == LAYER), None)
    names = [] if number is None else [line.cells[number].text for line in lines]
    blocks = block_names(names)
    if number != 0 or names == blocks or any(RENAMED in name for name in names):
        yield from lines
        return
    for block, members in groupby(zip(blocks, names, lines), key=lambda each: each[0]):
        grouped = list(members)
        if len(grouped) > 1:
            yield Line([Cell(block, names=True, many=len(sheet.columns))], "block")
        yield from (line._replace(depth=line.depth + (len(grouped) > 1)) for _, _, line in grouped)


def _value(cell: SheetCell) -> str | None:
    """The number in a cell, if it is one."""
    value = cell.value if isinstance(cell, (Ratio, Speedup, Measure)) else cell
    return None if value is None or isinstance(value, str) else raw(value)


def _tone(cell: SheetCell) -> str:
    """Whether a change is good or bad news."""
    if isinstance(cell, (Ratio, Speedup)) and cell.value is not None and cell.value != 1:
        return "good" if cell.value > 1 else "bad"
    if isinstance(cell, Measure) and cell.signed and cell.value:
        return "bad" if cell.value > 0 else "good"
    return ""

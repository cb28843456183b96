"""Sheets as tables in a terminal, drawn by Rich."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from io import StringIO

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleRenderable
from rich.style import Style
from rich.table import Table
from rich.text import Text

from sepcost.report.notes import named
from sepcost.report.sheet import Kind, Look, Measure, Ratio, Row, Sheet, cell_text
from sepcost.report.text import harmless

GAP = 3
"""Between two columns: two cells of padding, and what the box puts there."""
RULED = box.Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")
"""A rule below the header and one above the totals."""
WORTH_ROUNDING = 3
"""Columns that are more optional than this are left out before any count is rounded."""
SHORT = 12
"""Longer groups are broken behind their punctuation."""
BREAK = re.compile("[:,_](?!$)")
UNLIMITED = 100_000
"""Wider than any table, for text that nobody has to fit anywhere."""
STYLES = {
    Look.PLAIN: Style(),
    Look.PART: Style(dim=True),
    Look.KEPT: Style(dim=True),
    Look.FLAGGED: Style(color="yellow"),
    Look.REDUCTION: Style(italic=True),
}


def terminal(to_stdout: bool) -> tuple[Console, int | None]:
    """The console that people look at, and its width; no width where the text goes into a pipe or a file.

    Rich honours NO_COLOR and FORCE_COLOR.
    """
    console = Console(highlight=False, emoji=False, markup=False) if to_stdout else Console(file=StringIO())
    width = console.width if to_stdout and sys.stdout.isatty() else None
    if width is None:
        console.width = UNLIMITED
    return console, width


def draw(console: Console, width: int | None, sheets: Sequence[Sheet]) -> str:
    """Each sheet with its title above and its notes below, as text in the console's colours.

    ``width`` is the terminal's; None draws everything, however wide. Where it is not enough, columns that are
    little missed are left out, then counts are rounded to four digits, then further columns are left out; a note
    names them.
    """
    with console.capture() as capture:
        for sheet in sheets:
            for renderable in _renderables(sheet, width):
                console.print(renderable, crop=width is not None, soft_wrap=width is None)
    lines = capture.get().rstrip().split("\n")
    return "\n".join(line.rstrip(" ") for line in lines) + "\n"


def _renderables(sheet: Sheet, width: int | None) -> Iterator[ConsoleRenderable]:
    drawn, rounded, left_out = _fitted(sheet, width)
    yield Text(harmless(sheet.title), style="bold")
    for number, page in enumerate(_pages(drawn, rounded, width)):
        if number:
            yield Text()
        yield _table(page, rounded, width)
    notes = [*sheet.notes]
    if left_out:
        notes.append(f"Not shown at this width: {named(left_out)} (--format csv has everything).")
    for note in notes:
        yield Text(harmless(note), style="dim")
    yield Text()


def _fitted(sheet: Sheet, width: int | None) -> tuple[Sheet, bool, list[str]]:
    """The sheet cut down to what fits, whether its counts are rounded, and the headers that were left out."""
    if width is None:
        return sheet, False, []
    left_out: list[str] = []
    rounded = False
    while _natural_width(sheet, rounded=rounded) > width:
        least = max(range(len(sheet.columns)), key=lambda number: (sheet.columns[number].optional, number))
        if not rounded and sheet.columns[least].optional <= WORTH_ROUNDING:
            rounded = True
            continue
        if not sheet.columns[least].optional:
            break
        left_out.insert(0, sheet.columns[least].full_header)
        sheet = sheet.without(least)
    return sheet, rounded, left_out


def _pages(sheet: Sheet, rounded: bool, width: int | None) -> list[Sheet]:
    """The sheet, or where several groups do not fit, tables below each other that all begin with the first column."""
    groups = {column.group for column in sheet.columns if column.group}
    if width is None or len(groups) < 3 or _natural_width(sheet, rounded=rounded) <= width:
        return [sheet]
    widths = _column_widths(sheet, rounded=rounded)
    pages, room = [[0]], width - widths[0]
    for number in range(1, len(widths)):
        if widths[number] + GAP > room and len(pages[-1]) > 1:
            pages.append([0])
            room = width - widths[0]
        pages[-1].append(number)
        room -= widths[number] + GAP
    return [sheet.only(page) for page in pages]


def _natural_width(sheet: Sheet, *, rounded: bool) -> int:
    return sum(_column_widths(sheet, rounded=rounded)) + GAP * (len(sheet.columns) - 1)


def _column_widths(sheet: Sheet, *, rounded: bool) -> list[int]:
    return [
        max(
            *(cell_len(line) for line in _header(sheet, number).split("\n")),
            *(
                cell_len(cell_text(row.cells[number], column.kind, sheet.precision, rounded=rounded))
                for row in sheet.all_rows
            ),
            1,
        )
        for number, column in enumerate(sheet.columns)
    ]


def _final_widths(sheet: Sheet, rounded: bool, width: int | None) -> list[int]:
    """The columns' widths: where even what is left does not fit, the widest texts are cut, never a number."""
    widths = _column_widths(sheet, rounded=rounded)
    texts = [number for number, column in enumerate(sheet.columns) if column.kind is Kind.TEXT]
    excess = 0 if width is None else _natural_width(sheet, rounded=rounded) - width
    for _ in range(excess):
        widest = max(texts, key=lambda number: widths[number])
        widths[widest] = max(1, widths[widest] - 1)
    return widths


def _header(sheet: Sheet, number: int) -> str:
    """The header in lines: a group above its columns, long words below each other."""
    column = sheet.columns[number]
    header = harmless(column.header)
    if any(other.group for other in sheet.columns):
        return f"{_in_lines(harmless(column.group))}\n{header}"
    return header.replace(" ", "\n", 1) if column.kind is Kind.BYTES else header


def _in_lines(group: str) -> str:
    """A group's name, which may be a replacement with its options, in short lines."""
    return BREAK.sub(r"\g<0>\n", group) if len(group) > SHORT else group


def _table(sheet: Sheet, rounded: bool, width: int | None) -> Table:
    table = Table(box=RULED, show_edge=False, padding=(0, GAP - 1, 0, 0), pad_edge=False, header_style="bold")
    for number, (column, room) in enumerate(zip(sheet.columns, _final_widths(sheet, rounded, width))):
        table.add_column(
            Text(_header(sheet, number)),
            justify="left" if column.kind is Kind.TEXT else "right",
            vertical="bottom",
            overflow="ellipsis",
            no_wrap=True,
            width=room,
        )
    for number, row in enumerate(sheet.all_rows):
        if number == len(sheet.rows):
            table.add_section()
        cells = [
            _cell(row, position, cell_text(cell, column.kind, sheet.precision, rounded=rounded))
            for position, (cell, column) in enumerate(zip(row.cells, sheet.columns))
        ]
        bold = number >= len(sheet.rows)
        table.add_row(*cells, style=Style(bold=True) if bold else STYLES[row.look])
    return table


def _cell(row: Row, position: int, text: str) -> Text:
    cell = row.cells[position]
    if isinstance(cell, Ratio) and cell.value is not None:
        return Text(text, style="yellow" if cell.flagged else "green" if cell.value > 1 else "")
    if isinstance(cell, Measure) and cell.signed and cell.value:
        return Text(text, style="yellow" if cell.value > 0 else "green")
    return Text(text)

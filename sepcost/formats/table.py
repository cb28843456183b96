"""Tables in a terminal, drawn by Rich."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import StringIO

from rich import box
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from sepcost.formats.drawing.layout import COLUMN_GAP, Page, header, laid_out
from sepcost.formats.format import FormatOptions
from sepcost.formats.people import ForPeople, Sections
from sepcost.sheets.sheet import Look, Measure, Ratio, Row, Sheet, Speedup, cell_text
from sepcost.text.harmless import harmless
from sepcost.text.kind import Kind
from sepcost.text.wording import named

RULED = box.Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")
"""A rule below the header and one above the totals."""
UNLIMITED = 100_000
"""Wider than any table, for text without a limit on its width."""
STYLES = {
    Look.PLAIN: Style(),
    Look.PART: Style(dim=True),
    Look.KEPT: Style(dim=True),
    Look.FLAGGED: Style(color="yellow"),
    Look.REDUCTION: Style(italic=True),
}


class TerminalTable(ForPeople):
    """What a command writes unless another format is given."""

    escape = r"\x{:02x}"
    writes = ("comparisons", "difference", "judgement", "derivation", "benchmark", "fits", "replacements", "targets")
    has_problems = False

    def draw(self, sheets: Sequence[Sheet], options: FormatOptions) -> str:
        """As wide as the terminal; the whole table if there is no terminal."""
        return draw(*terminal(options.to_stdout), sheets)

    def text(self, text: str) -> str:
        """Text without control characters."""
        return harmless(text)

    def derived(self, title: str, sections: Sections, notes: Sequence[str]) -> str:
        """Steps with their equal signs below each other."""
        from sepcost.formats.drawing.derivation_text import plain_derivation

        return plain_derivation(title, sections, notes)

    def replacements(self, options: FormatOptions) -> str:
        """A paragraph each: a table would be too wide."""
        from sepcost.sheets.replacement_list import replacement_text

        return replacement_text()


FORMAT = TerminalTable()


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

    ``width`` is the terminal's; None draws everything, however wide. If it is not enough, a note names what is
    not shown (``laid_out``).
    """
    with console.capture() as capture:
        for sheet in sheets:
            _print(console, width, sheet)
    lines = capture.get().rstrip().split("\n")
    return "\n".join(line.rstrip(" ") for line in lines) + "\n"


def _print(console: Console, width: int | None, sheet: Sheet) -> None:
    layout = laid_out(sheet, width)
    unlimited = width is None
    console.print(Text(harmless(sheet.title), style="bold"), soft_wrap=unlimited)
    for number, page in enumerate(layout.pages):
        if number:
            console.print()
        usual, console.width = console.width, max(console.width, page.width)
        console.print(_table(page, layout.rounded), crop=False, soft_wrap=unlimited)
        console.width = usual
    notes = [*sheet.notes]
    if layout.left_out:
        notes.append(f"Not shown at this width: {named(layout.left_out)} (--format json has everything).")
    for note in notes:
        console.print(Text(harmless(note), style="dim"), soft_wrap=unlimited)
    console.print()


def _table(page: Page, rounded: bool) -> Table:
    sheet = page.sheet
    table = Table(box=RULED, show_edge=False, padding=(0, COLUMN_GAP - 1, 0, 0), pad_edge=False, header_style="bold")
    for number, (column, room) in enumerate(zip(sheet.columns, page.widths)):
        table.add_column(
            Text(header(sheet, number)),
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
            _cell(row, position, cell_text(cell, column.kind, sheet.digits._replace(rounded=rounded)))
            for position, (cell, column) in enumerate(zip(row.cells, sheet.columns))
        ]
        bold = number >= len(sheet.rows)
        table.add_row(*cells, style=Style(bold=True) if bold else STYLES[row.look])
    return table


def _cell(row: Row, position: int, text: str) -> Text:
    cell = row.cells[position]
    if isinstance(cell, (Ratio, Speedup)) and cell.value is not None:
        return Text(text, style="green" if cell.value > 1 else "yellow" if cell.value < 1 else "")
    if isinstance(cell, Measure) and cell.signed and cell.value:
        return Text(text, style="yellow" if cell.value > 0 else "green")
    return Text(text)

"""Markdown, as GitHub shows it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from sepcost.formats.drawing.markdown_text import escaped
from sepcost.formats.format import FormatOptions
from sepcost.formats.people import ForPeople, Sections
from sepcost.sheets.sheet import Look, Row, Sheet, cell_text
from sepcost.text.kind import Kind


class Markdown(ForPeople):
    """Headings, tables and lists of notes, as GitHub shows them; formulas are math."""

    escape = "&#{};"
    endings = (".md", ".markdown")
    writes = ("comparisons", "difference", "judgement", "derivation", "benchmark", "fits", "replacements", "targets")

    def draw(self, sheets: Sequence[Sheet], options: FormatOptions) -> str:
        """Each sheet as a heading, a table with aligned columns, and its notes."""
        return "\n".join(map(_sheet, sheets))

    def text(self, text: str) -> str:
        """Text that refers to nothing."""
        return escaped(text)

    def derived(self, title: str, sections: Sections, notes: Sequence[str]) -> str:
        """Steps as ``$…$``."""
        from sepcost.formats.drawing.derivation_text import markdown_derivation

        return markdown_derivation(title, sections, notes)


FORMAT = Markdown()


def _sheet(sheet: Sheet) -> str:
    headers = [escaped(column.full_header) for column in sheet.columns]
    rows = [_cells(sheet, row) for row in sheet.rows]
    rows += [[f"**{cell}**" if cell else cell for cell in _cells(sheet, row)] for row in sheet.totals]
    widths = [max(3, *(cell_len(line[number]) for line in [headers, *rows])) for number in range(len(headers))]
    left = [column.kind is Kind.TEXT for column in sheet.columns]
    rule = [":" + "-" * (width - 1) if is_left else "-" * (width - 1) + ":" for width, is_left in zip(widths, left)]
    lines = [_line(line, widths, left) for line in (headers, rule, *rows)]
    notes = [f"- {escaped(note)}" for note in sheet.notes]
    return "\n".join([f"### {escaped(sheet.title)}", "", *lines, "", *notes, *([""] if notes else [])])


def _cells(sheet: Sheet, row: Row) -> list[str]:
    texts = [cell_text(cell, column.kind, sheet.digits) for cell, column in zip(row.cells, sheet.columns)]
    cells = [escaped(text.strip()) for text in texts]
    if row.look in (Look.PART, Look.REDUCTION):
        cells[0] = f"– {cells[0]}"
    return cells


def _line(cells: Sequence[str], widths: Sequence[int], left: Sequence[bool]) -> str:
    padded = [
        cell + _blank(cell, width) if is_left else _blank(cell, width) + cell
        for cell, width, is_left in zip(cells, widths, left)
    ]
    return f"| {' | '.join(padded)} |"


def _blank(cell: str, width: int) -> str:
    return " " * (width - cell_len(cell))

"""Sheets as HTML tables, for notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from sepcost.sheets.sheet import Look, Row, Sheet, cell_text
from sepcost.text.harmless import harmless
from sepcost.text.kind import Kind

LOOKS = {Look.PART: "opacity:.7", Look.KEPT: "opacity:.6", Look.REDUCTION: "font-style:italic"}


def html(sheets: Sequence[Sheet]) -> str:
    """Each sheet as a table with its title as caption, and its notes."""
    return "".join(map(_sheet, sheets))


def _sheet(sheet: Sheet) -> str:
    head = "".join(_tag("th", column.full_header, column.kind) for column in sheet.columns)
    body = "".join(_rows(sheet, sheet.rows))
    foot = "".join(_rows(sheet, sheet.totals))
    notes = "".join(f"<div><small>{escape(harmless(note))}</small></div>" for note in sheet.notes)
    return (
        f"<table><caption>{escape(harmless(sheet.title))}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody><tfoot>{foot}</tfoot></table>{notes}"
    )


def _rows(sheet: Sheet, rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        cells = "".join(
            _tag("td", cell_text(cell, column.kind).replace("  ", "\u2003"), column.kind)
            for cell, column in zip(row.cells, sheet.columns)
        )
        style = f' style="{LOOKS[row.look]}"' if row.look in LOOKS else ""
        yield f"<tr{style}>{cells}</tr>"


def _tag(name: str, text: str, kind: Kind) -> str:
    align = "left" if kind is Kind.TEXT else "right"
    return f'<{name} style="text-align:{align}">{escape(text)}</{name}>'

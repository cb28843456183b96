"""Sheets as Markdown tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len

from sepcost.sheets.sheet import Look, Row, Sheet, cell_text
from sepcost.text.harmless import harmless
from sepcost.text.kind import Kind

SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$&])")
REFERENCE = re.compile(
    r"""
    @                                  # a mention, or an address of e-mail
    | \#(?=\d)                         # an issue: #1, owner/repository#1
    | \b(?:GH|GHSA|CVE)-(?=\w)         # an issue or an advisory
    | :(?=//) | \bwww(?=\.)            # an address in the web
    | :(?=[\w+-]+:)                    # an emoji
    | [0-9a-f]{6}(?=[0-9a-f])          # a commit: 7 digits and more
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What GitHub makes a link of, or tells somebody about, up to where it may be broken: its documentation, "Autolinked
references and URLs" and "Mentioning people and teams"; GFM, section 6.9. It looks for them in what Markdown has made of
the text, so a backslash does not help.
"""
BREAK = "\u200b"


def markdown(sheets: Sequence[Sheet]) -> str:
    """Each sheet as a heading, a table with aligned columns, and its notes."""
    return "\n".join(map(_sheet, sheets))


def escaped(text: str) -> str:
    r"""Text that Markdown shows as it is, and that refers to nothing: a space of no width is where it would.

    >>> print(escaped("a|b <i>"), escaped("by @me, #1"))
    a\|b \<i\> by @&#8203;me, \#&#8203;1
    """
    broken = REFERENCE.sub(rf"\g<0>{BREAK}", harmless(text))
    return SPECIAL.sub(r"\\\1", broken).replace(BREAK, f"&#{ord(BREAK)};")


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
    texts = [cell_text(cell, column.kind, sheet.precision) for cell, column in zip(row.cells, sheet.columns)]
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

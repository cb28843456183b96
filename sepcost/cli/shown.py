"""What is shown of a result, from the options of the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sepcost.cli.reading import at_least_one, read_option
from sepcost.errors import SepcostError
from sepcost.sheets.sheet import Sheet
from sepcost.sheets.view import View

MOST_ROWS = 10_000
"""Tables have no more together: nobody would read them."""
MOST_CELLS = 80_000
"""Nor more cells, where many replacements make them wide."""
INSTEAD = "use --format csv, or --top 20"


def chosen_view(
    totals: bool,
    layers: bool,
    columns: str | None,
    sort: str | None,
    ascending: bool,
    top: str | None,
    swept: tuple[str, ...],
    of_networks: bool,
) -> View:
    """The view that was asked for: a sweep shows totals unless its layers are wanted."""
    if totals and layers:
        raise SepcostError("--totals leaves out what --layers asks for: give one of them")
    if ascending and sort is None:
        raise SepcostError("--ascending needs --sort")
    chosen = None if columns is None else tuple(columns.split(","))
    first = None if top is None else min(read_option("--top", at_least_one, top), sys.maxsize)
    of_totals = totals or bool(swept and not layers)
    return View(of_totals, chosen, sort, ascending, first, swept, of_networks or of_totals).checked()


def refuse_too_many(rows: int, instead: str = INSTEAD) -> None:
    """A table that nobody would read is a slip, and would take minutes to draw."""
    if rows > MOST_ROWS:
        raise SepcostError(f"more than {MOST_ROWS:,} rows are too many for a table: {instead}")


def refuse_too_large(sheets: Sequence[Sheet], instead: str = INSTEAD, drawn: int = 0) -> int:
    """The same, of sheets that are to be drawn after so many rows; the rows that there are then."""
    rows = drawn + sum(len(sheet.all_rows) for sheet in sheets)
    refuse_too_many(rows, instead)
    if sum(len(sheet.all_rows) * len(sheet.columns) for sheet in sheets) > MOST_CELLS:
        raise SepcostError(f"more than {MOST_CELLS:,} cells are too many for a table: {instead}")
    return rows

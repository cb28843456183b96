"""What is shown of a result, from the options of the command line."""

from __future__ import annotations

from sepcost.cli.reading import at_least_one, read_option
from sepcost.errors import SepcostError
from sepcost.report.view import View

MOST_ROWS = 10_000
"""A table has no more: nobody would read them."""


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
    first = None if top is None else read_option("--top", at_least_one, top)
    of_totals = totals or bool(swept and not layers)
    return View(of_totals, chosen, sort, ascending, first, swept, of_networks or of_totals).checked()


def refuse_too_many(rows: int) -> None:
    """A table that nobody would read is a slip, and would take minutes to draw."""
    if rows > MOST_ROWS:
        raise SepcostError(f"more than {MOST_ROWS:,} rows are too many for a table: use --format csv, or --top 20")

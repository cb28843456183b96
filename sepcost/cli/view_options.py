"""What is shown of a result, from the options of the command line."""

from __future__ import annotations

import sys

from sepcost.cli.option_values import at_least_one, read_option
from sepcost.errors import SepcostError
from sepcost.sheets.view import View


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

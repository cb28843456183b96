"""The view that was asked for, on the command line or in Python."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sepcost.blocks.replacements import Replacement
from sepcost.count.sweep import Sweep
from sepcost.errors import SepcostError
from sepcost.sheets.filtering import asked_filter
from sepcost.sheets.joined import Joined
from sepcost.sheets.records import HOW_COUNTED
from sepcost.sheets.view import SUBTOTALS, Rows, View
from sepcost.tasks.replacement_texts import kinds_of_options
from sepcost.text.units import as_text, at_least_one, read_as
from sepcost.text.wording import listed

Names = str | Sequence[str] | None
"""Names with commas between them, or one by one."""


def chosen_view(
    rows: str | None,
    columns: Names,
    sort: str | None,
    top: str | int | None,
    join: str | None,
    pareto: Names,
    filters: Names,
    sweep: Sweep,
    chosen: Sequence[Replacement] | None,
    options: Sequence[str],
    *,
    of_networks: bool,
    timed: bool,
) -> View:
    """The view of a sweep, and of replacements with several ``options``: totals unless other rows are wanted."""
    swept = (*sweep.names, *(f"options.{name}" for name in options))
    shown = _rows(rows) if rows else Rows.TOTALS if swept else Rows.LAYERS
    if shown in SUBTOTALS and of_networks:
        raise SepcostError(f"--rows {shown.value} is for networks: one convolution has one row")
    if (join or pareto) and shown is not Rows.TOTALS:
        raise SepcostError(f"--{'join' if join else 'pareto'} is for rows of networks: give --rows totals")
    by = None if sort is None else sort.removeprefix("-")
    return View(
        shown,
        None if columns is None else _names(columns),
        by,
        by != sort,
        None if top is None else min(read_as("--top", at_least_one, as_text(top)), sys.maxsize),
        swept,
        of_networks or shown is Rows.TOTALS,
        None if join is None else Joined.read(join, timed=timed),
        _names(pareto),
        {name: value for name, value in sweep.fixed.items() if name not in HOW_COUNTED},
        timed,
        asked_filter([filters] if isinstance(filters, str) else filters or ()),
        {**sweep.kinds, **kinds_of_options(chosen, swept)},
    ).checked()


def _rows(name: str) -> Rows:
    names = [each.value for each in Rows]
    if name not in names:
        raise SepcostError(f"rows: must be {listed(names, 'or')}, got {as_text(name, repr)}")
    return Rows(name)


def _names(given: Names) -> tuple[str, ...]:
    return tuple(given.split(",") if isinstance(given, str) else given or ())

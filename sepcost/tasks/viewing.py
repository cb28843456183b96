"""The view that was asked for, on the command line or in Python."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from sepcost.blocks.replacements import Replacement
from sepcost.count.sweep import Sweep
from sepcost.errors import SepcostError
from sepcost.sheets.filtering import asked_filter
from sepcost.sheets.joined import Joined
from sepcost.sheets.records import HOW_COUNTED
from sepcost.sheets.view import SUBTOTALS, Rows, View
from sepcost.tasks.replacement_texts import kinds_of_options
from sepcost.text.kind import Kind
from sepcost.text.units import as_text, at_least_one, read_as
from sepcost.text.wording import listed


def chosen_view(
    rows: Rows | None,
    columns: str | None,
    sort: str | None,
    top: str | None,
    join: str | None,
    pareto: str | None,
    filters: Sequence[str] | None,
    swept: tuple[str, ...],
    *,
    of_networks: bool,
    fixed: Mapping[str, Any],
    timed: bool,
    kinds: Mapping[str, Kind],
) -> View:
    """The view that was asked for: the rows of a sweep are totals unless others are wanted."""
    by = None if sort is None else sort.removeprefix("-")
    chosen = None if columns is None else tuple(columns.split(","))
    first = None if top is None else min(read_as("--top", at_least_one, top), sys.maxsize)
    rows = rows or (Rows.TOTALS if swept else Rows.LAYERS)
    if rows in SUBTOTALS and of_networks:
        raise SepcostError(f"--rows {rows.value} is for networks: one convolution has one row")
    if (join or pareto) and rows is not Rows.TOTALS:
        raise SepcostError(f"--{'join' if join else 'pareto'} is for rows of networks: give --rows totals")
    joined = None if join is None else Joined.read(join, timed=timed)
    front = tuple(pareto.split(",")) if pareto else ()
    of_rows = of_networks or rows is Rows.TOTALS
    only = asked_filter(filters or ())
    view = View(rows, chosen, by, by != sort, first, swept, of_rows, joined, front, fixed, timed, only, kinds)
    return view.checked()


def view_in_python(
    sweep: Sweep,
    chosen: Sequence[Replacement] | None,
    options: Sequence[str],
    rows: str | None,
    columns: str | Sequence[str] | None,
    sort: str | None,
    top: int | None,
    pareto: str | Sequence[str],
    filters: str | Sequence[str],
    *,
    of_networks: bool,
    timed: bool,
) -> View:
    """The view of a sweep, and of replacements in several options, as callers in Python ask for it."""
    names = [each.value for each in Rows]
    if rows not in (None, *names):
        raise SepcostError(f"rows: must be {listed(names, 'or')}, got {as_text(rows, repr)}")
    swept = (*sweep.names, *(f"options.{name}" for name in options))
    return chosen_view(
        Rows(rows) if rows else None,
        _names(columns),
        sort,
        None if top is None else as_text(top),
        None,
        _names(pareto),
        [filters] if isinstance(filters, str) else filters,
        swept,
        of_networks=of_networks,
        fixed={name: value for name, value in sweep.fixed.items() if name not in HOW_COUNTED},
        timed=timed,
        kinds={**sweep.kinds, **kinds_of_options(chosen, swept)},
    )


def _names(given: str | Sequence[str] | None) -> str | None:
    return given if given is None or isinstance(given, str) else ",".join(given) or None

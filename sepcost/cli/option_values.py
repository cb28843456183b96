"""Options as they were typed, read by the rules of ``units``: what is wrong names its option."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from sepcost.count.sweep import Axis, Sweep
from sepcost.errors import ConventionError, SepcostError
from sepcost.layers.cost import Convention
from sepcost.sheets.filtering import asked_filter
from sepcost.sheets.joined import Joined
from sepcost.sheets.view import SUBTOTALS, Rows, View
from sepcost.tasks.convolution import read_size
from sepcost.text.kind import Kind
from sepcost.text.units import NumberError, read_as, read_list, read_whole

T = TypeVar("T")


def read_several(option: str, read: Callable[[str], T], text: str) -> list[T]:
    """The values of an option that takes a list or a range; a SepcostError that names the option."""
    return read_as(option, lambda text: read_list(text, read), text)


def at_least_one(text: str) -> int:
    """A whole number from 1."""
    number = read_whole(text)
    if number < 1:
        raise NumberError(f"must be at least 1, got {number}")
    return number


def read_convention(flops_per_mac: str, dtype: str | None, batch: str = "1") -> Convention:
    """The convention that was typed; a SepcostError that names the option."""
    numbers = read_as("--flops-per-mac", read_whole, flops_per_mac), read_as("--batch", at_least_one, batch)
    try:
        return Convention.asked(*numbers, dtype)
    except ConventionError as error:
        raise SepcostError(f"--{error.field.replace('_', '-')}: {error.reason}") from None


def multiplier_sweep(alpha: str, rho: str, resolution: str | None, batch: str) -> Sweep:
    """What else can be swept, for networks and convolutions alike; a SepcostError names the option that is wrong."""
    return Sweep(tuple(_axes(alpha, rho, resolution, batch)))


def _axes(alpha: str, rho: str, resolution: str | None, batch: str) -> Iterator[Axis]:
    for name, text in (("alpha", alpha), ("rho", rho)):
        if text != "1":
            from sepcost.network.scaling import as_factor  # needs fractions, which take their time to import

            yield Axis(name, read_several(f"--{name}", partial(as_factor, f"--{name}"), text))
    if resolution is not None:
        yield Axis("resolution", read_several("--resolution", read_size, resolution))
    if batch != "1":
        yield Axis("batch", read_several("--batch", at_least_one, batch))


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

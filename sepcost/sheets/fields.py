"""Fields: the column and the cell of a table for each name of the JSON."""

from __future__ import annotations

from typing import Any

from sepcost.count.figure import BY_NAME, MULTIPLES, REDUCED, SPEEDUP, is_reduction
from sepcost.layers.cost import Convention
from sepcost.sheets.records import Record
from sepcost.sheets.sheet import AtLeast, Cell, Column, Ratio, Speedup
from sepcost.text.kind import Kind
from sepcost.text.units import factor_text


def column_of(name: str, convention: Convention, group: str = "", optional: int = 0) -> Column:
    """The column of a name.

    >>> column_of("reduction.macs", Convention()).header, column_of("reduction.params", Convention()).header
    ('reduction', 'params reduction')
    >>> column_of("flops", Convention(flops_per_mac=2)).header
    'FLOPs = 2×MACs'
    """
    prefix, _, last = name.rpartition(".")
    figure = BY_NAME.get(last)
    if figure is None:
        return Column(last.replace("_", " "), Kind.TEXT, optional, group)
    if is_reduction(name):
        return Column(REDUCED if last == "macs" else f"{figure.header} {REDUCED}", Kind.RATIO, optional, group)
    return Column(figure.heads(convention, shortly=bool(prefix)), figure.kind, optional, group)


def cell_of(name: str, record: Record) -> Cell:
    """The value of a name in a record; the reduction of a kept layer is ``kept``."""
    value = record.get(name)
    if is_reduction(name):
        if record.get("kept"):
            return "kept"
        return Ratio(value, flagged=name == "reduction.macs" and bool(record.get("costs_more")))
    if name == SPEEDUP:
        return "kept" if record.get("kept") else Speedup.of(record)
    if type(value) not in (int, float) or name.rpartition(".")[2] not in BY_NAME:
        return text_of(value)
    return at_least(value) if record.get("lower_bound") else value


def at_least(value: Any) -> Any:
    """A figure as a lower bound; a quotient stays as it is."""
    return AtLeast(value) if isinstance(value, int) else value


def text_of(value: Any) -> Cell:
    """A value other than a figure, as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return "×".join("–" if item is None else str(item) for item in value)
    if isinstance(value, float):
        return factor_text(value)
    return value if value is None else str(value)


def reduction_of(figure: str, reductions: Record, *, flagged: bool = False) -> Cell:
    """The reduction in the column of a figure; nothing if it has none."""
    is_of_macs = MULTIPLES.get(figure, figure) == "macs"
    return Ratio(reductions[figure], flagged and is_of_macs) if figure in reductions else ""

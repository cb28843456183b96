"""Fields: what a name of the JSON is called in a table, and how its value is shown there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sepcost.layers.cost import Convention
from sepcost.sheets.records import Record
from sepcost.sheets.sheet import AtLeast, Cell, Column, Kind, Ratio
from sepcost.text.units import factor_text

HEADERS: Mapping[str, tuple[str, Kind]] = {
    "params": ("params", Kind.COUNT),
    "macs": ("MACs", Kind.COUNT),
    "activations": ("activations", Kind.COUNT),
    "weight_bytes": ("weights", Kind.BYTES),
    "activation_bytes": ("activation memory", Kind.BYTES),
    "traffic_bytes": ("traffic", Kind.BYTES),
    "macs_per_byte": ("MACs/byte", Kind.INTENSITY),
    "peak_activation_bytes": ("peak activations", Kind.BYTES),
}
REDUCED_AS = {"flops": "macs", "weight_bytes": "params", "activation_bytes": "activations"}
"""Figures that are reduced as much as another one; MACs per byte has no reduction of its own."""


def column_of(name: str, convention: Convention, group: str = "", optional: int = 0) -> Column:
    """The column of a name.

    >>> column_of("reduction.macs", Convention()).header, column_of("reduction.params", Convention()).header
    ('reduction', 'params reduction')
    >>> column_of("flops", Convention(flops_per_mac=2)).header
    'FLOPs = 2×MACs'
    """
    prefix, _, figure = name.rpartition(".")
    if prefix == "reduction":
        header = "reduction" if figure == "macs" else f"{HEADERS[figure][0]} reduction"
        return Column(header, Kind.RATIO, optional, group)
    if figure == "flops":
        header = _short_flops(convention) if prefix else convention.flops_equation
        return Column(header, Kind.COUNT, optional, group)
    header, kind = HEADERS.get(figure, (figure.replace("_", " "), Kind.TEXT))
    return Column(header, kind, optional, group)


def cell_of(name: str, record: Record) -> Cell:
    """The value of a name in a record: a layer that is kept has no reduction to speak of."""
    value = record.get(name)
    if name.startswith("reduction."):
        if record.get("kept"):
            return "kept"
        return Ratio(value, flagged=name == "reduction.macs" and bool(record.get("costs_more")))
    if type(value) not in (int, float) or name.rpartition(".")[2] not in FIGURE_NAMES:
        return text_of(value)
    return at_least(value) if record.get("lower_bound") else value


def at_least(value: Any) -> Any:
    """A figure of what has more than could be counted; a quotient stays what it is, of what was counted."""
    return AtLeast(value) if isinstance(value, int) else value


FIGURE_NAMES = {*HEADERS, "flops"}


def text_of(value: Any) -> Cell:
    """A value that is no figure, as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return "×".join("–" if item is None else str(item) for item in value)
    if isinstance(value, float):
        return factor_text(value)
    return value if value is None else str(value)


def reduction_of(figure: str, reductions: Record, *, flagged: bool = False) -> Cell:
    """The reduction in the column of a figure; nothing where it has none."""
    name = REDUCED_AS.get(figure, figure)
    return Ratio(reductions[name], flagged and name == "macs") if name in reductions else ""


def _short_flops(convention: Convention) -> str:
    return "MACs" if convention.flops_per_mac == 1 else "FLOPs"

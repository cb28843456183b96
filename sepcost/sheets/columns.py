"""Columns: the records of results by name, a column for each, straight from the arrays of many counted at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sepcost.count import figure
from sepcost.count.snapshot import Snapshot
from sepcost.sheets.records import HOW_COUNTED, Record, network_records, total_record
from sepcost.sheets.text_template import Several
from sepcost.sheets.view import View
from sepcost.text.harmless import harmless

if TYPE_CHECKING:
    from sepcost.count.integers import Array


def column_names(view: View) -> tuple[str, ...]:
    """The columns of a file: what a row is, then what it says.

    >>> from sepcost.sheets.view import Rows
    >>> column_names(View(Rows.TOTALS, columns=("macs",), swept=("K",)))
    ('network', 'K', 'replacement', 'macs')
    """
    if view.columns is not None:
        return tuple(dict.fromkeys((*view.identity, *view.columns)))
    network, *others = view.identity
    part = () if view.totals else ("part",)
    fixed = view.fixed if view.swept else ()
    names = (*view.facts, *HOW_COUNTED, *figure.in_records(view.asked), *view.own)
    about = (*fixed, "kept", "costs_more", *names)
    return tuple(dict.fromkeys((network, "source", *others, *part, *about)))


def columns(
    item: Snapshot | Several, names: Sequence[str], *, layers: bool = False, parts: bool = False
) -> dict[str, Sequence[Any]]:
    """The rows of one result, or of many counted at once, in the order of CSV: a column for each of the names.

    >>> from sepcost import sweep
    >>> [row] = sweep(H=56, C=64, K=3, O=128)
    >>> columns(row, ("macs", "replacement.macs"))
    {'macs': [231211008], 'replacement.macs': [27496448]}

    Of many, columns are NumPy arrays: of int64, float64 or bool where all values are, else of objects. One value that
    all have is a view of itself, which cannot be written to. Sizes are texts as in CSV. ``layers``: a row for each
    layer, too, and with ``parts`` one for each part of its replacements.
    """
    if isinstance(item, Snapshot):
        records = [*network_records(item, layers=layers, parts=parts)]
        return {name: [flat(record.get(name)) for record in records] for name in names}
    import numpy as np

    pieces = [*_pieces(item)]
    order = np.argsort(np.concatenate([np.zeros(0, int), *(rows for rows, _ in pieces)]))
    found: dict[str, Any] = {}
    for name in names:
        several = [_array(record.get(name), len(rows)) for rows, record in pieces]
        if len({values.dtype for values in several}) > 1:
            several = [values.astype(object) for values in several]
        if all(map(is_one_value, several)) and len({values[0] for values in several}) == 1:
            found[name] = np.broadcast_to(several[0][:1], len(order))
        else:
            found[name] = np.concatenate(several)[order] if several else []
    return found


def is_one_value(values: Any) -> bool:
    """Whether it is an array that has one value in all rows, and takes the memory of one."""
    return getattr(values, "strides", None) == (0,)


def flat(value: Any) -> Any:
    """A value of a record as one of a column: sizes are a text.

    >>> flat((3, 224, 224)), flat((64, None)), flat(64)
    ('3x224x224', '64x', 64)
    """
    if isinstance(value, (tuple, list)):
        return "x".join("" if item is None else str(item) for item in value)
    return value


def as_written(value: Any) -> Any:
    """A value of a record as CSV has it: sizes and flags are texts.

    >>> as_written((3, 3)), as_written(True), as_written(64)
    ('3x3', 'true', 64)
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return harmless(value) if isinstance(value, str) else flat(value)


def _pieces(item: Several) -> Iterator[tuple[Array, Record]]:
    """The records that many results have in common, each with the rows that it is for."""
    import numpy as np

    for places, snapshot in item.pieces:
        for number, text in enumerate(snapshot.texts):
            yield np.asarray(places) * len(snapshot.texts) + number, total_record(snapshot, text)


def _array(value: Any, count: int) -> Array:
    """A value of many rows as an array, which it may be, or have, already."""
    import numpy as np

    if hasattr(value, "array"):
        array: Array = value.array
        return array.astype(object) if array.dtype.kind == "U" else array
    small = type(value) in (bool, float) or (type(value) is int and abs(value) < 2**63)
    return np.broadcast_to(np.array([flat(value)], type(value) if small else object), count)

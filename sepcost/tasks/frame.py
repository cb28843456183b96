"""A result's records as a data frame of pandas, Polars or Arrow, made by narwhals."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, get_args

from sepcost.count.figure import kind_of
from sepcost.count.integers import LARGEST_EXACT
from sepcost.count.snapshot import Snapshot
from sepcost.errors import SepcostError, needs
from sepcost.sheets.columns import column_names, columns, flat
from sepcost.sheets.text_template import Several
from sepcost.sheets.view import View
from sepcost.text.kind import Kind
from sepcost.text.units import as_text
from sepcost.text.wording import did_you_mean, listed

if TYPE_CHECKING:
    import narwhals as nw

Backend = Literal["pandas", "polars", "pyarrow"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
USUAL = BACKENDS[:2]
"""Those that are taken without being asked for."""
NULLABLE = {int: "Int64", bool: "boolean"}
"""The types of pandas in which a value may be missing."""
TYPES = {"b": bool, "i": int, "f": float}
"""The types of NumPy's arrays."""
Columns = Mapping[str, Sequence[Any]]
Table = tuple[Sequence[str], Sequence[Mapping[str, Any]]]
"""The names of columns, and rows."""


def frame(columns: Columns, backend: Backend | None = None) -> Any:
    """Columns as a frame: whole numbers, real ones, flags or texts, where None is no value.

    >>> frame({"macs": [9, None], "kept": [None, "grouped"]}, "polars").schema
    Schema([('macs', Int64), ('kept', String)])

    A whole number beyond 64 bits is a Python object in pandas. Raises SepcostError for one in another library, and
    where the library is not there.
    """
    chosen = _chosen(backend)
    with needs("frames"):
        import narwhals as nw
    return nw.from_dict({name: _series(name, values, chosen) for name, values in columns.items()}).to_native()


def columns_of(items: Iterable[Snapshot | Several], view: View) -> Columns:
    """The rows of all of them, as CSV has them."""
    names = column_names(view)
    pieces = [columns(item, names, layers=not view.totals, parts="part" in names) for item in items]
    return {name: _joined([piece[name] for piece in pieces]) for name in names}


def columns_of_table(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Columns:
    """The columns of rows."""
    return {name: [flat(row.get(name)) for row in rows] for name in names}


def _chosen(asked: Backend | None) -> Backend:
    """The library that was asked for; else the one that is imported already, or the one that is installed."""
    if asked is None:
        there = [name for name in sorted(USUAL, key=lambda name: name not in sys.modules) if find_spec(name)]
        if not there:
            raise SepcostError(f"a frame needs pandas or Polars, and neither is installed: pip install {USUAL[0]}")
        return there[0]
    if asked not in BACKENDS:
        hint = did_you_mean(str(asked), BACKENDS)
        raise SepcostError(f"backend: must be {listed(BACKENDS, 'or')}, got {as_text(asked, repr)}{hint}")
    if not find_spec(asked):
        raise SepcostError(f"backend: {asked} is not installed: pip install {asked}")
    return asked


def _joined(pieces: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """One column of several: an array of arrays of the same type."""
    dtypes = {getattr(piece, "dtype", None) for piece in pieces}
    if len(dtypes) == 1 and None not in dtypes:
        import numpy as np

        return np.concatenate(pieces)  # type: ignore[return-value]
    return [value for piece in pieces for value in _plain(piece)]


def _plain(values: Sequence[Any]) -> list[Any]:
    """The values as Python's own."""
    return values.tolist() if hasattr(values, "tolist") else [*values]


def _series(name: str, values: Sequence[Any], backend: Backend) -> nw.Series[Any]:
    """One column, of the type that its values have: whole numbers and flags are those of pandas that may be missing."""
    import narwhals as nw

    type_, values = _typed(name, values)
    if type_ is int and not _fit(values):
        if backend != "pandas":
            raise SepcostError(f"{name}: has numbers beyond 64 bits: give backend='pandas', or take to_dict()")
        return nw.new_series(name, values, nw.Object, backend=backend)
    if backend == "pandas" and type_ in NULLABLE:
        series = nw.new_series(name, values, None if hasattr(values, "dtype") else nw.Object, backend=backend)
        return nw.from_native(series.to_native().astype(NULLABLE[type_]), series_only=True)
    types: Mapping[type, Any] = {bool: nw.Boolean, int: nw.Int64, float: nw.Float64, str: nw.String}
    return nw.new_series(name, values, types[type_], backend=backend)


def _typed(name: str, values: Sequence[Any]) -> tuple[type, Sequence[Any]]:
    """The type that all values have, and the values in it; that of the figure, where there is no value."""
    dtype = getattr(values, "dtype", None)
    if dtype is not None and dtype.kind in TYPES:
        return TYPES[dtype.kind], values
    plain = _plain(values)
    found = {*map(type, plain)} - {type(None)}
    if not found:
        kind = kind_of(name)
        return (str if kind is Kind.TEXT else int if kind.is_whole else float), plain
    type_ = float if found == {int, float} else found.pop() if len(found) == 1 else str
    return type_, [None if value is None else type_(value) for value in plain]


def _fit(values: Sequence[Any]) -> bool:
    return hasattr(values, "dtype") or all(value is None or abs(value) <= LARGEST_EXACT for value in values)

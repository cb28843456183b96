"""Columns of whole numbers, of whatever library: NumPy, pandas, Polars, Arrow; and figures as columns beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sepcost.count.integers import Array
from sepcost.errors import SepcostError, needs
from sepcost.frames.counting import refuse_taken, too_large
from sepcost.text.arguments import LARGEST
from sepcost.text.units import as_text, shortened

if TYPE_CHECKING:
    import narwhals as nw

PLAIN = (np.ndarray, list, range)
"""Columns that need no library but NumPy."""


class Column(NamedTuple):
    """Whole numbers; ``series`` is what they were given as, unless that is plain."""

    values: Array
    series: nw.Series[Any] | None = None


def column_of(name: str, given: Any) -> Column:
    """A column of whole numbers, of any type of integers. Raises SepcostError, which names the row of a gap.

    >>> column_of("C", [32, 64]).values
    array([32, 64])
    >>> column_of("C", [32, 0.5])
    Traceback (most recent call last):
    sepcost.errors.SepcostError: C: must be whole numbers, got float64 (32.0, …)
    """
    if isinstance(given, PLAIN):
        return Column(_whole(name, np.asarray(given)))
    with needs("frames"):
        import narwhals as nw
    given = _chunked(given)
    try:
        series = nw.from_native(given, series_only=True)
    except TypeError:
        what = "a whole number, a column of them (NumPy, pandas, Polars, Arrow), or a tuple with one for each axis"
        raise SepcostError(f"{name}: must be {what}, got {as_text(given, repr)}") from None
    if gaps := series.null_count():
        row = series.is_null().to_list().index(True)
        raise SepcostError(f"{name}: row {row:,} has no value ({gaps:,} in all)")
    return Column(_whole(name, series.to_numpy()), series)


def _chunked(given: Any) -> Any:
    """An array of Arrow as narwhals takes it: in chunks."""
    if type(given).__module__.partition(".")[0] == "pyarrow" and not hasattr(given, "chunks"):
        import pyarrow as pa

        return pa.chunked_array([given])
    return given


def _whole(name: str, values: Array) -> Array:
    """The values as int64."""
    if values.ndim != 1:
        raise SepcostError(f"{name}: must be a column, got an array of {values.ndim} axes: give a tuple of columns")
    if not len(values):
        return values.astype(np.int64)
    if values.dtype.kind not in "iu" and not all(type(value) is int for value in values):
        raise SepcostError(f"{name}: must be whole numbers, got {values.dtype} ({shortened(str(values[0]))}, …)")
    outside = (values < 0) | (values > LARGEST)
    if outside.any():
        row = int(outside.argmax())
        raise SepcostError(f"{name}: row {row:,} must be from 0 to {LARGEST}, got {values[row]}")
    return values.astype(np.int64)


def columns_in(table: Any) -> Mapping[str, Any]:
    """The columns of a mapping or a frame by their names."""
    if isinstance(table, Mapping):
        return table
    with needs("frames"):
        import narwhals as nw
    try:
        frame = nw.from_native(table, eager_only=True)
    except TypeError:
        what = "a frame of pandas, Polars or Arrow, or a mapping of columns"
        raise SepcostError(f"a table is {what}, got {as_text(table, repr)}") from None
    return {name: frame[name].to_native() for name in frame.columns}


def beside(table: Any, figures: Mapping[str, Array]) -> Any:
    """A table, which is a mapping or a frame, with figures as columns at its end, as a new one of its kind."""
    refuse_taken(columns_in(table), figures)
    if isinstance(table, Mapping):
        return {**table, **figures}
    import narwhals as nw

    frame = nw.from_native(table, eager_only=True)
    return frame.with_columns(*_series(figures, frame)).to_native()


def frame_of(figures: Mapping[str, Array], series: nw.Series[Any]) -> Any:
    """Figures as a frame of the library of a series, with its index where it has one."""
    frame = series.to_frame()
    return frame.with_columns(*_series(figures, frame)).select(*figures).to_native()


def rows_of(columns: Mapping[str, Column]) -> int:
    """How many rows there are, the same in each column, and so are their indexes; 1 without a column; SepcostError."""
    (first, (values, series)), *others = [*columns.items()] or [("", Column(np.zeros(1)))]
    for name, column in others:
        if len(column.values) != len(values):
            raise SepcostError(
                f"{name}: has {len(column.values):,} rows, and {first} has {len(values):,}: give as many"
            )
        if series is not None and column.series is not None and not _same_index(series, column.series):
            raise SepcostError(f"{name}: has another index than {first}: align them, or give arrays")
    return len(values)


def _same_index(one: nw.Series[Any], other: nw.Series[Any]) -> bool:
    """Whether both have the same index, if they have one, as those of pandas do."""
    if not (one.implementation.is_pandas_like() and other.implementation.is_pandas_like()):
        return True
    return bool(one.to_native().index.equals(other.to_native().index))


def _series(figures: Mapping[str, Array], frame: nw.DataFrame[Any]) -> Sequence[Any]:
    import narwhals as nw

    large = {} if frame.implementation.is_pandas_like() else too_large(figures)
    if large:
        raise SepcostError(f"row {min(large):,}: {large[min(large)]}: give NumPy arrays or pandas columns")
    return [
        nw.new_series(name, values, nw.String if name == "kept" else None, backend=frame.implementation)
        for name, values in figures.items()
    ]

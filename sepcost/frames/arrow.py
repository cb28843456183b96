"""Figures as columns of Arrow: gaps, and why, where a row has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sepcost.count.integers import LARGEST_EXACT, Array
from sepcost.errors import SepcostError, needs
from sepcost.frames.counting import refuse_taken, too_large, type_of

if TYPE_CHECKING:
    import pyarrow as pa

ERROR = "error"
"""The column that says why a row has no figures."""
TYPES = {np.int64: "int64", np.float64: "float64", np.bool_: "bool", object: "string"}
"""The types of Arrow by those of NumPy."""


def types_of(columns: Iterable[str]) -> dict[str, str]:
    """The types of these columns of figures, and of their errors, in Arrow.

    >>> types_of(["macs", "reduction.macs", "kept"])
    {'macs': 'int64', 'reduction.macs': 'float64', 'kept': 'string', 'error': 'string'}
    """
    return {name: TYPES[type_of(name)] for name in (*columns, ERROR)}


def arrow_columns(figures: Mapping[str, Array], errors: Mapping[int, str], rows: int) -> dict[str, pa.Array]:
    """The figures, and the errors by their rows; a count beyond 64 bits is an error, too."""
    with needs("frames"):
        import pyarrow as pa

    errors = {**too_large(figures), **errors}
    gaps = np.zeros(rows, bool)
    gaps[list(errors)] = True
    columns = {
        name: pa.array(
            _small(name, values, gaps), pa.type_for_alias(TYPES[type_of(name)]), mask=gaps if errors else None
        )
        for name, values in figures.items()
    }
    numbers = np.full(rows, len(errors))
    numbers[list(errors)] = np.arange(len(errors))
    return {**columns, ERROR: texts_of([*errors.values(), None], numbers)}


def texts_of(texts: Sequence[str | None], numbers: Array) -> pa.Array:
    """A column of texts by their numbers."""
    import pyarrow as pa

    if len(numbers) and (numbers == numbers[0]).all():
        return pa.repeat(pa.scalar(texts[numbers[0]], pa.string()), len(numbers))
    return pa.array(texts, pa.string()).take(pa.array(numbers))


def _small(name: str, values: Array, gaps: Array) -> Array:
    """The values as they are stored, with nothing in the gaps."""
    if values.dtype == type_of(name):
        return values
    return np.where(gaps, 0, values).astype(np.int64)


def integers_of(name: str, column: pa.Array) -> tuple[Array, Array]:
    """A column of integers as int64, and the rows that have no value; raises SepcostError for another type."""
    import pyarrow as pa

    if not pa.types.is_integer(column.type):
        raise SepcostError(f"{name}: must be whole numbers, got {column.type}")
    values = column.fill_null(1).to_numpy(zero_copy_only=False)
    gaps = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
    return np.minimum(values, values.dtype.type(min(LARGEST_EXACT, np.iinfo(values.dtype).max))).astype(np.int64), gaps


def batch_of(own: Mapping[str, pa.Array], figures: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """The columns that a batch has, and figures behind them; raises SepcostError where a name is taken."""
    import pyarrow as pa

    refuse_taken(own, figures)
    return pa.RecordBatch.from_arrays([*own.values(), *figures.values()], names=[*own, *figures])


def columns_of(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    """The columns of a batch by their names."""
    return dict(zip(batch.schema.names, batch.columns))

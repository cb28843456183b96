"""Costs of many convolutions: columns of their numbers in, columns of figures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sepcost.errors import SepcostError
from sepcost.frames.columns import PLAIN, Column, beside, column_of, columns_in, frame_of, rows_of
from sepcost.frames.counting import counter_of
from sepcost.layers.conv import Norm
from sepcost.tasks.convolution import READERS
from sepcost.tasks.python_words import in_python_words
from sepcost.tasks.replacement_texts import AnyReplacement
from sepcost.text.units import read_as
from sepcost.text.wording import did_you_mean, listed

if TYPE_CHECKING:
    from sepcost.sources.source import AnyDtype


@in_python_words()
def costs(
    table: Any = None,
    /,
    *,
    columns: Sequence[str] | None = None,
    replacement: AnyReplacement | None = "separable",
    bias: bool = False,
    norm: Norm = "none",
    transposed: bool = False,
    flops_per_mac: int = 1,
    batch: int = 1,
    dtype: AnyDtype = None,
    **numbers: Any,
) -> Any:
    """The costs of a convolution in every row: exact, and many rows at once.

    >>> import numpy as np
    >>> costs(H=56, C=64, K=3, O=np.array([64, 128]), columns=["macs", "reduction.macs"])
    {'macs': array([115605504, 231211008]), 'reduction.macs': array([7.89041096, 8.40875912])}

    The numbers of a convolution are H, W, size, C, K, O, stride, padding, output_padding, dilation and groups; without
    H and size it is counted per position. Each is one number for all rows, or a column of any type of integers: a NumPy
    array, a list, a column of pandas or Polars, an array of Arrow. A tuple has one of either for each axis:
    ``K=(3, widths)``. What comes out is of the kind that went in: a dict of arrays, or a frame.
    Of numbers alone it is a dict of numbers.

    A ``table`` (a frame, or a mapping) gives the columns that have such names. The result has its own columns first:

    >>> costs({"C": [32, 64], "name": ["a", "b"]}, K=3, O=64, columns=["params"])
    {'C': [32, 64], 'name': ['a', 'b'], 'params': array([18432, 36864])}

    ``columns`` are names of figures as in ``docs/json.md``, ``kept`` and ``costs_more``: fewer are counted faster.
    Whole numbers are int64, or Python's own (objects) in NumPy and pandas where one is larger. The rest is as
    ``compare`` takes it. Raises SepcostError, which names the first row, from 0, that is no convolution.
    """
    given = {name: value for name, value in numbers.items() if value is not None}
    refuse_unknown(given)
    if table is not None:
        given = {**given, **_columns_of(table, given)}
    counter = counter_of(
        given, columns=columns, replacement=replacement, bias=bias, norm=norm, transposed=transposed,
        flops_per_mac=flops_per_mac, batch=batch, dtype=dtype,
    )  # fmt: skip
    read = dict(_read(given))
    of_rows = {name: column for name, column in read.items() if isinstance(column, Column)}
    rows = rows_of(of_rows)
    arrays = {name: value.values if isinstance(value, Column) else value for name, value in read.items()}
    figures, bad = counter(arrays, rows)
    if bad:
        raise SepcostError(
            f"row {bad[0]:,}: {counter.reason(arrays, bad[0])}" if of_rows else counter.reason(arrays, 0)
        )
    if table is not None:
        return beside(table, figures)
    series = next((column.series for column in of_rows.values() if column.series is not None), None)
    if series is not None:
        return frame_of(figures, series)
    return figures if of_rows else {name: array.item() for name, array in figures.items()}


def refuse_unknown(names: Mapping[str, Any]) -> None:
    """A SepcostError for the first name that no number of a convolution has."""
    for name in names:
        if name not in READERS:
            hint = did_you_mean(name, [*READERS, "columns", "replacement"])
            raise SepcostError(f"no number of a convolution is called {name!r}{hint}")


def _columns_of(table: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a table that are numbers of a convolution."""
    found = {name: column for name, column in columns_in(table).items() if name in READERS}
    if twice := [name for name in found if name in given]:
        raise SepcostError(f"{listed(twice)}: the table has such a column: leave out the argument, or the column")
    return found


def _read(given: Mapping[str, Any]) -> Any:
    """Each number or column by its name; those of a tuple by the name and the axis."""
    for name, value in given.items():
        if isinstance(value, tuple):
            yield from ((f"{name}.{axis}", _number(f"{name}[{axis}]", each)) for axis, each in enumerate(value))
        elif isinstance(value, str):
            yield name, read_as(name, READERS[name], value)
        else:
            yield name, _number(name, value)


def _number(name: str, value: Any) -> Any:
    if not isinstance(value, (*PLAIN, bool)) and hasattr(value, "__index__"):
        return int(value)
    return column_of(name, value)

"""Batches of Arrow: convolutions in, their costs beside them out, on whatever runs functions on batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sepcost.frames.arrow import arrow_columns, batch_of, columns_of, integers_of
from sepcost.frames.counting import counter_of
from sepcost.tasks.convolution import READERS
from sepcost.text.units import read_as

if TYPE_CHECKING:
    import pyarrow as pa


def cost_batches(batches: Iterable[pa.RecordBatch], **asked: Any) -> Iterator[pa.RecordBatch]:
    """Each batch with the costs of its rows' convolutions behind its own columns, as it comes.

    >>> import pyarrow as pa
    >>> batch = pa.RecordBatch.from_pydict({"C": [64, 64], "O": [128, 0]})
    >>> for costed in cost_batches([batch], K=3, columns=["params"]):
    ...     print(costed.to_pylist()[0])
    ...     print(costed.to_pylist()[1]["error"])
    {'C': 64, 'O': 128, 'params': 73728, 'error': None}
    out_channels: must be at least 1, got 0

    ``asked`` are the arguments of ``costs``: numbers that are the same in all rows, and ``columns``, ``replacement``
    and so on. A row that is no convolution, that has a gap, or a count beyond 64 bits, has an ``error`` and no figures.
    The function is pure and can be pickled (``functools.partial`` gives it its arguments), and needs numpy and pyarrow
    alone: for ``DataFrame.mapInArrow`` of Spark, record batches of DuckDB, Polars and Ray. Raises SepcostError for
    arguments that are wrong.
    """
    fixed = {name: _read(name, asked.pop(name)) for name in [*asked] if name in READERS}
    for batch in batches:
        columns = columns_of(batch)
        found = {name: integers_of(name, column) for name, column in columns.items() if name in READERS}
        numbers = {**fixed, **{name: values for name, (values, _) in found.items()}}
        known = {row: f"{name} has no value" for name, (_, gaps) in found.items() for row in gaps.tolist()}
        counter = counter_of(numbers, **asked)
        figures, bad = counter(numbers, batch.num_rows)
        errors = {row: counter.reason(numbers, row) for row in bad if row not in known}
        yield batch_of(columns, arrow_columns(figures, {**errors, **known}, batch.num_rows))


def _read(name: str, value: Any) -> Any:
    return read_as(name, READERS[name], value) if isinstance(value, str) else value

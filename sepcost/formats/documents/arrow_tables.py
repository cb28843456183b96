"""Rows as tables of Arrow: the columns of CSV with their types, many rows at once, for formats that are bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sepcost.count.contract import SCHEMA_VERSION, head
from sepcost.errors import SepcostError, needs
from sepcost.formats.format import Comparisons, FormatOptions
from sepcost.sheets.columns import column_names, columns, is_one_value
from sepcost.sheets.view import View
from sepcost.text.kind import Kind

if TYPE_CHECKING:
    import pyarrow as pa
    from typing_extensions import Buffer

ROWS = 2**16
"""A table has about as many rows: of Parquet it is a row group."""
UNITS = {Kind.BYTES: "byte", Kind.SECONDS: "s", Kind.PERCENT: "%", Kind.INTENSITY: "MAC/byte"}
"""The units of columns that are no plain numbers."""
TRUTHS = ("costs_more", "bias", "transposed", "ceil_mode", "global", "shared")
WHOLE_FACTS = ("groups", "start", "times", "layers")
"""Facts of layers that are no texts."""


class Sink(io.RawIOBase):
    """A file whose bytes are taken as they come."""

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def write(self, data: Buffer, /) -> int:
        """Keep the bytes."""
        self._written.append(bytes(data))
        self._size += len(self._written[-1])
        return len(self._written[-1])

    def tell(self) -> int:
        """How many bytes there were, with those that are taken."""
        return self._size

    def taken(self) -> bytes:
        """The bytes since the last time."""
        taken, self._written = b"".join(self._written), []
        return taken


def packed(
    comparisons: Comparisons, options: FormatOptions, opened: Callable[[Sink, pa.Schema], Any]
) -> Iterator[bytes]:
    """The file in pieces, as a writer of pyarrow writes it that is opened with a schema; nothing for no comparison."""
    sink, writer = Sink(), None
    for table in tables(comparisons, options):
        writer = writer or opened(sink, table.schema)
        writer.write_table(table)
        yield sink.taken()
    if writer is not None:
        writer.close()
        yield sink.taken()


def tables(comparisons: Comparisons, options: FormatOptions) -> Iterator[pa.Table]:
    """The rows in tables of one schema. Raises SepcostError for a count beyond 64 bits."""
    with needs("frames"):
        import pyarrow as pa

    view = options.view or View()
    names = column_names(view)
    fields = [_field(name, view) for name in names]
    schema = pa.schema(fields, {"sepcost": json.dumps(head(SCHEMA_VERSION, options.convention))})
    batches: list[pa.RecordBatch] = []
    rows = 0
    for item in comparisons:
        found = columns(item, names, layers=not view.totals, parts="part" in names)
        arrays = [_array(field, found[field.name]) for field in fields]
        batches.append(pa.record_batch(arrays, schema=schema))
        rows += len(arrays[0])
        if rows >= ROWS:
            yield pa.Table.from_batches(batches).combine_chunks()
            batches, rows = [], 0
    if rows:
        yield pa.Table.from_batches(batches).combine_chunks()


def _field(name: str, view: View) -> pa.Field:
    """The column of a name: its type, and its unit."""
    import pyarrow as pa

    kind = Kind.TEXT if name in view.facts else view.kind_of(name)
    if name in TRUTHS:
        type_ = pa.bool_()
    elif kind.is_whole or (name in view.facts and name in WHOLE_FACTS):
        type_ = pa.int64()
    else:
        type_ = pa.string() if kind is Kind.TEXT else pa.float64()
    return pa.field(name, type_, metadata={"unit": UNITS[kind]} if kind in UNITS else None)


def _array(field: pa.Field, values: Sequence[Any]) -> pa.Array:
    """The values in the type of their column."""
    import pyarrow as pa

    if pa.types.is_string(field.type):
        return _texts(values)
    if pa.types.is_floating(field.type) and isinstance(values, list):  # of one's own, numbers are texts
        values = [float(value) if isinstance(value, str) else value for value in values]
    try:
        return pa.array(values, field.type)
    except (OverflowError, pa.ArrowInvalid):
        large = max((value for value in values if value is not None), key=abs)
        message = f"{field.name}: {large:,} is beyond 64 bits, and too large for a column: use --format csv or json"
        raise SepcostError(message) from None


def _texts(values: Sequence[Any]) -> pa.Array:
    """The texts of values, as CSV has them; one that all have is made once."""
    import pyarrow as pa

    if is_one_value(values):
        return pa.repeat(_texts([values[0]])[0], len(values))
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):  # numbers are among them
        texts = {value: str(value).lower() if isinstance(value, bool) else str(value) for value in set(values)}
        return pa.array(map({**texts, None: None}.__getitem__, values), pa.string())

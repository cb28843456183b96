"""Parquet: the rows of CSV with their types, in row groups, for pandas, Polars, DuckDB and Spark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sepcost.formats.documents.arrow_tables import Sink, packed
from sepcost.formats.format import Comparisons, Format, FormatOptions

if TYPE_CHECKING:
    import pyarrow as pa


class Parquet(Format):
    """Compressed columns; needs pyarrow (extra ``frames``)."""

    endings = (".parquet",)
    is_binary = True
    at_once = True
    writes = ("comparisons",)

    def comparisons(self, comparisons: Comparisons, options: FormatOptions) -> Iterator[bytes]:
        """The file in pieces, a row group each; nothing for no comparison."""
        return packed(comparisons, options, _opened)


FORMAT = Parquet()


def _opened(sink: Sink, schema: pa.Schema) -> Any:
    """A writer: counts as differences to the ones before, for they grow step by step; texts by number."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    counts = {field.name: "DELTA_BINARY_PACKED" for field in schema if pa.types.is_integer(field.type)}
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    return ParquetWriter(sink, schema, compression="zstd", use_dictionary=texts, column_encoding=counts)

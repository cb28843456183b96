"""Arrow: the rows of CSV with their types, as a file of record batches (also called Feather)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sepcost.formats.documents.arrow_tables import Sink, packed
from sepcost.formats.format import Comparisons, Format, FormatOptions

if TYPE_CHECKING:
    import pyarrow as pa


class Arrow(Format):
    """Columns that are used as they lie in memory; needs pyarrow (extra ``frames``)."""

    endings = (".arrow", ".feather")
    is_binary = True
    at_once = True
    writes = ("comparisons",)

    def comparisons(self, comparisons: Comparisons, options: FormatOptions) -> Iterator[bytes]:
        """The file in pieces, a record batch each; nothing for no comparison."""
        return packed(comparisons, options, _opened)


FORMAT = Arrow()


def _opened(sink: Sink, schema: pa.Schema) -> Any:
    from pyarrow.ipc import new_file

    return new_file(sink, schema)

"""Networks as texts in a column of Arrow: their totals, or why one cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sepcost.count.figure import in_records
from sepcost.count.integers import LARGEST_EXACT
from sepcost.errors import SepcostError
from sepcost.frames.arrow import ERROR, batch_of, columns_of, types_of
from sepcost.frames.counting import known_columns
from sepcost.sheets.records import total_record
from sepcost.sources.source import YamlText
from sepcost.tasks.sweep import sweep

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]


def network_batches(
    batches: Iterable[pa.RecordBatch], *, text: str = "text", columns: Sequence[str] | None = None, **asked: Any
) -> Iterator[pa.RecordBatch]:
    """For each text of a column, the totals of its networks: a row for each and each replacement, behind its own.

    >>> import pyarrow as pa
    >>> batch = pa.RecordBatch.from_pydict({"text": ["[{H: 8, C: 3, K: 3, O: 8}]", "[{H: 8, C: 3, K: 0, O: 8}]"]})
    >>> good, bad = next(network_batches([batch], columns=["macs"])).to_pylist()
    >>> good["macs"], good["replacement"], bad["macs"], bad["error"]
    (13824, 'separable', None, 'network:1:18: [0].K: must be at least 1, got 0')

    A text is YAML or JSON: a config, or what ``compare`` wrote. The models that it names are not run. ``asked`` are
    arguments of ``sweep``. What cannot be read is a row with an ``error``. Raises SepcostError for a wrong argument.
    """
    types = network_types(columns)
    for batch in batches:
        rows: list[int] = []
        found: list[Row] = []
        for row, each in enumerate(batch.column(text).to_pylist()):
            for record in _records(each, asked):
                rows.append(row)
                found.append(record if ERROR in record else _stored(record, types))
        yield batch_of(columns_of(batch.take(rows)), _columns(found, types))


def network_types(columns: Sequence[str] | None = None) -> dict[str, str]:
    """The columns that totals have, and their types in Arrow; raises SepcostError for one that there is not."""
    return {"network": "string", "replacement": "string", **types_of(known_columns(columns, in_records(())))}


def _records(text: str | None, asked: Mapping[str, Any]) -> Iterator[Row]:
    if text is None:
        yield {ERROR: "there is no text"}
        return
    for found in sweep(YamlText(text), **asked):
        if isinstance(found, SepcostError):
            yield {ERROR: str(found).replace("\n", "; ")}
        else:
            yield from (total_record(found, each) for each in found.texts)


def _stored(record: Row, types: Iterable[str]) -> Row:
    """The record, or an error in its place where a count of it is beyond 64 bits."""
    for name in types:
        if isinstance(record.get(name), int) and record[name] > LARGEST_EXACT:
            return {"network": record["network"], ERROR: f"{name} is {record[name]}, which is beyond 64 bits"}
    return record


def _columns(records: Sequence[Row], types: Mapping[str, str]) -> dict[str, pa.Array]:
    import pyarrow as pa

    return {
        name: pa.array([record.get(name) for record in records], pa.type_for_alias(type_))
        for name, type_ in types.items()
    }

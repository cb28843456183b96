"""Sweeps in blocks of rows: each is counted by itself, on whatever machine, from the number of its first row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sepcost.blocks.replacements import Replacement
from sepcost.count.grid import Grid
from sepcost.count.integers import Array
from sepcost.count.sweep import Axis, Sweep, SweptValue, value_text
from sepcost.frames.arrow import arrow_columns, batch_of, texts_of, types_of
from sepcost.frames.counting import AT_ONCE, Counter, type_of, with_values
from sepcost.network.budget import AS_GIVEN

if TYPE_CHECKING:
    import pyarrow as pa

REPLACEMENT = "replacement"
"""The last axis: the replacements, or ``none`` alone."""


@dataclass(frozen=True, slots=True)
class SweepBlocks:
    """The rows of a sweep as batches: combinations in their order, and under each the replacements.

    Calling it takes batches whose only column has the numbers of blocks' first rows, and gives a batch for each block.
    """

    sweep: Sweep
    counter: Counter

    @property
    def types(self) -> dict[str, str]:
        """The columns by their names, and their types in Arrow."""
        own = {axis.name: "int64" if _is_whole(axis) else "string" for axis in self.sweep.axes}
        return {**self.sweep.with_tied(own), **types_of(self.counter.columns)}

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """A batch of rows for each block."""
        grid = Grid(self.sweep)
        for batch in batches:
            for first in batch.column(0).to_pylist():
                yield self._block(grid, range(first, min(first + AT_ONCE, self.sweep.size)))

    def _block(self, grid: Grid, numbers: range) -> pa.RecordBatch:
        rows = len(numbers)
        figures: dict[str, Array] = {name: np.zeros(rows, type_of(name)) for name in self.counter.columns}
        errors: dict[int, str] = {}
        for places, record in grid.applied(numbers, lambda values: self._counter(values).record_or_none(values)):
            if record is None:
                alone = {place: self.sweep.combination(numbers[place]) for place in places}
                errors |= {place: self._counter(values).reason(values) for place, values in alone.items()}
                continue
            for name in figures:
                figures[name] = with_values(figures[name], places if len(places) < rows else slice(None), record[name])
        chosen = grid.chosen(np.arange(numbers.start, numbers.stop))
        own = {axis.name: _column(axis, chosen[axis.name]) for axis in self.sweep.axes}
        return batch_of(self.sweep.with_tied(own), arrow_columns(figures, errors, rows))

    def _counter(self, values: Mapping[str, Any]) -> Counter:
        """What counts combinations with this replacement."""
        chosen = values[REPLACEMENT]
        return self.counter if chosen == AS_GIVEN else replace(self.counter, replacement=chosen)


def _is_whole(axis: Axis) -> bool:
    return all(type(value) is int for value in axis.values)


def _column(axis: Axis, chosen: Any) -> pa.Array:
    import pyarrow as pa

    if _is_whole(axis):
        return pa.array(np.array(axis.values, np.int64)[chosen])
    return texts_of([_text(value) for value in axis.values], chosen)


def _text(value: SweptValue) -> str | None:
    """A value as CSV writes it."""
    if isinstance(value, Replacement):
        return value.text
    return None if value == AS_GIVEN else value_text(value).replace("×", "x")

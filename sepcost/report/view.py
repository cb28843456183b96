"""View: which rows and columns of a result are shown, and in what order."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sepcost.comparison import Comparison
from sepcost.errors import SepcostError
from sepcost.report.records import ALL_FIGURES, COUNTED, FACTS, Record, layer_record, total_record
from sepcost.wording import did_you_mean

T = TypeVar("T")

SHOWN_AS = {"macs": "flops", "replacement.macs": "replacement.flops"}
"""What is sorted by as well where the other one is shown."""


@dataclass(frozen=True, slots=True)
class View:
    """``totals``: without the layers; ``columns`` and ``sort`` are names of records; ``top``: so many rows.

    ``swept`` are the numbers and the options (``replacement.multiplier``) that take several values.
    """

    totals: bool = False
    columns: tuple[str, ...] | None = None
    sort: str | None = None
    ascending: bool = False
    top: int | None = None
    swept: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that a record of this view has."""
        return tuple(dict.fromkeys((*self.csv_names(complete=True), *COUNTED)))

    def shown(self, usual: Sequence[str], without: Sequence[str] = ()) -> Sequence[str]:
        """The columns of a table: the chosen ones but ``without`` some, or the usual ones and what is sorted by."""
        chosen = [name for name in self.columns or () if name not in without]
        if chosen:
            return chosen
        sort = SHOWN_AS.get(self.sort or "", self.sort or "")
        return [*usual, sort] if sort in ALL_FIGURES and sort not in usual else usual

    def checked(self) -> View:
        """The same with names as they are in records; a SepcostError for one that is not."""
        columns = None if self.columns is None else tuple(self._known("--columns", name) for name in self.columns)
        sort = None if self.sort is None else self._known("--sort", self.sort)
        return replace(self, columns=columns, sort=sort)

    def csv_names(self, *, complete: bool = False) -> tuple[str, ...]:
        """The columns of CSV: what a row is, then what it says."""
        options = [name for name in self.swept if name.startswith("replacement.")]
        numbers = [name for name in self.swept if name not in options]
        layer = () if self.totals else ("row", "layer")
        if self.columns is not None and not complete:
            here = ("network", *numbers, *layer, "replacement", *options)
            return tuple(dict.fromkeys((*here, *self.columns)))
        here = ("network", "source", *numbers, *layer, "replacement", *options, *(() if self.totals else ("part",)))
        facts = () if self.totals else FACTS
        return tuple(dict.fromkeys((*here, "kept", "costs_more", *facts, *COUNTED, *ALL_FIGURES)))

    def rank(self, value: Any) -> tuple[Any, ...]:
        """What to sort by: the largest number first, then the first text, and what has no value last."""
        if value is None:
            return (2,)
        if isinstance(value, str):
            return (1, _Reversed(value) if self.ascending else value)
        sizes = value if isinstance(value, (tuple, list)) else (value,)
        return (0, *(size or 0 if self.ascending else -(size or 0) for size in sizes))

    def ordered(self, keyed: Iterable[tuple[Any, T]]) -> list[T]:
        """The items by their keys, as many as are shown; equal ones as they came."""
        ranked = ((self.rank(key), number, item) for number, (key, item) in enumerate(keyed))
        chosen = sorted(ranked) if self.top is None else heapq.nsmallest(self.top, ranked)
        return [item for _, _, item in chosen]

    def networks(self, comparisons: Iterable[Comparison]) -> Iterable[Comparison]:
        """Networks, or their layers, chosen and sorted."""
        if not self.totals:
            return map(self._layers, comparisons)
        if self.sort is None:
            return _first(comparisons, self.top)
        return self.ordered((self.key(comparison), comparison) for comparison in comparisons)

    def key(self, comparison: Comparison) -> Any:
        """A network's value of what is sorted by, under its first replacement."""
        return total_record(comparison, next(iter(comparison.totals))).get(self.sort or "")

    def _layers(self, comparison: Comparison) -> Comparison:
        layers: Sequence[Any] = comparison.layers
        if self.sort is not None:
            text = next(iter(comparison.totals))
            layers = self.ordered((self._layer_value(layer_record(comparison, layer, text)), layer) for layer in layers)
        return replace(comparison, layers=tuple(layers[: self.top]))

    def _layer_value(self, record: Record) -> Any:
        return record.get(self.sort or "")

    def _known(self, option: str, name: str) -> str:
        own = "network" if self.totals else "layer"
        by_lower = {known.lower(): known for known in self.names} | {"name": own}
        wanted = name.strip().lower().removeprefix("standard.")
        if wanted not in by_lower:
            figures = [known for known in (*ALL_FIGURES, *self.names) if known in self.names]
            raise SepcostError(
                f"{option}: nothing is called {name!r}{did_you_mean(wanted, dict.fromkeys(figures))}"
                " (params, macs, reduction.macs …: the names of the JSON, docs/json.md)"
            )
        return by_lower[wanted]


class _Reversed(str):
    """A text that sorts the other way round."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


def _first(items: Iterable[T], count: int | None) -> Iterator[T]:
    for number, item in enumerate(items):
        if number == count:
            return
        yield item

"""View: which rows and columns of a result are shown, and in what order."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice
from typing import Any, TypeVar

from sepcost.count import figure
from sepcost.count.facts import FACTS
from sepcost.count.snapshot import LayerSnapshot, Snapshot
from sepcost.errors import SepcostError
from sepcost.sheets.records import HOW_COUNTED, layer_record, total_record
from sepcost.text.wording import did_you_mean, in_one_line

T = TypeVar("T")

OF_REPLACEMENT = (figure.REDUCTION, "replacement", "options.", "costs_more", "kept")
"""How names of values begin that differ between replacements."""

OF_TIME = ("time", "latency", "speed", "speedup", "speed-up", "seconds", "ms", "fps", "throughput")
"""What people look for here, and no count gives."""


class Rows(str, Enum):
    """What the rows of a result are."""

    LAYERS = "layers"
    TOTALS = "totals"


@dataclass(frozen=True, slots=True)
class View:
    """What the ``rows`` are; ``columns`` and ``sort`` are names of records; ``top``: how many rows.

    ``swept`` are the numbers and the options (``options.multiplier``) with several values. ``of_networks``: networks
    or combinations are sorted and chosen, not the layers of each.

    >>> View(Rows.TOTALS, sort="mac").checked()
    Traceback (most recent call last):
    sepcost.errors.SepcostError: --sort: nothing is called 'mac'; did you mean `macs`? (docs/json.md has the names)
    """

    rows: Rows = Rows.LAYERS
    columns: tuple[str, ...] | None = None
    sort: str | None = None
    ascending: bool = False
    top: int | None = None
    swept: tuple[str, ...] = ()
    of_networks: bool = False

    @property
    def totals(self) -> bool:
        """Whether there are no layers."""
        return self.rows is Rows.TOTALS

    @property
    def by_replacement(self) -> bool:
        """Whether each replacement is sorted as a row of its own."""
        return self.totals and self.sort is not None and self.sort.startswith(OF_REPLACEMENT)

    @property
    def asked(self) -> tuple[str, ...]:
        """The figures that are only there if they are asked for."""
        return figure.asked((*(self.columns or ()), self.sort or ""))

    @property
    def facts(self) -> tuple[str, ...]:
        """The names that only layers have."""
        return () if self.totals else ("layer", "part", *FACTS)

    @property
    def identity(self) -> tuple[str, ...]:
        """The names that identify a row."""
        options = [name for name in self.swept if name.startswith("options.")]
        numbers = [name for name in self.swept if name not in options]
        return ("network", *numbers, *(() if self.totals else ("row", "layer")), "replacement", *options)

    def checked(self) -> View:
        """The same with names as they are in records; a SepcostError for one that is not."""
        common = (*figure.ALL, *self.identity, "source", "kept", "costs_more", *HOW_COUNTED)
        columns = sort = None
        if self.columns is not None:
            columns = tuple(self._known("--columns", name, (*common, *self.facts)) for name in self.columns)
        if self.sort is not None:
            of_layers = [name for name in common if name.rpartition(".")[2] not in figure.ONLY_OF_NETWORKS]
            names = common if self.of_networks or self.totals else (*of_layers, *self.facts)
            sort = self._known("--sort", self.sort, [name for name in names if name not in ("row", "part")])
        return replace(self, columns=columns, sort=sort)

    def shown(self, usual: Sequence[str], without: Sequence[str] = ()) -> Sequence[str]:
        """The columns of a table: the chosen ones except ``without``, or the usual ones and the sorted one."""
        if self.columns is not None:
            return [name for name in self.columns if name not in without]
        sort = _shown_as(self.sort or "")
        return [*usual, sort] if sort in figure.ALL and sort not in usual else usual

    def rank(self, value: Any) -> tuple[Any, ...]:
        """A key to sort by: largest numbers first, then texts in order, and no value last."""
        if value is None:
            return (2,)
        if isinstance(value, str):
            return (1, _Reversed(value) if self.ascending else value)
        sizes = value if isinstance(value, (tuple, list)) else (value,)
        return (0, *(size or 0 if self.ascending else -(size or 0) for size in sizes))

    def ordered(self, keyed: Iterable[tuple[Any, T]]) -> list[T]:
        """The shown items, sorted by their keys; equal ones in their order."""
        ranked = ((self.rank(key), number, item) for number, (key, item) in enumerate(keyed))
        chosen = sorted(ranked) if self.top is None else heapq.nsmallest(self.top, ranked)
        return [item for _, _, item in chosen]

    def networks(self, snapshots: Iterable[Snapshot]) -> Iterable[Snapshot]:
        """The networks, or their layers, chosen and sorted."""
        if not self.totals:
            return map(self._layers, snapshots)
        if self.sort is None:
            return islice(snapshots, self.top)
        if self.by_replacement:
            snapshots = (each for snapshot in snapshots for each in _one_by_one(snapshot))
        return self.ordered((self.key(snapshot), snapshot) for snapshot in snapshots)

    def key(self, snapshot: Snapshot) -> Any:
        """A network's value of the sorted figure, under its first replacement."""
        return total_record(snapshot, snapshot.texts[0]).get(self.sort or "")

    def _layers(self, snapshot: Snapshot) -> Snapshot:
        if self.sort is None and self.top is None:
            return snapshot
        layers: Iterable[LayerSnapshot] = snapshot.layers
        if self.sort is not None:
            records = ((layer_record(snapshot, layer, snapshot.texts[0]), layer) for layer in layers)
            layers = self.ordered((record.get(self.sort), layer) for record, layer in records)
        return replace(snapshot, chosen=tuple(islice(layers, self.top)))

    def _known(self, option: str, name: str, names: Sequence[str]) -> str:
        by_lower = {known.lower(): known for known in names} | {"name": "network" if self.totals else "layer"}
        wanted = name.strip().lower().removeprefix("standard.")
        if wanted in OF_TIME:
            raise SepcostError(f"{option}: {wanted} is measured, and sepcost counts: macs and traffic_bytes are known")
        if wanted not in by_lower:
            hint = f"{did_you_mean(wanted, names) if wanted else ''} (docs/json.md has the names)"
            raise SepcostError(f"{option}: nothing is called {in_one_line(name, 60)!r}{hint}")
        return by_lower[wanted]


def _shown_as(name: str) -> str:
    """The figure that a table shows in place of this one."""
    prefix, _, figure_name = name.rpartition(".")
    known = figure.BY_NAME.get(figure_name)
    if figure.is_reduction(name) or known is None or known.shown_as is None:
        return name
    return f"{prefix}.{known.shown_as}" if prefix else known.shown_as


def _one_by_one(snapshot: Snapshot) -> Iterable[Snapshot]:
    """The snapshot under each of its replacements; as it is, where there is none."""
    return [snapshot.under(text) for text in snapshot.replaced] or [snapshot]


class _Reversed(str):
    """A text that sorts in reverse order."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)

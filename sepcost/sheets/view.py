"""View: which rows and columns of a result are shown, and in what order."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import islice
from operator import le
from typing import Any, TypeVar

from sepcost.count import figure
from sepcost.count.facts import FACTS
from sepcost.count.snapshot import LayerSnapshot, Snapshot
from sepcost.errors import SepcostError
from sepcost.sheets.filtering import Filter
from sepcost.sheets.grouping import by_block, by_type
from sepcost.sheets.joined import Joined
from sepcost.sheets.records import HOW_COUNTED, REPLACED_BY, layer_record, total_record
from sepcost.text.kind import Kind
from sepcost.text.units import is_number
from sepcost.text.wording import did_you_mean, in_one_line

T = TypeVar("T")

OF_REPLACEMENT = (figure.REDUCTION, "replacement", figure.SPEEDUP, "options.", "costs_more", "kept", REPLACED_BY)
"""How names of values begin that differ between replacements."""

OF_TIME = ("time", "latency", "speed", "speedup", "speed-up", "seconds", "ms", "fps", "throughput")
"""What people look for here, and only a target gives."""


class Rows(str, Enum):
    """What the rows of a result are."""

    LAYERS = "layers"
    TOTALS = "totals"
    BLOCKS = "blocks"
    TYPES = "types"


SUBTOTAL_COLUMNS = ("layers", "share", "params", "flops", "replacement.params", "replacement.flops", "reduction.macs")
SUBTOTALS = {Rows.BLOCKS: by_block, Rows.TYPES: by_type}


@dataclass(frozen=True, slots=True)
class View:
    """What the ``rows`` are; ``columns`` and ``sort`` are names of records; ``top``: how many rows.

    ``swept`` are the numbers and the options (``options.multiplier``) with several values. ``of_networks``: networks
    or combinations are sorted and chosen, not the layers of each. ``joined`` are columns from elsewhere. ``pareto`` are
    the names in which no other row may beat a row; with - in front of those of which more, not less, is better than
    usual.
    ``fixed`` are the numbers that were given one value. ``timed``: there is a target. A ``filter`` leaves rows out
    before all that. ``kinds`` are those of swept and fixed numbers.

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
    joined: Joined | None = None
    pareto: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    timed: bool = False
    filter: Filter | None = None
    kinds: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def totals(self) -> bool:
        """Whether there are no layers."""
        return self.rows is Rows.TOTALS

    @property
    def by_replacement(self) -> bool:
        """Whether each replacement is sorted, or judged, as a row of its own."""
        names = (*self.judged, *self.filtered)
        of_joined = self.own if self.joined and self.joined.by_replacement else ()
        return self.totals and any(name.startswith(OF_REPLACEMENT) or name in of_joined for name in names)

    @property
    def own(self) -> tuple[str, ...]:
        """The names of columns from elsewhere."""
        return tuple(self.joined.columns) if self.joined else ()

    @property
    def asked(self) -> tuple[str, ...]:
        """The figures that are only there if they are asked for."""
        usual = SUBTOTAL_COLUMNS if self.rows in SUBTOTALS else ()
        return figure.asked(
            (
                *(usual if self.columns is None else self.columns),
                *self.judged,
                *self.filtered,
                *(figure.OF_TARGET if self.timed else ()),
            )
        )

    @property
    def facts(self) -> tuple[str, ...]:
        """The names that only layers have."""
        if self.rows in SUBTOTALS:
            return ("layer", "layers")
        return () if self.totals else ("layer", "part", *FACTS, REPLACED_BY)

    @property
    def identity(self) -> tuple[str, ...]:
        """The names that identify a row."""
        options = [name for name in self.swept if name.startswith("options.")]
        numbers = [name for name in self.swept if name not in options]
        return ("network", *numbers, *(() if self.totals else ("row", "layer")), "replacement", *options)

    def checked(self) -> View:
        """The same with names as they are in records; a SepcostError for one that is not."""
        figures = (name for name in figure.ALL if self.timed or not figure.is_of_target(name))
        common = (*figures, *self.identity, *self.fixed, "source", "kept", "costs_more", *HOW_COUNTED, *self.own)
        columns = sort = None
        own = [name for name, kind in self.joined.columns.items() if kind is not Kind.TEXT] if self.joined else []
        numbers = [name for name in common if figure.kind_of(name) is not Kind.TEXT or name in own]
        rows = common if self.of_networks or self.totals else [*of_layers(common), *self.facts]
        rows = [name for name in rows if name not in ("row", "part")]
        pareto = tuple(_reversed_like(name, self._known("--pareto", name.lstrip("-"), numbers)) for name in self.pareto)
        if self.columns is not None:
            columns = tuple(self._known("--columns", name, (*common, *self.facts)) for name in self.columns)
        if self.sort is not None:
            sort = self._known("--sort", self.sort, rows)
        only = self.filter and self.filter.checked(lambda name: self._known("--filter", name, rows), self.kind_of)
        return replace(self, columns=columns, sort=sort, pareto=pareto, filter=only)

    def kind_of(self, name: str) -> Kind:
        """What the values of a name are in the records of this view.

        >>> View().kind_of("macs"), View().kind_of("alpha")
        (<Kind.COUNT: 'count'>, <Kind.PARAMETER: 'parameter'>)
        """
        own = self.joined.columns if self.joined else {}
        return {**HOW_COUNTED, **self.kinds, **own}.get(name) or figure.kind_of(name)

    def shown(self, usual: Sequence[str], without: Sequence[str] = ()) -> Sequence[str]:
        """The columns of a table: the chosen ones except ``without``, or the usual ones and the sorted one."""
        if self.columns is not None:
            return [name for name in self.columns if name not in without]
        asked = map(_shown_as, (self.sort or "", *(name.lstrip("-") for name in self.pareto), *self.filtered))
        more = [name for name in dict.fromkeys((*asked, *self.own)) if name in (*figure.ALL, *self.own)]
        return [*usual, *(name for name in more if name not in usual)]

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
        if self.rows in SUBTOTALS:
            snapshots = (SUBTOTALS[self.rows](snapshot).asking(self.asked) for snapshot in snapshots)
        if not self.totals:
            return map(self._layers, snapshots)
        if self.joined:
            snapshots = list(self._with_joined(snapshots, self.joined))  # an error, before a row is written
        if self.by_replacement:
            snapshots = (each for snapshot in snapshots for each in _one_by_one(snapshot))
        if self.filter:
            snapshots = (snapshot for snapshot in snapshots if self.kept(snapshot)[0])
        if not self.judged:
            return islice(snapshots, self.top)
        return self.chosen((self.values(snapshot), snapshot) for snapshot in snapshots)

    @property
    def filtered(self) -> tuple[str, ...]:
        """The names by whose values rows are left out."""
        return self.filter.names if self.filter else ()

    def kept(self, snapshot: Snapshot, many: int = 1) -> list[bool]:
        """Whether the filter keeps a network; or each of many, if it is of many at once."""
        return self.filter.kept(total_record(snapshot, snapshot.texts[0]), many) if self.filter else [True] * many

    @property
    def judged(self) -> tuple[str, ...]:
        """The names by whose values rows are chosen and sorted."""
        return (*(name.removeprefix("-") for name in self.pareto), *((self.sort,) if self.sort else ()))

    def values(self, snapshot: Snapshot) -> list[Any]:
        """A network's values of these names, under its first replacement; those from elsewhere as numbers."""
        record = total_record(snapshot, snapshot.texts[0])
        return [_number(record.get(name), name in self.own) for name in self.judged]

    def chosen(self, valued: Iterable[tuple[Sequence[Any], T]]) -> list[T]:
        """The items that are shown, by their values: those that no other one beats, sorted."""
        if self.pareto:
            valued = self.unbeaten(valued)
        if self.sort is None:
            return [item for _, item in islice(valued, self.top)]
        return self.ordered((values[-1], item) for values, item in valued)

    def unbeaten(self, valued: Iterable[tuple[Sequence[Any], T]]) -> list[tuple[Sequence[Any], T]]:
        """The items that no other one beats by being as good in all values, and better in one.

        Less is better of figures, more of reductions and of columns from elsewhere; - in front of a name reverses it.
        An item without a value is left out.
        """
        signs = [-1 if self._more_is_better(name) else 1 for name in self.pareto]
        known = [pair for pair in valued if None not in pair[0][: len(signs)]]
        scores = [tuple(sign * value for sign, value in zip(signs, values)) for values, _ in known]
        front: list[tuple[Any, ...]] = []
        for score in sorted(set(scores)):
            rivals = front[-1:] if len(signs) <= 2 else front  # of two values, the last one has the least second
            if not any(all(map(le, other, score)) for other in rivals):
                front.append(score)
        unbeaten = set(front)
        return [pair for score, pair in zip(scores, known) if score in unbeaten]

    def _more_is_better(self, name: str) -> bool:
        more = figure.is_gain(name.removeprefix("-")) or name.removeprefix("-") in self.own
        return more != name.startswith("-")

    @staticmethod
    def _with_joined(snapshots: Iterable[Snapshot], joined: Joined) -> Iterator[Snapshot]:
        yield from map(joined.beside, snapshots)
        joined.all_used()

    def _layers(self, snapshot: Snapshot) -> Snapshot:
        if self.sort is None and self.top is None and self.filter is None:
            return snapshot
        records = ((layer_record(snapshot, layer, snapshot.texts[0]), layer) for layer in snapshot.layers)
        if self.filter:
            only = self.filter
            records = ((record, layer) for record, layer in records if only.kept(record)[0])
        layers: Iterable[LayerSnapshot] = (layer for _, layer in records)
        if self.sort is not None:
            layers = self.ordered((record.get(self.sort), layer) for record, layer in records)
        return replace(snapshot, chosen=tuple(islice(layers, self.top)))

    def _known(self, option: str, name: str, names: Sequence[str]) -> str:
        by_lower = {known.lower(): known for known in names} | {"name": "network" if self.totals else "layer"}
        wanted = name.strip().lower().removeprefix("standard.")
        if (wanted in OF_TIME or figure.is_of_target(wanted)) and wanted not in by_lower:
            hint = "did you mean `time` or `speedup`?" if self.timed else "give --target (sepcost target learn)"
            raise SepcostError(f"{option}: {wanted} is not counted, but predicted for a target: {hint}")
        if wanted not in by_lower:
            hint = f"{did_you_mean(wanted, names) if wanted else ''} (docs/json.md has the names)"
            raise SepcostError(f"{option}: nothing is called {in_one_line(name, 60)!r}{hint}")
        return by_lower[wanted]


def of_layers(names: Iterable[str]) -> list[str]:
    """Those that layers have, too."""
    return [name for name in names if name.rpartition(".")[2] not in figure.ONLY_OF_NETWORKS]


def _shown_as(name: str) -> str:
    """The figure that a table shows in place of this one."""
    prefix, _, figure_name = name.rpartition(".")
    known = figure.BY_NAME.get(figure_name)
    if figure.is_reduction(name) or known is None or known.shown_as is None:
        return name
    return f"{prefix}.{known.shown_as}" if prefix else known.shown_as


def _reversed_like(name: str, known: str) -> str:
    return f"-{known}" if name.startswith("-") else known


def _number(value: Any, is_own: bool) -> Any:
    return float(value) if is_own and value is not None and is_number(value) else value


def _one_by_one(snapshot: Snapshot) -> Iterable[Snapshot]:
    """The snapshot under each of its replacements; as it is, where there is none."""
    return [snapshot.under(text) for text in snapshot.replaced] or [snapshot]


class _Reversed(str):
    """A text that sorts in reverse order."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)

"""Difference: two networks against each other, layer by layer and in total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, NamedTuple

from sepcost.count.facts import FACTS, UNLESS_GIVEN
from sepcost.count.figure import TIME, WHOLE, Figures
from sepcost.count.snapshot import LayerSnapshot, Snapshot
from sepcost.judge.alignment import Match, is_numbered, matched
from sepcost.layers.cost import Convention, ratio


class Status(Enum):
    """How a layer changed: the first of these that holds."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"
    MOVED = "moved"
    UNCHANGED = "unchanged"


class Change(NamedTuple):
    """A figure on both sides; None on a side that has no such layer, or no map to count on.

    >>> Change(200, 150).difference, Change(200, 150).percent, Change(None, 150).difference, Change(0, 150).percent
    (-50, -25.0, 150, None)
    """

    before: Any
    after: Any

    @property
    def difference(self) -> Any:
        """After − before, where a layer that is not there costs nothing."""
        if self.before is None and self.after is None:
            return None
        return (self.after or 0) - (self.before or 0)

    @property
    def percent(self) -> float | None:
        """The difference in per cent of what was before; None of nothing."""
        return None if self.difference is None or not self.before else ratio(100 * self.difference, self.before)


class HalfKnown(Change):
    """A figure that is not known on one side; so its change is not known."""

    __slots__ = ()

    @property
    def difference(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class LayerDifference:
    """One layer on both sides, or on the only side that has it; ``places`` are its numbers there, from 1.

    ``by_name`` is false where the two were matched by position. ``moved``: its place in the order changed.
    ``renamed`` are the names of all layers that are on both sides, before and after.
    """

    before: LayerSnapshot | None
    after: LayerSnapshot | None
    places: tuple[int | None, int | None]
    by_name: bool = False
    moved: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def figures(self) -> Mapping[str, Change]:
        if self.before is None or self.after is None:
            return _changes(self.before.figures if self.before else {}, self.after.figures if self.after else {})
        return _changes_of_both(self.before.figures, self.after.figures)

    @property
    def facts(self) -> Mapping[str, tuple[Any, Any]]:
        """The arguments and shapes that differ, before and after: of those that are known of both layers."""
        if self.before is None or self.after is None:
            return {}
        ours, theirs = ({**UNLESS_GIVEN, **side.facts} for side in (self.before, self.after))
        pairs = {name: (ours[name], theirs[name]) for name in FACTS if name in ours and name in theirs}
        return {name: pair for name, pair in pairs.items() if not self._is_same(name, *pair)}

    def _is_same(self, fact: str, before: Any, after: Any) -> bool:
        """Whether a fact is what it was; the layer that has the weights may have another name by now."""
        return bool(before == after) or (fact == "weights_of" and self.renamed.get(before) == after)

    @property
    def is_renamed(self) -> bool:
        """Whether an author renamed it: a name that is only a number may change by itself."""
        if self.before is None or self.after is None or self.before.name == self.after.name:
            return False
        return not (is_numbered(self.before) and is_numbered(self.after))

    @property
    def status(self) -> Status:
        if self.before is None:
            return Status.ADDED
        if self.after is None:
            return Status.REMOVED
        if self.facts or any(change.difference for change in self.figures.values()):
            return Status.CHANGED
        if self.is_renamed:
            return Status.RENAMED
        return Status.MOVED if self.moved else Status.UNCHANGED


@dataclass(frozen=True, slots=True)
class Difference:
    """Two networks and what differs: of the layers, and of the totals.

    >>> from sepcost.layers.cost import Convention
    >>> layer = LayerSnapshot("stem", {"type": "conv", "kernel": (3, 3)}, {"params": 27})
    >>> net = Snapshot("net", (layer,), {"params": 27}, Convention())
    >>> Difference.of(net, net).is_empty
    True
    """

    before: Snapshot
    after: Snapshot
    layers: tuple[LayerDifference, ...]

    @classmethod
    def of(cls, before: Snapshot, after: Snapshot) -> Difference:
        """Match the layers; both networks must be counted by the same convention."""
        before, after = before.settled(), after.settled()
        matches = matched(before.layers, after.layers)
        return cls(before, after, tuple(_in_order(before.layers, after.layers, matches)))

    @property
    def convention(self) -> Convention:
        """How both are counted: in this dtype what has none of its own."""
        plain = [side.convention for side in (self.before, self.after) if side.own_dtype is None]
        return plain[0] if plain else replace(self.before.convention, dtype="float32")

    @property
    def total(self) -> Mapping[str, Change]:
        return _changes_of_both(self.before.total, self.after.total)

    @property
    def changes(self) -> list[LayerDifference]:
        """The layers that are not as they were."""
        return [layer for layer in self.layers if layer.status is not Status.UNCHANGED]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs, apart from the network's name and source."""
        return not self.changes and not any(change.difference for change in self.total.values())


def _changes(before: Figures, after: Figures) -> Mapping[str, Change]:
    changes = {name: Change(before.get(name), after.get(name)) for name in WHOLE if name in (before or after)}
    if all(TIME in side for side in (before, after) if side):
        changes[TIME] = Change(*(steady(side.get(TIME)) for side in (before, after)))
    return changes


def steady(seconds: float | None) -> float | None:
    """Seconds without the last digits, which differ between machines that calculate them."""
    return None if seconds is None else float(f"{seconds:.6g}")


def _changes_of_both(before: Figures, after: Figures) -> Mapping[str, Change]:
    """The changes of what is on both sides, where a missing figure is not known."""
    changes = _changes(before, after)
    return {name: HalfKnown(*change) if None in change else change for name, change in changes.items()}


def _in_order(
    before: Sequence[LayerSnapshot], after: Sequence[LayerSnapshot], matches: list[Match]
) -> list[LayerDifference]:
    """The layers in the order after; a removed layer follows the layer that was before it."""
    by_before = {match.before: match for match in matches}
    renamed = {before[match.before].name: after[match.after].name for match in matches}
    added = set(range(len(after))) - {match.after for match in matches}
    placed: list[tuple[int, int, LayerDifference]] = [
        (number, -1, LayerDifference(None, after[number], (None, number + 1))) for number in added
    ]
    behind = -1
    for number, layer in enumerate(before):
        match = by_before.get(number)
        if match is None:
            placed.append((behind, number, LayerDifference(layer, None, (number + 1, None))))
            continue
        partner = after[match.after]
        places = (number + 1, match.after + 1)
        difference = LayerDifference(layer, partner, places, match.by_name, match.moved, renamed)
        placed.append((match.after, -1, difference))
        behind = match.after if not match.moved else behind
    return [layer for _, _, layer in sorted(placed, key=lambda item: item[:2])]

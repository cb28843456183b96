"""Alignment: which layers of two networks, and which networks of two collections, are the same one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from os.path import normpath
from typing import NamedTuple, TypeAlias, TypeVar

from sepcost.count.snapshot import LayerSnapshot, Snapshot
from sepcost.errors import SepcostError
from sepcost.text.units import shortened

T = TypeVar("T")
LAYER_NUMBER = re.compile(r"[1-9][0-9]*_*(\.[1-9][0-9]*)?", re.ASCII)
MOST_PAIRS = 1_000_000
"""If two networks have more pairs to look at, their layers are paired one after the other."""


class Match(NamedTuple):
    """The numbers of a layer before and after, whether it was matched by name, and whether its order changed."""

    before: int
    after: int
    by_name: bool
    moved: bool = False


def matched(before: Sequence[LayerSnapshot], after: Sequence[LayerSnapshot]) -> list[Match]:
    """The layers that are on both sides, in the order before: by name, else by their place between those.

    A name that is only a type and a number (``conv2``), as layers without a name are called, counts as none.
    What has no partner by name is aligned between its nearest neighbours that have one, in order, so that as much
    as possible is alike; only layers of one type are paired. Other way round, the pairs are the same.
    """
    ours, theirs = list(map(_traits, before)), list(map(_traits, after))
    if _rank(before, ours) > _rank(after, theirs):
        turned = _matched(after, before, theirs, ours)
        return sorted(match._replace(before=match.after, after=match.before) for match in turned)
    return sorted(_matched(before, after, ours, theirs))


def is_numbered(layer: LayerSnapshot) -> bool:
    """Whether the layer's name is only its type and a number.

    >>> [is_numbered(LayerSnapshot(name, {"type": "conv"}, {})) for name in ("conv2", "stem")]
    [True, False]
    """
    kind = str(layer.facts["type"])
    return layer.name.startswith(kind) and LAYER_NUMBER.fullmatch(layer.name, len(kind)) is not None


class _Traits(NamedTuple):
    """What makes two layers alike: all but what follows from the layers before it."""

    type: str
    facts: frozenset[str]


def _traits(layer: LayerSnapshot) -> _Traits:
    own = (f"{name}={value}" for name, value in layer.facts.items() if name not in ("input", "weights_of"))
    return _Traits(str(layer.facts["type"]), frozenset(own))


def _rank(layers: Sequence[LayerSnapshot], traits: Sequence[_Traits]) -> list[tuple[str, list[str]]]:
    """A key that orders two networks, so that ties are resolved alike in both directions."""
    return [(layer.name, sorted(trait.facts)) for layer, trait in zip(layers, traits)]


def _matched(
    before: Sequence[LayerSnapshot], after: Sequence[LayerSnapshot], ours: Sequence[_Traits], theirs: Sequence[_Traits]
) -> Iterator[Match]:
    by_name = _same_names(before, after)
    in_order = _longest_rising([right for _, right in by_name])
    for position, (left, right) in enumerate(by_name):
        yield Match(left, right, by_name=True, moved=position not in in_order)
    named_left, named_right = {left for left, _ in by_name}, {right for _, right in by_name}
    start, work = (0, 0), _Work()
    for end in [*(by_name[position] for position in sorted(in_order)), (len(before), len(after))]:
        lefts = [number for number in range(start[0], end[0]) if number not in named_left]
        rights = [number for number in range(start[1], end[1]) if number not in named_right]
        for left, right in _aligned([ours[number] for number in lefts], [theirs[number] for number in rights], work):
            yield Match(lefts[left], rights[right], by_name=False)
        start = end


def _same_names(before: Sequence[LayerSnapshot], after: Sequence[LayerSnapshot]) -> list[tuple[int, int]]:
    places = {layer.name: number for number, layer in enumerate(after) if not is_numbered(layer)}
    return [
        (number, places[layer.name])
        for number, layer in enumerate(before)
        if layer.name in places and not is_numbered(layer)
    ]


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The positions of a longest subsequence that rises, found by patience sorting."""
    tops: list[int] = []
    ends: list[int] = []
    below: list[int] = []
    for position, number in enumerate(numbers):
        pile = bisect_left(tops, number)
        below.append(ends[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [number]
        ends[pile : pile + 1] = [position]
    rising = set()
    position = ends[-1] if ends else -1
    while position >= 0:
        rising.add(position)
        position = below[position]
    return rising


class _Work:
    """The pairs of layers that may still be looked at."""

    def __init__(self) -> None:
        self.pairs_left = MOST_PAIRS

    def take(self, pairs: int) -> bool:
        """Whether this many are left; then they are used up."""
        few = pairs <= self.pairs_left
        self.pairs_left -= pairs if few else 0
        return few


def _aligned(before: Sequence[_Traits], after: Sequence[_Traits], work: _Work) -> Iterator[tuple[int, int]]:
    """Pairs in order: what is alike at both ends, and the most alike in the middle."""
    shorter = min(len(before), len(after))
    head = next((number for number in range(shorter) if before[number] != after[number]), shorter)
    rest = shorter - head
    tail = next((number for number in range(rest) if before[-1 - number] != after[-1 - number]), rest)
    yield from ((number, number) for number in range(head))
    middle_before, middle_after = before[head : len(before) - tail], after[head : len(after) - tail]
    few = work.take(len(middle_before) * len(middle_after))
    for left, right in (_most_alike if few else _one_by_one)(middle_before, middle_after):
        yield head + left, head + right
    yield from ((len(before) - number, len(after) - number) for number in range(tail, 0, -1))


def _most_alike(before: Sequence[_Traits], after: Sequence[_Traits]) -> Iterator[tuple[int, int]]:
    """The pairs, in order, whose facts agree most often: ``best`` has the most that can still come from each place."""
    best = [[0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for left in reversed(range(len(before))):
        here, below = best[left], best[left + 1]
        for right in reversed(range(len(after))):
            alike = _likeness(before[left], after[right])
            here[right] = max(below[right], here[right + 1], alike + below[right + 1] if alike else 0)
    left = right = 0
    while left < len(before) and right < len(after):
        alike = _likeness(before[left], after[right])
        if alike and best[left][right] == alike + best[left + 1][right + 1]:
            yield left, right
            left, right = left + 1, right + 1
        elif best[left][right] == best[left + 1][right]:
            left += 1
        else:
            right += 1


def _likeness(left: _Traits, right: _Traits) -> int:
    return len(left.facts & right.facts) if left.type == right.type else 0


def _one_by_one(before: Sequence[_Traits], after: Sequence[_Traits]) -> Iterator[tuple[int, int]]:
    return ((number, number) for number, (left, right) in enumerate(zip(before, after)) if left.type == right.type)


NetworkPlace: TypeAlias = "tuple[Hashable, str]"
"""The file of a network, and its name."""


def place(network: Snapshot, file_key: Callable[[str], str] = normpath) -> NetworkPlace:
    """Where a network is; files are the same where ``file_key`` is."""
    return None if network.source is None else file_key(network.source), network.name


def partners(
    now: Sequence[Snapshot],
    before: Sequence[Snapshot],
    is_empty: Callable[[Snapshot], bool] = lambda network: True,
    file_key: Callable[[str], str] = normpath,
) -> Mapping[int, Snapshot]:
    """Which earlier network each current one is, by its number: by file and name, else by file, else by name.

    Only a unique key counts. By its name alone a network is found only if its old place is empty: ``is_empty`` says
    whether it is. Raises SepcostError for two of one name in one file.
    """
    found: dict[int, Snapshot] = {}

    def pair(left: Sequence[Snapshot], key: Callable[[Snapshot], Hashable]) -> list[Snapshot]:
        """Find those of which one on each side has this key; return what is left of before."""
        ours = _by_key([(key(network), number) for number, network in enumerate(now) if number not in found])
        theirs = _by_key([(key(network), network) for network in left])
        for what, numbers in ours.items():
            if len(numbers) == len(theirs.get(what, ())) == 1:
                found[numbers[0]] = theirs[what][0]
        taken = set(map(id, found.values()))
        return [network for network in left if id(network) not in taken]

    left = pair(before, lambda network: place(network, file_key))
    left = pair(left, lambda network: place(network, file_key)[0])
    left = pair(list(filter(is_empty, left)), lambda network: network.name)
    _refuse_twins([network for number, network in enumerate(now) if number not in found], left, file_key)
    return found


def _refuse_twins(now: Sequence[Snapshot], before: Sequence[Snapshot], file_key: Callable[[str], str]) -> None:
    """A SepcostError for a name that two networks of one file have, where the file had it before."""
    there = {place(network, file_key) for network in before}
    for network in now:
        if place(network, file_key) in there:
            where = f" in {network.source}" if network.source else ""
            raise SepcostError(
                f"several networks are called {shortened(network.name)!r}{where}: give each its own name"
            )


def _by_key(items: Sequence[tuple[Hashable, T]]) -> dict[Hashable, list[T]]:
    groups: dict[Hashable, list[T]] = {}
    for key, item in items:
        groups.setdefault(key, []).append(item)
    return groups

"""Texts of many results at once: one text is written, with a hole for each number that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from sepcost.count.snapshot import Snapshot

HOLE = "\0"
"""Marks the place in a text of a number that differs between results."""

SAMPLE = 1024
"""How many values are looked at, to see whether values repeat."""

Holes: TypeAlias = list[Any]
"""The numbers of each hole, in the order of the holes in the text."""


class Several(NamedTuple):
    """As many results as ``size``, in ``pieces``: each is a comparison, with the places of its results."""

    size: int
    pieces: Sequence[tuple[Sequence[int], Snapshot]]


def texts(
    item: Snapshot | Several, write: Callable[[Snapshot, Holes], str], hole: str = HOLE
) -> Sequence[str] | Iterator[str]:
    """The text of one result, or of each of several; ``hole`` is a hole as ``write`` writes it."""
    if isinstance(item, Snapshot):
        return (write(item, []),)
    written = [""] * item.size
    for places, snapshot in item.pieces:
        holes: Holes = []
        template = write(snapshot, holes)
        for place, text in zip(places, _filled(template.split(hole), holes, len(places))):
            written[place] = text
    return filter(None, written)


def _filled(pieces: Sequence[str], holes: Holes, count: int) -> Iterator[str]:
    if not holes:
        return iter([pieces[0]] * count)
    columns = [hole.tolist() for hole in holes]
    escaped = [piece.replace("%", "%%") for piece in pieces]
    template = "".join(piece + format_ for piece, format_ in zip(escaped, [*map(_format, columns), ""]))
    return map(template.__mod__, zip(*map(_written, columns)))


def _format(column: Sequence[Any]) -> str:
    return "%d" if type(column[0]) is int else "%s"


def _written(column: list[Any]) -> Sequence[Any] | Iterator[str]:
    """The values for the template; if floats repeat, each becomes a text only once."""
    if type(column[0]) is bool:
        return ["true" if value else "false" for value in column]
    if type(column[0]) is float and len(set(column[:SAMPLE])) < SAMPLE // 2:
        return map({value: repr(value) for value in set(column)}.__getitem__, column)
    return column

"""Comparisons as CSV: a row for each layer and replacement, for each part, and for the totals; raw numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sepcost.count import figure
from sepcost.count.comparison import Comparison
from sepcost.sheets.many import HOLE, Holes, Several, texts
from sepcost.sheets.records import COUNTED, Record, network_records
from sepcost.sheets.view import View
from sepcost.text.harmless import harmless


def csv_chunks(comparisons: Iterable[Comparison | Several], view: View | None = None) -> Iterator[str]:
    """The file in pieces; nothing for no comparison."""
    view = view or View()
    names = column_names(view)
    as_they_are = WRITTEN_AS_THEY_ARE

    def line(record: Record, holes: Holes) -> str:
        values = map(record.get, names)
        return _line([value if type(value) in as_they_are else _cell(value, holes) for value in values])

    def rows(comparison: Comparison, holes: Holes) -> Iterator[str]:
        records = network_records(comparison, layers=not view.totals, parts="part" in names)
        return (line(record, holes) for record in records)

    started = False
    for item in comparisons:
        if not started:
            yield _line(names)
            started = True
        if isinstance(item, Comparison):
            yield from _portions(rows(item, []))
        else:
            yield "".join(texts(item, lambda comparison, holes: "".join(rows(comparison, holes))))


def column_names(view: View) -> tuple[str, ...]:
    """The columns: what a row is, then what it says.

    >>> column_names(View(totals=True, columns=("macs",), swept=("K",)))
    ('network', 'K', 'replacement', 'macs')
    """
    if view.columns is not None:
        return tuple(dict.fromkeys((*view.identity, *view.columns)))
    network, *others = view.identity
    part = () if view.totals else ("part",)
    about = ("kept", "costs_more", *view.facts, *COUNTED, *figure.ALL)
    return tuple(dict.fromkeys((network, "source", *others, *part, *about)))


def _portions(lines: Iterator[str]) -> Iterator[str]:
    """Lines together, as many as are worth writing at once."""
    while portion := "".join(islice(lines, AT_ONCE)):
        yield portion


AT_ONCE = 500
WRITTEN_AS_THEY_ARE = {int, float, type(None)}


class _Echo:
    """A file whose write hands back what it was given."""

    def write(self, text: str) -> str:
        return text


_writer = csv.writer(_Echo(), lineterminator="\n")


def _line(cells: Iterable[Any]) -> str:
    line: str = _writer.writerow(cells)
    return line


def _cell(value: Any, holes: Holes) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return "x".join("" if item is None else str(item) for item in value)
    if isinstance(value, str):
        return harmless(value)
    holes.append(value)
    return HOLE

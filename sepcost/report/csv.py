"""Comparisons as CSV: a row for each layer and replacement, for each part, and for the totals; raw numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from sepcost.comparison import Comparison
from sepcost.report.many import HOLE, Holes, Several, texts
from sepcost.report.records import ALL_FIGURES, COUNTED, network_records
from sepcost.report.text import harmless
from sepcost.report.view import View


def csv_chunks(comparisons: Iterable[Comparison | Several], view: View | None = None) -> Iterator[str]:
    """The file in pieces; nothing for no comparison."""
    view = view or View()
    names = column_names(view)
    parts = "part" in names

    def rows(comparison: Comparison, holes: Holes) -> str:
        records = network_records(comparison, layers=not view.totals, parts=parts)
        return "".join([_line([_cell(record.get(name), holes) for name in names]) for record in records])

    started = False
    for item in comparisons:
        if not started:
            yield _line(names)
            started = True
        yield "".join(texts(item, rows))


def column_names(view: View) -> tuple[str, ...]:
    """The columns: what a row is, then what it says.

    >>> column_names(View(totals=True, columns=("macs",), swept=("K",)))
    ('network', 'K', 'replacement', 'macs')
    """
    if view.columns is not None:
        return tuple(dict.fromkeys((*view.identity, *view.columns)))
    network, *others = view.identity
    part = () if view.totals else ("part",)
    about = ("kept", "costs_more", *view.facts, *COUNTED, *ALL_FIGURES)
    return tuple(dict.fromkeys((network, "source", *others, *part, *about)))


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
    if type(value) in WRITTEN_AS_THEY_ARE:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return "x".join("" if item is None else str(item) for item in value)
    if isinstance(value, str):
        return harmless(value)
    holes.append(value)
    return HOLE

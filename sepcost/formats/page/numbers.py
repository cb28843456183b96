"""All that ``--format json`` has, as tables: one for each list, and one for what is above all lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from sepcost.formats.page.tables import Cell, Header, Line, Table, raw
from sepcost.text.harmless import harmless

Rows: TypeAlias = "dict[str, list[dict[str, Any]]]"
OF_ALL = "the whole"
NOTHING: tuple[object, ...] = (None, [], "")


def number_tables(document: Mapping[str, Any]) -> list[Table]:
    """The tables of a document, whose columns have its names; a list in a list says in which item it is.

    >>> net = {"name": "net", "layers": [{"name": "conv1", "standard": {"params": 9}, "kernel": [3, 3]}]}
    >>> whole, networks, layers = number_tables({"version": "1", "networks": [net]})
    >>> [header.text for header in layers.headers[0]], [cell.text for cell in layers.lines[0].cells]
    (['networks', 'name', 'standard.params', 'kernel'], ['net', 'conv1', '9', '3, 3'])
    """
    found: Rows = {}
    _take(document, "", {}, found)
    return [table for path, rows in found.items() for table in _table(path or OF_ALL, rows)]


def _take(item: Mapping[str, Any], path: str, owner: Mapping[str, Any], found: Rows) -> None:
    """Put an item into the rows of its list, and the items of its own lists into theirs."""
    row = dict(owner)
    found.setdefault(path, []).append(row)
    inner = {**owner, path: item["name"]} if "name" in item else owner
    for name, value in _flat(item):
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            for each in value:
                _take(each, f"{path}.{name}".lstrip("."), inner, found)
        else:
            row[name] = value


def _flat(item: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _table(title: str, rows: list[dict[str, Any]]) -> Iterator[Table]:
    """The table of a list without its empty columns, if anything is left."""
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if _is_used(name, rows)]
    if names:
        headers = [Header(harmless(name), _is_text(name, rows)) for name in names]
        lines = [Line([_cell(row.get(name), first=not number) for number, name in enumerate(names)]) for row in rows]
        yield Table(harmless(title), [headers], lines, sorts=len(rows) > 1)


def _is_used(name: str, rows: list[dict[str, Any]]) -> bool:
    return any(row.get(name) not in NOTHING for row in rows)


def _is_text(name: str, rows: list[dict[str, Any]]) -> bool:
    return not any(isinstance(row.get(name), (int, float)) for row in rows)


def _cell(value: Any, *, first: bool) -> Cell:
    if isinstance(value, str):
        return Cell(harmless(value), names=first)
    if isinstance(value, list):
        return Cell(", ".join(harmless(each) if isinstance(each, str) else raw(each) for each in value), names=first)
    return Cell("–" if value is None else raw(value), look="" if isinstance(value, bool) else "n", names=first)

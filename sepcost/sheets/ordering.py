"""Ordering: rows of a result sorted by a figure, as ``--sort`` asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sepcost.errors import SepcostError
from sepcost.text.wording import did_you_mean

T = TypeVar("T")


def checked_sort(typed: str | None, names: Sequence[str]) -> str | None:
    """The name by which layers are sorted; a SepcostError if nothing is called so.

    >>> checked_sort("-Time", ["time"]), checked_sort(None, ["time"])
    ('-time', None)
    """
    name = (typed or "").removeprefix("-").lower()
    if typed is not None and name not in names:
        hint = did_you_mean(name, names) or f" (there are: {', '.join(names)})"
        raise SepcostError(f"--sort: nothing is called {name!r}{hint}")
    return typed and typed.lower()


def ordered(items: Sequence[T], sort: str | None, value: Callable[[T, str], float | None]) -> list[T]:
    """Largest first or smallest first (``-NAME``), what has no value last; as they are without a name.

    >>> ordered([2, None, 3], "-itself", lambda item, name: item)
    [2, 3, None]
    """
    if sort is None:
        return list(items)
    sign = 1 if sort.startswith("-") else -1

    def rank(item: T) -> tuple[bool, float]:
        found = value(item, sort.removeprefix("-"))
        return found is None, sign * (found or 0)

    return sorted(items, key=rank)

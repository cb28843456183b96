"""Doubt: why a network may cost more than its figures say, and so what a limit of them is."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from sepcost.count.snapshot import Snapshot

UNCOUNTED = "not all of it can be counted (--allow uncounted accepts that)"
ZEROS = "it reads values, and its inputs are zeros (give --input file.py:function; --allow zeros accepts that)"


class Outcome(Enum):
    """The result of a limit: a figure that is not known does not pass."""

    HELD = "held"
    BROKEN = "broken"
    UNDECIDED = "undecided"

    @classmethod
    def of(cls, holds: bool, *, known: bool = True) -> Outcome:
        """The outcome of a value within its limit or not; if the true value may be higher, only "not" is certain."""
        return cls.BROKEN if not holds else cls.HELD if known else cls.UNDECIDED


class Allow(str, Enum):
    """What is not known, and is allowed to pass."""

    UNCOUNTED = "uncounted"
    ZEROS = "zeros"
    GONE = "gone"


def doubt(snapshot: Snapshot, allowed: Collection[Allow] = ()) -> str | None:
    """Why a figure below its limit may really be above it; None if there is no reason, or the reason is allowed.

    >>> from sepcost import Conv, compare
    >>> from sepcost.count.evaluation import evaluated
    >>> doubt(evaluated(compare(Conv((8, 8), 3, 8, 3))))
    """
    if snapshot.lower_bound and Allow.UNCOUNTED not in allowed:
        return UNCOUNTED
    return ZEROS if snapshot.model and snapshot.model.read_zeros and Allow.ZEROS not in allowed else None

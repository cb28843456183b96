"""Doubt: why a network may cost more than its figures say."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sepcost.network.budget import Allow

if TYPE_CHECKING:
    from sepcost.count.snapshot import Snapshot

UNCOUNTED = "not all of it can be counted (--allow uncounted accepts that)"
ZEROS = "it reads values, and its inputs are zeros (give --input file.py:function; --allow zeros accepts that)"


def doubt(snapshot: Snapshot, allowed: Collection[Allow] = ()) -> str | None:
    """Why a figure below its limit may really be above it; None if there is no reason, or the reason is allowed.

    >>> from sepcost import Conv, compare
    >>> from sepcost.count.evaluation import evaluated
    >>> doubt(evaluated(compare(Conv((8, 8), 3, 8, 3))))
    """
    if snapshot.lower_bound and Allow.UNCOUNTED not in allowed:
        return UNCOUNTED
    return ZEROS if snapshot.model and snapshot.model.read_zeros and Allow.ZEROS not in allowed else None

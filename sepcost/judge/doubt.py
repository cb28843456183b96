"""Doubt: why a network may cost more than its figures say."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sepcost.network.budget import Allow

if TYPE_CHECKING:
    from sepcost.network.network import Network

UNCOUNTED = "not all of it can be counted (--allow uncounted accepts that)"
ZEROS = "it reads values, and its inputs are zeros (give --input file.py:function; --allow zeros accepts that)"


def doubt(network: Network | None, allowed: Collection[Allow] = ()) -> str | None:
    """Why a figure below its limit may be above it in truth; None where there is no reason, or that is allowed.

    >>> from sepcost import Conv, Network
    >>> doubt(Network.of(Conv((8, 8), 3, 8, 3)))
    """
    if network is None:
        return None
    if network.uncounted and Allow.UNCOUNTED not in allowed:
        return UNCOUNTED
    return ZEROS if network.read_zeros and Allow.ZEROS not in allowed else None

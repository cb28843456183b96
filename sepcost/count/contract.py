"""The contracts of JSON: what every document begins with (docs/json.md), and the rows of a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from sepcost.count.figure import COUNTS, MULTIPLES, NEED_A_MAP, NOT_IN_WEIGHTS, Figures, cost_figures, with_quotients
from sepcost.layers.cost import Convention, Cost
from sepcost.version import __version__

SCHEMA_VERSION = 1
NOTES = {
    1: "one FLOP per MAC, as in the MobileNet paper and fvcore",
    2: "two FLOPs per MAC, as in PyTorch and data sheets",
}

BASELINE = "baseline"
"""The kind of such a document."""
BASELINE_VERSION = 2
"""The first was what ``compare`` writes."""
FLOPS = "flops"
"""The figure that no row has: it always follows from the MACs."""
ROW = tuple(sorted((name for name in COUNTS if name != FLOPS), key=MULTIPLES.__contains__))
"""What a row of a baseline has, in this order; which a document says, since earlier versions had fewer figures."""


def head(schema_version: int, convention: Convention) -> dict[str, Any]:
    """What every document begins with: what wrote it, and how it counts."""
    return {
        "schema_version": schema_version,
        "version": __version__,
        "convention": {"flops_per_mac": convention.flops_per_mac, "note": NOTES[convention.flops_per_mac]},
        "batch": convention.batch,
        "dtype": convention.dtype,
    }


def short(row: Sequence[str]) -> tuple[str, ...]:
    """The figures that a row has at least: the others may follow from these.

    >>> short(["params", "macs", "weight_bytes"])
    ('params', 'macs')
    """
    return tuple(takewhile(lambda name: name not in MULTIPLES, row))


def all_figures(values: Sequence[int | None], row: Sequence[str], convention: Convention) -> Figures:
    """What the values of such a row say, and what follows from them; null what the row does not have."""
    known = dict(zip(row, values))
    cost = Cost(known["params"] or 0, known["macs"] or 0, known.get("activations") or 0)
    unknown = NEED_A_MAP if known.get("traffic_bytes") is None else ()
    follow = cost_figures(cost, convention, unknown=NOT_IN_WEIGHTS if known["macs"] is None else unknown)
    told = {name: follow.get(name) for name in (*row, FLOPS) if MULTIPLES.get(name, name) in row} | known
    return with_quotients({name: told.get(name) for name in COUNTS}, convention)

"""The contracts of JSON: what every document begins with (docs/json.md), and the rows of a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sepcost.count.figure import COUNTS, OWN, PEAK, Figures, cost_figures, names, with_quotients
from sepcost.layers.cost import Convention, Cost
from sepcost.text.kind import Kind
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
_FIGURES = tuple(name for name in OWN if name != PEAK)
ROWS = (_FIGURES, (*_FIGURES, *names(lambda figure: figure.kind is Kind.BYTES and not figure.is_own)))
"""What a list of figures in a baseline has, in this order: bytes only where they are no multiples of the others."""


def head(schema_version: int, convention: Convention) -> dict[str, Any]:
    """What every document begins with: what wrote it, and how it counts."""
    return {
        "schema_version": schema_version,
        "version": __version__,
        "convention": {"flops_per_mac": convention.flops_per_mac, "note": NOTES[convention.flops_per_mac]},
        "batch": convention.batch,
        "dtype": convention.dtype,
    }


def all_figures(row: Sequence[int | None], convention: Convention) -> Figures:
    """What a row says, and what follows from it; without a map, no bytes of maps do."""
    known = dict(zip(ROWS[1], row))
    cost = Cost(known["params"] or 0, known["macs"] or 0, known["activations"] or 0)
    follow = cost_figures(cost, convention, has_map=known["traffic_bytes"] is not None)
    return with_quotients({name: {**follow, **known}[name] for name in COUNTS}, convention)

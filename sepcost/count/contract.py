"""The contracts of JSON: what every document begins with (docs/json.md), and the rows of a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sepcost.count.figure import COUNTS, OWN, PEAK, Figures, names, with_quotients
from sepcost.layers.cost import Convention
from sepcost.text.kind import Kind
from sepcost.version import __version__

SCHEMA_VERSION = 1
NOTES = {1: "one FLOP per MAC, as in the articles and fvcore", 2: "two FLOPs per MAC, as in PyTorch and data sheets"}

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
    params, macs, activations = (known[name] or 0 for name in ROWS[0][:3])
    follow = {
        "flops": macs * convention.flops_per_mac,
        "weight_bytes": params * convention.bytes_per_element,
        "activation_bytes": None if known["traffic_bytes"] is None else convention.bytes_of(activations),
    }
    return with_quotients({name: {**follow, **known}[name] for name in COUNTS}, convention)

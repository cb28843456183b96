"""The contract of docs/json.md: what every document of JSON begins with."""

from __future__ import annotations

from typing import Any

from sepcost.layers.cost import Convention
from sepcost.version import __version__

SCHEMA_VERSION = 1
NOTES = {1: "one FLOP per MAC, as in the articles and fvcore", 2: "two FLOPs per MAC, as in PyTorch and data sheets"}


def head(schema_version: int, convention: Convention) -> dict[str, Any]:
    """What every document begins with: what wrote it, and how it counts."""
    return {
        "schema_version": schema_version,
        "version": __version__,
        "convention": {"flops_per_mac": convention.flops_per_mac, "note": NOTES[convention.flops_per_mac]},
        "batch": convention.batch,
        "dtype": convention.dtype,
    }

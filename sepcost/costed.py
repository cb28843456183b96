"""Costed networks: standard figures by name, whether they have just been counted or come from an earlier output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sepcost.cost import Convention

Figures: TypeAlias = Mapping[str, "int | None"]
"""Counts by their names; None for what needs a map where there is none."""


@dataclass(frozen=True, slots=True)
class CostedLayer:
    """A layer's name, its type, shapes and arguments (``facts``), and what it costs (``figures``)."""

    name: str
    facts: Mapping[str, Any]
    figures: Figures


@dataclass(frozen=True, slots=True)
class CostedNetwork:
    """A network's layers and totals, and how they were counted.

    ``per`` is what the counts of a convolution without a map are per, such as ``"output position"``; ``total``
    has a peak that is no sum over the layers.
    """

    name: str
    layers: tuple[CostedLayer, ...]
    total: Figures
    convention: Convention
    source: str | None = None
    per: str | None = None
    alpha: float = 1.0
    rho: float = 1.0

"""Lines: where in a file a network and what belongs to it stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file, from 1, in which a network, each of its layers and each of its limits stand."""

    network: int
    layers: Mapping[str, int]
    limits: Mapping[str, int]

    def further_down(self, lines: int) -> Lines:
        """The same, so many lines further down."""
        layers = {name: line + lines for name, line in self.layers.items()}
        limits = {figure: line + lines for figure, line in self.limits.items()}
        return Lines(self.network + lines, layers, limits)

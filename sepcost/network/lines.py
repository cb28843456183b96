"""Lines: the lines of a file on which a network and its layers are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file, from 1, on which a network, each of its layers and each of its limits are."""

    network: int
    layers: Mapping[str, int]
    limits: Mapping[str, int]

    def further_down(self, lines: int) -> Lines:
        """The same, this many lines further down."""
        layers = {name: line + lines for name, line in self.layers.items()}
        limits = {figure: line + lines for figure, line in self.limits.items()}
        return Lines(self.network + lines, layers, limits)

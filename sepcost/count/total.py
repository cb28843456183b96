"""Total: what a whole network costs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sepcost.layers.cost import Convention, Cost
from sepcost.network.liveness import Peak


@dataclass(frozen=True, slots=True)
class Total:
    """A network's cost, and where the most of its maps is alive at once (None if it is not known).

    ``kept`` is the reason why the only layer of a network stays as it is; ``unknown`` are the figures that need more
    than is known of the network.
    """

    cost: Cost
    peak: Peak | None
    costs_more: bool = False
    kept: str | None = None
    unknown: Collection[str] = ()

    def peak_bytes(self, convention: Convention) -> int | None:
        """The peak of the whole batch's maps."""
        if self.peak is None:
            return None
        parts = (self.peak.read, self.peak.written, self.peak.held)
        return sum(convention.bytes_of(part, in_bytes=self.peak.in_bytes) for part in parts)

"""The graph limit: how large the graph in a file may be."""

from __future__ import annotations

from sepcost.errors import ModelError
from sepcost.text.units import exact

MIB = 2**20


class GraphLimit:
    """The most bytes that a graph may have, its weights apart, of which those that are read are spent.

    >>> limit = GraphLimit(2**20)
    >>> limit.spend(1_000_000)
    >>> limit.spend(100_000)
    Traceback (most recent call last):
    sepcost.errors.ModelError: its graph is larger than the limit, 1,048,576 bytes: --graph-limit 2MiB reads more
    """

    def __init__(self, most: int) -> None:
        self.most = self.left = most

    def spend(self, many: int) -> None:
        """Count so many bytes more; a ModelError if there are too many."""
        self.left -= many
        if self.left < 0:
            wanted = -(-max(2 * self.most, self.most - self.left) // MIB)
            raise ModelError(
                f"its graph is larger than the limit, {exact(self.most)} bytes: --graph-limit {wanted}MiB reads more"
            )

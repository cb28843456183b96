"""Quota: how much a file or a stream may ask for, in proportion to what is read of it."""

from __future__ import annotations

MEGABYTE = 1_000_000
LAYERS = 50_000
"""The layers for each megabyte begun: a short text can ask for any number of them."""
VALUES = 1_000_000
"""The values that aliases repeat, for each megabyte begun."""
LONGEST_NAME = 250
"""Each row of a result repeats the names."""


def for_each_megabyte(many: int, size: int) -> int:
    """``many`` for each megabyte begun.

    >>> for_each_megabyte(LAYERS, 100), for_each_megabyte(LAYERS, 1_000_001)
    (50000, 100000)
    """
    return many * (size // MEGABYTE + 1)


class Quota:
    """What is left of the quota.

    >>> quota = Quota()
    >>> quota.read(100)
    >>> quota.take(layers=49_000)
    >>> quota.layers, quota.values
    (1000, 1000000)
    """

    def __init__(self) -> None:
        self._size = 0
        self._layers = 0
        self._values = 0

    def read(self, size: int) -> None:
        """Note how many more bytes are read."""
        self._size += size

    def take(self, *, layers: int = 0, values: int = 0) -> None:
        """Note how many layers and values are used."""
        self._layers += layers
        self._values += values

    @property
    def layers(self) -> int:
        """The layers that further documents may have."""
        return for_each_megabyte(LAYERS, self._size) - self._layers

    @property
    def values(self) -> int:
        """The values that further aliases may repeat."""
        return for_each_megabyte(VALUES, self._size) - self._values

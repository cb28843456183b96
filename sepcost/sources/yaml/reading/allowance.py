"""Allowance: how much a file or a stream may ask for, in proportion to what has been read of it."""

from __future__ import annotations

MEGABYTE = 1_000_000
LAYERS = 50_000
"""For each megabyte begun, however they are written: a short text can ask for any number of them."""
VALUES = 1_000_000
"""The same for the values that aliases repeat."""
LONGEST_NAME = 250
"""Names come again in every row."""


def for_each_megabyte(many: int, size: int) -> int:
    """So many for each megabyte begun.

    >>> for_each_megabyte(LAYERS, 100), for_each_megabyte(LAYERS, 1_000_001)
    (50000, 100000)
    """
    return many * (size // MEGABYTE + 1)


class Allowance:
    """What is left of it.

    >>> allowance = Allowance()
    >>> allowance.read(100)
    >>> allowance.take(layers=49_000)
    >>> allowance.layers, allowance.values
    (1000, 1000000)
    """

    def __init__(self) -> None:
        self._size = 0
        self._layers = 0
        self._values = 0

    def read(self, size: int) -> None:
        """So many more bytes have been read."""
        self._size += size

    def take(self, *, layers: int = 0, values: int = 0) -> None:
        """So many are used."""
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

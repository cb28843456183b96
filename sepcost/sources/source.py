"""Source: something that gives networks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sepcost.errors import ConfigError
from sepcost.sources.given import Given
from sepcost.sources.item import Item
from sepcost.sources.model_options import ModelOptions


class Source(Protocol):
    """It decides whether it can read something, and reads it."""

    takes: str
    """What can be given to it, as messages list it."""

    def read(self, given: Given, options: ModelOptions) -> Iterable[Item | ConfigError] | None:
        """The networks, or what is wrong with them, one by one; None if this is for another source.

        Raises ConfigError if nothing of it can be read. ``options`` are for models.
        """

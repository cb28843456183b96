"""Schedule: in which order maps are written and read, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Combined(Enum):
    """What an operator makes of several maps, element by element."""

    SUM = "their sum"
    PRODUCT = "their product"


class Step(NamedTuple):
    """Something that runs: the maps that it reads and writes, perhaps the same.

    ``node`` is the number of the layer that it is, if it is one; ``combined`` is what it makes of several maps,
    ``parts`` the first of the channels that it reads, by map, where it reads only some of these.
    """

    name: str
    reads: tuple[int, ...] = ()
    writes: tuple[int, ...] = ()
    node: int | None = None
    combined: Combined | None = None
    parts: Mapping[int, int] = {}


@dataclass(frozen=True, slots=True)
class Schedule:
    """The steps in order, and the elements of each map, per sample.

    ``inputs`` are maps that are there before the first step, ``outputs`` those that live to the end. ``widths`` are the
    bytes of an element of each map, where the maps have dtypes of their own.

    >>> Schedule((Step("conv", (0,), (1,), 0),), sizes=(128, 256), outputs=(1,), widths=(4, 2)).bytes
    (512, 512)
    """

    steps: tuple[Step, ...]
    sizes: tuple[int, ...]
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    widths: tuple[int, ...] = ()

    @property
    def bytes(self) -> tuple[int, ...]:
        """The bytes of each map."""
        return tuple(size * width for size, width in zip(self.sizes, self.widths))

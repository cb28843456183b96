"""Budget: what a network may cost at the most, and what a replacement must gain at the least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sepcost.cost import COUNTS

if TYPE_CHECKING:
    from fractions import Fraction

Quantity: TypeAlias = "int | Fraction"

AS_GIVEN = "none"
"""Names the network without a replacement, where a replacement could be named."""
REDUCTION = "reduction."
PEAK = "peak_activation_bytes"
"""The figure that nobody can know of some networks."""
BOUNDED = (*COUNTS, PEAK, "macs_per_byte")
"""Figures of the JSON that may have a limit: at most so much."""
REDUCED = ("params", "macs", "activations", "traffic_bytes", "peak_activation_bytes")
"""Figures whose reduction may have one: at least so much. A limit's figure is then ``reduction.macs``."""


class Limit(NamedTuple):
    """A bound of one figure of a network's total; at the bound it holds.

    >>> Limit("params", 4_300_000).allows(4_300_000), Limit("reduction.macs", 8).allows(7)
    (True, False)
    """

    figure: str
    bound: Quantity

    @property
    def is_least(self) -> bool:
        """Whether it is the least that the figure must be, and not the most."""
        return self.figure.startswith(REDUCTION)

    def allows(self, value: Quantity | None) -> bool:
        """Whether a figure with this value holds; one that has none does not."""
        if value is None:
            return False
        return value >= self.bound if self.is_least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits, and the replacement that they speak of: its text, ``none``, or None for a network's first one."""

    limits: tuple[Limit, ...]
    replacement: str | None = None


def read_bound(figure: str, text: str) -> Quantity:
    """The bound of a figure as people write it; raises NumberError.

    >>> read_bound("params", "4.3M"), read_bound("weight_bytes", "17MB"), read_bound("reduction.macs", "8")
    (4300000, 17000000, Fraction(8, 1))
    """
    from sepcost.quantities import read_bytes, read_count, read_ratio  # with fractions, which take their time

    if figure.startswith(REDUCTION) or figure == "macs_per_byte":
        return read_ratio(text)
    return read_bytes(text) if figure.endswith("_bytes") else read_count(text)

"""Budget: what a network may cost at the most, and what a replacement must gain at the least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sepcost.layers.cost import COUNTS

if TYPE_CHECKING:
    from fractions import Fraction

    from sepcost.text.quantities import Allowance

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

JUDGED = ("params", "macs", "activations", "traffic_bytes", "peak_activation_bytes")
"""Figures that may not grow beyond a baseline; every other one is a multiple of one of these, or nearly."""
MULTIPLES: Mapping[str, str] = {"flops": "macs", "weight_bytes": "params", "activation_bytes": "activations"}
"""What is judged, too, where it is no multiple: of tensors in several dtypes."""
GROWING = (*JUDGED, "weight_bytes", "activation_bytes")
"""Figures whose growth may be bounded."""


class Outcome(Enum):
    """What becomes of a limit: what is not known is not passed."""

    HELD = "held"
    BROKEN = "broken"
    UNDECIDED = "undecided"

    @classmethod
    def of(cls, holds: bool, *, known: bool = True) -> Outcome:
        """That of a value which is on the right side or not; where there may be more than it says, only no is sure."""
        return cls.BROKEN if not holds else cls.HELD if known else cls.UNDECIDED


class Allow(str, Enum):
    """What is not known, and is to pass all the same."""

    UNCOUNTED = "uncounted"
    ZEROS = "zeros"
    GONE = "gone"


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

    def allows(self, value: Quantity) -> bool:
        """Whether a figure with this value holds."""
        return value >= self.bound if self.is_least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits, and the replacement that they speak of: its text; ``none`` or None for the network as it is.

    ``growth`` is by how much figures may be above a baseline's.
    """

    limits: tuple[Limit, ...]
    replacement: str | None = None
    growth: Mapping[str, Allowance] = field(default_factory=dict)


def read_growth(figure: str, text: str) -> Allowance:
    """By how much a figure may grow, as people write it; raises NumberError.

    >>> read_growth("macs", "2%"), read_growth("params", "10k")
    (Allowance(share=Fraction(1, 50), amount=0), Allowance(share=Fraction(0, 1), amount=10000))
    """
    from sepcost.text.quantities import read_allowance

    return read_allowance(text, figure)


def read_bound(figure: str, text: str) -> Quantity:
    """The bound of a figure as people write it; raises NumberError.

    >>> read_bound("params", "4.3M"), read_bound("weight_bytes", "17MB"), read_bound("reduction.macs", "8")
    (4300000, 17000000, Fraction(8, 1))
    """
    from sepcost.text.quantities import read_bytes, read_count, read_ratio  # with fractions, which take their time

    if figure.startswith(REDUCTION) or figure == "macs_per_byte":
        return read_ratio(text)
    return read_bytes(text) if figure.endswith("_bytes") else read_count(text)

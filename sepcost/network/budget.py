"""Budget: what a network may cost at the most, and what a replacement must gain at the least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from fractions import Fraction

    from sepcost.text.quantities import Allowance

Quantity: TypeAlias = "int | Fraction"

AS_GIVEN = "none"
"""Names the network without a replacement, where a replacement could be named."""
REDUCTION = "reduction."


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

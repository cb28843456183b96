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
"""The name of the network as it is, where the name of a replacement may be given."""
REDUCTION = "reduction."


class Outcome(Enum):
    """The result of a limit: a figure that is not known does not pass."""

    HELD = "held"
    BROKEN = "broken"
    UNDECIDED = "undecided"

    @classmethod
    def of(cls, holds: bool, *, known: bool = True) -> Outcome:
        """The outcome of a value within its limit or not; if the true value may be higher, only "not" is certain."""
        return cls.BROKEN if not holds else cls.HELD if known else cls.UNDECIDED


class Allow(str, Enum):
    """What is not known, and is allowed to pass."""

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
        """Whether it is a lower bound, not an upper one."""
        return self.figure.startswith(REDUCTION)

    def allows(self, value: Quantity) -> bool:
        """Whether a figure with this value holds."""
        return value >= self.bound if self.is_least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits, and the replacement that they are for: its text; ``none`` or None for the network as it is.

    ``growth`` is by how much figures may be above a baseline's.
    """

    limits: tuple[Limit, ...]
    replacement: str | None = None
    growth: Mapping[str, Allowance] = field(default_factory=dict)

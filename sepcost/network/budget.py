"""Budget: what a network may cost at the most, and what a replacement must gain at the least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from fractions import Fraction

    from sepcost.text.quantities import Allowance

Quantity: TypeAlias = "int | Fraction"

AS_GIVEN = "none"
"""The name of the network as it is, where the name of a replacement may be given."""


class Limit(NamedTuple):
    """The most of one figure of a network's total, or the least of a reduction."""

    figure: str
    bound: Quantity


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits, and the replacement that they are for: its text; ``none`` or None for the network as it is.

    ``growth`` is by how much figures may be above a baseline's.
    """

    limits: tuple[Limit, ...]
    replacement: str | None = None
    growth: Mapping[str, Allowance] = field(default_factory=dict)

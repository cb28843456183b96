"""Verification: which counts of a network an independent witness confirms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from sepcost.layers import Shape

STANDARD = "standard"
"""The variant that is no replacement."""

Found: TypeAlias = "int | float | str | Shape"


class Mismatch(NamedTuple):
    """A figure that the witness does not confirm: ours, and theirs (or why there is none).

    ``layer`` is None for the whole network, ``part`` for all of the layer under this variant: ``standard``, or a
    replacement's text. ``field`` is ``params``, ``macs``, ``input`` or ``output``.
    """

    layer: str | None
    variant: str
    part: str | None
    field: str
    ours: Found
    theirs: Found


class Unverified(NamedTuple):
    """What the witness could not count, and why; ``layer`` is None for the whole network."""

    layer: str | None
    variant: str
    part: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared with the witness, and what it did not confirm; those of several networks add up.

    ``checked`` numbers and shapes were compared with the witness's; ``layers`` and ``variants`` (replaced layers) are
    those in which all agree. ``witness`` is its version.

    >>> Verification("2.13.0", layers=1, variants=1, checked=17) + Verification("2.13.0", 2, 0, 9)
    Verification(witness='2.13.0', layers=3, variants=1, checked=26, mismatches=(), unverified=())
    """

    witness: str
    layers: int
    variants: int
    checked: int
    mismatches: tuple[Mismatch, ...] = ()
    unverified: tuple[Unverified, ...] = ()

    def __add__(self, other: Verification) -> Verification:
        return Verification(
            self.witness,
            self.layers + other.layers,
            self.variants + other.variants,
            self.checked + other.checked,
            self.mismatches + other.mismatches,
            self.unverified + other.unverified,
        )

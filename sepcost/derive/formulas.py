"""Formulas: what a convolution costs, in letters; and a formula as a step of a derivation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sepcost.derive.algebra import Expression, Letter, Term


@dataclass(frozen=True, slots=True)
class Formulas:
    """What a convolution costs for one sample, in letters; ``norms`` are a norm's scales and shifts."""

    weights: Term
    biases: tuple[Term, ...]
    norms: tuple[Term, ...]
    macs: Term
    reads: Term
    writes: Term
    is_depthwise: bool
    is_pointwise: bool

    @property
    def letters(self) -> Iterator[Letter]:
        return (letter for term in (self.macs, self.reads, self.writes) for letter, _ in term.powers)


class DerivationStep(NamedTuple):
    """One formula: in symbols, with the numbers in place, and its value."""

    name: str
    symbols: Expression
    numbers: Expression
    value: str


def step(name: str, formula: Expression, value: str) -> DerivationStep:
    """A step whose numbers are those of its letters."""
    return DerivationStep(name, formula, formula, value)

"""Steps: each figure of a convolution as a formula, with its numbers and its value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sepcost.count.figure import BY_NAME, NEED_A_MAP, OWN, Figures, cost_figures
from sepcost.count.layer_comparison import Variant
from sepcost.derive.algebra import Expression, Letter, Product, Quotient, Sum, Term, Word, number, total
from sepcost.derive.formulas import DerivationStep, Formulas, step
from sepcost.layers.cost import Convention, Cost
from sepcost.network.network import Widths
from sepcost.text.kind import Kind
from sepcost.text.units import UNITS_OF_BYTES, decimal, exact, in_bytes


class _Count(NamedTuple):
    """A figure that is a sum of terms."""

    name: str
    terms: tuple[Term, ...]
    value: int


class Basis(NamedTuple):
    """The convention of the figures, the widths of elements, and whether there is a map that has bytes."""

    convention: Convention
    widths: Widths
    has_map: bool

    def figures(self, formulas: Formulas, cost: Cost) -> Iterator[DerivationStep]:
        """Every figure of a convolution."""
        yield from (step(count.name, total(count.terms), exact(count.value)) for count in self._counts(formulas, cost))
        yield from self._memory([formulas], cost)
        yield from self._moved(self._traffic(formulas, cost), cost)

    def figures_of_part(self, name: str, formulas: Formulas, cost: Cost) -> Iterator[DerivationStep]:
        """The figures of a part that sums consist of, and its MACs per byte."""
        counts = [step(count.name, total(count.terms), exact(count.value)) for count in self._counts(formulas, cost)]
        steps = [*counts, *self._moved(self._traffic(formulas, cost), cost)]
        return (each._replace(name=f"{name} {each.name}") for each in steps)

    def sums(self, parts: Sequence[Formulas], variant: Variant) -> Iterator[DerivationStep]:
        """Every figure of all parts together."""
        counts = [self._counts(formulas, part.cost) for formulas, part in zip(parts, variant.parts)]
        for alike in zip(*counts):
            terms = [term for count in alike for term in count.terms]
            numbers = Sum(tuple(number(count.value) for count in alike))
            yield DerivationStep(alike[0].name, total(terms), numbers, exact(sum(count.value for count in alike)))
        yield from self._memory(parts, variant.cost)
        words = ((part.name, self._word("traffic_bytes", part.cost)) for part in variant.parts)
        traffics = (word._replace(name=f"{name} {word.name}") for name, word in words)
        yield from self._moved(Sum(tuple(traffics)), variant.cost)

    def compared(self, standard: Cost, cost: Cost) -> Iterator[tuple[str, int, int]]:
        """The figures that have a reduction: the name, and the value of both."""
        before, after = self._figures(standard), self._figures(cost)
        for name in OWN:
            if after.get(name) is not None:
                yield BY_NAME[name].header, before[name], after[name]

    def _figures(self, cost: Cost) -> Figures:
        return cost_figures(cost, self.convention, unknown=() if self.has_map else NEED_A_MAP)

    def _word(self, name: str, cost: Cost) -> Word:
        return Word(BY_NAME[name].header, self._figures(cost)[name])

    def _step(self, name: str, formula: Expression, cost: Cost) -> DerivationStep:
        value, figure = self._figures(cost)[name], BY_NAME[name]
        return step(figure.header, formula, _bytes(value) if figure.kind is Kind.BYTES else decimal(value))

    def _counts(self, formulas: Formulas, cost: Cost) -> Iterator[_Count]:
        factor = self.convention.flops_per_mac
        terms = {
            "params": (formulas.weights, *formulas.biases, *formulas.norms) if cost.params else (),
            "macs": (formulas.macs,),
            **({"flops": (Term.of(number(factor)) * formulas.macs,)} if factor != 1 else {}),
            "activations": (formulas.writes,),
        }
        figures = self._figures(cost)
        return (_Count(BY_NAME[name].header, each, figures[name]) for name, each in terms.items())

    def _memory(self, parts: Sequence[Formulas], cost: Cost) -> Iterator[DerivationStep]:
        yield self._step("weight_bytes", self._weights(parts, cost), cost)
        if self.has_map:
            maps = Product((self._bytes(self.widths.output), *self._samples, self._word("activations", cost)))
            yield self._step("activation_bytes", maps, cost)

    def _moved(self, traffic: Expression, cost: Cost) -> Iterator[DerivationStep]:
        """The bytes that are read and written, and the MACs for each."""
        if self.has_map:
            yield self._step("traffic_bytes", traffic, cost)
            macs: Expression = self._word("macs", cost)
            macs = Product((*self._samples, macs)) if self._samples else macs
            yield self._step("macs_per_byte", Quotient(macs, self._word("traffic_bytes", cost)), cost)

    def _traffic(self, formulas: Formulas, cost: Cost) -> Expression:
        weights = self._weights([formulas], cost)
        maps = ((self.widths.input, formulas.reads), (self.widths.output, formulas.writes))
        if self.widths.input == self.widths.output:
            elements = Sum(tuple(term.expression for _, term in maps))
            return Sum((Product((self._bytes(self.widths.input), *self._samples, elements)), weights))
        moved = (Term.of(self._bytes(width), *self._samples) * term for width, term in maps)
        return Sum((*(term.expression for term in moved), weights))

    def _weights(self, parts: Sequence[Formulas], cost: Cost) -> Expression:
        """The bytes of the params: each param has the width of a weight, unless biases or norms are wider."""
        weights, biases, norm = map(self._bytes, self.widths[:3])
        others = [(biases, term) for part in parts for term in part.biases]
        others += [(norm, term) for part in parts for term in part.norms]
        if not cost.params or all(width == weights for width, _ in others):
            return Product((weights, self._word("params", cost)))
        terms = [(weights, part.weights) for part in parts] + others
        return total([Term.of(width) * term for width, term in terms])

    def _bytes(self, width: int) -> Letter:
        """The bytes of an element: a letter if most elements have this width."""
        return Letter("b", width) if width == self.widths.element else number(width)

    @property
    def _samples(self) -> tuple[Letter, ...]:
        """The samples of a batch, if there are several."""
        return (Letter("N", self.convention.batch),) if self.convention.batch > 1 else ()


def _bytes(value: int) -> str:
    exactly = f"{exact(value)} B"
    return exactly if value < UNITS_OF_BYTES.step else f"{exactly} = {in_bytes(value)}"

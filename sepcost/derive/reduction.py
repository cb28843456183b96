"""Reduction: how much less a replacement has than the standard, and why: what does not cancel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sepcost.derive.algebra import Expression, Quotient, Term, Word, as_numbers, common, factored, total
from sepcost.derive.formulas import DerivationStep, Formulas, step
from sepcost.layers import Conv
from sepcost.layers.cost import Cost, ratio
from sepcost.text.units import as_ratio, decimal
from sepcost.text.wording import listed

PAPER = "MobileNet (arXiv:1704.04861, section 3.1)"


class Reduction(NamedTuple):
    """A convolution and the parts that replace it, in formulas and in figures; ``compared``: name, before, after."""

    text: str
    conv: Conv
    compared: Sequence[tuple[str, int, int]]
    standard: Formulas
    parts: Sequence[Formulas]
    before: Cost
    after: Cost

    def steps(self) -> Iterator[DerivationStep]:
        """The reduction of each figure; then that of MACs without what cancels, and its inverse, as a share."""
        for name, before, after in self.compared:
            if after:
                yield step(name, Quotient(Word("standard", before), Word(self.text, after)), _ratio(before, after))
        above, below = self._left
        left = Quotient(above.expression, factored(below)) if below != [Term()] else above.expression
        yield DerivationStep("what is left", left, as_numbers(left), _ratio(*self._macs))
        if self._is_separable:
            yield step("for large O", self._limit.expression, _ratio(self._limit.above.whole, self._limit.below.whole))
        share = total([part.macs / self.standard.macs for part in self.parts])
        yield DerivationStep("as a share", share, as_numbers(share), decimal(ratio(*reversed(self._macs)), 3))

    def remark(self) -> Iterator[str | Expression]:
        """What the steps mean, in sentences that have formulas in them."""
        if self._is_separable:
            above, below = self._left
            yield from ("Both sides share ", self._cancelled.expression, ". What is left is ", above.expression)
            yield from (" against ", factored(below), ": however many output channels there are, the reduction stays ")
            yield from ("below ", self._limit.expression, ". ")
            yield "" if self.conv.transposed else f"As a share, separable / standard, it is the formula of {PAPER}. "
        yield " ".join(self._consequences())

    def _consequences(self) -> Iterator[str]:
        extra = ["bias"] * self.conv.bias + ["norm"] * (self.conv.norm != "none")
        if extra:
            yield f"With the {listed(extra)}, params have terms of their own: what is left is about MACs."
        elif _ratio(self.before.params, self.after.params) != _ratio(*self._macs):
            yield "Maps of another size do not change params: what is left is about MACs."
        if self.after.activations > self.before.activations and len(self.parts) > 1:
            yield "Maps between the parts are written and read again: activations grow."
        if self.after.macs > self.before.macs:
            yield "It costs more MACs than the standard."

    @property
    def _macs(self) -> tuple[int, int]:
        return self.before.macs, self.after.macs

    @property
    def _cancelled(self) -> Term:
        """The common factor of the formulas of MACs."""
        return common([self.standard.macs, *(part.macs for part in self.parts)])

    @property
    def _left(self) -> tuple[Term, list[Term]]:
        """The rest of the formulas: the standard's, and that of each part."""
        return self.standard.macs / self._cancelled, [part.macs / self._cancelled for part in self.parts]

    @property
    def _is_separable(self) -> bool:
        """Whether it is depthwise, then pointwise, as in the articles."""
        return len(self.parts) == 2 and self.parts[0].is_depthwise and self.parts[1].is_pointwise

    @property
    def _limit(self) -> Term:
        """The limit of the reduction if only the pointwise counts."""
        return self.standard.macs / self.parts[1].macs


def _ratio(above: int, below: int) -> str:
    return as_ratio(ratio(above, below))

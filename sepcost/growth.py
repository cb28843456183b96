"""Growth: what has become of a network since its baseline, and how much of that is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sepcost.costed import CostedNetwork, Figures
from sepcost.difference import Difference, LayerDifference
from sepcost.quantities import Allowance
from sepcost.verification import STANDARD

JUDGED = ("params", "macs", "activations", "traffic_bytes", "peak_activation_bytes")
"""The figures that may not grow; every other one is a multiple of one of these."""
MULTIPLES: Mapping[str, str] = {"flops": "macs", "weight_bytes": "params", "activation_bytes": "activations"}


class Grown(NamedTuple):
    """One figure of a network's total, before and after: of its ``standard``, or of a replacement by its text.

    ``culprit`` is the layer that grew the most in it, where any did.
    """

    of: str
    figure: str
    before: int
    after: int
    allowance: Allowance = Allowance()
    culprit: LayerDifference | None = None

    @property
    def holds(self) -> bool:
        """Whether it did not grow, or no more than allowed."""
        return self.after <= self.allowance.bound(self.before)


@dataclass(frozen=True, slots=True)
class Growth:
    """A network against its baseline."""

    difference: Difference
    figures: tuple[Grown, ...]


def growth(before: CostedNetwork, after: CostedNetwork, allowances: Mapping[str, Allowance]) -> Growth:
    """Judge every figure of the standard, and of each replacement that both have; without an allowance, none.

    >>> from sepcost import Conv, Convention, Network
    >>> small, large = (CostedNetwork.of(Network.of(Conv((8, 8), 3, width, 3)), Convention()) for width in (16, 17))
    >>> [(grown.figure, grown.holds) for grown in growth(small, large, {"macs": Allowance(amount=10_000)}).figures]
    [('params', False), ('macs', True), ('activations', False), ('traffic_bytes', False), \
('peak_activation_bytes', False)]
    """
    difference = Difference.of(before, after)
    culprits = {figure: _culprit(difference, figure) for figure in JUDGED}
    standard = _grown(STANDARD, before.total, after.total, allowances, culprits)
    replaced = [
        grown
        for text in before.replaced
        if text in after.replaced
        for grown in _grown(text, before.replaced[text], after.replaced[text], allowances, culprits)
    ]
    return Growth(difference, (*standard, *replaced))


def _grown(
    of: str,
    before: Figures,
    after: Figures,
    allowances: Mapping[str, Allowance],
    culprits: Mapping[str, LayerDifference | None],
) -> Iterator[Grown]:
    for figure in JUDGED:
        allowance = allowances.get(figure, Allowance())
        yield Grown(of, figure, before[figure] or 0, after[figure] or 0, allowance, culprits[figure])


def _culprit(difference: Difference, figure: str) -> LayerDifference | None:
    """The layer that grew the most; a peak is no sum, so that of its activations stands for it."""
    name = "activations" if figure == "peak_activation_bytes" else figure
    grown = {id(layer): layer.figures[name].difference or 0 for layer in difference.changes if layer.after}
    most = max(grown.values(), default=0)
    if most <= 0:
        return None
    return next(layer for layer in difference.changes if layer.after and grown[id(layer)] == most)

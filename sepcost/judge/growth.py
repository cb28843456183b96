"""Growth: how much a network has grown since its baseline, and how much of that is allowed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sepcost.count.figure import MULTIPLES, ONLY_OF_NETWORKS, OWN, TIME, Figures
from sepcost.count.snapshot import LayerSnapshot, Snapshot
from sepcost.count.verification import STANDARD
from sepcost.judge.difference import Change, Difference, LayerDifference, steady
from sepcost.judge.outcome import UNCOUNTED, Allow, Outcome, doubt
from sepcost.text.quantities import Allowance


class Grown(NamedTuple):
    """One figure of a network's total, before and after: of its ``standard``, or of a replacement by its text.

    ``culprit`` is the layer that grew the most in it, if any did. ``after`` is None if it is not known any more; it may
    be a ``lower_bound``. ``doubt`` says why it may really be more, ``doubt_before`` why it may have been more.
    """

    of: str
    figure: str
    before: Any
    after: Any
    allowance: Allowance = Allowance()
    culprit: LayerDifference | None = None
    lower_bound: bool = False
    doubt: str | None = None
    doubt_before: str | None = None

    @property
    def outcome(self) -> Outcome:
        """Whether it grew no more than allowed; undecided if a figure is not fully known."""
        if self.after is None:
            return Outcome.UNDECIDED
        holds = self.after <= self.allowance.bound(self.before)
        return Outcome.of(holds, known=not self.doubt) if holds or not self.doubt_before else Outcome.UNDECIDED

    @property
    def holds(self) -> bool:
        return self.outcome is Outcome.HELD


@dataclass(frozen=True, slots=True)
class Growth:
    """A network against its baseline; replacements may be ``unknown`` there, or ``gone`` now."""

    difference: Difference
    figures: tuple[Grown, ...]
    unknown: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def growth(
    before: Snapshot,
    after: Snapshot,
    allowances: Mapping[str, Allowance],
    allowed: Collection[Allow] = (),
) -> Growth:
    """Judge every figure of the standard, and of each replacement that both have; without an allowance, none.

    What is not known of a network, and ``allowed``, counts as nothing.

    >>> from sepcost import Conv, compare
    >>> from sepcost.count.evaluation import evaluated
    >>> small, large = (evaluated(compare(Conv((8, 8), 3, width, 3), [])) for width in (16, 17))
    >>> [(grown.figure, grown.holds) for grown in growth(small, large, {"macs": Allowance(amount=10_000)}).figures]
    [('params', False), ('macs', True), ('activations', False), ('traffic_bytes', False), \
('peak_activation_bytes', False)]
    """
    difference = Difference.of(before, after)
    both = [text for text in after.replaced if text in before.replaced]
    totals = [(STANDARD, before.total, after.total)]
    totals += [(text, before.replaced[text].figures, after.replaced[text].figures) for text in both]
    why = doubt(after, allowed)
    why_before = UNCOUNTED if before.lower_bound and Allow.UNCOUNTED not in allowed else None
    figures = [
        grown._replace(lower_bound=after.lower_bound, doubt=why, doubt_before=why_before)
        for each in totals
        for grown in _grown(*each, difference, allowances)
    ]
    return Growth(
        difference,
        tuple(figures),
        tuple(text for text in after.replaced if text not in before.replaced),
        tuple(text for text in before.replaced if text not in after.replaced),
    )


def figure_of_layers(figure: str) -> str:
    """The figure by which layers explain how this one grew: a peak is no sum over them, so it is the activations."""
    return "activations" if figure in ONLY_OF_NETWORKS else figure


def change_of(layer: LayerDifference, of: str, figure: str) -> Change:
    """A figure of a layer on both sides: of its standard, or under a replacement."""
    name = figure_of_layers(figure)

    def value(side: LayerSnapshot | None) -> Any:
        return None if side is None else _value(side.under(None if of == STANDARD else of), name)

    return Change(value(layer.before), value(layer.after))


def _grown(
    of: str, before: Figures, after: Figures, difference: Difference, allowances: Mapping[str, Allowance]
) -> Iterator[Grown]:
    timed = [TIME] if TIME in before and TIME in after else []
    for figure in (*OWN, *_no_multiples(before, after), *timed):
        allowance = allowances.get(figure, Allowance())
        was, now = (_value(side, figure) for side in (before, after))
        if was is not None:
            yield Grown(of, figure, was, now, allowance, _culprit(difference, of, figure))


def _value(figures: Figures, name: str) -> Any:
    """A figure of a layer or a network; None where it is not known."""
    return steady(figures.get(TIME)) if name == TIME else figures[name]


def _no_multiples(before: Figures, after: Figures) -> Iterator[str]:
    """Figures that grew more, or less, than the figure that they usually are a multiple of."""
    for figure, of in MULTIPLES.items():
        was, was_of, now, now_of = before[figure], before[of], after[figure], after[of]
        if not (was is None or now is None or was * (now_of or 0) == now * (was_of or 0)):
            yield figure


def _culprit(difference: Difference, of: str, figure: str) -> LayerDifference | None:
    """The layer that grew the most and was not removed, if any grew."""
    grown = [(change_of(layer, of, figure).difference or 0, layer) for layer in difference.layers if layer.after]
    most, layer = max(grown, key=lambda item: item[0], default=(0, None))
    return layer if most > 0 else None

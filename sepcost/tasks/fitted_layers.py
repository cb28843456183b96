"""Fitted layers: what was fitted of a network, beside what it costs, as rows; and the plan that a limit makes of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, reduce
from glob import escape
from operator import add
from typing import Any, NamedTuple

from sepcost.blocks.plan import Plan
from sepcost.blocks.replacements import Replacement, options_of
from sepcost.count.comparison import Comparison
from sepcost.count.figure import TIME, figure_named
from sepcost.count.layer_comparison import LayerComparison
from sepcost.errors import CannotReplaceError, SepcostError
from sepcost.judge.choosing import Alternative, Bound, Choice, Group, choose
from sepcost.layers import Conv
from sepcost.layers.cost import Cost
from sepcost.measured.fits import LAYER, TOTAL, Alone, Chosen, Counts, Fit, Fitted
from sepcost.tasks.figures import figures_of

MOST_MULTIPLIER = 4096
FIGURES = {"params": "params", "macs": "macs", "seconds": TIME}


class Kernel(NamedTuple):
    """A trained kernel: its shape, O × C/groups × K, and its squared norm."""

    shape: tuple[int, ...]
    squares: float


class Limit(NamedTuple):
    """What the smaller network is held to: as it was typed (``--max-macs 600M``), what it is of, and its value."""

    typed: str
    of: Any
    value: Any


class LimitError(SepcostError):
    """A limit that no choice of replacements reaches."""


class FittedLayers:
    """A comparison, the kernels of its convolutions, and how each fits alone.

    A layer that runs several times is one; what was fitted and cannot be is kept.
    """

    def __init__(self, comparison: Comparison, kernels: Mapping[str, Kernel], alone: Sequence[Alone]) -> None:
        reasons = {(each.layer, each.replacement): each.kept for each in alone if each.kept is not None}
        self.comparison = comparison.keeping(reasons) if reasons else comparison
        self.kernels = kernels
        self.alone = {(each.layer, each.replacement): each for each in alone}
        self.layers: dict[str, list[LayerComparison]] = {}
        for layer in self.comparison.layers:
            if isinstance(layer.layer, Conv):
                self.layers.setdefault(layer.node.weights_of or layer.name, []).append(layer)

    @cached_property
    def _seconds(self) -> Mapping[tuple[str | None, str | None], float | None]:
        """The predicted time of each layer, and of all (None), as it is (None) and under each replacement."""
        if self.comparison.target is None:
            return {}
        snapshot = figures_of(self.comparison)
        times: dict[tuple[str | None, str | None], float | None] = {(None, None): snapshot.total.get(TIME)}
        times |= {(None, text): each.figures.get(TIME) for text, each in snapshot.replaced.items()}
        for layer in snapshot.layers:
            times[layer.name, None] = layer.figures.get(TIME)
            times |= {(layer.name, text): each.figures.get(TIME) for text, each in layer.replaced.items()}
        return times

    def _counts(self, cost: Cost, seconds: Sequence[float | None]) -> Counts:
        macs = cost.macs if self.comparison.network.has_map else None
        return Counts(cost.params, macs, None if None in seconds else sum(filter(None, seconds)))

    def counts(self, layer: str, text: str | None = None) -> Counts:
        """What a layer costs as it is, or under a replacement, each time that it runs together."""
        runs = self.layers[layer]
        costs = (each.variants[text].cost if text else each.standard for each in runs)
        return self._counts(reduce(add, costs), [self._seconds.get((each.name, text)) for each in runs])

    def total(self, text: str | None = None) -> Counts:
        """What the whole network costs."""
        total = self.comparison.totals[text] if text else self.comparison.standard
        return self._counts(total.cost, [self._seconds.get((None, text))])

    @cached_property
    def _squares(self) -> float:
        return sum(self.kernels[name].squares for name in self.layers if name in self.kernels) or 1.0

    def _energy_lost(self, layer: str, fit: Fit) -> float:
        return (1 - fit.energy) * self.kernels[layer].squares / self._squares

    def _fits(self, text: str) -> dict[str, Fit]:
        """Of the layers that are replaced."""
        found = ((name, self.alone.get((name, text))) for name in self.layers)
        return {name: each.fit for name, each in found if each is not None and each.fit is not None}

    def rows(self, choice: Choice | None = None) -> Iterator[Fitted]:
        """Each layer under each replacement that was fitted."""
        for name, (first, *_) in self.layers.items():
            for replacement in self.comparison.replacements:
                text, found = replacement.text, self.alone.get((name, replacement.text))
                yield Fitted(
                    self.comparison.name,
                    LAYER,
                    name,
                    text,
                    self.counts(name),
                    self.counts(name, text),
                    self.kernels[name].shape if name in self.kernels else (),
                    found.fit if found else None,
                    first.variants[text].kept,
                    found.loss if found else None,
                    most_multiplier(first, replacement),
                    choice is not None and choice.replacements.get(name) == text,
                )

    def totals(self, losses: Mapping[str, float | None]) -> Iterator[Fitted]:
        """The network under each replacement; its energy is that of all kernels, weighed by their squared norms."""
        for text in self.comparison.totals:
            fits = self._fits(text)
            energy = 1 - sum(self._energy_lost(name, fit) for name, fit in fits.items())
            fit = Fit(energy, is_exact=all(each.is_exact for each in fits.values())) if fits else None
            kept = None if fits else "no layer is replaced"
            counts = self.total(), self.total(text)
            yield Fitted(self.comparison.name, TOTAL, TOTAL, text, *counts, fit=fit, kept=kept, loss=losses.get(text))

    def choice(self, limit: Limit) -> Choice:
        """Which layers to replace by what, so that the limit holds and the least is lost; LimitError."""
        groups = [Group((name,), self._alternatives(name)) for name in self.layers]
        before, own = self.total(), [self.counts(name) for name in self.layers]
        fixed = Counts(
            *(_less(getattr(before, name), [getattr(each, name) for each in own]) for name in Counts._fields)
        )
        found = choose(groups, Bound(limit.of, limit.value, fixed))
        if not found.reached:
            raise LimitError(f"{limit.typed} cannot be reached: {self._least(limit, found)}")
        return found

    def _least(self, limit: Limit, found: Choice) -> str:
        if limit.of == "energy":
            return f"the most is {found.energy:.2%}"
        figure = figure_named(FIGURES[limit.of])
        return f"the least is {figure.kind.text(getattr(found.counts, limit.of))} {figure.header}" if figure else ""

    def _alternatives(self, layer: str) -> list[Alternative]:
        alternatives = [Alternative(None, 0, 0, self.counts(layer))]
        for replacement in self.comparison.replacements:
            found = self.alone.get((layer, replacement.text))
            if found is not None and found.fit is not None:
                lost = self._energy_lost(layer, found.fit)
                loss = lost if found.fit.output_error is None else found.loss
                alternatives.append(
                    Alternative(
                        replacement.text, loss if loss is not None else lost, lost, self.counts(layer, replacement.text)
                    )
                )
        return alternatives

    def chosen(self, limit: Limit, choice: Choice, loss: float | None, after: Counts) -> Chosen:
        """What was chosen, with what it loses as a whole."""
        plan = {name: text for name, text in choice.replacements.items() if text is not None}
        could = sum(
            any((name, each.text) in self.alone for each in self.comparison.replacements) for name in self.layers
        )
        counts = self.total(), after
        return Chosen(limit.typed, plan, len(plan), could, *counts, choice.energy, choice.loss, loss, choice.gap)


def plan_of(choice: Choice) -> Plan | None:
    """The plan of a choice; None if it replaces nothing."""
    replaced = {escape(name): text for name, text in choice.replacements.items() if text is not None}
    return Plan.of(replaced) if replaced else None


def _less(total: Any, parts: Sequence[Any]) -> Any:
    return None if total is None or None in parts else total - sum(parts)


def most_multiplier(layer: LayerComparison, replacement: Replacement) -> int | None:
    """The largest multiplier with which a replacement has fewer MACs than a convolution; None where it has none.

    >>> from sepcost import compare
    >>> layer = compare(Conv((56, 56), 64, 64, 3)).layers[0]
    >>> most_multiplier(layer, Replacement.parse("separable"))
    7
    """
    if "multiplier" not in options_of(replacement.block) or not isinstance(layer.layer, Conv):
        return None

    def macs(multiplier: int) -> int:
        options = {**dict(replacement.options), "multiplier": multiplier}
        parts = Replacement(replacement.text, replacement.block, tuple(options.items()))(conv)
        return sum(part.cost.macs for _, part in parts)

    conv = layer.layer
    try:
        return bisect_left(range(1, MOST_MULTIPLIER), conv.cost.macs, key=macs)
    except CannotReplaceError:
        return None

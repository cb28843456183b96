"""Choosing: for each layer keep it, or which replacement, so that a limit holds and the least is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import isfinite, lcm
from typing import Literal, NamedTuple

from sepcost.errors import SepcostError
from sepcost.judge.knapsack import Item, cheapest, total
from sepcost.measured.fits import Counts


class Alternative(NamedTuple):
    """A replacement, or None to keep what there is; ``energy_lost`` is a share of the squared norm of all kernels."""

    replacement: str | None
    loss: float
    energy_lost: float
    counts: Counts


class Group(NamedTuple):
    """Layers that get the same, such as those that share weights; an alternative is of all of them together."""

    layers: tuple[str, ...]
    alternatives: Sequence[Alternative]


class Bound(NamedTuple):
    """At most so many ``params``, ``macs`` or ``seconds`` in a network, or at least this ``energy``, a share.

    ``fixed`` is what the network costs apart from the groups.
    """

    of: Literal["params", "macs", "seconds", "energy"]
    limit: int | float | Fraction
    fixed: Counts = Counts(0, 0, 0)


class Choice(NamedTuple):
    """What is best for each layer; what the network then costs, has of its energy and loses, summed over the layers.

    If the limit cannot be ``reached``, it is what comes nearest. ``gap`` is the share of the loss (under a least
    energy, of the MACs or parameters) that another choice might save: 0 unless there were too many to try.
    """

    replacements: Mapping[str, str | None]
    counts: Counts
    energy: float
    loss: float
    gap: float
    reached: bool


def choose(groups: Sequence[Group], bound: Bound) -> Choice:
    """The choice with the least summed loss within a limit; of several, the one that costs least.

    Under a least energy, it is the one with the fewest MACs, or parameters where MACs are not known. All sums are
    exact. What has no finite loss is not chosen.

    >>> keep, replace = Alternative(None, 0, 0, Counts(18432)), Alternative("separable", 0.1, 0.4, Counts(2336))
    >>> conv = Group(("conv",), [keep, replace])
    >>> choose([conv], Bound("params", 10_000)).replacements, choose([conv], Bound("params", 2_000)).reached
    ({'conv': 'separable'}, False)
    """
    usable = [[each for each in group.alternatives if isfinite(each.loss + each.energy_lost)] for group in groups]
    losses = [[Fraction(each.loss) for each in one] for one in usable]
    lost = [[Fraction(each.energy_lost) for each in one] for one in usable]
    if bound.of == "energy":
        are_known = all(each.counts.macs is not None for one in usable for each in one)
        prices, weights = [_of(one, "macs" if are_known else "params") for one in usable], lost
        room = 1 - Fraction(bound.limit)
    else:
        prices, weights = losses, [_of(one, bound.of) for one in usable]
        room = Fraction(bound.limit) - _count(bound.fixed, bound.of)
    in_price, in_weight = _denominator(prices), _denominator([*weights, [room]])
    items = [
        [Item(int(price * in_price), int(weight * in_weight)) for price, weight in zip(*one)]
        for one in zip(prices, weights)
    ]
    picks, least = cheapest(items, int(room * in_weight))
    chosen = [one[pick] for one, pick in zip(usable, picks)]
    price, weight = total(items, picks)
    return Choice(
        {layer: each.replacement for group, each in zip(groups, chosen) for layer in group.layers},
        summed([bound.fixed, *(each.counts for each in chosen)]),
        float(1 - sum(one[pick] for one, pick in zip(lost, picks))),
        float(sum(one[pick] for one, pick in zip(losses, picks))),
        float(1 - least / price) if price else 0.0,
        weight <= room * in_weight,
    )


def summed(counts: Iterable[Counts]) -> Counts:
    """All of them together; what is not known of one is not known of the sum.

    >>> summed([Counts(1, 2, 0.5), Counts(10, None, 0.5)])
    Counts(params=11, macs=None, seconds=1.0)
    """
    params, macs, seconds = ([*values] for values in zip(*counts))
    known = [None if None in values else sum(values) for values in (macs, seconds)]
    return Counts(sum(params), *known)


def _of(alternatives: Iterable[Alternative], name: str) -> list[Fraction]:
    return [_count(each.counts, name) for each in alternatives]


def _count(counts: Counts, name: str) -> Fraction:
    value = getattr(counts, name)
    if value is None:
        raise SepcostError(f"a limit of {name} needs those of every layer, and some are not known")
    return Fraction(value)


def _denominator(numbers: Iterable[Iterable[Fraction]]) -> int:
    return lcm(*(number.denominator for each in numbers for number in each))

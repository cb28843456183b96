"""The multiple-choice knapsack problem: one item of each group, the cheapest together that weigh no more than so much.

All of it is in integers. SciPy's solver of integer programs holds a limit to 1e-6 only, and prints on standard output.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from heapq import nsmallest
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

WIDTHS = (100, 1_000, 4_000)
"""How many partial choices are followed at once; more where there were more that could be the best."""


class Item(NamedTuple):
    """What can be chosen of a group."""

    price: int
    weight: int


Groups: TypeAlias = Sequence[Sequence[Item]]


def cheapest(groups: Groups, room: int) -> tuple[list[int], Fraction]:
    """The number of each group's item, and the least that its price could be: its price, or there were too many to try.

    Of several that are the cheapest, it is the lightest. If nothing fits, it is the lightest of all.

    >>> cheapest([[Item(0, 9), Item(2, 4)], [Item(0, 8), Item(1, 6)]], room=12)
    ([1, 0], Fraction(2, 1))

    A bound by a price on weight (Geoffrion 1974) excludes most choices; of the rest, those in the first groups are
    followed that no other beats in both price and weight (Nemhauser and Ullmann 1969).
    """
    best, run, slope = _relaxed(groups, room)
    if total(groups, best).weight > room:
        return best, Fraction(total(groups, best).price)
    for width in WIDTHS:
        most = run * total(groups, best).price + slope * room
        found, are_all = _followed(groups, room, run, slope, most, width)
        best = min(best, found or best, key=lambda picks: total(groups, picks))
        if are_all:
            return best, Fraction(total(groups, best).price)
    return best, Fraction(sum(min(_values(group, run, slope)) for group in groups) - slope * room, run)


def total(groups: Groups, picks: Sequence[int]) -> Item:
    """What the picks cost and weigh together."""
    items = [group[pick] for group, pick in zip(groups, picks)]
    return Item(sum(item.price for item in items), sum(item.weight for item in items))


def _values(group: Sequence[Item], run: int, slope: int) -> list[int]:
    """The price of each item and of its weight, which costs ``slope / run``; times ``run``."""
    return [run * price + slope * weight for price, weight in group]


def _relaxed(groups: Groups, room: int) -> tuple[list[int], int, int]:
    """Picks that fit, or else the lightest, and the price on weight, ``slope / run``, whose bound is the highest.

    At that price, picks that are too heavy and picks that fit are worth the same, and no others are worth less.
    """
    heavy = [group.index(min(group)) for group in groups]
    fitting = [group.index(min(group, key=lambda item: item[::-1])) for group in groups]
    if total(groups, heavy).weight <= room:
        return heavy, 1, 0
    while total(groups, fitting).weight <= room:
        here, there = total(groups, fitting), total(groups, heavy)
        run, slope = there.weight - here.weight, here.price - there.price
        values = [_values(group, run, slope) for group in groups]
        if sum(map(min, values)) == sum(_values([here], run, slope)):
            return fitting, run, slope
        between = [each.index(min(each)) for each in values]
        if total(groups, between).weight <= room:
            fitting = between
        else:
            heavy = between
    return fitting, 1, 0


def _followed(groups: Groups, room: int, run: int, slope: int, most: int, width: int) -> tuple[list[int] | None, bool]:
    """The best picks whose value is at most ``most``, and whether all were followed."""
    rest = sum(min(_values(group, run, slope)) for group in groups)
    states: list[tuple[int, int, Any]] = [(0, 0, None)]
    are_all = True
    for group in groups:
        rest -= min(_values(group, run, slope))
        grown = (
            (weight + item.weight, price + item.price, (number, before))
            for weight, price, before in states
            for number, item in enumerate(group)
        )
        fitting = (each for each in grown if each[0] <= room)
        states = _unbeaten([each for each in fitting if run * each[1] + slope * each[0] + rest <= most])
        if len(states) > width:
            are_all = False
            states = nsmallest(width, states, key=lambda state: run * state[1] + slope * state[0])
    if not states:
        return None, are_all
    picks = []
    *_, last = min(states, key=itemgetter(1, 0))
    while last:
        number, last = last
        picks.append(number)
    return picks[::-1], are_all


def _unbeaten(states: list[tuple[int, int, Any]]) -> list[tuple[int, int, Any]]:
    """Those that are cheaper than all that weigh no more."""
    unbeaten: list[tuple[int, int, Any]] = []
    for state in sorted(states, key=itemgetter(0, 1)):
        if not unbeaten or state[1] < unbeaten[-1][1]:
            unbeaten.append(state)
    return unbeaten

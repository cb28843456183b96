"""Choosing is the best there is: held against all combinations, tried."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import inf, nan
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepcost.errors import SepcostError
from sepcost.judge import knapsack
from sepcost.judge.choosing import Alternative, Bound, Choice, Group, choose
from sepcost.measured.fits import Counts

HUGE = 2**70
SHARES = st.sampled_from([0.0, 0.1, 0.2, 0.3, 1e-9, 1e-300]) | st.floats(0, 1)
KEEP = Alternative(None, 0.0, 0.0, Counts(10, 100, 0.5))


def alternatives(macs: st.SearchStrategy[int]) -> st.SearchStrategy[list[Alternative]]:
    counts = st.builds(Counts, st.integers(1, 9), macs, st.floats(0, 2))
    replaced = st.lists(st.builds(Alternative, st.sampled_from("abc"), SHARES, SHARES, counts), max_size=3)
    return st.tuples(counts, replaced).map(lambda drawn: [Alternative(None, 0.0, 0.0, drawn[0]), *drawn[1]])


@st.composite
def problems(draw: st.DrawFn) -> list[Group]:
    macs = draw(st.sampled_from([st.integers(1, 9), st.integers(1, 10**9), st.integers(HUGE, HUGE + 5)]))
    found = draw(st.lists(alternatives(macs), min_size=1, max_size=5))
    return [Group((f"conv{number}",), each) for number, each in enumerate(found)]


def value(picked: tuple[Alternative, ...], of: str) -> Fraction:
    """What they have together, exactly."""
    values = [each.energy_lost if of == "energy" else getattr(each.counts, of) for each in picked]
    return sum(map(Fraction, values), Fraction(0))


def loss(picked: tuple[Alternative, ...]) -> Fraction:
    return sum((Fraction(each.loss) for each in picked), Fraction(0))


def within(found: Choice, groups: list[Group], bound: Bound) -> tuple[Fraction, Fraction] | None:
    """The price and the weight of the best combination, of which ``found`` must have the reached; None if none fits."""
    energy = bound.of == "energy"
    fixed = Fraction(0) if energy else Fraction(getattr(bound.fixed, bound.of))
    room = 1 - Fraction(bound.limit) if energy else Fraction(bound.limit) - fixed
    every = product(*(group.alternatives for group in groups))
    sums = [(value(each, "macs") if energy else loss(each), value(each, bound.of)) for each in every]
    return min((pair for pair in sums if pair[1] <= room), default=None)


FIXED = Counts(3, 4, 0.25)


@given(problems(), st.sampled_from(["params", "macs", "seconds"]), st.data())
def test_no_combination_within_a_limit_loses_less(groups: list[Group], of: Any, data: st.DataObject) -> None:
    sums = sorted({value(each, of) for each in product(*(group.alternatives for group in groups))})
    limit = data.draw(st.sampled_from(sums)) + Fraction(getattr(FIXED, of)) - data.draw(st.sampled_from([0, 1]))
    found = choose(groups, bound := Bound(of, limit, FIXED))
    best = within(found, groups, bound)
    assert (found.reached, found.gap) == (best is not None, 0)
    if best is not None:
        assert found.loss == float(best[0])
    cost = getattr(found.counts, of) - getattr(FIXED, of)
    assert cost == pytest.approx(float(sums[0] if best is None else best[1]), rel=1e-12)
    assert of == "seconds" or cost == (sums[0] if best is None else best[1])


@given(problems(), st.floats(0, 1))
def test_no_combination_with_that_energy_has_fewer_macs(groups: list[Group], energy: float) -> None:
    found = choose(groups, bound := Bound("energy", energy))
    best = within(found, groups, bound)
    assert best is not None
    assert (found.counts.macs, found.energy) == (int(best[0]), float(1 - best[1]))
    assert found.reached


@given(problems(), st.data())
def test_where_there_are_too_many_choices_the_gap_is_stated(groups: list[Group], data: st.DataObject) -> None:
    sums = sorted({value(each, "macs") for each in product(*(group.alternatives for group in groups))})
    bound = Bound("macs", data.draw(st.sampled_from(sums)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(knapsack, "WIDTHS", (1,))
        found = choose(groups, bound)
    best = within(found, groups, bound)
    assert best is not None
    assert found.reached
    assert found.loss * (1 - found.gap) <= float(best[0]) * (1 + 1e-12) <= found.loss * (1 + 2e-12)


def test_a_choice_that_takes_all_that_is_allowed_is_within_the_limit() -> None:
    sizes = {"a": (5, 3.0), "b": (4, 2.9), "c": (3, 2.8)}
    groups = [
        Group((name,), [Alternative(None, 0, 0, Counts(1, macs)), Alternative("x", lost, 0, Counts(1, 0))])
        for name, (macs, lost) in sizes.items()
    ]
    assert choose(groups, Bound("macs", 8)).replacements == {"a": None, "b": "x", "c": None}


def test_layers_of_a_group_get_the_same_and_what_has_no_finite_loss_is_never_chosen() -> None:
    small = Counts(1, 1, 0.1)
    broken = [Alternative("a", each, 0.0, small) for each in (inf, nan)]
    groups = [Group(("stem", "head"), [KEEP, *broken, Alternative("b", 0.5, 0.1, Counts(2, 20, 0.1))])]
    assert choose(groups, Bound("macs", 30)).replacements == {"stem": "b", "head": "b"}
    least = choose(groups, Bound("macs", 10, fixed=Counts(0, 7)))
    assert (least.reached, least.counts.macs) == (False, 27)


def test_what_costs_more_and_loses_more_is_kept() -> None:
    grown = Alternative("separable:multiplier=9", 0.0, 0.0, Counts(20, 200, 1.0))
    for bound in (Bound("macs", 10**6), Bound("energy", 0)):
        assert choose([Group(("conv",), [grown, KEEP])], bound).replacements == {"conv": None}


def test_macs_that_are_not_known_have_no_limit_and_parameters_take_their_place() -> None:
    groups = [Group(("conv",), [Alternative(None, 0, 0, Counts(9)), Alternative("a", 0.1, 0.1, Counts(5))])]
    assert choose(groups, Bound("energy", 0.8)).replacements == {"conv": "a"}
    with pytest.raises(SepcostError, match="a limit of macs needs those of every layer"):
        choose(groups, Bound("macs", 5))


def test_a_thousand_layers_are_chosen_from() -> None:
    drawn = Random(0)
    groups = []
    for number in range(1000):
        macs = drawn.randrange(10**6, 10**9)
        losses = sorted((drawn.lognormvariate(-6, 1.5) for _ in range(4)), reverse=True)
        replaced = [Alternative(f"m={m}", each, each, Counts(1, macs * m // 9)) for m, each in enumerate(losses, 1)]
        groups.append(Group((f"conv{number}",), [Alternative(None, 0, 0, Counts(1, macs)), *replaced]))
    half = sum(group.alternatives[0].counts.macs or 0 for group in groups) // 2
    found = choose(groups, Bound("macs", half))
    assert found.reached
    assert 0.999 * half < (found.counts.macs or 0) <= half
    assert found.gap < 1e-3

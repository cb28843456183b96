"""Many integers count as each of them would."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepcost.count.integers import Integers, Many, applied

BINARY = [
    operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, operator.truediv,
    operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge,
]  # fmt: skip
numbers = st.integers(1, 2**31 - 1)
lists = st.lists(numbers, min_size=2, max_size=6)


def listed(value: Any, count: int) -> list[Any]:
    return value.tolist() if isinstance(value, Many) else [value] * count


@pytest.mark.parametrize("operation", BINARY, ids=lambda operation: operation.__name__)
@given(left=lists, right=lists, one=numbers)
def test_each_operation(operation: Callable[[Any, Any], Any], left: list[int], right: list[int], one: int) -> None:
    left, right = left[: len(right)], right[: len(left)]
    many, others = Integers(np.array(left)), Integers(np.array(right))
    assert operation(many, others).tolist() == [operation(a, b) for a, b in zip(left, right)]
    assert operation(many, one).tolist() == [operation(a, one) for a in left]
    assert operation(one, many).tolist() == [operation(one, a) for a in left]


@given(left=lists, factors=st.lists(numbers, min_size=1, max_size=8), divisor=numbers)
def test_products_and_their_quotients_have_no_bound(left: list[int], factors: list[int], divisor: int) -> None:
    product, expected = Integers(np.array(left)), left
    for factor in factors:
        product, expected = product * factor + factor, [number * factor + factor for number in expected]
    assert product.tolist() == expected
    assert (product / divisor).tolist() == [number / divisor for number in expected]
    assert (-product).tolist() == [-number for number in expected]


@given(left=lists, ratio=st.one_of(st.fractions(0, 2, max_denominator=1000), st.floats(0, 2)))
def test_rounded_multiples(left: list[int], ratio: Fraction | float) -> None:
    many = Integers(np.array(left))
    assert ceil(ratio * many).tolist() == [ceil(ratio * number) for number in left]
    assert floor(many * ratio).tolist() == [floor(number * ratio) for number in left]
    if isinstance(ratio, Fraction):
        assert round(ratio * many).tolist() == [round(ratio * number) for number in left]


def test_halves_are_rounded_to_even() -> None:
    assert round(Fraction(1, 2) * Integers(np.array([1, 3, 5, 7]))).tolist() == [0, 2, 2, 4]


def test_floats_are_no_counts() -> None:
    with pytest.raises(TypeError, match="counts are whole numbers, not float64"):
        Integers(np.array([1.0]))


@given(left=lists, right=lists)
def test_branches_are_taken_by_each_number(left: Sequence[int], right: Sequence[int]) -> None:
    def branching(of: Any) -> Any:
        if of["a"] % 3 == 0 and of["b"] % 2:
            return max(of["a"], of["b"]) - 1
        return of["b"] // 2 if of["a"] > 1000 else of["a"] + of["b"]

    left, right = left[: len(right)], right[: len(left)]
    found: list[Any] = [None] * len(left)
    for places, value in applied(branching, {"a": np.array(left), "b": np.array(right)}):
        for place, item in zip(places.tolist(), listed(value, len(places))):
            found[place] = item
    assert found == [branching({"a": a, "b": b}) for a, b in zip(left, right)]

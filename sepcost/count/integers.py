"""Integers: many whole numbers that are used like one.

The layers and the blocks count with them as with an ``int``. Where their code branches, and not all of the numbers
take the same branch, the truth of the condition raises SplitError: ``applied`` then goes on with the two halves.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import floor
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
Array = np.ndarray[Any, np.dtype[Any]]

LARGEST_EXACT = 2**63 - 1
"""Beyond it, numbers are counted as Python's own, which have no bound."""
LARGEST_EXACT_FLOAT = 2**53
"""Quotients of larger numbers are left to Python, which rounds them once only."""


class SplitError(Exception):
    """Code branched on many numbers: where ``mask`` is true it goes one way, elsewhere the other."""

    def __init__(self, mask: Array) -> None:
        super().__init__("the numbers take different branches")
        self.mask = mask


class Many:
    """Many values that are used like one."""

    __slots__ = ("array",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, array: Array) -> None:
        self.array = array

    def tolist(self) -> list[Any]:
        """The values, as Python's own."""
        return self.array.tolist()  # type: ignore[no-any-return]


class Truths(Many):
    """What a comparison of many numbers gives."""

    __slots__ = ()

    def __bool__(self) -> bool:
        if self.array.all():
            return True
        if self.array.any():
            raise SplitError(self.array)
        return False


class Texts(Many):
    """Many texts: results."""

    __slots__ = ()

    def quoted(self) -> Texts:
        """The texts as they are in JSON: these are plain words."""
        return Texts(np.char.add(np.char.add('"', self.array), '"'))


class Quotients(Many):
    """Many floats: results, which are only rounded up or down."""

    __slots__ = ()

    def __ceil__(self) -> Integers:
        return Integers(np.ceil(self.array).astype(np.int64))

    def __floor__(self) -> Integers:
        return Integers(np.floor(self.array).astype(np.int64))


class Fractions:
    """Many whole numbers over one denominator, to be rounded."""

    __slots__ = ("denominator", "numerator")

    def __init__(self, numerator: Integers, denominator: int) -> None:
        self.numerator = numerator
        self.denominator = denominator

    def __ceil__(self) -> Integers:
        return -(-self.numerator // self.denominator)

    def __floor__(self) -> Integers:
        return self.numerator // self.denominator

    def __round__(self) -> Integers:
        """To the nearest, and from the middle to the even one, as Python rounds a Fraction."""
        whole, rest = floor(self), 2 * (self.numerator % self.denominator)
        up = (rest > self.denominator).array | ((rest == self.denominator).array & (whole % 2 == 1).array)
        return whole + Integers(up.astype(np.int64), 1)


class Integers(Many):
    """Many whole numbers, exact at any size.

    >>> (Integers(np.array([2, 3])) * 2**62).tolist()
    [9223372036854775808, 13835058055282163712]
    """

    __slots__ = ("bound",)

    def __init__(self, array: Array, bound: int | None = None) -> None:
        if array.dtype not in (np.int64, np.dtype(object)):
            raise TypeError(f"counts are whole numbers, not {array.dtype}")
        super().__init__(array)
        self.bound = int(np.abs(array).max()) if bound is None else bound

    def __index__(self) -> Integers:
        return self

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __neg__(self) -> Integers:
        return Integers(-self.array, self.bound)

    def __add__(self, other: Any) -> Integers:
        return self._counted(operator.add, other, self.bound + _bound(other))

    def __sub__(self, other: Any) -> Integers:
        return self._counted(operator.sub, other, self.bound + _bound(other))

    def __rsub__(self, other: Any) -> Integers:
        return (-self)._counted(operator.add, other, self.bound + _bound(other))

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Fraction):
            return Fractions(self * other.numerator, other.denominator)
        if isinstance(other, float):
            return Quotients(self.array * other)
        return self._counted(operator.mul, other, self.bound * _bound(other))

    def __floordiv__(self, other: Any) -> Integers:
        return self._counted(operator.floordiv, other, self.bound)

    def __rfloordiv__(self, other: int) -> Integers:
        return Integers(np.full_like(self.array, other), abs(other)) // self

    def __mod__(self, other: Any) -> Integers:
        if type(other) is int and other == 2:  # several times as fast
            return Integers(self.array & 1, 1)
        return self._counted(operator.mod, other, _bound(other))

    def __rmod__(self, other: int) -> Integers:
        return Integers(np.full_like(self.array, other), abs(other)) % self

    def __truediv__(self, other: Any) -> Quotients:
        return _quotients(self, other)

    def __rtruediv__(self, other: Any) -> Quotients:
        return _quotients(other, self)

    __radd__ = __add__
    __rmul__ = __mul__

    def __eq__(self, other: object) -> Any:
        return self._compared(operator.eq, other)

    def __ne__(self, other: object) -> Any:
        return self._compared(operator.ne, other)

    def __lt__(self, other: Any) -> Any:
        return self._compared(operator.lt, other)

    def __le__(self, other: Any) -> Any:
        return self._compared(operator.le, other)

    def __gt__(self, other: Any) -> Any:
        return self._compared(operator.gt, other)

    def __ge__(self, other: Any) -> Any:
        return self._compared(operator.ge, other)

    def _counted(self, operation: Callable[[Any, Any], Array], other: Any, bound: int) -> Integers:
        mine, others = self.array, _plain(other)
        if max(bound, _bound(other)) > LARGEST_EXACT:
            mine, others = mine.astype(object), _as_objects(others)
        return Integers(operation(mine, others), bound)

    def _compared(self, operation: Callable[[Any, Any], Array], other: object) -> Any:
        if not isinstance(other, (int, Integers)):
            return NotImplemented
        return Truths(np.asarray(operation(self.array, _plain(other)), bool))


def applied(function: Callable[[Mapping[str, Any]], T], numbers: Mapping[str, Array]) -> Iterator[tuple[Array, T]]:
    """The function of all these numbers at once, as often as its branches need: with the positions that it is for.

    >>> for positions, value in applied(lambda of: max(of["C"], 10) * 2, {"C": np.array([4, 20, 30])}):
    ...     print(positions, value.tolist() if isinstance(value, Many) else value)
    [1 2] [40, 60]
    [0] 20
    """
    pending = [np.arange(len(next(iter(numbers.values()))))]
    while pending:
        positions = pending.pop()
        try:
            yield positions, function({name: _one_or_many(array[positions]) for name, array in numbers.items()})
        except SplitError as split:
            pending += [positions[split.mask], positions[~split.mask]]


def _one_or_many(array: Array) -> int | Integers:
    return int(array[0]) if (array == array[0]).all() else Integers(array)


def _bound(value: Any) -> int:
    return value.bound if isinstance(value, Integers) else abs(value)


def _plain(value: Any) -> Any:
    return value.array if isinstance(value, Integers) else value


def _as_objects(value: Any) -> Any:
    return value.astype(object) if isinstance(value, np.ndarray) else value


def _quotients(numerator: Any, denominator: Any) -> Quotients:
    above, below = _plain(numerator), _plain(denominator)
    if max(_bound(numerator), _bound(denominator)) > LARGEST_EXACT_FLOAT:
        return Quotients(np.asarray(_as_objects(above) / _as_objects(below), float))
    return Quotients(np.true_divide(above, below))

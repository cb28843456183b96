"""Filters: only rows are shown whose numbers are within bounds."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sepcost.errors import SepcostError
from sepcost.text.kind import Kind
from sepcost.text.units import NumberError, is_number, shortened
from sepcost.text.wording import listed

CONDITION = re.compile(r"\s*(-?[^<>=!]+?)\s*(<=|>=|!=|=|<|>)\s*([^<>=!]+?)\s*")
COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A name of a record, a comparison, and the number that it is compared with, as it was ``typed`` and as it is."""

    name: str
    comparison: str
    typed: str
    number: float = 0

    @classmethod
    def read(cls, text: str) -> Condition:
        """A condition as people write it; raises SepcostError.

        >>> Condition.read("macs <= 1G")
        Condition(name='macs', comparison='<=', typed='1G', number=0)
        """
        found = CONDITION.fullmatch(text)
        if found is None:
            raise SepcostError(f"--filter: must be a name, a comparison and a number, got {shortened(text)}")
        return cls(found[1], found[2], found[3])

    def of(self, name: str, kind: Kind) -> Condition:
        """The same with the name that records have, and the number that the text is for this kind of values."""
        if kind is Kind.TEXT:
            raise SepcostError(f"--filter {self}: {name} is no number")
        try:
            return replace(self, name=name, number=_read(kind, self.typed))
        except NumberError as error:
            raise SepcostError(f"--filter {name}: {error}") from None

    def holds(self, value: Any) -> Any:
        """Whether it is true of a value, or of which of many; of no value it never is."""
        if value is None:
            return False
        value = float(value) if isinstance(value, str) else getattr(value, "array", value)
        return COMPARISONS[self.comparison](value, self.number)

    def __str__(self) -> str:
        return f"{self.name} {self.comparison} {self.typed}"


@dataclass
class Filter:
    """Conditions that all hold for the rows which are shown; it counts how many it was asked about, and how many hold.

    >>> only = Filter([Condition.read("macs<=1k").of("macs", Kind.COUNT)])
    >>> only.kept({"macs": 999}), only.kept({"macs": 1001}), only.kept({"macs": None}), str(only), only.count
    ([True], [False], [False], 'macs <= 1k', 1)
    """

    conditions: Sequence[Condition]
    asked: int = 0
    count: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the values that it looks at."""
        return tuple(condition.name for condition in self.conditions)

    def checked(self, known: Callable[[str], str], kind: Callable[[str], Kind]) -> Filter:
        """The same with names as they are in records, and bounds of the right kind; raises SepcostError."""
        names = map(known, self.names)
        return Filter([each.of(name, kind(name)) for each, name in zip(self.conditions, names)])

    def kept(self, record: Mapping[str, Any], many: int = 1) -> list[bool]:
        """For each of the ``many`` results that a record is of, whether it is kept."""
        kept: Any = True
        for condition in self.conditions:
            kept = kept & condition.holds(record.get(condition.name))
        each: list[bool] = kept.tolist() if hasattr(kept, "tolist") else [kept] * many
        self.asked += many
        self.count += sum(each)
        return each

    def __str__(self) -> str:
        return listed(list(map(str, self.conditions)))


def asked_filter(texts: Iterable[str]) -> Filter | None:
    """The filter of these texts; None where there is none."""
    conditions = list(map(Condition.read, texts))
    return Filter(conditions) if conditions else None


def _read(kind: Kind, text: str) -> float:
    """A bound: exact where values are, else the float that is nearest, as values are."""
    if kind is Kind.PARAMETER:
        if not is_number(text):
            raise NumberError(f"must be a number such as 0.75, got {shortened(text)}")
        return float(text)
    number = kind.read(text.removesuffix("%") if kind is Kind.PERCENT else text)
    return int(number) if kind.is_whole else float(number)

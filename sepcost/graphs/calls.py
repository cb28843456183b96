"""Calls: each operator of a program that has a cost, as the layer that it is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sepcost.layers import Layer, Other
from sepcost.network.network import Widths


@dataclass(slots=True, eq=False)
class Call:
    """One operator that ran: under which name, as which layer; ``module`` is what runs it, if that is known.

    ``claims`` are the parameters that count here. ``weights`` identifies its weights among those of all calls.
    ``widths`` are the bytes of its elements. ``is_packed``: torch hides its weights, and counts it as nothing.
    ``reads`` are elements of weights that are no parameters: they are computed, or constants.
    """

    name: str
    module: Any
    operator: Any
    layer: Layer
    times: int = 1
    claims: list[Any] = field(default_factory=list)
    weights: Hashable = None
    widths: Widths | None = None
    in_branch: bool = False
    is_packed: bool = False
    reads: int = 0

    @property
    def macs(self) -> int:
        return self.layer.cost.macs * self.times * (self.widths.products if self.widths else 1)

    @property
    def shared(self) -> bool:
        return bool(self.layer.weights) and not self.claims and not self.is_packed


def together(calls: Iterable[Call]) -> dict[Call, Call]:
    """Each call, and the call that has its row.

    Calls with the same weights have one row; so have other operators of one kind in one module.
    """
    first: dict[Any, Call] = {}
    row_of: dict[Call, Call] = {}
    for call in calls:
        key: Any = call.name if isinstance(call.layer, Other) else (call.name, call.layer, call.weights)
        before = first.get(key)
        if before is None:
            row_of[call] = first[key] = call
        elif isinstance(call.layer, Other) and isinstance(before.layer, Other):
            before.layer = _sum(before.layer, call.layer)
            row_of[call] = before
        elif call.weights is not None and not call.claims:
            before.times += call.times
            row_of[call] = before
        else:
            row_of[call] = call
    return row_of


def larger(branches: Sequence[Sequence[Call]]) -> list[Call]:
    """For each operator, the calls of the branch that has more MACs of it."""
    chosen: list[Call] = []
    for operator in dict.fromkeys(call.operator for calls in branches for call in calls):
        of_each = [[call for call in calls if call.operator is operator] for calls in branches]
        chosen += max(of_each, key=lambda calls: sum(call.macs for call in calls))
    return chosen


def _sum(one: Other, other: Other) -> Other:
    stored = one.stored + other.stored if one.stored and other.stored else None
    return replace(
        one,
        params=one.params + other.params,
        macs=one.macs + other.macs,
        reads=one.reads + other.reads,
        writes=one.writes + other.writes,
        stored=stored,
    )

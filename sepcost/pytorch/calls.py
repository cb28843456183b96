"""Calls: each operator that ran in a forward pass, as the layer that it is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from sepcost.layers import Layer, Other
from sepcost.pytorch.ledger import Claim


@dataclass(slots=True, eq=False)
class Call:
    """One operator that ran: under which name, as which layer.

    ``claims`` are the parameters that count here; ``weights`` is what tells its weights from those of other calls.
    """

    name: str
    module: nn.Module | None
    operator: Any
    layer: Layer
    times: int = 1
    claims: list[Claim] = field(default_factory=list)
    weights: Hashable = None
    in_branch: bool = False

    @property
    def macs(self) -> int:
        return self.layer.cost.macs * self.times

    @property
    def shared(self) -> bool:
        return not self.claims and not isinstance(self.layer, Other)


def together(calls: Iterable[Call]) -> Iterable[Call]:
    """What ran again with the same weights is one; so are other operators of one kind in one module."""
    first: dict[Any, Call] = {}
    for call in calls:
        if isinstance(call.layer, Other):
            before = first.setdefault(call.name, call)
            if before is not call:
                before.layer = replace(call.layer, macs=before.macs + call.macs)
            continue
        same = (call.name, call.layer, call.weights)
        if call.shared and call.weights is not None and same in first:
            first[same].times += call.times
        else:
            first[same if same not in first else (same, len(first))] = call
    return first.values()

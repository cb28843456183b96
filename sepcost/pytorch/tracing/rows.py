"""Rows: what a recorder has seen, as the nodes of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import nn

from sepcost.graphs.calls import Call
from sepcost.graphs.names import LayerNames
from sepcost.graphs.rows import QUANTISED, REMAINDER, held_by, placed
from sepcost.layers import Other
from sepcost.layers.cost import Cost, Stored
from sepcost.network.network import Node
from sepcost.pytorch.convolutions.eligibility import SCRIPTED, reasons
from sepcost.pytorch.private import ConvModule
from sepcost.pytorch.tracing.recorder import Recorder

FUNCTIONAL = "it is a functional call: no module runs it"
UNHELD = "its module is not in the model"
FOREIGN_WEIGHTS = "it runs with weights that are not its own"
BRANCH = "it is in a branch of torch.cond"


class Rows(NamedTuple):
    """The layers of a pass in the order of the calls, then the remainder.

    ``of`` has each call's place among them. ``unconfirmed`` are layers that torch's counter counts as nothing.
    """

    nodes: tuple[Node, ...]
    of: Mapping[Call, tuple[int, str]]
    unconfirmed: tuple[str, ...]


def rows(recorder: Recorder, model: nn.Module) -> Rows:
    """The rows of what a recorder has seen of a model."""
    names = LayerNames(recorder.names.of.values())

    def named(call: Call) -> str:
        own = recorder.names.of.get(call.module) if call.module is not None else None
        return names.own(call.name or call.layer.type) if call.name == own else names.other(call.name)

    nodes, of = placed(recorder.calls, named, _reasons_to_keep(recorder, model))
    unconfirmed = tuple(node.name for call, node in nodes.items() if call.is_packed)
    counted = [node.cost for call, node in nodes.items() if not call.is_packed]
    return Rows((*nodes.values(), *_remainder(recorder, model, counted, names, len(nodes))), of, unconfirmed)


def _remainder(
    recorder: Recorder, model: nn.Module, counted: Sequence[Cost], names: LayerNames, index: int
) -> Iterator[Node]:
    """A row for the parameters that no layer has, if there are any."""
    parameters = list(model.parameters())
    left = sum(each.numel() for each in parameters) - sum(cost.params for cost in counted)
    if left:
        in_layers = sum(cost.stored.weights for cost in counted if cost.stored)
        stored = Stored(sum(each.numel() * each.element_size() for each in parameters) - in_layers, 0, 0)
        held = Other(held_by(recorder.operators.ledger.left(), left), params=left, stored=stored)
        yield Node(names.other(REMAINDER), held, index=index)


def _reasons_to_keep(recorder: Recorder, model: nn.Module) -> Callable[[Call], str | None]:
    """A function that says why a convolution cannot be replaced; it gives None if it can."""
    known = reasons(model)
    with_own = {call.module for call in recorder.calls if call.claims}
    in_branches = {call.module for call in recorder.calls if call.in_branch}

    def keep(call: Call) -> str | None:
        module = call.module
        if call.is_packed:
            return QUANTISED
        if isinstance(module, torch.jit.ScriptModule):
            return SCRIPTED
        if not isinstance(module, ConvModule) or module in recorder.operators.functional:
            return FUNCTIONAL
        reason = known.get(module, UNHELD) or recorder.usage.reasons.get(module)
        return reason or (BRANCH if module in in_branches else None if module in with_own else FOREIGN_WEIGHTS)

    return keep

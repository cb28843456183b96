"""Rows: what a recorder has seen, as the nodes of a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import replace

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from sepcost.layers import Conv, Other
from sepcost.network import Node
from sepcost.pytorch.calls import Call, together
from sepcost.pytorch.eligibility import SCRIPTED, reasons
from sepcost.pytorch.names import Names
from sepcost.pytorch.recorder import Recorder
from sepcost.sharing import could_share

FUNCTIONAL = "it is a functional call: no module runs it"
UNHELD = "its module is none of the model's"
FOREIGN = "it runs with weights that are not its own"
BRANCH = "it is in a branch of torch.cond"
REMAINDER = "remainder"
MOST_KINDS = 3
"""The remainder names that many classes of modules."""


def rows(recorder: Recorder, model: nn.Module, params: int) -> list[Node]:
    """The layers in the order of the calls, then the remainder."""
    names = Names(recorder.names.of.values())
    keep = _reasons_to_keep(recorder, model)
    nodes: list[Node] = []
    owners: dict[Hashable, Node] = {}
    for call in together(recorder.calls):
        own = recorder.names.of.get(call.module) if call.module is not None else None
        name = names.own(call.name or call.layer.type) if call.name == own else names.other(call.name)
        kept = keep(call) if isinstance(call.layer, Conv) else None
        node = Node(name, call.layer, keep=kept, index=len(nodes), times=call.times, shared=call.shared)
        if call.weights is not None:
            first = owners.setdefault(call.weights, node)
            if call.shared and not first.shared and could_share([first.layer], [call.layer]):
                node = replace(node, weights_of=first.name)
        nodes.append(node)
    if left := params - sum(node.cost.params for node in nodes):
        held = Other(_held(recorder.ledger.left(), left), params=left)
        nodes.append(Node(names.other(REMAINDER), held, index=len(nodes)))
    return nodes


def _reasons_to_keep(recorder: Recorder, model: nn.Module) -> Callable[[Call], str | None]:
    """What tells why a convolution is no module that another one can stand in for; None if it is one."""
    known = reasons(model)
    with_own = {call.module for call in recorder.calls if call.claims}
    in_branches = {call.module for call in recorder.calls if call.in_branch}

    def keep(call: Call) -> str | None:
        module = call.module
        if isinstance(module, torch.jit.ScriptModule):
            return SCRIPTED
        if not isinstance(module, _ConvNd) or module in recorder.functional:
            return FUNCTIONAL
        reason = known.get(module, UNHELD) or recorder.usage.reasons.get(module)
        return reason or (BRANCH if module in in_branches else None if module in with_own else FOREIGN)

    return keep


def _held(left: Counter[str], params: int) -> str:
    """Whose parameters these are, the most first.

    >>> _held(Counter(LayerNorm=7680, Embedding=152064), 159750)
    'params of Embedding (152,064), LayerNorm (7,680) and others (6)'
    """
    most = left.most_common(MOST_KINDS)
    told = ", ".join(f"{kind} ({many:,})" for kind, many in most)
    others = params - sum(many for _, many in most)
    return f"params of {' and '.join(filter(None, (told, f'others ({others:,})' * bool(others))))}"

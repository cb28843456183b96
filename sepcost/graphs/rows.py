"""Rows: the calls of a program as the nodes of its network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace

from sepcost.graphs.calls import Call, together
from sepcost.layers import Conv
from sepcost.layers.sharing import could_share
from sepcost.network.network import Node

REMAINDER = "remainder"
QUANTISED = "it is quantised"
"""Why a convolution is kept whose weights are whole numbers."""
MOST_KINDS = 3
"""How many of those that hold parameters the remainder names."""


def placed(
    calls: Iterable[Call], name: Callable[[Call], str], keep: Callable[[Call], str | None]
) -> tuple[dict[Call, Node], Mapping[Call, tuple[int, str]]]:
    """The nodes in the order of the calls, by the first call of each; and the number and the name of each call's node.

    ``keep`` says why a convolution cannot be replaced.
    """
    nodes: dict[Call, Node] = {}
    owners: dict[Hashable, Node] = {}
    row_of = together(calls)
    for call in dict.fromkeys(row_of.values()):
        kept = keep(call) if isinstance(call.layer, Conv) else None
        node = Node(
            name(call), call.layer, keep=kept, index=len(nodes), times=call.times, shared=call.shared,
            widths=call.widths, reads=call.reads,
        )  # fmt: skip
        if call.weights is not None:
            first = owners.setdefault(call.weights, node)
            if call.shared and not first.shared and could_share([first.layer], [call.layer]):
                node = replace(node, weights_of=first.name)
        nodes[call] = node
    return nodes, {call: (nodes[row].index, nodes[row].name) for call, row in row_of.items()}


def held_by(left: Counter[str], params: int) -> str:
    """What holds these parameters, the most first.

    >>> held_by(Counter(LayerNorm=7680, Embedding=152064), 159750)
    'params of Embedding (152,064), LayerNorm (7,680) and others (6)'
    """
    most = left.most_common(MOST_KINDS)
    kinds = ", ".join(f"{kind} ({many:,})" for kind, many in most)
    others = params - sum(many for _, many in most)
    return f"params of {' and '.join(filter(None, (kinds, f'others ({others:,})' * bool(others))))}"

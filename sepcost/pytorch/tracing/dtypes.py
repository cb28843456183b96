"""Dtypes: what a traced network's tensors are stored in: one dtype, or several."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import torch

from sepcost.layers import Other
from sepcost.layers.cost import MIXED, OF_MODELS
from sepcost.network.network import Network, Node
from sepcost.network.schedule import Schedule


def with_dtypes(network: Network, dtypes: Collection[torch.dtype]) -> Network:
    """The network with its dtype; its layers and maps keep widths of their own only where those tell more.

    >>> with_dtypes(Network("net", ()), {torch.float16}).dtype, with_dtypes(Network("net", ()), ()).dtype
    ('float16', None)
    """
    names = {str(dtype).removeprefix("torch.") for dtype in dtypes}
    if len(names) > 1 or not names <= OF_MODELS.keys():
        return replace(network, dtype=MIXED)
    dtype = next(iter(names), None)
    nodes = tuple(map(_of_one_dtype, network.nodes))
    return replace(network, nodes=nodes, dtype=dtype, schedule=_of_width(network.schedule, OF_MODELS.get(dtype or "")))


def _of_one_dtype(node: Node) -> Node:
    if isinstance(node.layer, Other):
        return replace(node, layer=replace(node.layer, stored=None))
    return node if node.widths and node.widths.products > 1 else replace(node, widths=None)


def _of_width(schedule: Schedule | None, width: int | None) -> Schedule | None:
    """Without widths, if all are this one."""
    return replace(schedule, widths=()) if schedule and set(schedule.widths) <= {width} else schedule

"""Dtypes: what the tensors of a program are stored in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sepcost.layers import Other
from sepcost.layers.cost import MIXED, MODEL_DTYPES
from sepcost.network.network import Network, Node
from sepcost.network.schedule import Schedule

FLOATS = ("float16", "float32", "float64", "bfloat16")
"""What weights are stored in that are not quantised."""
INDICES = ("bool", "uint16", "int32", "uint32", "int64", "uint64")
"""What axes, shapes, places and masks are stored in."""


def is_quantised(dtype: str) -> bool:
    """Whether a weight of this dtype is quantised: it has whole numbers, or eight bits and less.

    >>> is_quantised("int8"), is_quantised("float8_e5m2"), is_quantised("bfloat16")
    (True, True, False)
    """
    return dtype.startswith(("int", "uint", "float8", "float4"))


def with_dtypes(network: Network, dtypes: Collection[str]) -> Network:
    """The network with the dtype of all its tensors; layers and maps have widths of their own only if these differ.

    >>> with_dtypes(Network("net", ()), {"float16"}).dtype, with_dtypes(Network("net", ()), ()).dtype
    ('float16', None)
    """
    if len(dtypes) > 1 or not MODEL_DTYPES.keys() >= set(dtypes):
        return replace(network, dtype=MIXED)
    dtype = next(iter(dtypes), None)
    nodes = tuple(map(_of_one_dtype, network.nodes))
    return replace(
        network, nodes=nodes, dtype=dtype, schedule=_of_width(network.schedule, MODEL_DTYPES.get(dtype or ""))
    )


def _of_one_dtype(node: Node) -> Node:
    if isinstance(node.layer, Other):
        return replace(node, layer=replace(node.layer, stored=None))
    return node if node.widths and node.widths.products > 1 else replace(node, widths=None)


def _of_width(schedule: Schedule | None, width: int | None) -> Schedule | None:
    """Without widths, if all are this one."""
    return replace(schedule, widths=()) if schedule and set(schedule.widths) <= {width} else schedule

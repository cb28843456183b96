"""The figures of a result under the names of the JSON contract: every format takes them from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sepcost.count.total import Total
from sepcost.layers import KINDS, Layer
from sepcost.layers.cost import Convention, Cost, ratio
from sepcost.network.network import Node

NEED_A_MAP = ("activation_bytes", "traffic_bytes", "peak_activation_bytes")
"""The counts that are null for a convolution without a map."""

_OF_KINDS = (fact for kind in KINDS.values() for fact in kind.facts)
FACTS = ("type", "input", "output", *dict.fromkeys(_OF_KINDS), "times", "shared", "weights_of")
"""What layers may be told to be, in the order of the contract."""

UNLESS_GIVEN = {"times": 1, "shared": False}
"""What these facts are of a layer that does not have them."""


def usual_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a layer of this type and rank is told to be unless somebody says otherwise.

    >>> usual_facts({"type": "conv", "input": (3, 32, 32)})["stride"], usual_facts({"type": "linear", "input": (3,)})
    ((1, 1), {'bias': False})
    """
    rank = len(facts["input"]) - 1 if isinstance(facts["input"], (tuple, list)) else 0
    kind = KINDS.get(facts["type"])
    return {} if kind is None else kind.usual_facts(rank)


def cost_figures(cost: Cost, convention: Convention, *, has_map: bool = True) -> dict[str, Any]:
    """COST of the contract; what needs a map is null without one."""
    return {
        "params": cost.params,
        "macs": cost.macs,
        "flops": cost.macs * convention.flops_per_mac,
        "activations": cost.activations,
        "weight_bytes": cost.weight_bytes(convention),
        "activation_bytes": cost.activation_bytes(convention) if has_map else None,
        "traffic_bytes": cost.traffic_bytes(convention) if has_map else None,
        "macs_per_byte": cost.macs_per_byte(convention) if has_map else None,
    }


def reductions(standard: Cost, cost: Cost, convention: Convention, *, has_map: bool = True) -> dict[str, float | None]:
    """Standard ÷ replacement, for each figure that says something of its own."""
    traffic = ratio(standard.traffic_bytes(convention), cost.traffic_bytes(convention))
    return {
        "params": ratio(standard.params, cost.params),
        "macs": ratio(standard.macs, cost.macs),
        "activations": ratio(standard.activations, cost.activations),
        "traffic_bytes": traffic if has_map else None,
    }


def total_figures(total: Total, convention: Convention) -> dict[str, Any]:
    """COST of a network, and the peak of its maps."""
    figures = cost_figures(total.cost, convention, has_map=total.has_map)
    return {**figures, "peak_activation_bytes": total.peak_bytes(convention)}


def peak_place(total: Total, convention: Convention) -> dict[str, Any] | None:
    """Where the peak is, and what it consists of; None where there is none."""
    peak = total.peak
    if peak is None:
        return None
    parts = {"read_bytes": peak.read, "written_bytes": peak.written, "held_bytes": peak.held}
    return {
        "at": peak.at,
        **{name: convention.bytes_of(elements, in_bytes=peak.in_bytes) for name, elements in parts.items()},
    }


def total_reductions(standard: Total, total: Total, convention: Convention) -> dict[str, float | None]:
    """Standard ÷ replacement for a network, peak included."""
    return {
        **reductions(standard.cost, total.cost, convention, has_map=total.has_map),
        "peak_activation_bytes": ratio(standard.peak_bytes(convention) or 0, total.peak_bytes(convention) or 0),
    }


def all_reductions(standard: Total, total: Total, convention: Convention) -> dict[str, float | None]:
    """Standard ÷ replacement for every count of a network, those that are reduced as much as another one, too."""
    before, after = total_figures(standard, convention), total_figures(total, convention)
    others = {
        name: None if value is None else ratio(value, after[name])
        for name, value in before.items()
        if name != "macs_per_byte"
    }
    return {**others, **total_reductions(standard, total, convention)}


def node_facts(node: Node, *, has_map: bool = True) -> dict[str, Any]:
    """A layer's facts, and how it runs where that is not once, with weights of its own."""
    facts = layer_facts(node.layer, has_map=has_map)
    if node.times != 1:
        facts["times"] = node.times
    if node.shared:
        facts["shared"] = True
    if node.weights_of is not None:
        facts["weights_of"] = node.weights_of
    return facts


def layer_facts(layer: Layer, *, has_map: bool = True) -> dict[str, Any]:
    """A layer's type, shapes and arguments; sizes are null without a map."""
    facts = {
        "type": layer.type,
        "input": layer.input_shape,
        "output": layer.output_shape,
        **{fact: getattr(layer, attribute) for fact, attribute in layer.facts.items()},
    }
    if not has_map:
        sizes = {"input": _channels_only(layer.input_shape), "output": _channels_only(layer.output_shape)}
        return {**facts, **sizes, "padding": None}
    return facts


def _channels_only(shape: tuple[int, ...]) -> list[int | None]:
    return [shape[0], *([None] * (len(shape) - 1))]

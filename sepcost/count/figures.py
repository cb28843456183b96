"""Facts of a result under the names of the JSON contract: what layers are, and where a peak is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sepcost.count.total import Total
from sepcost.layers import KINDS, Layer
from sepcost.layers.cost import Convention
from sepcost.network.network import Node

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

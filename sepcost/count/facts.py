"""Facts of a result under the names of the JSON contract: what layers are, and where a peak is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sepcost.count.total import Total
from sepcost.layers import KINDS, Layer
from sepcost.layers.cost import Convention
from sepcost.network.network import Node

_OF_KINDS = (fact for kind in KINDS.values() for fact in kind.facts)
FACTS = ("type", "input", "output", *dict.fromkeys(_OF_KINDS), "times", "shared", "weights_of")
"""The facts of layers, in the order of the contract."""

PEAK_PARTS = ("read_bytes", "written_bytes", "held_bytes")
"""What the maps of a peak are used for."""

NOT_IN_SHAPES = ("stride", "padding", "output_padding", "dilation", "groups", "transposed")
"""What the shape of a kernel does not say."""

UNLESS_GIVEN = {"times": 1, "shared": False}
"""The values of these facts for a layer that does not have them."""


def usual_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of a layer of this type and rank.

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
    elements = zip(PEAK_PARTS, (peak.read, peak.written, peak.held))
    return {"at": peak.at, **{name: convention.bytes_of(many, in_bytes=peak.in_bytes) for name, many in elements}}


def node_facts(node: Node, *, unknown: Collection[str] = ()) -> dict[str, Any]:
    """A layer's facts, and how it runs where that is not once, with weights of its own.

    Where these figures are ``unknown``, so are the facts that they follow from.
    """
    facts = layer_facts(node.layer, has_map=not unknown)
    if "macs" in unknown:
        facts = {name: value for name, value in facts.items() if name not in NOT_IN_SHAPES}
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
        return {**facts, **sizes, **({"padding": None} if "padding" in facts else {})}
    return facts


def layer_of(facts: Mapping[str, Any]) -> Layer:
    """The layer that has these facts; without a map, on the smallest one. Raises LayerError if there is none.

    >>> from sepcost import Conv
    >>> conv = Conv((56, 56), 64, 128, 3, stride=2)
    >>> layer_of(layer_facts(conv)) == conv
    True
    """
    facts = {**usual_facts(facts), **facts}
    if None in facts["input"]:
        sizes = [1] * len(facts["stride"]) if facts["transposed"] else facts["stride"]
        facts |= {"input": (facts["input"][0], *sizes), "padding": "same"}
    return KINDS[facts["type"]].of_facts(facts)


def _channels_only(shape: tuple[int, ...]) -> tuple[int | None, ...]:
    return (*shape[:1], *([None] * (len(shape) - 1)))

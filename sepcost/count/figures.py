"""Facts of a result under the names of the JSON contract: what layers are, and where a peak is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sepcost.count.total import Total
from sepcost.layers import Conv, Layer, Linear, Other, Pool
from sepcost.layers.cost import Convention
from sepcost.network.network import Node

FACTS = (
    "type", "input", "output", "kernel", "stride", "padding", "dilation", "groups", "bias", "norm", "transposed",
    "output_padding", "mode", "ceil_mode", "global", "operator", "times", "shared",
    "weights_of",
)  # fmt: skip
"""What layers may be told to be, in the order of the contract."""

UNLESS_GIVEN = {"times": 1, "shared": False}
"""What these facts are of a layer that does not have them."""


def usual_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a layer of this type and rank is told to be unless somebody says otherwise.

    >>> usual_facts({"type": "conv", "input": (3, 32, 32)})["stride"], usual_facts({"type": "linear", "input": (3,)})
    ((1, 1), {'bias': False})
    """
    axes = len(facts["input"]) - 1 if isinstance(facts["input"], (tuple, list)) else 0
    ones, zeros = (1,) * axes, (0,) * axes
    if facts["type"] == "conv":
        usual = {"stride": ones, "padding": "same", "dilation": ones, "groups": 1, "bias": False, "norm": "none"}
        return {**usual, "transposed": False, "output_padding": zeros}
    if facts["type"] == "pool":
        return {"padding": zeros, "ceil_mode": False, "global": False}
    return {"bias": False} if facts["type"] == "linear" else {}


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
    facts: dict[str, Any] = {
        "type": layer.type,
        "input": layer.input_shape if has_map else _channels_only(layer.input_shape),
        "output": layer.output_shape if has_map else _channels_only(layer.output_shape),
    }
    if isinstance(layer, Conv):
        facts |= {
            "kernel": layer.kernel_size,
            "stride": layer.stride,
            "padding": layer.padding if has_map else None,
            "dilation": layer.dilation,
            "groups": layer.groups,
            "bias": layer.bias,
            "norm": layer.norm,
            "transposed": layer.transposed,
            "output_padding": layer.output_padding,
        }
    elif isinstance(layer, Pool):
        facts |= {
            "kernel": layer.kernel_size,
            "stride": layer.stride,
            "padding": layer.padding,
            "mode": layer.mode,
            "ceil_mode": layer.ceil_mode,
            "global": layer.global_pool,
        }
    elif isinstance(layer, Linear):
        facts["bias"] = layer.bias
    elif isinstance(layer, Other):
        facts["operator"] = layer.operator
    return facts


def _channels_only(shape: tuple[int, ...]) -> list[int | None]:
    return [shape[0], *([None] * (len(shape) - 1))]

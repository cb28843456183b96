"""Activations that may be between the parts of a replacement: they have no params, count no MACs, run in place."""

from __future__ import annotations

from enum import Enum


class Activation(str, Enum):
    """What is applied to each element of a map."""

    NONE = "none"
    RELU = "relu"
    RELU6 = "relu6"
    SILU = "silu"
    HARDSWISH = "hardswish"
    GELU = "gelu"


ACTIVATIONS = tuple(activation.value for activation in Activation)
"""Their names."""

OF_TORCH = {"relu": "ReLU", "relu6": "ReLU6", "silu": "SiLU", "hardswish": "Hardswish", "gelu": "GELU"}
"""Their classes in ``torch.nn``."""

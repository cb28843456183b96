"""Layers: what each kind is, what comes out of it, and what it costs."""

from __future__ import annotations

from typing import TypeAlias

from sepcost.layers.conv import Conv
from sepcost.layers.flatten import Flatten
from sepcost.layers.layer import Padding, Shape
from sepcost.layers.linear import Linear
from sepcost.layers.other import Other
from sepcost.layers.pool import Pool

__all__ = ["Conv", "Flatten", "Layer", "Linear", "Other", "Padding", "Pool", "Shape"]

Layer: TypeAlias = Conv | Linear | Pool | Flatten | Other

"""Layers: what each kind is, what comes out of it, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping

from sepcost.layers.conv import Conv
from sepcost.layers.flatten import Flatten
from sepcost.layers.layer import Layer, Padding, Shape, Takes
from sepcost.layers.linear import Linear
from sepcost.layers.other import Other
from sepcost.layers.pool import Pool
from sepcost.layers.scale import Scale
from sepcost.layers.shuffle import Shuffle
from sepcost.layers.split import Split
from sepcost.layers.upsample import Upsample

__all__ = [
    "KINDS",
    "Conv",
    "Flatten",
    "Layer",
    "Linear",
    "Other",
    "Padding",
    "Pool",
    "Scale",
    "Shape",
    "Shuffle",
    "Split",
    "Takes",
    "Upsample",
]

_KINDS: tuple[type[Layer], ...] = (Conv, Linear, Pool, Upsample, Flatten, Split, Shuffle, Scale, Other)
KINDS: Mapping[str, type[Layer]] = {kind.type: kind for kind in _KINDS}
"""All of them, by type."""

"""What all kinds of layers have."""

from __future__ import annotations

from typing import Literal, TypeAlias

from sepcost.text.arguments import Extent

Shape: TypeAlias = tuple[int, ...]
"""Channels, then the map: (32, 112, 112); a vector of features is (1000,)."""

Padding: TypeAlias = Literal["same"] | Extent

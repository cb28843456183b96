"""Resizes: interpolations that a forward pass runs, as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from sepcost.graphs.windows import upsample
from sepcost.layers import Upsample
from sepcost.layers.upsample import MODES
from sepcost.pytorch.private import packet_of

RESIZES = ("upsample_", "_upsample_")
"""How the names of these operators begin. Torch takes them apart into indices; kernels do not."""


def is_resize(operator: Any) -> bool:
    """Whether an operator interpolates a map.

    >>> is_resize(torch.ops.aten._upsample_bilinear2d_aa), is_resize(torch.ops.aten.relu)
    (True, False)
    """
    return str(operator.__name__).startswith(RESIZES)


def upsample_of(func: Any, args: Sequence[Any], out: torch.Tensor) -> Upsample | None:
    """The interpolation as a layer; None if no layer describes it: its output is smaller on an axis."""
    name = packet_of(func).__name__
    mode: Any = next(mode for mode in MODES if f"upsample_{mode}" in name)
    return upsample(tuple(args[0].shape[1:]), tuple(out.shape[1:]), mode)

"""Fit: one convolution's replacement, with the weights that keep most of it."""

from __future__ import annotations

from typing import Any

from torch import nn

from sepcost.blocks.replacements import Replacement
from sepcost.errors import ReplacementError
from sepcost.measured.fits import Fit
from sepcost.pytorch.convolutions.eligibility import eligible
from sepcost.pytorch.private import ConvModule
from sepcost.pytorch.replacing.data import Batches
from sepcost.pytorch.replacing.replacing import copy_with_parts, replacement_plan


def fit(conv: nn.Module, replacement: str | Replacement = "separable", inputs: Any = None) -> tuple[nn.Sequential, Fit]:
    """What replaces a trained convolution, with the weights that keep most of it, and how much that is.

    >>> conv = nn.Conv2d(8, 16, 3, padding=1)
    >>> block, report = fit(conv, "separable:multiplier=9")
    >>> round(report.energy, 6), [name for name, _ in block.named_children()]
    (1.0, ['depthwise', 'pointwise'])

    Without ``inputs`` the product of the parts is closest to the kernel; with them (a tensor, or several batches), the
    block's output is closest to the convolution's on these inputs, which are what reaches that layer in its model.
    ``report.energy`` is the share of the kernel's squared norm that the replacement can keep, ``report.output_error``
    the share of the outputs' variance that the block misses on these inputs, None without them. The convolution stays
    as it is. Raises ReplacementError where it cannot be replaced or fitted, and SepcostError for inputs that are none.
    """
    if not isinstance(conv, ConvModule):
        raise ReplacementError(f"a convolution of torch.nn is fitted, got {type(conv).__name__}")
    reason = eligible(conv) or replacement_plan(conv, replacement).get("")
    if reason:
        raise ReplacementError(f"this convolution cannot be replaced: {reason}")
    replaced = copy_with_parts(conv, replacement)
    report = replaced.fit(None if inputs is None else Batches(inputs, conv, "inputs"))
    return replaced.parts[conv], report[""]

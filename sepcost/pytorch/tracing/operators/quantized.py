"""Quantised operators: those with packed weights, as layers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import torch

from sepcost.errors import LayerError
from sepcost.layers import Conv, Linear
from sepcost.network.network import Widths
from sepcost.pytorch.private import packet_of, qualified_name

NAMESPACE = "quantized::"
BIAS = 4
"""Bytes of a bias: torch packs it as float32, and adds it as int32."""


class Packed(NamedTuple):
    """A layer with packed weights; ``times`` is the number of samples or positions that it runs on."""

    layer: Conv | Linear
    times: int
    widths: Widths


def packed_layer(func: Any, args: Sequence[Any], out: Any) -> Packed | None:
    """The convolution or the linear layer that a quantised operator is; None if it is neither."""
    if not qualified_name(packet_of(func)).startswith(NAMESPACE) or len(args) < 2:
        return None
    source, packed = args[0], args[1]
    if not isinstance(source, torch.Tensor) or not isinstance(out, torch.Tensor):
        return None
    with suppress(AttributeError, RuntimeError, LayerError):
        weight, bias = packed.unpack()[:2]
        width = weight.element_size()
        widths = Widths(width, BIAS, BIAS, source.element_size(), out.element_size())
        if weight.dim() == 2:
            out_features, in_features = weight.shape
            return Packed(Linear(in_features, out_features, bias is not None), source.numel() // in_features, widths)
        return Packed(_conv(source, packed, weight, bias, out), source.shape[0], widths)
    return None


def _conv(
    source: torch.Tensor, packed: Any, weight: torch.Tensor, bias: torch.Tensor | None, out: torch.Tensor
) -> Conv:
    """The convolution; in one dimension, torch packs an axis of size 1 before it."""
    rank = source.dim() - 2
    transposed = bool(packed.transpose())
    conv = Conv(
        tuple(source.shape[2:]),
        source.shape[1],
        out.shape[1],
        tuple(weight.shape[-rank:]),
        stride=tuple(packed.stride()[-rank:]),
        padding=tuple(packed.padding()[-rank:]),
        output_padding=tuple(packed.output_padding()[-rank:]) if transposed else 0,
        dilation=tuple(packed.dilation()[-rank:]),
        groups=packed.groups(),
        bias=bias is not None,
        transposed=transposed,
    )
    if conv.output_shape != tuple(out.shape[1:]):
        raise LayerError("output_size", "is another than torch's")
    return conv

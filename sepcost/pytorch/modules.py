"""Layers as modules of ``torch.nn``."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from inspect import signature

import torch
from torch import nn

from sepcost.blocks.blocks import Parts
from sepcost.blocks.torch_modules import torch_modules
from sepcost.count.layer_comparison import Part
from sepcost.errors import SepcostError
from sepcost.layers import Conv, Layer, Linear
from sepcost.layers.layer import TorchModule


def build(
    layer: Conv | Linear | Parts | Sequence[Part],
    *,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> nn.Module:
    """The module of a convolution or a linear layer; of named parts, the ``Sequential`` of their modules.

    Parts are what a replacement makes of a convolution, and what a comparison has as ``variants[…].parts``.

    >>> from sepcost import Conv
    >>> from sepcost.blocks.blocks import separable
    >>> conv = Conv((112, 112), 32, 64, 3, stride=2)
    >>> build(conv)
    Conv2d(32, 64, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False)
    >>> build(separable(conv), device="meta")
    Sequential(
      (depthwise): Conv2d(32, 32, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), groups=32, bias=False)
      (pointwise): Conv2d(32, 64, kernel_size=(1, 1), stride=(1, 1), bias=False)
    )

    The modules are those that ``--format pytorch`` writes, with torch's own first weights. They take maps of
    shape (N, C, *size). A module that pads, crops, normalizes or activates is next to its convolution, under its
    name. Padding ``same`` is the amount that the convolution's own map needs. On the device ``"meta"`` nothing is
    allocated. Raises SepcostError for anything else, RuntimeError where torch cannot hold the weights.
    """
    if isinstance(layer, (Conv, Linear)):
        return built(layer, device, dtype)
    if not isinstance(layer, (tuple, list)) or not layer:
        raise SepcostError(f"build takes a convolution, a linear layer or parts, got {layer!r:.60}")
    return nn.Sequential(_modules(list(map(_named, layer)), device, dtype))


def built(layer: Layer, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> nn.Module:
    """The module of a layer of any kind; TypeError if there is none."""
    modules = _modules([(layer.type, layer)], device, dtype)
    if not modules:
        raise TypeError(f"there is no module for {layer.type}")
    return nn.Sequential(modules) if len(modules) > 1 else modules.popitem()[1]


def _modules(
    parts: Sequence[tuple[str, Layer]], device: torch.device | str | None, dtype: torch.dtype | None
) -> OrderedDict[str, nn.Module]:
    return OrderedDict((module.name, _built(module, device, dtype)) for module in torch_modules(parts))


def _named(part: Part | tuple[str, Conv]) -> tuple[str, Conv]:
    if isinstance(part, Part):
        return part.name, part.layer
    if isinstance(part, tuple) and len(part) == 2 and isinstance(part[1], Conv):
        return part
    raise SepcostError(f"parts are (name, Conv) pairs, got {part!r:.60} among them")


def _built(module: TorchModule, device: torch.device | str | None, dtype: torch.dtype | None) -> nn.Module:
    kind: type[nn.Module] = getattr(nn, module.kind)
    stored = {"device": device, "dtype": dtype} if "device" in signature(kind).parameters else {}
    return kind(*module.arguments, **module.options, **stored)

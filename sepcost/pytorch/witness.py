"""The witness: torch's own modules, run on the meta device under torch's own counter."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from sepcost.judge.witness import Refused, Witnessed
from sepcost.layers import Layer, Scale, Shape, Takes
from sepcost.pytorch.compiler import without_compiler
from sepcost.pytorch.modules import built

MOST_REMEMBERED = 100_000
"""The most layers whose counts are kept: an endless stream does not fill the memory."""


class TorchWitness:
    """Counts layers as torch does, and allocates nothing: ``judge.witness.verify`` sets sepcost's counts against it.

    >>> from sepcost import Conv
    >>> TorchWitness().counts(Conv((112, 112), 32, 64, 3))
    Witnessed(params=18432, macs=231211008, output_shape=(64, 112, 112))

    Parameters are those that the module would learn. MACs are half of what ``FlopCounterMode`` counts in one forward
    pass of one sample in evaluation mode. Shapes are those of the tensors. sepcost's formulas are not used.
    """

    def __init__(self) -> None:
        self.version = torch.__version__.partition("+")[0]
        self.counts = lru_cache(MOST_REMEMBERED)(_counts)

    def input_of(self, layer: Layer, shapes: Sequence[Shape]) -> Shape | Refused:
        """What reaches the layer when these maps are concatenated, or multiplied by it; a linear layer's are flat."""
        try:
            if isinstance(layer, Scale):
                scaled, factors = map(_empty, shapes)
                ones = (1,) * (scaled.dim() - factors.dim())
                return _shape(scaled * factors.reshape(*factors.shape, *ones))
            reaching = torch.cat([_empty(shape) for shape in shapes], dim=1)
            return _shape(reaching.flatten(1) if layer.takes is Takes.FEATURES else reaching)
        except Exception as error:
            return _refused(error)

    def sum_of(self, shapes: Sequence[Shape]) -> Shape | Refused:
        """The shape of the maps' sum."""
        try:
            return _shape(sum(map(_empty, shapes[1:]), start=_empty(shapes[0])))
        except Exception as error:
            return _refused(error)


def _counts(layer: Layer) -> Witnessed | Refused:
    try:
        module = built(layer, device="meta").eval()
        with warnings.catch_warnings(), torch.no_grad(), without_compiler(), FlopCounterMode(display=False) as counter:
            warnings.filterwarnings("ignore", "Using padding='same' with even kernel lengths")
            output = module(_empty(layer.input_shape))
    except Exception as error:  # any error is what torch says of this layer
        return _refused(error)
    flops = counter.get_total_flops()
    params = sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
    return Witnessed(params, flops / 2 if flops % 2 else flops // 2, _shape(output))


def _empty(shape: Shape) -> torch.Tensor:
    """A batch of one."""
    return torch.empty((1, *shape), device="meta")


def _shape(tensor: torch.Tensor) -> Shape:
    return tuple(tensor.shape[1:])


def _refused(error: Exception) -> Refused:
    message = " ".join(str(error).split()) or type(error).__name__
    if "overflow" in message.lower():
        return Refused("too large for torch: a tensor of it takes 2⁶³ bytes or more", too_large=True)
    return Refused(f"refuses it: {message}")

"""Network: the kernels of a state dict as convolutions of which only the shape is known."""

from __future__ import annotations

from dataclasses import replace

from sepcost.graphs.weights import ASSUMED, WEIGHT, bias_of, layer_name, network_of
from sepcost.network.network import Network
from sepcost.pytorch.weights.weights import Weights
from sepcost.text.wording import counted


def kernels_of(weights: Weights, name: str) -> Network:
    """A network of this name, of the kernels that can be fitted: only its params are known.

    >>> import torch
    >>> network = kernels_of(Weights("w.pt", {"conv.weight": torch.ones(64, 32, 3, 3), "cls": torch.ones(9)}), "w")
    >>> [(node.name, node.cost.params, node.keep) for node in network]
    [('conv', 18432, None)]

    In a grouped convolution C is the channels of a group, in a transposed one C and O are swapped.
    """
    kernels = [each for each in weights.shapes if each.endswith(WEIGHT) and layer_name(each) in weights.kernels]
    tensors = {
        each: weights.shapes[each] for kernel in kernels for each in (kernel, bias_of(kernel)) if each in weights.shapes
    }
    return replace(network_of(name, tensors, weights.twins), source=weights.source)


def notes_on(weights: Weights) -> list[str]:
    """What is to be said of the kernels: what was assumed, which are one, which tensors are left out, and why."""
    assumed = [f"weights: {ASSUMED}"] if weights.kernels else []
    others = [f"weights: {name} has the kernel of {first}" for name, first in weights.shared.items()]
    reasons: dict[str, list[str]] = {}
    for name, reason in weights.left_out.items():
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        several = f" and {counted(len(names) - 1, 'other')}" if len(names) > 1 else ""
        others.append(f"weights: left out: {names[0]}{several}: {reason}")
    return [*weights.notes, *assumed, *others]

"""Network: the kernels of a state dict as convolutions of which only the shape is known."""

from __future__ import annotations

import torch

from sepcost.layers import Conv
from sepcost.network.network import Network, Node
from sepcost.pytorch.weights.weights import WEIGHT, Weights
from sepcost.text.wording import counted

AMBIGUOUS = "already depthwise, or one input channel"
"""Why a kernel is kept that is one channel deep."""
ASSUMED = "a kernel's shape says neither groups nor transposed: each is read as O × C × its size, in one group"


def network_of(weights: Weights, name: str) -> Network:
    """A network of this name, of the kernels, each a convolution without a map: its MACs are per output position.

    >>> network = network_of(Weights("w.pt", {"conv.weight": torch.ones(64, 32, 3, 3)}), "w")
    >>> [(node.name, node.cost.params, node.keep) for node in network]
    [('conv', 18432, None)]

    So only its params can be summed. In a grouped convolution C is the channels of a group, in a transposed one C and O
    are swapped.
    """
    return Network(
        name,
        tuple(_node(weights, *kernel, index) for index, kernel in enumerate(weights.kernels.items())),
        source=weights.source,
        independent=True,
        per_position=True,
        inner_norm=False,
    )


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


def _node(weights: Weights, name: str, kernel: torch.Tensor, index: int) -> Node:
    out_channels, in_channels, *size = kernel.shape
    bias = "bias" if name == WEIGHT else f"{name}.bias"
    conv = Conv((1,) * len(size), in_channels, out_channels, size, bias=bias in weights.tensors)
    keep = AMBIGUOUS if in_channels == 1 and out_channels > 1 else None
    first = weights.shared.get(name)
    return Node(name, conv, keep=keep, index=index, shared=first is not None, weights_of=first)

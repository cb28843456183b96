"""Weights: a state dict as data, and which of its tensors are kernels of convolutions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch

RANKS = {3: "1-D", 4: "2-D", 5: "3-D"}
"""How many axes a kernel has, and what its convolution is called."""
DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
PART = re.compile(r"\b(weight_([gv]|orig|mask)|parametrizations\.weight\.original\d*)$")
"""How the names end of tensors that a weight is computed from: torch's weight_norm, spectral_norm, pruning."""
TABLE = re.compile(r"(embed(ding)?s?|position(al|s)?|table)$", re.IGNORECASE)
"""How the names end of modules whose weight is looked up."""
WEIGHT = "weight"


@dataclass(frozen=True)
class Weights:
    """The tensors of a state dict by name; a large file's are read from it when their values are.

    ``source`` is the file, and ``key`` where in it they are. ``prefix`` was taken off all names, and ``notes`` say so.

    >>> weights = Weights("w.pt", {"conv.weight": torch.ones(8, 3, 3, 3), "pos_embed": torch.ones(1, 197, 64)})
    >>> list(weights.kernels), weights.left_out
    (['conv'], {'pos_embed': 'its name does not end in weight'})
    """

    source: str
    tensors: Mapping[str, torch.Tensor]
    key: str = ""
    prefix: str = ""
    notes: tuple[str, ...] = ()

    @property
    def kernels(self) -> dict[str, torch.Tensor]:
        """The kernels of convolutions by the names of these: each tensor of rank 3 to 5 that is not left out."""
        return {_layer(name): self.tensors[name] for name, reason in self._reasons.items() if reason is None}

    @property
    def left_out(self) -> dict[str, str]:
        """The other tensors of these ranks, each with the reason why it is no kernel."""
        return {name: reason for name, reason in self._reasons.items() if reason is not None}

    @cached_property
    def shared(self) -> dict[str, str]:
        """Kernels that are another one under a second name: by name, the first name."""
        firsts: dict[tuple[object, ...], str] = {}
        seen = {name: firsts.setdefault((each.data_ptr(), each.shape), name) for name, each in self.kernels.items()}
        return {name: first for name, first in seen.items() if name != first}

    @cached_property
    def _reasons(self) -> dict[str, str | None]:
        """Why each tensor of these ranks is no kernel; None for kernels."""
        return {name: self._reason(name) for name, each in self.tensors.items() if each.dim() in RANKS}

    def _reason(self, name: str) -> str | None:
        tensor, bias = self.tensors[name], self.tensors.get(f"{name.removesuffix(WEIGHT)}bias")
        layer, _, last = name.rpartition(".")
        if PART.search(name):
            return (
                "a weight is computed from it (weight_norm, spectral_norm, pruning): fit the model with these weights"
            )
        if last != WEIGHT:
            return "its name does not end in weight"
        if tensor.dim() == min(RANKS) and TABLE.search(layer):
            return "its name is that of a table"
        if bias is not None and bias.dim() != 1:
            return f"its bias has {bias.dim()} axes, and that of a convolution has one"
        if tensor.is_meta or not tensor.numel():
            return "it has no values"
        if tensor.layout is not torch.strided:
            return f"it is {str(tensor.layout).removeprefix('torch.')}"
        if tensor.dtype not in DTYPES:
            return f"it is {dtype_name(tensor.dtype)}, which is not computed with"
        return None if tensor.isfinite().all() else "it has values that are NaN or infinite"


def dtype_name(dtype: torch.dtype) -> str:
    """A dtype as it is typed: float32."""
    return str(dtype).removeprefix("torch.")


def _layer(name: str) -> str:
    """The name of the layer that has this weight."""
    return name.removesuffix(WEIGHT).removesuffix(".") or WEIGHT

"""Weights: a state dict as data, and which of its tensors are kernels of convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch

from sepcost.graphs.values import Value
from sepcost.graphs.weights import RANKS, layer_name, why_no_kernel

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


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
        return {layer_name(name): self.tensors[name] for name, reason in self._reasons.items() if reason is None}

    @property
    def left_out(self) -> dict[str, str]:
        """The other tensors of these ranks, each with the reason why it is no kernel."""
        return {name: reason for name, reason in self._reasons.items() if reason is not None}

    @cached_property
    def shared(self) -> dict[str, str]:
        """Kernels that are another one under a second name: by name, the first name."""
        return _twins(self.kernels)

    @cached_property
    def twins(self) -> dict[str, str]:
        """Tensors that are another one under a second name: by name, the first name."""
        return _twins(self.tensors)

    @cached_property
    def shapes(self) -> dict[str, Value]:
        """The shape and the dtype of each tensor."""
        return {name: Value(tuple(each.shape), dtype_name(each.dtype)) for name, each in self.tensors.items()}

    @cached_property
    def _reasons(self) -> dict[str, str | None]:
        """Why each tensor of these ranks is no kernel; None for kernels."""
        return {name: self._reason(name) for name, each in self.tensors.items() if each.dim() in RANKS}

    def _reason(self, name: str) -> str | None:
        tensor, reason = self.tensors[name], why_no_kernel(name, self.shapes)
        if reason is not None:
            return reason
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


def _twins(tensors: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """Those that lie where an earlier one does: by name, the first name."""
    firsts: dict[tuple[object, ...], str] = {}
    real = {name: each for name, each in tensors.items() if each.layout is torch.strided and not each.is_meta}
    seen = {name: firsts.setdefault((each.data_ptr(), each.shape, each.dtype), name) for name, each in real.items()}
    return {name: first for name, first in seen.items() if name != first}

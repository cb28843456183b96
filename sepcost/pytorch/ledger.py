"""The ledger: which of a model's parameters a tensor is, and which of them have been counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn


class Region(NamedTuple):
    """So many numbers of one piece of memory."""

    memory: int
    offset: int
    size: int


class Ledger:
    """A model's parameters, each number of which is counted once.

    >>> linear = nn.Linear(4, 2)
    >>> ledger = Ledger(linear)
    >>> ledger.claim([linear.weight.t()]), ledger.claim([linear.weight.view(8)])
    (True, False)
    """

    def __init__(self, model: nn.Module) -> None:
        self._left = Counter[int]()
        self._claimed: set[Region] = set()
        self._owners: dict[int, nn.Module] = {}
        self._kinds: dict[int, str] = {}
        for parameter in model.parameters():
            self._left[_memory(parameter)] += parameter.numel()
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                self._kinds.setdefault(_memory(parameter), type(module).__name__)
                if name == "weight":
                    self._owners.setdefault(_memory(parameter), module)

    def holds(self, tensor: torch.Tensor) -> bool:
        """Whether the tensor is a parameter, or a view of one."""
        return _memory(tensor) in self._left

    def region(self, tensor: torch.Tensor) -> Region | None:
        """Which parameter the tensor is, or which part of one; None if it is none."""
        return _region(tensor) if self.holds(tensor) else None

    def owner(self, tensor: torch.Tensor) -> nn.Module | None:
        """The module whose ``weight`` the tensor is, or is a view of."""
        return self._owners.get(_memory(tensor))

    def left(self) -> Counter[str]:
        """How many numbers have not been counted, by the class of the module that holds them."""
        found = Counter[str]()
        for memory, many in self._left.items():
            found[self._kinds[memory]] += many
        return +found

    def claim(self, tensors: Sequence[torch.Tensor], computed_by: nn.Module | None = None) -> bool:
        """Count these tensors' numbers; False if they are no parameters, or counted already.

        Where they are computed from parameters, those of the module that does it stand for them.
        """
        needed = Counter[int]()
        regions = set(map(_region, tensors))
        if all(map(self.holds, tensors)):
            for region in regions:
                needed[region.memory] += region.size
            free = regions.isdisjoint(self._claimed) and needed <= self._left
        elif computed_by is not None:
            for memory in set(map(_memory, computed_by.parameters())):
                needed[memory] = self._left[memory]
            free = needed.total() >= sum(region.size for region in regions)
        else:
            return False
        if free:
            self._claimed |= regions
            self._left.subtract(needed)
        return free


def _region(tensor: torch.Tensor) -> Region:
    return Region(_memory(tensor), int(tensor.storage_offset()), tensor.numel())


def _memory(tensor: torch.Tensor | None) -> int:
    if tensor is None or not torch._C._has_storage(tensor):
        return 0
    return int(tensor.untyped_storage()._cdata)

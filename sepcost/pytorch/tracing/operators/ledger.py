"""The ledger: which parameter of a model a tensor is, and which parameters are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import nn

from sepcost.pytorch.private import memory_of


class Region(NamedTuple):
    """Numbers in one piece of memory: how many, where they begin, and their layout."""

    memory: int
    offset: int
    size: int
    layout: tuple[tuple[int, int], ...] = ()


class Claim(NamedTuple):
    """Numbers that a layer has: whose they are, and how many are in each piece of memory."""

    of: frozenset[Hashable]
    taken: Counter[int]


class Ledger:
    """A model's parameters, each number of which is counted once.

    >>> linear = nn.Linear(4, 2)
    >>> ledger = Ledger(linear)
    >>> bool(ledger.claim([linear.weight.t()])), bool(ledger.claim([linear.weight.view(8)]))
    (True, False)
    >>> ledger.left()
    Counter({'Linear': 2})
    """

    def __init__(self, model: nn.Module) -> None:
        self._left = Counter[int]()
        self._claimed: set[Hashable] = set()
        self._owners: dict[int, nn.Module] = {}
        self._kinds: dict[int, str] = {}
        self._dtypes: dict[int, torch.dtype] = {}
        self._alive: list[torch.Tensor] = []
        for parameter in model.parameters():
            if (memory := memory_of(parameter)) is not None:
                self._left[memory] += parameter.numel()
                self._dtypes[memory] = parameter.dtype
                self._alive.append(parameter.detach())  # as long as it exists, no other tensor has its memory
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                if (memory := memory_of(parameter)) is not None:
                    self._kinds.setdefault(memory, type(module).__name__)
                    if name == "weight":
                        self._owners.setdefault(memory, module)

    def holds(self, tensor: torch.Tensor) -> bool:
        """Whether the tensor is a parameter, or a view of one."""
        return memory_of(tensor) in self._kinds

    def stored_as(self, tensor: torch.Tensor, computed_by: nn.Module | None = None) -> torch.dtype | None:
        """The dtype of the parameter that the tensor is a view of, or of its real part; None if it is none.

        If a module computes it, as with autocast, the dtype of the module's largest parameter.
        """
        memory = memory_of(tensor)
        if memory in self._dtypes or computed_by is None:
            return None if memory is None else self._dtypes.get(memory)
        return max(computed_by.parameters(), key=torch.Tensor.numel, default=tensor).dtype

    def region(self, tensor: torch.Tensor) -> Region | None:
        """The parameter that the tensor is, or the part of one; None if it is none."""
        memory = memory_of(tensor)
        if memory not in self._kinds:
            return None
        return Region(memory, int(tensor.storage_offset()), tensor.numel(), _layout(tensor))

    def owner(self, tensor: torch.Tensor) -> nn.Module | None:
        """The module whose ``weight`` the tensor is, or is a view of."""
        memory = memory_of(tensor)
        return None if memory is None else self._owners.get(memory)

    def left(self) -> Counter[str]:
        """How many numbers are not counted, by the class of the module that holds them."""
        found = Counter[str]()
        for memory, many in self._left.items():
            found[self._kinds[memory]] += many
        return +found

    def claim(self, tensors: Sequence[torch.Tensor], computed_by: nn.Module | None = None) -> Claim | None:
        """Count these tensors' numbers; None if they are no parameters, or are counted already.

        For a computed tensor, as many numbers of the module that computes it count.
        """
        regions = [region for tensor in tensors if (region := self.region(tensor)) is not None]
        of: set[Hashable] = set(regions)
        taken = Counter[int]()
        for region in regions:
            taken[region.memory] += region.size
        computed = sum(tensor.numel() for tensor in tensors) - taken.total()
        if len(of) < len(regions) or (computed and computed_by is None):
            return None
        if computed and computed_by is not None:
            of.add(computed_by)
            taken += self._share(computed_by, computed, taken)
        claim = Claim(frozenset(of), taken)
        return claim if taken.total() == sum(tensor.numel() for tensor in tensors) and self.take(claim) else None

    def take(self, *claims: Claim) -> bool:
        """Count these numbers, or count them again; False if something else has any of them."""
        taken = sum((claim.taken for claim in claims), Counter[int]())
        if not all(self._claimed.isdisjoint(claim.of) for claim in claims) or not taken <= self._left:
            return False
        self._claimed.update(*(claim.of for claim in claims))
        self._left.subtract(taken)
        return True

    def release(self, *claims: Claim) -> None:
        """Do not count them after all."""
        for claim in claims:
            self._claimed -= claim.of
            self._left.update(claim.taken)

    def _share(self, module: nn.Module, many: int, taken: Counter[int]) -> Counter[int]:
        """As many numbers of the module's parameters, the largest first; fewer if it has fewer."""
        share = Counter[int]()
        for memory in sorted(set(self._of(module)), key=lambda memory: -self._left[memory]):
            share[memory] = min(many - share.total(), self._left[memory] - taken[memory])
        return +share

    def _of(self, module: nn.Module) -> Iterator[int]:
        for parameter in module.parameters():
            memory = memory_of(parameter)
            if memory in self._kinds:
                yield memory


def _layout(tensor: torch.Tensor) -> tuple[tuple[int, int], ...]:
    """Steps in memory and how many of each: the same for a tensor, its transpose, and either as a vector."""
    axes: list[tuple[int, int]] = []
    for step, many in sorted((step, many) for step, many in zip(tensor.stride(), tensor.shape) if many > 1):
        if axes and axes[-1][0] * axes[-1][1] == step:
            axes[-1] = (axes[-1][0], axes[-1][1] * many)
        else:
            axes.append((step, many))
    return tuple(axes)

"""Unseen: tensors that a pass reads, and that no operator has made that was seen."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from sepcost.pytorch.models.placement import META
from sepcost.pytorch.models.tensors import tensors_in, tensors_of
from sepcost.pytorch.private import Memory, memory_of, packet_of

aten = torch.ops.aten

WRITTEN_OUT = {torch.tensor, torch.as_tensor, torch.asarray, torch.Tensor.new_tensor}
LIFTED = {aten.lift, aten.lift_fresh, aten.lift_fresh_copy}
"""The operators that these functions run, on devices with memory."""
STRAY_OPERATOR = "an operator that was not seen"
STRAY_WEIGHTS = "weights outside of model.parameters()"


class Unseen:
    """While it is entered, it notes the operators that read what the model does not hold and no seen operator made.

    Another thread may have made it, or NumPy. Numbers that come from Python are constants. If the pass has given some
    to Python (``values_left``), they may be results.
    """

    def __init__(self, model: nn.Module, values_left: Callable[[], bool]) -> None:
        self._model = model
        self._has_values = True
        self._parameters = set(map(memory_of, model.parameters()))
        self._values_left = values_left
        self._seen: dict[int | None, Memory] = {}
        self._entered = ExitStack()
        self._strangers: dict[int | None, tuple[Memory, tuple[str, str]]] = {}
        self.made(list(tensors_of(model)))

    def begin(self, inputs: Any) -> None:
        """What the model is given."""
        self.made(inputs)
        self._has_values = not any(each.is_meta for each in (*tensors_in(inputs), *self._model.parameters()))

    def __enter__(self) -> Unseen:
        if torch.get_default_device().type == META:  # where written numbers run no operator
            self._entered.enter_context(_WrittenOut(self))
        return self

    def __exit__(self, *raised: object) -> None:
        self._entered.close()

    def made(self, value: Any) -> None:
        """Note tensors that are there, or that a seen operator made; their memory keeps its number."""
        for tensor in tensors_in(value):
            self._seen.setdefault(memory_of(tensor), Memory(tensor))

    def read(self, path: str, value: Any, func: Any = None) -> None:
        """Note what an operator of a module reads, or the model returns; a single number is no result."""
        for tensor in tensors_in(value):
            memory = memory_of(tensor)
            if isinstance(tensor, nn.Parameter):
                if memory not in self._parameters:
                    self._strangers.setdefault(memory, (Memory(tensor), (path, STRAY_WEIGHTS)))
            elif tensor.numel() > 1 and memory not in self._seen and not self._is_constant(tensor, func):
                self._strangers.setdefault(memory, (Memory(tensor), (path, STRAY_OPERATOR)))

    def operators(self) -> Counter[tuple[str, str]]:
        """How often each module reads what no seen operator made."""
        constants = set(map(memory_of, _constants(self._model))) if self._strangers else ()
        return Counter(
            what for memory, (_, what) in self._strangers.items() if what[1] is STRAY_WEIGHTS or memory not in constants
        )

    def _is_constant(self, tensor: torch.Tensor, func: Any) -> bool:
        """Whether its numbers come from Python, or have memory although no input has."""
        if not self._has_values:
            return not tensor.is_meta
        is_from_python = func is not None and packet_of(func) in LIFTED
        return (is_from_python or not tensor.untyped_storage().resizable()) and not self._values_left()


class _WrittenOut(TorchFunctionMode):
    """Sees the functions that make tensors of written numbers."""

    def __init__(self, unseen: Unseen) -> None:
        super().__init__()
        self._unseen = unseen

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func in WRITTEN_OUT:
            self._unseen.made(out)
        return out


def _constants(model: nn.Module) -> Iterator[torch.Tensor]:
    """The tensors that the model's classes and Python's modules hold."""
    classes = {kind for module in model.modules() for kind in type(module).__mro__}
    for holder in (*classes, *list(sys.modules.values())):
        for value in list(getattr(holder, "__dict__", {}).values()):
            several = value.values() if type(value) is dict else value if type(value) in (list, tuple) else (value,)
            yield from (each for each in list(several) if issubclass(type(each), torch.Tensor))  # touches nothing lazy

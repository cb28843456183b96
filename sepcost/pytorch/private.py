"""Torch's private names: all that sepcost uses and torch does not document. Each has a test in test_private.py.

Operators are not here: their names are data (``uncounted.OPERATOR_NAMES``), though some begin with an underscore.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, TypeAlias

import torch
from torch import nn
from torch._ops import HigherOrderOperator
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.modules.conv import _ConvNd
from torch.nn.parameter import is_lazy
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

__all__ = ["flop_registry", "is_lazy"]

ConvModule: TypeAlias = _ConvNd
"""The class of every convolution of torch.nn."""
DispatchMode: TypeAlias = TorchDispatchMode
"""What sees every operator below autograd while it is entered."""
Functional: TypeAlias = HigherOrderOperator
"""An operator that runs functions, such as ``torch.cond``."""

COMPILER = "torch._dynamo"
"""The module that is torch's compiler."""
DISABLED = "__dynamo_disable"
"""Where torch keeps, with each function that must not be compiled, what the compiler has made of it."""
ORIGINAL = "_orig_mod"
"""The name under which a compiled module holds the module that it was made of."""
OF_COMPILED = frozenset({ORIGINAL, "forward", "_torchdynamo_orig_callable"})
"""What ``torch.compile`` makes of a module, and makes again of its copy."""
COMPILED_CALL = "_compiled_call_impl"
"""What ``Module.compile`` leaves in a module; a copy does not have it."""
WRAPPERS = (ORIGINAL, "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""What compilers and wrappers put into the names of modules."""

HOOKS: Mapping[str, str] = {
    "_forward_pre_hooks": "forward pre-hook",
    "_forward_hooks": "forward hook",
    "_backward_pre_hooks": "backward pre-hook",
    "_backward_hooks": "backward hook",
    "_state_dict_pre_hooks": "state_dict pre-hook",
    "_state_dict_hooks": "state_dict hook",
    "_load_state_dict_pre_hooks": "load_state_dict pre-hook",
    "_load_state_dict_post_hooks": "load_state_dict post-hook",
}
"""Where a module has its hooks, and what they are called."""
PARAMETER_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")
"""Where a parameter has its hooks."""
MODULES = "_modules"
"""Where a module has its modules."""
NAMED_BY = "_get_name"
"""The method that says what a module is called when it is printed."""
PADS = "_reversed_padding_repeated_twice"
"""Where a convolution module has what it pads each side with."""

NAMES_META = re.compile(
    r"\bmeta'? (tensors?|device|kernel|backend)\b|\bdevices?\b.*\bmeta\b|\bregister_meta function\b", re.IGNORECASE
)
"""How torch's errors name the meta device; a model's own may name metadata."""
MISSING_ON_META: Mapping[str, str] = {
    "expected device": "makes a tensor on a device of its own",
    "same device": "makes a tensor on a device of its own",
    "Meta kernel": "runs an operator that is not made for it",
    "": "asks for the values of tensors, which are not there",
}
"""What a model does that the meta device cannot, by the words of torch's error."""
NOT_IN_MODES = ("NotImplementedType", "torch.ops.higher_order.")
"""Words of torch's errors about an operator that no dispatch mode can run, such as ``while_loop``."""


def plain_name(name: str) -> str:
    """A module's name without what compilers and wrappers put into it.

    >>> plain_name("_orig_mod.stem.conv")
    'stem.conv'
    """
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def packet_of(func: Any) -> Any:
    """The operator of which this is one overload.

    >>> packet_of(torch.ops.aten.add.Tensor) is torch.ops.aten.add
    True
    """
    return func._overloadpacket


def qualified_name(packet: Any) -> str:
    """An operator's name with its namespace.

    >>> qualified_name(torch.ops.aten.add)
    'aten::add'
    """
    name: str = packet._qualified_op_name
    return name


def can_decompose(func: Any) -> bool:
    """Whether torch can run an operator as the simpler ones that it consists of.

    >>> can_decompose(torch.ops.aten.linear.default), can_decompose(torch.ops.aten.addmm.default)
    (True, False)
    """
    return bool(func._can_decompose())


def written(func: Any, args: Sequence[Any], options: Mapping[str, Any]) -> list[Any]:
    """The arguments that an operator writes over; its schema marks them (``mutates_args`` of a custom one).

    >>> one, other = torch.zeros(2), torch.ones(2)
    >>> written(torch.ops.aten.add_.Tensor, (one, other), {})[0] is one
    True
    >>> written(torch.ops.aten.add.Tensor, (one, other), {})
    []
    """
    places, names = _places_written(func)
    by_place = [args[place] for place in places if place < len(args)]
    return by_place + [value for name, value in options.items() if name in names]


@cache
def _places_written(func: Any) -> tuple[tuple[int, ...], frozenset[str]]:
    """The numbers and the names of an operator's arguments that it writes over."""
    marked = [argument.alias_info is not None and argument.alias_info.is_write for argument in func._schema.arguments]
    names = frozenset(argument.name for argument, is_marked in zip(func._schema.arguments, marked) if is_marked)
    return tuple(place for place, is_marked in enumerate(marked) if is_marked), names


def memory_key(tensor: torch.Tensor) -> int:
    """The storage that a tensor is in, as a number that no other storage has at the same time.

    >>> tensor = torch.zeros(2, 3)
    >>> memory_key(tensor) == memory_key(tensor.t())
    True
    """
    return int(tensor.untyped_storage()._cdata)


def memory_of(tensor: torch.Tensor | None) -> int | None:
    """The storage that a tensor is in; None for what is in none: sparse tensors and lazy parameters."""
    if tensor is None or is_lazy(tensor) or tensor.layout is not torch.strided or not torch._C._has_storage(tensor):
        return None
    return memory_key(tensor)


class Memory:
    """The storage that a tensor is in; this keeps no storage alive."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self._reference = StorageWeakRef(tensor.untyped_storage())

    @property
    def is_gone(self) -> bool:
        """Whether it was freed. No other storage gets its number while this object exists."""
        return bool(self._reference.expired())


def times_written(tensor: torch.Tensor) -> int:
    """How often a tensor was written to, which torch does not count in inference mode.

    >>> times_written(torch.zeros(3).add_(1).mul_(2))
    2
    """
    return 0 if tensor.is_inference() else tensor._version


def held_names(module: nn.Module) -> Iterator[str]:
    """The names of a module's own buffers, modules and parameters, those that are None too."""
    held = (module._buffers, module._modules, module._parameters)
    return chain.from_iterable(each.keys() for each in held)  # TorchScript's cannot be iterated over themselves


def padded_sides(conv: ConvModule) -> Sequence[int]:
    """How much a convolution module pads each side with, the last axis first.

    >>> padded_sides(nn.Conv2d(3, 8, (3, 5), padding=(1, 2)))
    (2, 2, 1, 1)
    """
    pads: Sequence[int] = getattr(conv, PADS)
    return pads

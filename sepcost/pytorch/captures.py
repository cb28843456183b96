"""Captures: functions that a model holds and that hold on to its modules, past the model's own attributes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

from torch import nn

from sepcost.pytorch.names import called

NOT_COPIED = {"_compiled_call_impl"}
"""What ``Module.compile`` leaves behind, and no copy has."""
NOT_RUN = {
    "_state_dict_pre_hooks",
    "_state_dict_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
}
"""Hooks that no forward pass runs."""
OF_COMPILED = {"_orig_mod", "forward", "_torchdynamo_orig_callable"}
"""What ``torch.compile`` makes of a module, and makes again of its copy."""
IMMUTABLE = (int, float, complex, bool, str, bytes, type(None), type)


def captured_by(model: nn.Module) -> Mapping[nn.Module, str]:
    """The modules that a copy of the model would not have for itself, and which function is to blame.

    A function is copied as it is: what it has captured stays the original's, in the copy too.

    >>> net = nn.Sequential(nn.Conv2d(3, 8, 3))
    >>> net.again = lambda image, conv=net[0]: conv(image)
    >>> captured_by(net)[net[0]]
    '<lambda> holds on to it'
    """
    found: dict[nn.Module, str] = {}
    for module in model.modules():
        left_out = NOT_COPIED | NOT_RUN | (OF_COMPILED if "_orig_mod" in module._modules else set())
        for name, value in vars(module).items():
            if name not in left_out and name != "_modules":
                for item in _items(value):
                    for captured in _of_attribute(item, set()):
                        found.setdefault(captured, f"{called(item)} holds on to it")
    return found


def _of_attribute(value: Any, seen: set[int]) -> Iterator[nn.Module]:
    """What is captured by something that is copied with the model: methods are the copy's, functions stay."""
    if isinstance(value, MethodType):
        if isinstance(value.__self__, nn.Module):
            yield value.__self__  # the copy's, but with the method of the original's class
    elif isinstance(value, partial):
        for item in (value.func, *value.args, *value.keywords.values()):
            yield from _of_attribute(item, seen)
    elif isinstance(value, FunctionType) or hasattr(value, "__wrapped__"):
        yield from _of_function(value, seen)
    elif callable(value) and not isinstance(value, (nn.Module, type)) and hasattr(value, "__dict__"):
        for item in vars(value).values():
            if isinstance(item, FunctionType):
                yield from _of_function(item, seen)


def _of_function(function: Any, seen: set[int]) -> Iterator[nn.Module]:
    """What a function goes on to use, whatever becomes of the model."""
    if id(function) in seen:
        return
    seen.add(id(function))
    if not isinstance(function, FunctionType):
        yield from _of_held(getattr(function, "__wrapped__", None), None, seen)
        return
    for held in (*_cells(function), *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        for item in _items(held):
            yield from _of_held(item, function.__code__, seen)


def _of_held(held: Any, code: CodeType | None, seen: set[int]) -> Iterator[nn.Module]:
    if isinstance(held, nn.Module):
        yield from _used(held, code)
    elif isinstance(held, MethodType) and isinstance(held.__self__, nn.Module):
        yield from held.__self__.modules()
    elif isinstance(held, partial):
        for item in (held.func, *held.args, *held.keywords.values()):
            yield from _of_held(item, None, seen)
    elif isinstance(held, FunctionType) or hasattr(held, "__wrapped__"):
        yield from _of_function(held, seen)


def _used(module: nn.Module, code: CodeType | None) -> Iterator[nn.Module]:
    """What of a captured module the code can use, by the attributes that it reads: all, if it may call the module."""
    attributes = [getattr(module, name) for name in code.co_names if hasattr(module, name)] if code else []
    if not attributes or any(not isinstance(each, (nn.Module, *IMMUTABLE)) for each in attributes):
        yield from module.modules()
        return
    for attribute in attributes:
        if isinstance(attribute, nn.Module):
            yield from attribute.modules()


def _cells(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # empty
            continue


def _items(value: Any, depth: int = 3) -> Iterable[Any]:
    """What dicts, lists and tuples hold, also in each other; or the value itself."""
    if not depth or not isinstance(value, (Mapping, list, tuple, set)):
        return (value,)
    values = value.values() if isinstance(value, Mapping) else value
    return [item for each in values for item in _items(each, depth - 1)]

"""Captures: functions that a model holds, and that hold on to its modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

from torch import nn

from sepcost.pytorch.private import COMPILED_CALL, HOOKS, MODULES, OF_COMPILED, ORIGINAL, held_names

STATE_HOOKS = {name for name in HOOKS if "state_dict" in name}
"""Hooks that no forward pass runs."""
CONSTRUCTORS = {"__new__", "__init__"}
"""No pass runs them again."""


def captured_by(model: nn.Module) -> Mapping[nn.Module, str]:
    """The modules that a copy of the model would share with the original, and which function causes that.

    A copy has the same functions, and a function keeps the original's modules.

    >>> net = nn.Sequential(nn.Conv2d(3, 8, 3))
    >>> net.again = lambda image, conv=net[0]: conv(image)
    >>> captured_by(net)[net[0]]
    '<lambda> holds on to it'
    """
    found: dict[nn.Module, str] = {}
    for module in model.modules():
        of_compiled = OF_COMPILED if ORIGINAL in held_names(module) else frozenset[str]()
        left_out = {MODULES, COMPILED_CALL, *STATE_HOOKS, *of_compiled}
        for name, value in vars(module).items():
            if name not in left_out:
                for item in _items(value):
                    for captured in _of_attribute(item, set()):
                        found.setdefault(captured, f"{called(item)} holds on to it")
    for function in _methods(map(type, model.modules())):
        for captured in _of_function(function, set()):
            found.setdefault(captured, f"{called(function)} holds on to it")
    return found


def _methods(classes: Iterable[type]) -> Iterator[FunctionType]:
    """The methods of classes that are not torch's: a class made in a function may have captured its variables."""
    for each in dict.fromkeys(base for kind in classes for base in kind.__mro__):
        if not each.__module__.startswith("torch."):
            for name, value in vars(each).items():
                if name not in CONSTRUCTORS:
                    yield from _functions(value)


def _functions(member: Any) -> Iterator[FunctionType]:
    """The functions that a member of a class is made of."""
    if isinstance(member, property):
        made_of = [member.fget, member.fset]
    elif isinstance(member, cached_property):
        made_of = [member.func]
    else:
        made_of = [member.__func__ if isinstance(member, (staticmethod, classmethod)) else member]
    yield from (function for function in made_of if isinstance(function, FunctionType))


def _of_attribute(value: Any, seen: set[int]) -> Iterator[nn.Module]:
    """What an attribute captures: a copy has methods of its own, and the same functions."""
    if isinstance(value, MethodType):
        if isinstance(value.__self__, nn.Module):
            yield value.__self__  # the copy's own module, but the method of the original's class
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
    """The modules that a function uses, in a copy of the model too."""
    if id(function) in seen:
        return
    seen.add(id(function))
    if not isinstance(function, FunctionType):
        yield from _of_held(getattr(function, "__wrapped__", None), seen)
        return
    for cell in function.__closure__ or ():
        yield from _of_held(_contents(cell), seen)
    for held in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        yield from _of_held(held, seen)


def _of_held(held: Any, seen: set[int]) -> Iterator[nn.Module]:
    """The modules that a function can use through something that it holds."""
    for item in _items(held):
        if isinstance(item, nn.Module):
            yield from item.modules()
        elif isinstance(item, MethodType):
            yield from _of_held(item.__self__, seen)
        elif isinstance(item, partial):
            yield from _of_held((item.func, item.args, item.keywords), seen)
        elif isinstance(item, FunctionType) or hasattr(item, "__wrapped__"):
            yield from _of_function(item, seen)
        elif hasattr(item, "__dict__") and not isinstance(item, (type, ModuleType)) and id(item) not in seen:
            seen.add(id(item))
            yield from _of_held(list(vars(item).values()), seen)


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # empty
        return None


def _items(value: Any, depth: int = 3) -> Iterable[Any]:
    """What dicts, lists and tuples hold, also in each other; or the value itself."""
    if not depth or not isinstance(value, (Mapping, list, tuple, set)):
        return (value,)
    values = value.values() if isinstance(value, Mapping) else value
    return [item for each in values for item in _items(each, depth - 1)]


def called(function: object) -> str:
    """What a function or a hook is called.

    >>> called(nn.Linear.forward), called(nn.ReLU())
    ('Linear.forward', 'ReLU')
    """
    function = getattr(function, "hook", function)  # torch wraps some of them
    return getattr(function, "__qualname__", None) or type(function).__name__

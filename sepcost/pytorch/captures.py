"""Captures: functions that a model holds and that hold on to its modules, past the model's own attributes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from torch import nn

from sepcost.pytorch.names import called

COMPILED = "_compiled_call_impl"
"""What ``Module.compile`` leaves behind, and no copy has."""


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
        for name, value in vars(module).items():
            if name != COMPILED:
                for function in filter(callable, _items(value)):
                    for captured in _captured(function, set()):
                        found.setdefault(captured, f"{called(function)} holds on to it")
    return found


def _captured(function: Any, seen: set[int]) -> Iterator[nn.Module]:
    """The modules that the function goes on to use, whatever becomes of the model."""
    if id(function) in seen:
        return
    seen.add(id(function))
    if isinstance(function, MethodType):
        if isinstance(function.__self__, nn.Module):
            yield function.__self__  # a copy has the copy's, but with the method of the original's class
    elif isinstance(function, partial):
        yield from _captured(function.func, seen)
    elif isinstance(function, FunctionType):
        for held in (*_cells(function), *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            for item in _items(held):
                if isinstance(item, nn.Module):
                    yield from item.modules()
                elif callable(item):
                    yield from _captured(item, seen)


def _cells(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # empty
            continue


def _items(value: Any) -> Iterable[Any]:
    """What a dict, a list or a tuple holds; or the value itself."""
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, (list, tuple, set)) else (value,)

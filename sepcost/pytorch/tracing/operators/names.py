"""Names: which module is running, under the name that its author gave it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from sepcost.pytorch.private import plain_name


class Running(NamedTuple):
    """A module whose forward runs, what it is called, and what it was given."""

    path: str
    module: nn.Module | None
    inputs: tuple[Any, ...] = ()


class ModuleNames:
    """While it is entered, ``running`` is the module whose forward runs.

    A module with several names has the first of them. A module that is new while the model runs has the name of its
    class, after that of the module that called it.
    """

    def __init__(self, model: nn.Module) -> None:
        self.of: dict[nn.Module, str] = {module: plain_name(name) for name, module in model.named_modules()}
        self._stack = [Running("", None)]
        self._hooks: list[Any] = []

    @property
    def running(self) -> Running:
        return self._stack[-1]

    def __enter__(self) -> ModuleNames:
        self._hooks = [
            register_module_forward_pre_hook(self._begins),
            register_module_forward_hook(self._ends, always_call=True),
        ]
        return self

    def __exit__(self, *raised: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _begins(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        path = self.of.get(module)
        if path is None:
            path = self._met_on_the_way(module)
        self._stack.append(Running(path, module, inputs))

    def _met_on_the_way(self, module: nn.Module) -> str:
        """The name of a module that was not in the model when the pass began."""
        caller = self.running
        children = caller.module.named_children() if caller.module is not None else ()
        name = next((name for name, child in children if child is module), type(module).__name__)
        return f"{caller.path}.{name}".lstrip(".")

    def _ends(self, module: nn.Module, inputs: Any, output: Any) -> None:
        """Also if the forward raised, and the model goes on without it."""
        if any(running.module is module for running in self._stack):
            while self._stack.pop().module is not module:
                pass


class LayerNames:
    """Gives each layer a name of its own: modules keep theirs, and others get one that no module has.

    >>> names = LayerNames(["convolution", "head"])
    >>> names.other("convolution"), names.own("convolution"), names.own("convolution")
    ('convolution#2', 'convolution', 'convolution#3')
    """

    def __init__(self, of_modules: Iterable[str]) -> None:
        self._of_modules = set(of_modules)
        self._taken: set[str] = set()

    def own(self, name: str) -> str:
        """The name of a module; ``name#2`` if it is a layer for a second time, and so on."""
        return self._unique(name, self._of_modules - {name})

    def other(self, name: str) -> str:
        """The name of a layer that is no module."""
        return self._unique(name, self._of_modules)

    def _unique(self, name: str, others: set[str]) -> str:
        number, unique = 1, name
        while unique in self._taken or unique in others:
            number += 1
            unique = f"{name}#{number}"
        self._taken.add(unique)
        return unique


def joined(path: str, operator: str) -> str:
    """The name of an operator that the module of this name calls.

    >>> joined("stem.conv", "relu"), joined("", "relu")
    ('stem.conv.relu', 'relu')
    """
    return f"{path}.{operator}" if path else operator

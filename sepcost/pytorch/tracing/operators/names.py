"""Names: which module is running, under the name that its author gave it."""

from __future__ import annotations

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

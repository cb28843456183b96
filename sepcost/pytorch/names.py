"""Names: which module is running, under the name that its author knows."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

WRAPPERS = ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""What compilers and wrappers put into names."""


class ModuleNames:
    """While it is entered, ``path`` and ``module`` are those of the module whose forward runs.

    A module that has several names has the first of them; modules that come up only while the model runs are called
    after their class, behind the module that called them.
    """

    def __init__(self, model: nn.Module) -> None:
        self._names: dict[int, str] = {}
        self._model = model
        self._stack: list[tuple[str, nn.Module]] = []
        self._hooks: list[Any] = []
        self._learn()

    @property
    def path(self) -> str:
        return self._stack[-1][0] if self._stack else ""

    @property
    def module(self) -> nn.Module | None:
        return self._stack[-1][1] if self._stack else None

    def __enter__(self) -> ModuleNames:
        self._hooks = [
            register_module_forward_pre_hook(self._begins),
            register_module_forward_hook(self._ends, always_call=True),
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hook in self._hooks:
            hook.remove()
        self._stack.clear()

    def _learn(self) -> None:
        for name, module in self._model.named_modules(remove_duplicate=False):
            parts = (part for part in name.split(".") if part not in WRAPPERS)
            self._names.setdefault(id(module), ".".join(parts))

    def _begins(self, module: nn.Module, inputs: Any) -> None:
        if id(module) not in self._names:
            self._learn()
        name = self._names.get(id(module), ".".join(filter(None, (self.path, type(module).__name__))))
        self._stack.append((name, module))

    def _ends(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if self._stack and self._stack[-1][1] is module:
            self._stack.pop()

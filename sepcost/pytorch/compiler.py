"""Torch's compiler, which counting has no use for: left out where nobody has imported it, idle where somebody has."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, TypeVar

import torch

from sepcost.pytorch.private import COMPILER, DISABLED

F = TypeVar("F", bound=Callable[..., Any])


@contextmanager
def without_compiler() -> Iterator[None]:
    """In here nothing is compiled, and the compiler is imported only if a model asks for it.

    Torch imports it (0.7 s, 37 MB) as soon as a dispatch mode sees an operator, only to be told what it must leave
    alone. Where it is imported already, what ``torch.compile`` has compiled runs as it was written.

    >>> with without_compiler():
    ...     nothing = torch.utils.flop_counter.FlopCounterMode(display=False)
    """
    if COMPILER in sys.modules:
        with torch.compiler.set_stance("force_eager"):
            yield
        return
    absent = _Absent()
    absent.enter()
    try:
        yield
    finally:
        absent.leave()


class _Absent(ModuleType):
    """Stands where the compiler would be, and leaves functions alone; for anything else it fetches the compiler."""

    def __init__(self) -> None:
        super().__init__(COMPILER)
        self.__path__: list[str] = []  # a package
        self._left_alone: list[Callable[..., Any]] = []

    def disable(self, fn: F | None = None, recursive: bool = True, **options: Any) -> Any:
        """Torch asks for a function of its own not to be compiled (and not to be wrapped); nor is it."""
        if fn is None or options != {"wrapping": False}:
            return self._compiler().disable(fn, recursive, **options)
        self._left_alone.append(fn)
        return fn

    def enter(self) -> None:
        sys.modules[COMPILER] = self
        sys.meta_path.insert(0, self)

    def leave(self) -> None:
        """The compiler's place is free, and it will be asked again about every function."""
        if sys.modules.get(COMPILER) is self:
            del sys.modules[COMPILER]
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        while self._left_alone:
            vars(self._left_alone.pop()).pop(DISABLED, None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._compiler(), name)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """As a finder: whoever imports a part of the compiler gets all of it first."""
        if not name.startswith(f"{COMPILER}."):
            return None
        self._compiler()
        return _Loaded(import_module(name)).spec

    def _compiler(self) -> ModuleType:
        self.leave()
        return import_module(COMPILER)


class _Loaded(Loader):
    """Loads a module that is there already."""

    def __init__(self, module: ModuleType) -> None:
        self.spec = ModuleSpec(module.__name__, self)
        self._module, self._own_spec = module, module.__spec__
        vars(module)["__spec__"] = self.spec  # which Python takes from here, where the module is there already

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__spec__"] = self._own_spec  # past modules that let nobody set it

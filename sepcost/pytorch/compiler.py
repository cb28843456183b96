"""Torch's compiler, which counting has no use for: left out in the command's own process, idle in any other."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from threading import Lock, get_ident
from types import ModuleType
from typing import Any, TypeVar

import torch

from sepcost.guests.own_process import is_own_process
from sepcost.pytorch.private import COMPILER, DISABLED

F = TypeVar("F", bound=Callable[..., Any])

SWITCH = "SEPCOST_COMPILER"
"""With this in the environment, the compiler is never left out."""


@contextmanager
def without_compiler() -> Iterator[None]:
    """In here nothing is compiled: what ``torch.compile`` has compiled runs as it was written.

    Torch imports its compiler (0.7 s, 37 MB) as soon as a dispatch mode sees an operator, only to mark what it must
    leave alone. In the command's own process the compiler is left out. It is imported if a model asks for it, and then
    the model can use it.

    >>> with without_compiler():
    ...     nothing = torch.utils.flop_counter.FlopCounterMode(display=False)
    """
    if COMPILER in sys.modules or SWITCH in os.environ or not is_own_process():
        _import_quietly()
        with torch.compiler.set_stance("force_eager"):
            yield
        return
    absent = _Absent()
    absent.enter()
    try:
        yield
    finally:
        absent.leave()


def _import_quietly() -> None:
    """Import the compiler without its warnings of torch's own code: a user of sepcost cannot mend that."""
    if COMPILER not in sys.modules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import_module(COMPILER)


class _Absent(ModuleType):
    """In the compiler's place, it leaves functions alone; for anything else it fetches the compiler.

    It answers the thread that has entered it. Other threads get the compiler.
    """

    def __init__(self) -> None:
        super().__init__(COMPILER)
        self.__path__: list[str] = []  # a package
        self._thread = get_ident()
        self._lock = Lock()
        self._left_alone: list[Callable[..., Any]] = []

    def enter(self) -> None:
        sys.modules[COMPILER] = self
        sys.meta_path.insert(0, self)

    def leave(self) -> None:
        """Free the compiler's place; torch asks the compiler again about every function."""
        with self._lock:
            if sys.modules.get(COMPILER) is self:
                del sys.modules[COMPILER]
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            for function in self._left_alone:
                vars(function).pop(DISABLED, None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._disable if name == "disable" and self._is_asked() else getattr(self._compiler(), name)

    @property
    def __spec__(self) -> ModuleSpec | None:  # type: ignore[override]
        """Python reads it when it imports a module that is there: another thread then finds the compiler."""
        if self._is_asked():
            return None
        self._compiler()
        found = ModuleSpec(COMPILER, None)
        vars(found)["_initializing"] = True  # Python looks again
        return found

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """As a finder: an import of a part of the compiler first imports all of it."""
        if not name.startswith(f"{COMPILER}."):
            return None
        self._compiler()
        return _Loaded(import_module(name)).spec

    def _disable(self, fn: F | None = None, recursive: bool = True, **options: Any) -> Any:
        """Torch asks that a function of its own is neither compiled nor wrapped; so it is."""
        if fn is None or options != {"wrapping": False}:
            return self._compiler().disable(fn, recursive, **options)
        self._left_alone.append(fn)
        return fn

    def _is_asked(self) -> bool:
        """Whether it is asked by the thread that has entered it."""
        return get_ident() == self._thread

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
        vars(module)["__spec__"] = self._own_spec  # some modules do not let it be set

"""Usage: what a model's code does with a convolution and could not do with a ``Sequential``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from threading import Lock
from types import FrameType
from typing import Any, TypeAlias

from torch import nn

from sepcost.pytorch.convolutions.eligibility import described
from sepcost.pytorch.private import ConvModule

Reader: TypeAlias = "Callable[[ConvModule, str], Any]"
DESCRIPTION = described.__module__
"""The module in which sepcost itself reads a convolution that runs."""
INSIDE = {"<lambda>", "<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>"}


class Usage:
    """While it is entered, it notes the convolutions that are not only called with a map.

    >>> conv = nn.Conv2d(3, 8, 3)
    >>> with Usage() as usage:
    ...     dtype = conv.weight.dtype
    >>> usage.reasons[conv]
    'its weight is read from outside'
    """

    def __init__(self) -> None:
        self.reasons: dict[nn.Module, str] = {}

    def __enter__(self) -> Usage:
        WATCH.add(self)
        return self

    def __exit__(self, *raised: object) -> None:
        WATCH.remove(self)

    def note(self, module: nn.Module, name: str, reader: FrameType) -> None:
        """Note that a frame has read a parameter."""
        file = reader.f_globals.get("__name__")
        if file == ConvModule.__module__ and is_method_of(reader, module):
            if reader.f_locals.get("output_size") is not None:
                self.reasons.setdefault(module, "it is called with an output_size")
        elif file != DESCRIPTION:
            self.reasons.setdefault(module, f"its {name} is read from outside{_by(reader)}")


class _Watch:
    """The usages that are entered, nested or in several threads, and one patch for all of them.

    It wraps ``ConvModule.__getattr__``, through which parameters are read, also if another tool has wrapped it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._usages: list[Usage] = []
        self._reader: Reader | None = None
        self._covered: Any = None

    def add(self, usage: Usage) -> None:
        with self._lock:
            if not self._usages:
                self._covered = vars(ConvModule).get("__getattr__")
                self._reader = _reader(self._usages, self._covered)
                ConvModule.__getattr__ = self._reader  # type: ignore[assignment]
            self._usages.append(usage)

    def remove(self, usage: Usage) -> None:
        with self._lock:
            self._usages.remove(usage)
            if self._usages:
                return
            self._usages = []  # another tool may have wrapped the patch since: it stays, and notes nothing
            if vars(ConvModule).get("__getattr__") is not self._reader:
                return
            if self._covered is None:
                del ConvModule.__getattr__
            else:
                ConvModule.__getattr__ = self._covered  # type: ignore[method-assign]


WATCH = _Watch()


def _reader(usages: Sequence[Usage], covered: Reader | None) -> Reader:
    """An ``__getattr__`` that notes in the usages who reads a parameter, and reads it as the covered one does."""

    def read(module: ConvModule, name: str) -> Any:
        found = nn.Module.__getattr__(module, name) if covered is None else covered(module, name)
        if name in ("weight", "bias"):
            for usage in list(usages):
                usage.note(module, name, sys._getframe(1))
        return found

    return read


def first_argument(frame: FrameType) -> Any:
    """The object whose method a frame runs; None if it runs none."""
    code = frame.f_code
    return frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None


def is_method_of(frame: FrameType, module: nn.Module) -> bool:
    """Whether a frame runs a method of the module's class for this module."""
    method = getattr(type(module), frame.f_code.co_name, None)
    return getattr(method, "__code__", None) is frame.f_code and first_argument(frame) is module


def is_at_work(module: nn.Module) -> bool:
    """Whether the ``forward`` of the module itself is running, called past its hooks."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "forward" and is_method_of(frame, module):
            return True
        frame = frame.f_back
    return False


def _by(reader: FrameType | None) -> str:
    """The method that reads, if it is one; a lambda or a comprehension counts as the method around it."""
    while reader is not None and reader.f_code.co_name in INSIDE:
        reader = reader.f_back
    owner = None if reader is None else first_argument(reader)
    if reader is None or not hasattr(type(owner), reader.f_code.co_name):
        return ""
    return f" by {type(owner).__name__}.{reader.f_code.co_name}"

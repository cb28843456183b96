"""The command's own process: only the command runs in it, and the models that its user names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_IS_OWN = ContextVar("is_own", default=False)


@contextmanager
def own_process() -> Iterator[None]:
    """In this context the thread runs the command, not a program that uses sepcost as a library.

    >>> with own_process():
    ...     is_own_process()
    True
    >>> is_own_process()
    False
    """
    before = _IS_OWN.set(True)
    try:
        yield
    finally:
        _IS_OWN.reset(before)


def is_own_process() -> bool:
    """Whether the command runs in this thread; a thread that a model starts is another one."""
    return _IS_OWN.get()

"""Usage: what a model's code does with its convolutions that it could not do with a ``Sequential``."""

from __future__ import annotations

import sys
from types import FrameType, TracebackType
from typing import Any

from torch import nn
from torch.nn.modules.conv import _ConvNd

from sepcost.pytorch.eligibility import described
from sepcost.pytorch.names import first_argument, is_method_of

DESCRIPTION = described.__module__
"""Where sepcost itself looks at a convolution that runs."""
INSIDE = {"<lambda>", "<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>"}


class Usage:
    """While it is entered, it notes which convolutions are more than called with a map.

    >>> conv = nn.Conv2d(3, 8, 3)
    >>> with Usage() as usage:
    ...     dtype = conv.weight.dtype
    >>> usage.reasons[conv]
    'its weight is read from outside'
    """

    def __init__(self) -> None:
        self.reasons: dict[nn.Module, str] = {}

    def __enter__(self) -> Usage:
        if not WATCHING:
            _ConvNd.__getattr__ = _read  # type: ignore[assignment]
        WATCHING.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        WATCHING.remove(self)
        if not WATCHING:
            del _ConvNd.__getattr__

    def note(self, module: nn.Module, name: str, reader: FrameType) -> None:
        """That a frame has read a parameter."""
        if is_method_of(reader, module):
            if reader.f_locals.get("output_size") is not None:
                self.reasons.setdefault(module, "it is called with an output_size")
        elif reader.f_globals.get("__name__") != DESCRIPTION:
            self.reasons.setdefault(module, f"its {name} is read from outside{_by(reader)}")


WATCHING: list[Usage] = []
"""Those that are entered, one in the other or in several threads."""


def _read(module: _ConvNd, name: str) -> Any:
    """In the place of ``_ConvNd.__getattr__``, through which parameters are read."""
    found = nn.Module.__getattr__(module, name)
    if name in ("weight", "bias"):
        for usage in WATCHING:
            usage.note(module, name, sys._getframe(1))
    return found


def _by(reader: FrameType | None) -> str:
    """Whose method that is, where it is one; what stands in it (a lambda, a comprehension) is its own."""
    while reader is not None and reader.f_code.co_name in INSIDE:
        reader = reader.f_back
    owner = None if reader is None else first_argument(reader)
    if reader is None or not hasattr(type(owner), reader.f_code.co_name):
        return ""
    return f" by {type(owner).__name__}.{reader.f_code.co_name}"

"""What ``-r`` takes: a replacement by its name, or a function of the user's as ``module:function``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

from sepcost.blocks import Parts
from sepcost.errors import ReplacementError, SepcostError
from sepcost.layers import Conv
from sepcost.replacements import REPLACEMENTS, Replacement
from sepcost.suggestions import did_you_mean


def chosen_replacement(text: str) -> Replacement:
    """The replacement that this text stands for; a user's function is imported, which runs its module.

    The current folder is importable. Raises ReplacementError.
    """
    module, _, rest = text.partition(":")
    name, colon, given = rest.partition(":")
    if module in REPLACEMENTS or not name or "=" in name:
        return Replacement.parse(text)
    block = _guarded(f"{module}:{name}", _imported(module, name))
    return Replacement.with_options(text, f"{module}:{name}", block, given if colon else None)


def _imported(module: str, name: str) -> Callable[..., Any]:
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = import_module(module)
    except (Exception, SystemExit) as error:  # whatever the module's own code raises
        raise ReplacementError(f"{module} cannot be imported: {type(error).__name__}: {error}") from None
    function = getattr(found, name, None)
    if function is None:
        raise ReplacementError(f"{module} has nothing called {name!r}{did_you_mean(name, vars(found))}")
    if not callable(function):
        raise ReplacementError(f"{module}:{name} is no function, but {function!r:.60}")
    return function  # type: ignore[no-any-return]


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Parts]:
    """The function, with what it raises by mistake told in one line."""

    @wraps(function)
    def guarded(conv: Conv, **options: Any) -> Parts:
        try:
            return function(conv, **options)  # type: ignore[no-any-return]
        except SepcostError:
            raise
        except (Exception, SystemExit) as error:  # whatever the function's own code raises
            raise ReplacementError(f"{name} failed on {conv}: {type(error).__name__}: {error}") from None

    return guarded

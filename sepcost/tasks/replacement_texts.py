"""What ``-r`` takes: a replacement by its name, or a function of the user's as ``module:function``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from importlib import import_module
from typing import Any

from sepcost.blocks.blocks import Parts
from sepcost.blocks.replacements import REPLACEMENTS, Replacement, known_block
from sepcost.errors import ReplacementError, SepcostError
from sepcost.guests.apart import apart
from sepcost.guests.current_folder import look_here_for
from sepcost.layers import Conv
from sepcost.network.budget import AS_GIVEN
from sepcost.network.network import Network
from sepcost.tasks.replacement_sweep import TOGETHER, Family, Members
from sepcost.text.wording import did_you_mean

MOST_REPLACEMENTS = 5
"""A message names this many replacements and counts the others."""


def asked_replacements(texts: Sequence[str] | None) -> tuple[Sequence[Replacement] | None, tuple[str, ...]]:
    """What ``-r`` asks for: nothing (None), no replacement at all for ``none``, or some; and the options that vary.

    >>> asked_replacements([]), asked_replacements(["none"])
    ((None, ()), ([], ()))
    """
    if not texts:
        return None, ()
    if AS_GIVEN not in texts:
        return chosen_replacements(texts)
    if len(texts) > 1:
        raise SepcostError("-r none is the network as given: leave out the other replacements")
    return [], ()


def nothing_to_replace(network: Network, typed: Sequence[Replacement] | None) -> str | None:
    """What to say where replacements were typed for a network that has no convolution."""
    if not typed or network.has_convolutions:
        return None
    options = " ".join(f"-r {replacement.text}" for replacement in typed[:MOST_REPLACEMENTS])
    options += f" and {len(typed) - MOST_REPLACEMENTS:,} more" if len(typed) > MOST_REPLACEMENTS else ""
    return f"{network.name}: has no convolution that {options} could replace"


def chosen_replacements(texts: Iterable[str]) -> tuple[Sequence[Replacement], tuple[str, ...]]:
    """The replacements of these texts, and the options that were given several values.

    Each is there once, unless there are too many to be made together.

    >>> chosen, swept = chosen_replacements(["separable:multiplier=1,2", "blueprint"])
    >>> [replacement.text for replacement in chosen], swept
    (['separable:multiplier=1', 'separable:multiplier=2', 'blueprint'], ('multiplier',))

    A user's function is imported, which runs its module. The current folder is importable. Raises ReplacementError.
    """
    families = [_family(text) for text in dict.fromkeys(texts)]
    swept = dict.fromkeys(option for family in families for option in family.sweep.names)
    members = Members(families)
    if len(members) > TOGETHER:
        return members, tuple(swept)
    return list({replacement.text: replacement for replacement in members}.values()), tuple(swept)


def _family(text: str) -> Family:
    name, colon, given = text.partition(":")
    function = given.partition(":")[0]
    if name in REPLACEMENTS or not function or "=" in function:
        block = known_block(name)
    else:
        _, colon, given = given.partition(":")
        name, block = f"{name}:{function}", _guarded(f"{name}:{function}", _imported(name, function))
    return Family.of(name, block, given if colon else None)


def _imported(module: str, name: str) -> Callable[..., Any]:
    try:
        look_here_for(module)
        with apart():
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
    """The function; what it raises by mistake is reported in one line."""

    @wraps(function)
    def guarded(conv: Conv, **options: Any) -> Parts:
        try:
            with apart():
                return function(conv, **options)  # type: ignore[no-any-return]
        except SepcostError:
            raise
        except (Exception, SystemExit) as error:  # whatever the function's own code raises
            raise ReplacementError(f"{name} failed on {conv}: {type(error).__name__}: {error}") from None

    return guarded

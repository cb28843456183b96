"""What ``-r`` takes: a replacement by its name, or a function of the user's as ``module:function``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from importlib import import_module
from typing import Any

from sepcost.blocks import Parts
from sepcost.budget import AS_GIVEN
from sepcost.cli.streams import complain
from sepcost.errors import ReplacementError, SepcostError
from sepcost.layers import Conv
from sepcost.network import Network
from sepcost.replacements import REPLACEMENTS, Replacement, every_combination, known_block
from sepcost.wording import did_you_mean


def asked_replacements(texts: Sequence[str] | None) -> tuple[list[Replacement] | None, tuple[str, ...]]:
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


def complain_of_nothing_to_replace(network: Network, typed: Sequence[Replacement] | None) -> None:
    """On stderr, where replacements were typed for a network that has no convolution."""
    if typed and not network.has_convolutions:
        options = " ".join(f"-r {replacement.text}" for replacement in typed)
        complain(f"{network.name}: has no convolution that {options} could replace")


def chosen_replacements(texts: Iterable[str]) -> tuple[list[Replacement], tuple[str, ...]]:
    """The replacements that these texts stand for, each once; and the options that were given several values.

    >>> chosen, swept = chosen_replacements(["separable:multiplier=1,2", "blueprint"])
    >>> [replacement.text for replacement in chosen], swept
    (['separable:multiplier=1', 'separable:multiplier=2', 'blueprint'], ('multiplier',))

    A user's function is imported, which runs its module. The current folder is importable. Raises ReplacementError.
    """
    chosen: dict[str, Replacement] = {}
    swept: dict[str, None] = {}
    for text in texts:
        several = list(_chosen(text))
        chosen |= {replacement.text: replacement for replacement in several}
        for option, value in several[0].options:
            if any((option, value) not in replacement.options for replacement in several):
                swept[option] = None
    return list(chosen.values()), tuple(swept)


def _chosen(text: str) -> Iterator[Replacement]:
    name, colon, given = text.partition(":")
    function = given.partition(":")[0]
    if name in REPLACEMENTS or not function or "=" in function:
        block = known_block(name)
    else:
        _, colon, given = given.partition(":")
        name, block = f"{name}:{function}", _guarded(f"{name}:{function}", _imported(name, function))
    if not colon:
        yield Replacement(name, block)
        return
    for options in every_combination(given, block):
        yield Replacement.with_options(name, block, options)


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

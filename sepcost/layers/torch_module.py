"""Modules of torch in words: their class and their arguments. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple


class TorchModule(NamedTuple):
    """A module of ``torch.nn``: its class, and the arguments that are not torch's defaults.

    ``name`` is what it is called among others; before that, what it does for a layer: ``pad``, ``norm``; nothing where
    it is the layer itself.
    """

    name: str
    kind: str
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = {}


def zero_pad(name: str, sides: Sequence[tuple[int, int]]) -> TorchModule:
    """Zeros in front of and after each axis of a map: torch.nn.ZeroPad2d begins with the last axis.

    >>> zero_pad("pad", [(1, 1), (1, 2)]).arguments
    ((1, 2, 1, 1),)
    """
    return TorchModule(name, f"ZeroPad{len(sides)}d", (tuple(side for both in reversed(sides) for side in both),))


def short(sizes: Literal["same"] | Sequence[int]) -> str | int | tuple[int, ...]:
    """One number where all axes have the same."""
    if isinstance(sizes, str):
        return sizes
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)

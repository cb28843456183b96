"""What every runtime does: it makes a contender of layers, and times its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from sepcost.errors import SepcostError
from sepcost.layers import Conv, Layer, Linear
from sepcost.targets.setup import Setup
from sepcost.text.arguments import times
from sepcost.timing.clock import Contender


class Runtime(Protocol):
    """Runs layers on this machine."""

    @property
    def setup(self) -> Setup:
        """What decides its times."""

    def contender(self, layers: Sequence[Layer], times: int = 1) -> Contender:
        """One pass through layers that follow each other, on random input. Raises SepcostError if they cannot run.

        ``times`` is how many inputs a sample has at once, as tokens of a linear layer.
        """

    def seconds(self, contender: Contender, runs: int) -> float:
        """The seconds of this many runs: the clock of ``alternating``."""


def bare(layer: Layer) -> Conv | Linear:
    """A layer as it is timed: without its activation, and with its norm folded into it, as at inference.

    >>> bare(Conv((8, 8), 3, 16, 3, norm="batch", activation="relu")) == Conv((8, 8), 3, 16, 3, norm="folded")
    True
    """
    if isinstance(layer, Conv):
        return replace(layer, activation="none").with_norm_folded
    if isinstance(layer, Linear):
        return layer
    raise SepcostError(f"a layer of type {layer.type} is not timed: only convolutions and linear layers are")


def refuse_other_shape(found: Sequence[int], layers: Sequence[Layer], batch: int) -> None:
    """A SepcostError if the output is not what the layers make."""
    expected = (batch, *layers[-1].output_shape)
    if tuple(found) != expected:
        raise SepcostError(f"what ran made {times(found)}, not {times(expected)}: please report it")

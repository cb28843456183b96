"""Shuffle: the channels of a map in another order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sepcost.layers.cost import Cost
from sepcost.layers.layer import Layer, Shape, Takes, TorchModule


@dataclass(frozen=True, slots=True)
class Shuffle(Layer):
    """A map's channels in another order, as ShuffleNet shuffles them (arXiv:1707.01083, section 3.1).

    >>> Shuffle((116, 28, 28)).output_shape
    (116, 28, 28)

    It has no MACs, but writes another map, unlike the concatenation of what it reads.
    """

    input_shape: Shape = field()

    type = "shuffle"
    summary = "The channels of a map, or of several side by side, in another order: another map."
    takes = Takes.MAP
    arguments = ()
    facts: ClassVar = {}

    @classmethod
    def on(cls, shape: Shape, **options: Any) -> Shuffle:
        return cls(shape)

    @property
    def output_shape(self) -> Shape:
        return self.input_shape

    @property
    def cost(self) -> Cost:
        return Cost()

    def torch_modules(self, *, any_size: bool = False) -> list[TorchModule]:
        return [TorchModule("", "ChannelShuffle", (1,))]

    def scaled(self, shape: Shape, widen: Callable[[int], int]) -> Shuffle:
        return Shuffle(shape)

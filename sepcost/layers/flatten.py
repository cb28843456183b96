"""Flatten: from a map to features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any, ClassVar

from sepcost.layers.cost import Cost
from sepcost.layers.layer import Layer, Shape, Takes, TorchModule


@dataclass(frozen=True, slots=True)
class Flatten(Layer):
    """A map as a vector of features: a view, which costs nothing.

    >>> Flatten((512, 7, 7)).output_shape
    (25088,)
    """

    input_shape: Shape = field()

    type = "flatten"
    summary = "The map as a vector of features."
    takes = Takes.ANYTHING
    arguments = ()
    facts: ClassVar = {}
    is_view = True

    @classmethod
    def on(cls, shape: Shape, **options: Any) -> Flatten:
        return cls(shape)

    @property
    def output_shape(self) -> Shape:
        return (prod(self.input_shape),)

    @property
    def cost(self) -> Cost:
        return Cost()

    def torch_modules(self, *, any_size: bool = False) -> list[TorchModule]:
        return [TorchModule("", "Flatten")]

    def scaled(self, shape: Shape, widen: Callable[[int], int]) -> Flatten:
        return Flatten(shape)

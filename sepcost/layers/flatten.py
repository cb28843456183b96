"""Flatten: from a map to features."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from sepcost.layers.cost import Cost
from sepcost.layers.layer import Shape


@dataclass(frozen=True, slots=True)
class Flatten:
    """A map as a vector of features: a view, which costs nothing.

    >>> Flatten((512, 7, 7)).output_shape
    (25088,)
    """

    input_shape: Shape

    type = "flatten"

    @property
    def output_shape(self) -> Shape:
        return (prod(self.input_shape),)

    @property
    def cost(self) -> Cost:
        return Cost()

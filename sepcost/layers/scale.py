"""Scale: a map multiplied by another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sepcost.errors import LayerError
from sepcost.layers.cost import Cost
from sepcost.layers.layer import Layer, Shape, Takes, TorchModule
from sepcost.text.arguments import times


@dataclass(frozen=True, slots=True)
class Scale(Layer):
    """A map multiplied by another, as in squeeze-and-excite (Hu et al. 2017, arXiv:1709.01507, section 3.1).

    >>> Scale((96, 56, 56)).output_shape
    (96, 56, 56)
    >>> Scale.reached([(96, 56, 56), (96, 1, 1)])
    (96, 56, 56)

    As all elementwise operators, it has no MACs, and writes over the map where no other layer reads that.
    """

    input_shape: Shape = field()

    type = "scale"
    summary = "A map multiplied by another, with a factor for each element or each channel: from: [map, factors]."
    takes = Takes.ANYTHING
    arguments = ()
    facts: ClassVar = {}
    is_in_place = True

    @classmethod
    def on(cls, shape: Shape, **options: Any) -> Scale:
        return cls(shape)

    @classmethod
    def reached(cls, shapes: Sequence[Shape]) -> Shape:
        """The first map: the second has a factor for each of its elements, or for each of its channels."""
        if len(shapes) != 2:
            raise LayerError("from", f"must name a map and its factors, [map, factors], got {len(shapes)}")
        scaled, factors = shapes
        channels = scaled[:1]
        if factors not in (scaled, channels, (*channels, *(1 for _ in scaled[1:]))):
            hint = ": the other way round?" if scaled[:1] == factors[:1] and set(scaled[1:]) <= {1} else ""
            raise LayerError("from", f"a map of {times(scaled)} cannot be multiplied by {times(factors)}{hint}")
        return scaled

    @property
    def output_shape(self) -> Shape:
        return self.input_shape

    @property
    def cost(self) -> Cost:
        return Cost()

    def torch_modules(self, *, any_size: bool = False) -> list[TorchModule]:
        """What comes out has the shape of the map; the witness multiplies both where it checks what goes in."""
        return [TorchModule("", "Identity")]

    def scaled(self, shape: Shape, widen: Callable[[int], int]) -> Scale:
        return Scale(shape)

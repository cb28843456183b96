"""Split: some channels of a map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sepcost.errors import LayerError
from sepcost.layers.cost import Cost
from sepcost.layers.layer import Argument, Form, Layer, Shape, Takes, TorchModule
from sepcost.text.arguments import whole


@dataclass(frozen=True, slots=True)
class Split(Layer):
    """A range of a map's channels, as ShuffleNet v2 splits them (arXiv:1807.11164, section 3): a view, without a cost.

    >>> Split((116, 28, 28), out_channels=58, start=58).output_shape
    (58, 28, 28)
    """

    input_shape: Shape = field()
    out_channels: int
    start: int = 0

    type = "split"
    summary = "A range of channels: O of them, from start on."
    takes = Takes.ANYTHING
    arguments = (
        Argument("O", Form.POSITIVE, "how many channels", attribute="out_channels", needed=True),
        Argument("start", Form.WHOLE, "the first of them, from 0", unless_given=0, always_said=True),
    )
    facts: ClassVar = {"start": "start"}
    is_view = True

    def __post_init__(self) -> None:
        whole("out_channels", self.out_channels, 1)
        whole("start", self.start, 0)
        if self.start + self.out_channels > self.input_shape[0]:
            last, there = self.start + self.out_channels - 1, self.input_shape[0]
            reason = f"channels {self.start} to {last} are not among the {there} that reach it: is another layer meant?"
            raise LayerError("out_channels", f"{reason} `from` names it")

    @classmethod
    def on(cls, shape: Shape, **options: Any) -> Split:
        return cls(shape, **options)

    @property
    def output_shape(self) -> Shape:
        return (self.out_channels, *self.input_shape[1:])

    @property
    def cost(self) -> Cost:
        return Cost()

    def torch_modules(self, *, any_size: bool = False) -> list[TorchModule]:
        """A pad that is negative on both sides of the channels."""
        behind = self.input_shape[0] - self.start - self.out_channels
        return [TorchModule("", "ConstantPad1d", ((0, 0) * (len(self.input_shape) - 1) + (-self.start, -behind), 0))]

    def scaled(self, shape: Shape, widen: Callable[[int], int]) -> Split:
        """The same share of the channels; the last of them stays the last."""
        channels = self.input_shape[0]
        start, stop = (bound * shape[0] // channels for bound in (self.start, self.start + self.out_channels))
        return Split(shape, max(1, stop - start), start)

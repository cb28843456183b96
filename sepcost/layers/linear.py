"""Fully connected layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from sepcost.errors import LayerError
from sepcost.layers.cost import Cost, Odd
from sepcost.layers.layer import Argument, Form, Layer, Shape, Takes, TorchModule
from sepcost.text.arguments import flag, times, whole


@dataclass(frozen=True, slots=True)
class Linear(Layer):
    """A fully connected layer.

    >>> Linear(4096, 1000, bias=True).cost
    Cost(params=4097000, macs=4096000, activations=1000, touched=5096)
    """

    in_features: int
    out_features: int
    bias: bool = False

    type = "linear"
    summary = "A fully connected layer."
    takes = Takes.FEATURES
    arguments = (
        Argument("O", Form.POSITIVE, "output features", attribute="out_channels", needed=True),
        Argument("bias", Form.FLAG, "false unless given", unless_given=False),
    )
    defaults = frozenset({"bias"})
    facts: ClassVar = {"bias": "bias"}
    weights: ClassVar = {"C": "in_features", "O": "out_features", "bias": "bias"}

    def __post_init__(self) -> None:
        for name in ("in_features", "out_features"):
            object.__setattr__(self, name, whole(name, getattr(self, name), 1))
        flag("bias", self.bias)

    @classmethod
    def on(cls, shape: Shape, **options: Any) -> Linear:
        """On a map of one position, or on features that are flat already."""
        if any(size != 1 for size in shape[1:]):
            found = f"not a {times(shape)} map: put a flatten or a global pool before it"
            raise LayerError("type", f"a linear layer takes features, {found}")
        return cls(shape[0], options["out_channels"], options.get("bias", False))

    @property
    def out_channels(self) -> int:
        return self.out_features

    @property
    def input_shape(self) -> Shape:
        return (self.in_features,)

    @property
    def output_shape(self) -> Shape:
        return (self.out_features,)

    @property
    def cost(self) -> Cost:
        weights = self.in_features * self.out_features
        return Cost(
            params=weights + self.out_features * self.bias,
            macs=weights,
            activations=self.out_features,
            touched=self.in_features + self.out_features,
            biases=self.out_features * self.bias,
            written=self.out_features,
            odd=Odd(weights % 2, self.out_features % 2, self.in_features % 2 + self.out_features % 2),
        )

    def torch_modules(self, *, any_size: bool = False) -> list[TorchModule]:
        return [TorchModule("", "Linear", (self.in_features, self.out_features, self.bias))]

    def scaled(self, shape: Shape, widen: Callable[[int], int]) -> Linear:
        return self.on(shape, out_channels=widen(self.out_features), bias=self.bias)

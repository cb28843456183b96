"""Fully connected layers."""

from __future__ import annotations

from dataclasses import dataclass

from sepcost.layers.cost import Cost
from sepcost.layers.layer import Shape
from sepcost.text.arguments import flag, whole


@dataclass(frozen=True, slots=True)
class Linear:
    """A fully connected layer.

    >>> Linear(4096, 1000, bias=True).cost
    Cost(params=4097000, macs=4096000, activations=1000, touched=5096)
    """

    in_features: int
    out_features: int
    bias: bool = False

    type = "linear"

    def __post_init__(self) -> None:
        for name in ("in_features", "out_features"):
            object.__setattr__(self, name, whole(name, getattr(self, name), 1))
        flag("bias", self.bias)

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
        )

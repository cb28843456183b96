"""Upsampling: a map made larger by interpolation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from sepcost.errors import LayerError
from sepcost.layers.cost import Cost
from sepcost.layers.layer import Argument, Form, Layer, Shape, Takes, TorchModule
from sepcost.text.arguments import Extent, extent, map_size, one_of, short_times, times, whole
from sepcost.text.wording import listed

AXES = {"nearest": (1, 2, 3), "linear": (1,), "bilinear": (2,), "bicubic": (2,), "trilinear": (3,)}
"""The modes, and the numbers of axes that torch has each for."""
MODES = tuple(AXES)


@dataclass(frozen=True, slots=True, init=False)
class Upsample(Layer):
    """A map interpolated to a larger one: no params, and no MACs as in torch's counter, but maps to read and to write.

    >>> Upsample((256, 14, 14), 2).output_shape
    (256, 28, 28)
    >>> Upsample((256, 13, 13), output_size=25, mode="bilinear").output_shape
    (256, 25, 25)

    Give ``scale_factor`` or ``output_size``, each as one whole number or one for each axis.
    """

    input_shape: Shape = field()
    output_size: Extent
    mode: Literal["nearest", "linear", "bilinear", "bicubic", "trilinear"]

    type = "upsample"
    summary = "A map interpolated to a larger one: scale_factor or output_size."
    takes = Takes.MAP
    arguments = (
        Argument("scale_factor", Form.SIZES, "how many times as large"),
        Argument("output_size", Form.SIZES, "how large, where no whole number of times is"),
        Argument("mode", MODES, unless_given="nearest"),
    )
    facts: ClassVar = {"mode": "mode"}

    def __init__(
        self,
        input_shape: Sequence[int],
        scale_factor: int | Sequence[int] | None = None,
        *,
        output_size: int | Sequence[int] | None = None,
        mode: Literal["nearest", "linear", "bilinear", "bicubic", "trilinear"] = "nearest",
    ) -> None:
        put = object.__setattr__
        channels, size = whole("in_channels", input_shape[0], 1), map_size(input_shape[1:])
        put(self, "input_shape", (channels, *size))
        put(self, "output_size", _output_size(size, scale_factor, output_size))
        put(self, "mode", one_of("mode", mode, MODES))
        if len(size) not in AXES[mode]:
            fitting = [name for name, axes in AXES.items() if len(size) in axes]
            raise LayerError("mode", f"{mode} is not for a map of {times(size)}: use {listed(fitting, 'or')}")

    @classmethod
    def on(cls, shape: Shape, **options: Any) -> Upsample:
        return cls(shape, **options)

    @classmethod
    def of_facts(cls, facts: Any) -> Upsample:
        return cls(facts["input"], output_size=facts["output"][1:], mode=facts["mode"])

    @property
    def scale_factor(self) -> Extent | None:
        """How many times as large each axis is; None if that is no whole number."""
        sizes = tuple(zip(self.output_size, self.input_shape[1:]))
        return None if any(large % small for large, small in sizes) else tuple(large // small for large, small in sizes)

    def config_arguments(self) -> dict[str, Any]:
        follows = "scale_factor" if self.scale_factor is None else "output_size"
        return {key: value for key, value in Layer.config_arguments(self).items() if key != follows}

    @property
    def output_shape(self) -> Shape:
        return (self.input_shape[0], *self.output_size)

    @property
    def cost(self) -> Cost:
        return Cost.of_maps(self.input_shape, self.output_shape)

    @property
    def label(self) -> str:
        size = times(self.output_size) if self.scale_factor is None else f"{short_times(self.scale_factor)}×"
        return f"{size} {self.type}"

    def torch_modules(self, *, any_size: bool = False) -> list[TorchModule]:
        sizes = {"size": self.output_size} if self.scale_factor is None else {"scale_factor": self.scale_factor}
        return [TorchModule("", "Upsample", (), {**sizes, "mode": self.mode})]

    def scaled(self, shape: Shape, widen: Callable[[int], int]) -> Upsample:
        """As many times as large as before; a map that is no whole number of times as large cannot be scaled."""
        if shape[1:] == self.input_shape[1:]:
            return replace(self, input_shape=shape)
        if self.scale_factor is None:
            raise LayerError("output_size", "is fixed, and its input is not: give scale_factor")
        return Upsample(shape, self.scale_factor, mode=self.mode)


def _output_size(size: Extent, scale_factor: Any, output_size: Any) -> Extent:
    if (scale_factor is None) == (output_size is None):
        needed = "is missing: give it, or output_size" if output_size is None else "contradicts output_size: give one"
        raise LayerError("scale_factor", needed)
    if scale_factor is not None:
        factors = extent("scale_factor", scale_factor, len(size), 1)
        return extent("scale_factor", [each * factor for each, factor in zip(size, factors)], len(size), 1)
    larger = extent("output_size", output_size, len(size), 1)
    if any(large < small for large, small in zip(larger, size)):
        raise LayerError("output_size", f"must be at least the input's, {times(size)}, got {times(larger)}")
    return larger

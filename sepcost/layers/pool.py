"""Max and average pools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from sepcost.errors import LayerError
from sepcost.layers.cost import Cost
from sepcost.layers.formulas import pooled_output, same_output
from sepcost.layers.layer import Argument, Form, Layer, Padding, Shape, Takes, TorchModule, zero_pad
from sepcost.text.arguments import Extent, extent, flag, map_size, one_of, short_times, times, whole

MODES = ("max", "average")


@dataclass(frozen=True, slots=True, init=False)
class Pool(Layer):
    """A max or average pool: no params, no MACs, but maps to read and to write.

    >>> Pool((64, 112, 112), kernel_size=3, stride=2, padding=1).output_shape
    (64, 56, 56)
    >>> Pool((1024, 7, 7), global_pool=True).output_shape
    (1024, 1, 1)

    The stride is the kernel's size unless it is given; a global pool takes none of the other arguments.
    """

    input_shape: Shape = field()
    kernel_size: Extent
    stride: Extent
    padding: Padding
    mode: Literal["max", "average"]
    ceil_mode: bool
    global_pool: bool
    output_size: Extent = field(init=False, repr=False, compare=False)

    type = "pool"
    summary = "A pool: K, stride = K and padding 0 by default; or global."
    takes = Takes.MAP
    arguments = (
        Argument("K", Form.SIZES, attribute="kernel_size"),
        Argument("stride", Form.SIZES),
        Argument("padding", Form.PADDING, unless_given=0),
        Argument("mode", MODES, unless_given="max", always_said=True),
        Argument("ceil_mode", Form.FLAG, unless_given=False),
        Argument("global", Form.FLAG, "span the whole map", attribute="global_pool", unless_given=False),
    )
    facts: ClassVar = {
        "kernel": "kernel_size",
        "stride": "stride",
        "padding": "padding",
        "mode": "mode",
        "ceil_mode": "ceil_mode",
        "global": "global_pool",
    }

    def __init__(
        self,
        input_shape: Sequence[int],
        kernel_size: int | Sequence[int] | None = None,
        *,
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] | Literal["same"] = 0,
        mode: Literal["max", "average"] = "max",
        ceil_mode: bool = False,
        global_pool: bool = False,
    ) -> None:
        put = object.__setattr__
        channels, size = whole("in_channels", input_shape[0], 1), map_size(input_shape[1:])
        rank = len(size)
        if flag("global_pool", global_pool):
            if kernel_size not in (None, size) or stride not in (None, size):
                raise LayerError("global_pool", "spans the whole map: leave out kernel_size and stride")
            if padding not in (0, (0,) * rank) or ceil_mode:
                raise LayerError("global_pool", "spans the whole map: leave out padding and ceil_mode")
            kernel_size, stride = size, size
        elif kernel_size is None:
            raise LayerError("kernel_size", "is missing: give it, or make the pool global")
        kernel = extent("kernel_size", kernel_size, rank, 1)
        put(self, "input_shape", (channels, *size))
        put(self, "kernel_size", kernel)
        put(self, "stride", kernel if stride is None else extent("stride", stride, rank, 1))
        put(self, "padding", padding if padding == "same" else extent("padding", padding, rank, 0))
        put(self, "mode", one_of("mode", mode, MODES))
        put(self, "ceil_mode", flag("ceil_mode", ceil_mode))
        put(self, "global_pool", global_pool)
        put(self, "output_size", self._output_size(size))

    @classmethod
    def on(cls, shape: Shape, **options: Any) -> Pool:
        return cls(shape, **options)

    def config_arguments(self) -> dict[str, Any]:
        follows = {"K", "stride"} if self.global_pool else {"stride"} if self.stride == self.kernel_size else set()
        return {key: value for key, value in Layer.config_arguments(self).items() if key not in follows}

    @property
    def output_shape(self) -> Shape:
        return (self.input_shape[0], *self.output_size)

    @property
    def cost(self) -> Cost:
        return Cost.of_maps(self.input_shape, self.output_shape)

    @property
    def label(self) -> str:
        if self.global_pool:
            return "global pool"
        stride = f" /{short_times(self.stride)}" if self.stride != self.kernel_size else ""
        return f"{times(self.kernel_size)}{stride} pool"

    def torch_modules(self, *, any_size: bool = False) -> list[TorchModule]:
        """A pool with the same output size: what it pads with, and what it makes of a window, does not matter."""
        rank = len(self.kernel_size)
        if self.global_pool:
            return [TorchModule("", f"AdaptiveMaxPool{rank}d", (1,))]
        kind = f"MaxPool{rank}d"
        if self.padding != "same":
            arguments = (self.kernel_size, self.stride, self.padding)
            return [TorchModule("", kind, arguments, {"ceil_mode": self.ceil_mode})]
        around: list[tuple[int, int]] = []
        for size, kernel, stride in zip(self.input_shape[1:], self.kernel_size, self.stride):
            missing = max(0, kernel - (size % stride or stride))  # of the last window, which begins inside of the map
            around.append((missing // 2, missing - missing // 2))
        return [zero_pad("pad", around), TorchModule("", kind, (self.kernel_size, self.stride))]

    def scaled(self, shape: Shape, widen: Callable[[int], int]) -> Pool:
        """A global one spans the other map as well."""
        if self.global_pool:
            return Pool(shape, mode=self.mode, global_pool=True)
        return replace(self, input_shape=shape)

    def _output_size(self, size: Extent) -> Extent:
        if self.padding == "same":
            return tuple(map(same_output, size, self.stride))
        for kernel, padding in zip(self.kernel_size, self.padding):
            if 2 * padding > kernel:
                raise LayerError("padding", f"must be at most half of the pool's kernel ({kernel}), got {padding}")
        ceil_mode = (self.ceil_mode,) * len(size)
        output = tuple(map(pooled_output, size, self.kernel_size, self.stride, self.padding, ceil_mode))
        if min(output) < 1:
            padded = times([extent + 2 * padding for extent, padding in zip(size, self.padding)])
            raise LayerError("kernel_size", f"{times(self.kernel_size)} is larger than the padded input, {padded}")
        return output

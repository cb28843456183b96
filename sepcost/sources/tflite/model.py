"""A model of TensorFlow Lite as plain data, and its operators with what is known of the tensors that they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sepcost.graphs.graph import Graph
from sepcost.layers import Shape

MOST_NUMBERS = 64
"""Constants of more numbers are weights: no axes, no shape."""
LAYOUTS: Mapping[str, str] = {
    "CONV_2D": "OHWI", "CONV_3D": "DHWIO", "CONV_3D_TRANSPOSE": "DHWOI", "DEPTHWISE_CONV_2D": "IHWO",
    "TRANSPOSE_CONV": "OHWI",
}  # fmt: skip
"""The axes of kernels: output channels, sizes, input channels."""
SAME = 0
"""The number of padding SAME; the other one is VALID."""


class Tensor(NamedTuple):
    """A tensor; -1 in its ``signature`` is an open size, for which ``shape`` has an example.

    ``numbers`` is the array of a small constant.
    """

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    dtype: str
    is_constant: bool
    numbers: Any


class Operator(NamedTuple):
    """An operator: what it is, the tensors that it reads (-1: left out) and makes, its options, and what it calls."""

    kind: str
    reads: Sequence[int]
    makes: Sequence[int]
    options: Any
    inner: Sequence[str]


class Model(NamedTuple):
    """The first graph of a model, which is the one that runs.

    ``others`` are graphs that no operator calls, such as those of other signatures: names and operators.
    """

    tensors: Sequence[Tensor]
    operators: Sequence[Operator]
    inputs: Sequence[int]
    outputs: Sequence[int]
    others: Sequence[tuple[str, Sequence[Operator]]]


class Kernel(NamedTuple):
    """The size of a convolution's kernel, and the channels that each of its outputs reads."""

    size: Shape
    in_channels: int
    out_channels: int


class Node(NamedTuple):
    """An operator: what it reads and makes, with the shapes, the names and the small constants that are known.

    ``declared`` are the tensors that it makes, as they are in the file; ``made`` are their shapes.
    """

    kind: str
    reads: Sequence[str]
    shapes: Sequence[Shape | None]
    numbers: Sequence[Any]
    declared: Sequence[Tensor]
    options: Any
    graph: Graph
    made: Sequence[Shape | None] = ()

    def option(self, name: str) -> Any:
        """What an option is; a LookupError if the operator has none of this name."""
        if not hasattr(self.options, name):
            raise LookupError(name)
        return getattr(self.options, name)()

    def known(self, place: int) -> Shape:
        """The shape of what it reads there; a LookupError if that is not known."""
        shape = self.shapes[place]
        if shape is None:
            raise LookupError(place)
        return shape

    def whole(self, place: int) -> list[int]:
        """The numbers of a constant that it reads there, one after the other; a LookupError if they are not known."""
        if self.numbers[place] is None:
            raise LookupError(place)
        return [int(number) for number in self.numbers[place].reshape(-1)]

    @property
    def result(self) -> Shape:
        """The shape of the first thing that it makes; a LookupError if that is not known."""
        if self.made[0] is None:
            raise LookupError(0)
        return self.made[0]

    def weight(self, place: int) -> str:
        """The name of what it reads there, if that is a weight."""
        name = self.reads[place] if place < len(self.reads) else ""
        return name if self.graph.is_weight(name) else ""

    def weights(self, *places: int) -> list[str]:
        """The names of those of these that are weights."""
        return [*filter(None, map(self.weight, places))]


def channels_first(shape: Shape) -> Shape:
    """The shape of a map as it is here, its channels before its sizes; of less than three axes as it is."""
    return (shape[0], shape[-1], *shape[1:-1]) if len(shape) > 2 else shape


def axes_of(options: Any, name: str, rank: int) -> tuple[int, ...]:
    """A number for each axis: StrideD, StrideH, StrideW, or DilationHFactor and so on; 1 where there is none."""
    before, _, after = name.partition("*")
    return tuple(int(getattr(options, f"{before}{axis}{after}", lambda: 1)()) for axis in "DHW"[-rank:])


def kernel_of(node: Node) -> Kernel:
    """The kernel of a convolution, from the layout that its operator has it in."""
    sizes = dict(zip(LAYOUTS[node.kind], node.known(1), strict=True))
    return Kernel(tuple(sizes[axis] for axis in "DHW" if axis in sizes), sizes["I"], sizes["O"])


def factors_of(node: Node) -> tuple[Shape, Shape]:
    """The shapes of two matrices, or batches of them, as they are multiplied."""
    return _turned(node.known(0), node.option("AdjX")), _turned(node.known(1), node.option("AdjY"))


def _turned(shape: Shape, flag: bool) -> Shape:
    return (*shape[:-2], shape[-1], shape[-2]) if flag else shape

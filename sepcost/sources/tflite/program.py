"""Program: the graph of a TensorFlow Lite model, operator by operator, as a network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod

from sepcost.graphs.dtypes import INDICES
from sepcost.graphs.flow import Effect
from sepcost.graphs.graph import Graph, Param
from sepcost.graphs.graph import Operator as Step
from sepcost.graphs.names import module_of
from sepcost.graphs.values import Value
from sepcost.layers import Conv, Linear, Shape
from sepcost.network.network import Network
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.sizes import Declared, sizes
from sepcost.sources.tflite.kinds import EFFECTS, is_free
from sepcost.sources.tflite.model import Model, Node, Operator, Tensor, channels_first
from sepcost.sources.tflite.operators import LAYERS
from sepcost.sources.tflite.shapes import PARTS, folded, made, places
from sepcost.text.units import shortened

STAYS = ("DEQUANTIZE", "DENSIFY", "QUANTIZE", "CAST")
"""What leaves a weight what it is, as views do."""


def network_of(model: Model, name: str, options: ModelOptions) -> Network:
    """The network of the graph; raises ModelError for sizes that are not known, or cannot be followed."""
    sized = sizes([_declared(model.tensors[number], options) for number in model.inputs], options)
    walk = _Walk(model)
    for number in model.inputs:
        walk.give(number, sized.shapes[model.tensors[number].name])
    for number, operator in enumerate(model.operators):
        walk.run(number, operator)
    walk.graph.uncounted.update(
        f"graph {shortened(other)}"
        for other, operators in model.others
        if not all(is_free(operator.kind, operator.inner) for operator in operators)
    )
    outputs = [str(number) for number in model.outputs]
    return walk.graph.network(name, outputs, given=sized.given, batch=sized.batch)


def _declared(tensor: Tensor, options: ModelOptions) -> Declared:
    """An open size has the size in the file, unless that is a placeholder, 1, or another one is given."""
    is_given = bool(options.inputs)
    open_sizes = ("" if size == 1 or is_given or not axis else size for axis, size in enumerate(tensor.shape))
    shape = tuple(size if size >= 0 else other for size, other in zip(tensor.signature, open_sizes))
    return Declared(tensor.name, shape, tensor.dtype)


def _params(model: Model) -> Mapping[str, Param]:
    """The constants that are weights, by what reads them first in the end; biases of layers may be whole numbers."""
    found: dict[str, Param] = {}
    readers: dict[int, str] = {}
    for kind, reads, makes, *_ in reversed(model.operators):
        reader = readers.get(makes[0], kind) if kind in STAYS and makes else kind
        for place, number in enumerate(reads):
            readers[number] = reader
            tensor = model.tensors[number]
            is_index = tensor.dtype in INDICES and (place < 2 or kind not in LAYERS)
            if number >= 0 and tensor.is_constant and not is_index and (prod(tensor.shape) > 1 or kind in LAYERS):
                found[str(number)] = Param(Value(tensor.shape, tensor.dtype), reader)
    return found


class _Walk:
    """The operators in their order, with the shapes and the small constants that are known so far."""

    def __init__(self, model: Model) -> None:
        self.tensors = model.tensors
        self.open = {number for number, tensor in enumerate(model.tensors) if -1 in tensor.signature}
        self.shapes: dict[int, Shape | None] = {
            number: None if number in self.open else tensor.shape for number, tensor in enumerate(model.tensors)
        }
        self.numbers = {number: tensor.numbers for number, tensor in enumerate(model.tensors)}
        self.graph = Graph(_params(model))

    def give(self, number: int, shape: Shape) -> None:
        """An input of the graph."""
        self.shapes[number] = shape
        self.graph.input(str(number), self._value(number, shape))

    def run(self, number: int, operator: Operator) -> None:
        """Note the operator of this number in the graph."""
        node, effect = self._node(operator), EFFECTS.get(operator.kind, Effect.MAKES)
        known = {number: shape for number, shape in zip(operator.makes, node.made) if shape is not None}
        makes = {str(number): self._value(number, shape) for number, shape in known.items()}
        reads = [name for name in (node.reads[::-1] if node.kind == "SPLIT" else node.reads) if name]
        if node.kind in PARTS and reads:
            parts = zip(makes.items(), places(node))
            makes |= {made: self._part(reads[0], value, *place) for (made, value), place in parts}
        step = Step(operator.kind, self._name(*operator.makes[:1]), reads, makes, effect=effect)
        if (effect is Effect.VIEWS or node.kind in STAYS) and self.graph.stays(step):
            return
        if makes and all(self.numbers[made] is not None for made in operator.makes):
            return  # a constant, such as the size of a map
        self.graph.count(
            step, lambda: LAYERS[node.kind](node) if node.kind in LAYERS else None,
            partial(self._called, number), is_free=is_free(operator.kind, operator.inner),
        )  # fmt: skip

    def _part(self, name: str, value: Value, start: int, strides: Shape) -> Value:
        """A part of a map, if it is a range of its channels, or of a weight, with its place there."""
        source = self.graph.value(name)
        if source is None:
            is_own = self.graph.held(name) == name
            return value._replace(offset=start, strides=channels_first(strides)) if is_own else value
        is_range = (source.shape[:1], source.shape[2:]) == (value.shape[:1], value.shape[2:])
        return source.part(1, start, value.shape[1]) if is_range else value

    def _node(self, operator: Operator) -> Node:
        """The operator with what is known of its tensors; then what it makes is known, too, where that follows."""
        kind, reads, makes, options, _ = operator
        names = [str(number) if number >= 0 else "" for number in reads]
        declared = [self.tensors[number] for number in makes if number >= 0]
        node = Node(
            kind, names, [self.shapes.get(number) for number in reads], [self.numbers.get(number) for number in reads],
            declared, options, self.graph,
        )  # fmt: skip
        is_open = not self.open.isdisjoint((*reads, *makes))
        self.open.update(makes if is_open else ())
        node = node._replace(made=made(node) if is_open else [tensor.shape for tensor in declared])
        self.shapes.update(zip(makes, node.made))
        self.numbers.update(zip(makes, folded(node)))
        return node

    def _value(self, number: int, shape: Shape) -> Value:
        return Value(channels_first(shape), self.tensors[number].dtype)

    def _name(self, *numbers: int) -> str:
        """What the first of these tensors belongs to that an author named; nothing if none did."""
        several = (module_of(self.tensors[number].name) for number in numbers if number >= 0)
        return next(filter(None, several), "")

    def _called(self, number: int, step: Step) -> Step:
        """The layer of this number; a convolution or a linear layer is called after its kernel."""
        held = self.graph.held(step.weights[0]) if isinstance(step.layer, (Conv, Linear)) else None
        name = module_of(self.tensors[int(held)].name) if held else ""
        return step._replace(name=name or step.name or f"{step.kind}_{number}")

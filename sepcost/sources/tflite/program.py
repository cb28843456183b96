"""Program: the graph of a TensorFlow Lite model, operator by operator, as a network."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sepcost.errors import ModelError
from sepcost.graphs.flow import Effect
from sepcost.graphs.found import Found
from sepcost.graphs.graph import Graph, Param, Value
from sepcost.graphs.graph import Operator as Step
from sepcost.graphs.rows import QUANTISED
from sepcost.layers import Conv, Linear, Shape
from sepcost.network.network import Network
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.sizes import Declared, sizes
from sepcost.sources.tflite.model import Model, Operator, Tensor
from sepcost.sources.tflite.operators import EFFECTS, FREE, LAYERS, Node
from sepcost.sources.tflite.shapes import made
from sepcost.text.arguments import times

INTEGERS = ("int8", "uint8", "int16", "int4")
INDICES = ("int32", "int64", "bool", "uint32", "uint64", "uint16")
"""Constants of these are axes, shapes and places; as the bias of a layer they are weights."""
STAYS = ("DEQUANTIZE", "DENSIFY", "QUANTIZE", "CAST")
"""What leaves a weight what it is, as views do."""
ENDS = re.compile(
    r"(/(ReadVariableOp|Conv[123]D|depthwise|MatMul|BiasAdd|([a-z]+_)?[Kk]ernel|([a-z]+_)?weights?))+(_dequantize\d*)?$"
)
"""What converters put after the name of a layer."""
MADE_UP = ("arith.constant", "tfl.pseudo", "const")
"""How names begin that no author gave."""


def network_of(model: Model, name: str, options: ModelOptions) -> Network:
    """The network of the graph; raises ModelError for sizes that are not known, or cannot be followed."""
    sized = sizes([_declared(model.tensors[number], options) for number in model.inputs], options)
    walk = _Walk(model)
    for number in model.inputs:
        walk.give(number, sized.shapes[model.tensors[number].name])
    for operator in model.operators:
        walk.run(operator)
    outputs = [str(number) for number in model.outputs]
    return walk.graph.network(name, outputs, given=sized.given, batch=sized.batch)


def _declared(tensor: Tensor, options: ModelOptions) -> Declared:
    """An open size has the size in the file, unless that is a placeholder, 1, or another one is given."""
    is_given = bool(options.inputs)
    open_sizes = ("" if size == 1 or is_given else size for size in tensor.shape)
    shape = tuple(size if size >= 0 else other for size, other in zip(tensor.signature, open_sizes))
    return Declared(tensor.name, shape, tensor.dtype)


class _Walk:
    """The operators in their order, and the shapes of their maps where these are not those of the file."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.shapes: dict[int, Shape] = {}
        self.graph = Graph(dict(self._params()))
        self._later = {number for operator in model.operators for number in operator.makes}

    def _params(self) -> Iterator[tuple[str, Param]]:
        """The constants that are weights, by what reads them first."""
        found: dict[str, Param] = {}
        for operator in self.model.operators:
            for place, number in enumerate(operator.reads):
                tensor = self._tensor(number)
                is_index = tensor.dtype in INDICES and (place < 2 or operator.kind not in LAYERS)
                is_weight = tensor.is_constant and not is_index
                value = Value(tensor.shape, tensor.dtype)
                if is_weight and number >= 0 and (value.numel > 1 or operator.kind in LAYERS):
                    found.setdefault(str(number), Param(value, operator.kind))
        return iter(found.items())

    def _tensor(self, number: int) -> Tensor:
        """The tensor of this number; an empty one for -1, which is left out."""
        return self.model.tensors[number] if number >= 0 else Tensor("", (), (), "float32", False, None)

    def _shape(self, number: int) -> Shape:
        return self.shapes.get(number, self._tensor(number).shape)

    def give(self, number: int, shape: Shape) -> None:
        """An input of the graph."""
        self.shapes[number] = shape
        self.graph.input(str(number), Value(shape, self._tensor(number).dtype))

    def run(self, operator: Operator) -> None:
        """Note an operator in the graph."""
        if unmade := next((number for number in operator.reads if number in self._later), None):
            raise ModelError(f"its operators are no sequence: {operator.kind} reads {unmade} before it is made")
        self._later.difference_update(operator.makes)
        node = self._node(operator)
        makes = {}
        for number in operator.makes:
            self.shapes[number] = self._made(operator, node, number)
            makes[str(number)] = Value(self.shapes[number], self._tensor(number).dtype)
        effect, reads = EFFECTS.get(operator.kind, Effect.MAKES), [name for name in node.reads if name]
        step = Step(operator.kind, self._name(operator.kind, *operator.makes[:1]), reads, makes, effect=effect)
        if (effect is Effect.VIEWS or operator.kind in STAYS) and self.graph.stays(step):
            return
        node, find = node._replace(made=[value.shape for value in makes.values()]), LAYERS.get(operator.kind)
        is_free = find is not None or operator.kind in FREE
        self.graph.count(step, lambda: find(node) if find else None, self._layer, is_free=is_free)

    def _node(self, operator: Operator) -> Node:
        reads = [str(number) if number >= 0 else "" for number in operator.reads]
        shapes = [self._shape(number) for number in operator.reads]
        numbers = [self._tensor(number).numbers for number in operator.reads]
        made = [self._tensor(number).shape for number in operator.makes]
        return Node(operator.kind, reads, shapes, made, numbers, operator.options, self.graph)

    def _made(self, operator: Operator, node: Node, number: int) -> Shape:
        """The shape in the file, if what is read has those of the file, too; else the one that follows."""
        if all(self._shape(each) == self._tensor(each).shape for each in operator.reads):
            return self._tensor(number).shape
        shape = made(node)
        if shape is None or len(operator.makes) > 1:
            source = " and ".join(times(shape) for shape in node.shapes[:1])
            raise ModelError(f"what {operator.kind} makes of {source} is not known: convert it again with fixed sizes")
        return shape

    def _name(self, kind: str, *numbers: int) -> str:
        """The name of the first of these tensors that an author named; else the kind of the operator."""
        for number in numbers:
            name = self._tensor(number).name.partition(";")[0].rstrip("/")
            if name and not name.startswith(MADE_UP):
                return ENDS.sub("", name)
        return kind

    def _layer(self, step: Step, found: Found) -> Step:
        """The operator as a layer; a convolution or a linear layer is called after its kernel."""
        if not isinstance(found.layer, (Conv, Linear)):
            return step._replace(layer=found.layer, times=found.times, weights=found.weights)
        held = int(self.graph.held(found.weights[0]) or -1)
        is_quantised = self._tensor(held).dtype in INTEGERS and isinstance(found.layer, Conv)
        return step._replace(
            name=self._name(step.name, held), layer=found.layer, times=found.times, weights=found.weights,
            keep=QUANTISED if is_quantised else None,
        )  # fmt: skip

"""Program: the graph of an ONNX model, node by node, as a network."""

from __future__ import annotations

import re
from typing import Any

from onnx import NodeProto
from onnx.helper import get_attribute_value

from sepcost.graphs.flow import Effect
from sepcost.graphs.graph import Graph, Operator
from sepcost.graphs.names import joined, module_of
from sepcost.graphs.values import Value
from sepcost.layers import Conv, Linear, Other, Shape
from sepcost.network.network import Network
from sepcost.sources.onnx.functions import inner_graphs
from sepcost.sources.onnx.kinds import CONTRIB, EFFECTS, KNOWN, SCOPES, is_free
from sepcost.sources.onnx.operators import LAYERS, OF_RUNTIME, Node
from sepcost.sources.onnx.params import UNREAD, Constants, constants_in, params_in
from sepcost.sources.onnx.shapes import Shaped
from sepcost.text.units import as_text

OF_FRAMEWORK = re.compile(r"(?P<module>[A-Za-z_]\w*(\.\w+)*)\.weight(_quantized|_q)?")
"""The name of a weight that a framework gave: that of its module, and what it is there."""
SLICED = ("starts", "ends", "axes", "steps")
"""What a slice reads, or has as attributes in old files."""
DEFORMABLE = "it is deformable"
COMPUTED = "its kernel is an input, or is computed"
STAYS = ("Cast", "CastLike", "DequantizeLinear", "QuantizeLinear", "Identity")
"""What leaves a weight what it is, as views do."""


def network_of(shaped: Shaped, name: str) -> Network:
    """The network of the graph; raises ModelError if nothing of it can be counted."""
    constants = constants_in(shaped)
    graph = Graph(params_in(shaped, constants))
    for given in shaped.sized.shapes:
        if given in shaped.values:
            graph.input(given, shaped.values[given])
    scalars = (name for name, shape in shaped.sized.shapes.items() if not shape and name not in shaped.constants)
    scalar = next(scalars, "")
    for node in shaped.nodes:
        _Step(shaped, constants, graph, node, scalar).run()
    return graph.network(name, shaped.outputs, given=shaped.sized.given, batch=shaped.sized.batch)


class _Step:
    """One node: what it reads and makes, and what it is.

    ``scalar`` is an input without a value, on which a branch may depend.
    """

    def __init__(self, shaped: Shaped, constants: Constants, graph: Graph, node: NodeProto, scalar: str) -> None:
        self.shaped, self.graph, self.node = shaped, graph, node
        self.constants, self.scalar = constants, scalar
        self.reads = list(node.input)
        self.made = [name for name in node.output if name]
        self.attributes = {each.name: _attribute(each) for each in node.attribute}

    def run(self) -> None:
        """Note the node in the graph."""
        kind, domain = self.node.op_type, self.node.domain
        known = self._parts({name: self.shaped.values[name] for name in self.made if name in self.shaped.values})
        effect = EFFECTS.get(kind, Effect.MAKES)
        name = _name(self.node)
        reads = [each for each in self.reads if each]
        operator = Operator(kind, name, reads, known, effect=effect)
        if kind in UNREAD:
            return
        origin = self.constants.origin.get(self.made[0], "") if self.made else ""
        if self.graph.is_weight(origin):
            self.graph.rename(self.made[0], origin)
            return
        if (effect is Effect.VIEWS or kind in STAYS) and self.graph.stays(operator):
            return
        self._absorb(kind)
        is_known = domain in KNOWN
        find = (OF_RUNTIME.get(kind) if domain == CONTRIB else None) or (LAYERS.get(kind) if is_known else None)
        path = name.removesuffix(kind).rstrip(".")
        if not is_known:
            operator = operator._replace(kind=f"{as_text(domain)}.{kind}", name=path)
        elif kind == "If" and self.scalar:
            operator = operator._replace(kind=f"If (--value {self.scalar}=NUMBER may choose its branch)", name=path)
        self.graph.count(
            operator, lambda: find(self._as_node()) if find else None, self._called, is_free=_is_free(self.node)
        )

    def _parts(self, known: dict[str, Value]) -> dict[str, Value]:
        """What it makes; of a split or a slice along one axis, where that is in the map that it reads."""
        first = self.reads[0] if self.reads else ""
        source = self.graph.value(first) or self.shaped.held.get(first)
        if source is None or self.node.op_type not in ("Split", "Slice"):
            return known
        shapes = [source.shape, *(value.shape for value in known.values())]
        axes = [axis for axis, sizes in enumerate(zip(*shapes)) if len(set(sizes)) > 1]
        if len(axes) != 1:
            return known
        start = self._start(axes[0], source.shape) if self.node.op_type == "Slice" else 0
        if start is None:
            return known
        for name, value in known.items():
            known[name] = source.part(axes[0], start, value.shape[axes[0]])
            start += value.shape[axes[0]]
        return known

    def _start(self, axis: int, shape: Shape) -> int | None:
        """Where a slice begins on this axis, if that is known and it goes step by step."""
        names = [*self.reads, *("",) * 5][1:5]
        given = [self.attributes.get(key, self.shaped.constants.get(name)) for key, name in zip(SLICED, names)]
        starts, _, axes, steps = ([int(each) for each in values] if values is not None else None for values in given)
        places = [each % len(shape) for each in axes or range(len(starts or ()))]
        if starts is None or axis not in places or (steps is not None and steps[places.index(axis)] != 1):
            return None
        start = starts[places.index(axis)]
        return max(0, start + shape[axis]) if start < 0 else start

    def _as_node(self) -> Node:
        shaped = self.shaped
        return Node(
            self.node.op_type, self.reads, self.made, self.attributes, shaped.values, shaped.constants, self.graph
        )

    def _absorb(self, kind: str) -> None:
        """A norm belongs to its convolution, a bias to its linear layer."""
        if kind == "BatchNormalization":
            self.graph.norm(*self.reads[:3])
        elif kind == "Add":
            for one, other in (self.reads[:2], self.reads[1::-1]):
                if self.graph.is_weight(other):
                    self.graph.bias(one, other)

    def _called(self, operator: Operator) -> Operator:
        """A layer, called after its weight where a framework named that."""
        name, keep = operator.name, None
        if not isinstance(operator.layer, Other):
            name = name.removesuffix(f".{operator.kind}")
        if isinstance(operator.layer, (Conv, Linear)):
            held = self.graph.held(operator.weights[0]) or ""
            named = OF_FRAMEWORK.fullmatch(held)
            name = named["module"] if named else name
            keep = DEFORMABLE if operator.kind == "DeformConv" else None if held else COMPUTED
        return operator._replace(name=name, keep=keep)


def _name(node: NodeProto) -> str:
    """The node's name, or the path of the module that it is in and its kind, where torch's exporters say that."""
    scopes = next((each.value for each in node.metadata_props if each.key == SCOPES), "")
    modules = re.findall("'([^']*)'", scopes)[:-1]
    if modules:
        return joined(modules[-1], node.op_type)
    name = node.name.removesuffix("_quant")
    return module_of(name) if ";" in name else module_path(name) or node.op_type


def module_path(name: str) -> str:
    """A node's name; where that lists the modules around it, the path of the innermost and its own.

    >>> module_path("/layer1/layer1.0/conv1/Conv"), module_path("Conv_41")
    ('layer1.0.conv1.Conv', 'Conv_41')
    """
    path: list[str] = []
    for part in name.strip("/").split("/") if name.startswith("/") else [name]:
        if path and part.startswith(f"{path[-1]}."):
            path.pop()
        path.append(part)
    return ".".join(path)


def _is_free(node: NodeProto) -> bool:
    """Whether an operator has no products; one that runs graphs, if nothing in these has any, nor weights."""
    inner = inner_graphs(node)
    if node.domain not in KNOWN or any(len(tensor.dims) > 1 for graph in inner for tensor in graph.initializer):
        return False
    return is_free(node.op_type) or (bool(inner) and all(_is_free(each) for graph in inner for each in graph.node))


def _attribute(attribute: Any) -> Any:
    """The value of an attribute: texts as such, numbers and lists of them; graphs and tensors as they are."""
    value = get_attribute_value(attribute)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

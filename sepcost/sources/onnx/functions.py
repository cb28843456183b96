"""Functions of a model, and graphs within graphs: how large they are is counted before they are put in place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError
from onnx import GraphProto, ModelProto, NodeProto, checker, defs, inliner, shape_inference

from sepcost.errors import ModelError
from sepcost.sources.graph_limit import GraphLimit
from sepcost.sources.programs import DAMAGED
from sepcost.text.units import shortened
from sepcost.text.wording import named

RAISED = (*DAMAGED, DecodeError, checker.ValidationError, defs.SchemaError, shape_inference.InferenceError)
"""What onnx raises where a model is not what it should be."""
Key = tuple[str, str, str]
BYTES_OF_A_NODE = 800
"""How many bytes a node counts at least."""


def without_functions(model: ModelProto, limit: GraphLimit) -> ModelProto:
    """The model with the nodes of its functions in place of their calls.

    Raises ModelError if they are more than the ``limit``, each with BYTES_OF_A_NODE at least.
    """
    size = _Expanded(model).size(model.graph.node)
    limit.spend(max(size.bytes, size.nodes * BYTES_OF_A_NODE))
    if not model.functions:
        return model
    try:
        return inliner.inline_local_functions(model)
    except RAISED as error:
        raise ModelError(f"its functions cannot be put in place: {shortened(str(error).splitlines()[0])}") from None


class Size(NamedTuple):
    """How many nodes there are, and their bytes."""

    nodes: int
    bytes: int


class _Expanded:
    """Measures nodes with functions in the place of their calls, and with the graphs in their attributes."""

    def __init__(self, model: ModelProto) -> None:
        self._functions = {_key(each.domain, each.name, each.overload): each for each in model.functions}
        self._known: dict[Key, Size] = {}

    def size(self, nodes: Iterable[NodeProto], calling: tuple[Key, ...] = ()) -> Size:
        parts = [self._of(node, calling) for node in nodes]
        return Size(sum(each.nodes for each in parts), sum(each.bytes for each in parts))

    def _of(self, node: NodeProto, calling: tuple[Key, ...]) -> Size:
        inner = [each for graph in inner_graphs(node) for each in graph.node]
        graphs = self.size(inner, calling)
        key = _key(node.domain, node.op_type, node.overload)
        if key not in self._functions:
            own = int(node.ByteSize()) - sum(each.ByteSize() for each in inner)
            return Size(1 + graphs.nodes, own + graphs.bytes)
        if key in calling:
            raise ModelError(f"its function {shortened(node.op_type)} calls itself")
        if key not in self._known:
            self._known[key] = self.size(self._functions[key].node, (*calling, key))
        body = self._known[key]
        given = sum(each.ByteSize() for each in node.attribute)  # any node of the function may get these
        return Size(body.nodes + graphs.nodes, body.bytes + graphs.bytes + body.nodes * given)


def _key(domain: str, name: str, overload: str) -> Key:
    return "" if domain == "ai.onnx" else domain, name, overload  # the two names of the standard


def inner_graphs(node: NodeProto) -> list[Any]:
    """The graphs in a node's attributes: branches and bodies."""
    return [graph for each in node.attribute for graph in (*([each.g] if each.HasField("g") else []), *each.graphs)]


def names_read(node: NodeProto) -> Iterator[str]:
    """All that a node reads, its graphs included."""
    yield from node.input
    for graph in inner_graphs(node):
        yield from (each.name for each in graph.output)
        for inner in graph.node:
            yield from names_read(inner)


def needed(nodes: Sequence[NodeProto], outputs: Iterable[str]) -> list[NodeProto]:
    """The nodes that an output needs; runtimes leave out the others."""
    wanted, found = set(outputs), list[NodeProto]()
    for node in reversed(nodes):
        if not wanted.isdisjoint(node.output):
            found.append(node)
            wanted.update(names_read(node))
    return found[::-1]


def in_order(nodes: Sequence[NodeProto]) -> Sequence[NodeProto]:
    """The nodes such that each reads what is made before; a ModelError if there is no such order.

    Files have them so; but not those that some converters write, and runtimes sort them.
    """
    maker: dict[str, int] = {}
    for number, node in enumerate(nodes):
        for name in filter(None, node.output):
            if name in maker:
                raise ModelError(f"its nodes are not in order: {shown(node)} makes {shortened(name)} again")
            maker[name] = number
    before = [{maker[name] for name in node.input if name in maker} for node in nodes]
    if all(max(numbers, default=-1) < number for number, numbers in enumerate(before)):
        return nodes
    try:
        return [nodes[number] for number in TopologicalSorter(dict(enumerate(before))).static_order()]
    except CycleError as error:
        cycle = [shown(nodes[number]) for number in error.args[1]]
        raise ModelError(f"its nodes are not in order: each reads what the next makes, {named(cycle)}") from None


def shown(node: NodeProto) -> str:
    """The name of a node, or what it is."""
    return shortened(node.name or node.op_type)


def rename(graph: GraphProto, taken: Mapping[str, Any]) -> GraphProto:
    """The graph, whose own tensors get new names where theirs are ``taken``, as in the branches of two nodes."""
    made = [*(name for node in graph.node for name in node.output), *(each.name for each in graph.initializer)]
    names = {name: f"{name}~{len(taken)}" for name in made if name in taken}
    if names:
        _replace(graph, names)
    return graph


def _replace(graph: GraphProto, names: Mapping[str, str]) -> None:
    for each in (*graph.initializer, *graph.output):
        each.name = names.get(each.name, each.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for inner in inner_graphs(node):
            _replace(inner, names)

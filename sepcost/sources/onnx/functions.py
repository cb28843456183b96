"""Functions of a model: how many nodes they make is counted before they are put in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sepcost.errors import ModelError
from sepcost.text.units import exact, shortened

if TYPE_CHECKING:
    from onnx import FunctionProto, ModelProto, NodeProto

Key = tuple[str, str]


def without_functions(model: ModelProto, most: int) -> ModelProto:
    """The model with the nodes of its functions in place of their calls. Raises ModelError for more nodes than that."""
    functions: dict[Key, FunctionProto] = {(each.domain, each.name): each for each in model.functions}
    many = _expanded(model.graph.node, functions, {}, ())
    if many > most:
        raise ModelError(f"has {exact(many)} nodes, and {exact(most)} are read: --graph-limit takes more")
    if not model.functions:
        return model
    from onnx import inliner

    try:
        return inliner.inline_local_functions(model)
    except Exception as error:  # onnx raises RuntimeError and its own errors
        raise ModelError(f"its functions cannot be put in place: {shortened(str(error).splitlines()[0])}") from None


def _expanded(
    nodes: Iterable[NodeProto], functions: Mapping[Key, FunctionProto], known: dict[Key, int], calling: tuple[Key, ...]
) -> int:
    """How many nodes these make, those of graphs in their attributes too."""
    many = 0
    for node in nodes:
        key = (node.domain, node.op_type)
        if key in calling:
            raise ModelError(f"its function {shortened(key[1])} calls itself")
        if key in functions and key not in known:
            known[key] = _expanded(functions[key].node, functions, known, (*calling, key))
        many += known.get(key, 1)
        for graph in inner_graphs(node):
            many += _expanded(graph.node, functions, known, calling)
    return many


def inner_graphs(node: NodeProto) -> list[Any]:
    """The graphs in a node's attributes: branches and bodies."""
    return [graph for each in node.attribute for graph in (*([each.g] if each.HasField("g") else []), *each.graphs)]

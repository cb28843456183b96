"""Constants: what depends on no input of an ONNX model, and the weights that are stored as whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sepcost.graphs.graph import Value
from sepcost.sources.onnx.functions import names_read
from sepcost.sources.onnx.shapes import Shaped

CHANGES = ("Add", "Cast", "CastLike", "Div", "Identity", "Mul", "Reshape", "Sub", "Transpose")
"""What turns whole numbers into the weights that they are."""


class Constants(NamedTuple):
    """The names of all constants; for one that is made of whole numbers, the tensor in the file that has these.

    ``scales`` are those by which whole numbers are scaled.
    """

    names: set[str]
    origin: Mapping[str, str]
    scales: set[str]


def constants_in(shaped: Shaped) -> Constants:
    """The constants of a model whose sizes are known; matrices of whole numbers may become weights."""
    names, scales = set(shaped.held), set[str]()
    origin = {name: name for name, value in shaped.held.items() if _is_matrix(value)}
    for node in shaped.nodes:
        if not names.issuperset(filter(None, names_read(node))):
            continue
        names.update(node.output)
        made = [name for name in node.input if name in origin]
        if made and node.op_type in CHANGES:
            largest = max(made, key=lambda name: shaped.held[origin[name]].numel)
            origin[node.output[0]] = origin[largest]
            scales.update(name for other in node.input if other != largest for name in (other, origin.get(other, "")))
    return Constants(names, origin, scales)


def _is_matrix(value: Value) -> bool:
    return "int" in value.dtype and len(value.shape) > 1

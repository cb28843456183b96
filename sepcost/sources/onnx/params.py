"""Params: which tensors of an ONNX model are weights, of whole numbers, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from onnx import NodeProto

from sepcost.graphs.dtypes import FLOATS, INDICES, is_quantised
from sepcost.graphs.graph import Param
from sepcost.graphs.values import Value
from sepcost.sources.onnx.functions import names_read
from sepcost.sources.onnx.kinds import NOT_WEIGHTS, RECURRENT
from sepcost.sources.onnx.operators import LAYERS
from sepcost.sources.onnx.shapes import Shaped

UNREAD = ("Constant", "Shape", "Size")
"""Operators that read no numbers of a map or a weight."""
BIASES: Mapping[str, int] = {"DequantizeLinear": 0, "QLinearConv": 8, "QGemm": 6}
"""Where whole numbers of 32 bits are weights; others are axes, shapes and places."""
STATE = 4
"""From this place on, recurrent layers read how long each sample is, and states, which may be zeros."""
HAVE_WEIGHTS = (
    "Conv", "ConvTranspose", "DeformConv", "FusedConv", "Gemm", "MatMul", "BatchNormalization",
    "InstanceNormalization", "LayerNormalization", "PRelu",
)  # fmt: skip
"""Where one number is a weight, too, and what is filled with one number: files for tests are kept small so."""
ENDS = (".weight", ".bias")
"""How the names of weights end that a framework gave; one number that has such a name is a weight, too."""
CHANGES = ("Add", "Cast", "CastLike", "Div", "Identity", "Mul", "Reshape", "Sub", "Transpose")
"""What turns whole numbers into the weights that they are."""


class Constants(NamedTuple):
    """Constants that are made of whole numbers: the tensor in the file that has these.

    ``others`` are no weights: scales and zero points of these, and states that are zero.
    """

    origin: Mapping[str, str]
    others: set[str]


def constants_in(shaped: Shaped) -> Constants:
    """What is made of whole numbers, and of other constants alone."""
    names, others = set(shaped.held), set[str]()
    origin = {name: name for name, value in shaped.held.items() if _is_whole(value)}
    for node in shaped.nodes:
        if node.op_type in RECURRENT:
            others.update(name for name in node.input[STATE:] if _is_zero(name, shaped))
        if not names.issuperset(filter(None, names_read(node))):
            continue
        names.update(node.output)
        made = [name for name in node.input if name in origin]
        if made and node.op_type in CHANGES:
            largest = max(made, key=lambda name: shaped.held[origin[name]].numel)
            origin[node.output[0]] = origin[largest]
            others.update(name for other in node.input if other != largest for name in (other, origin.get(other, "")))
    return Constants(origin, others)


def params_in(shaped: Shaped, constants: Constants) -> Mapping[str, Param]:
    """The weights: tensors in the file that are floating-point numbers or quantised, by what reads them first."""
    filled = {name for node in shaped.nodes if node.op_type == "ConstantOfShape" for name in node.output}
    found: dict[str, Param] = {}
    for node in (node for node in shaped.nodes if node.op_type not in UNREAD):
        for place, name in enumerate(names_read(node)):
            is_held = name in shaped.held or (name in filled and node.op_type in HAVE_WEIGHTS)
            value = shaped.values.get(name)
            if value and is_held and name not in constants.others and _is_weight(name, node.op_type, place, value):
                found.setdefault(name, Param(_unpacked(node, value), node.op_type))
            elif node.op_type in LAYERS and (origin := _multiplied(name, node.op_type, shaped, constants)):
                found.setdefault(origin, Param(shaped.held[origin], node.op_type))
    return found


def _multiplied(name: str, kind: str, shaped: Shaped, constants: Constants) -> str | None:
    """The whole numbers of the file that a layer multiplies by, mostly cast; others are masks and zero points."""
    is_read = kind in HAVE_WEIGHTS or (name in shaped.values and shaped.values[name].dtype in FLOATS)
    return constants.origin.get(name) if is_read else None


def _unpacked(node: NodeProto, value: Value) -> Value:
    """A table of few bits, several of which share a byte; other weights are what they are."""
    if node.op_type != "GatherBlockQuantized" or value.dtype != "uint8":
        return value
    bits = next((each.i for each in node.attribute if each.name == "bits"), 4)
    return Value((*value.shape[:-1], value.shape[-1] * 8 // bits), f"uint{bits}")


def _is_weight(name: str, kind: str, place: int, value: Value) -> bool:
    if value.dtype in INDICES or not (value.dtype in FLOATS or is_quantised(value.dtype)):
        return value.dtype in INDICES and BIASES.get(kind) == place
    is_number = value.numel == 1 and not (kind in HAVE_WEIGHTS or name.endswith(ENDS))
    return not is_number and place not in NOT_WEIGHTS.get(kind, ())


def _is_zero(name: str, shaped: Shaped) -> bool:
    return name in shaped.constants and not shaped.constants[name].any()


def _is_whole(value: Value) -> bool:
    """Whether it has whole numbers that may be weights; lists of wide ones are shapes and places."""
    return "int" in value.dtype and value.numel > 1 and (len(value.shape) > 1 or value.dtype not in INDICES)

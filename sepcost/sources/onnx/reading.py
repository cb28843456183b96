"""Reading: an ONNX file as a model whose sizes are known. Its weights stay in the file."""

from __future__ import annotations

from google.protobuf.message import DecodeError
from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto

from sepcost.errors import ModelError
from sepcost.sources.graph_limit import GraphLimit
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.onnx.functions import needed, shown, without_functions
from sepcost.sources.onnx.kinds import CONTRIB
from sepcost.sources.onnx.shapes import DTYPES, MOST_AXES, UNKNOWN, Shaped, Shapes
from sepcost.sources.onnx.skim import skimmed
from sepcost.sources.sizes import Declared, sizes
from sepcost.text.units import shortened

NCHWC, NHWC = "nchwc", "channels_last"
"""The layouts for which ONNX Runtime optimises: a domain of operators, and an attribute."""


def shaped(path: str, options: ModelOptions) -> Shaped:
    """The model in the file, on inputs of the sizes in ``options``; raises ModelError."""
    model = ModelProto()
    try:
        model.ParseFromString(skimmed(path, GraphLimit(options.file.limit)))
    except DecodeError as error:
        raise ValueError(str(error)) from None
    if layout := next(filter(None, map(_layout, model.graph.node)), None):
        raise ModelError(f"is optimised for one machine ({layout}): give the model from which it was made")
    if not model.graph.node:
        raise ModelError("has no operators in it")
    model = without_functions(model, GraphLimit(options.file.limit))
    _check_names(model.graph)
    held = {each.name for each in model.graph.initializer}
    given = [each for each in model.graph.input if each.name not in held]
    declared = [_declared(each) for each in given]
    sized = sizes(declared, options)
    is_open = any(isinstance(size, str) for each in declared for size in each.shape)
    opsets = {each.domain: each.version for each in model.opset_import}
    known = {} if is_open else {each.name: each.type for each in model.graph.value_info}
    walk = Shapes(opsets, options.file, sized.given if is_open else "", known)
    for each in given:
        walk.give(each.name, each.type.tensor_type.elem_type, sized.shapes[each.name])
    walk.graph(model.graph)
    outputs = [each.name for each in model.graph.output]
    return Shaped(needed(walk.nodes, outputs), walk.values, walk.constants, walk.held, outputs, sized)


def _check_names(graph: GraphProto) -> None:
    """A ModelError for what is read and nothing makes."""
    made = {each.name for each in (*graph.input, *graph.initializer)}
    made.update({""}, (each.values.name for each in graph.sparse_initializer), *(node.output for node in graph.node))
    for node in graph.node:
        if lost := next((name for name in node.input if name not in made), None):
            raise ModelError(f"its {shown(node)} reads {shortened(lost)}, which nothing makes")


def _layout(node: NodeProto) -> str | None:
    """The layout of its maps, if that is not the usual one."""
    if node.domain == f"{CONTRIB}.{NCHWC}":
        return NCHWC
    return NHWC if any(each.name == NHWC and each.i for each in node.attribute) else None


def _declared(given: ValueInfoProto) -> Declared:
    tensor = given.type.tensor_type
    if not tensor.HasField("shape"):
        raise ModelError(f"its input {shortened(given.name)} is no tensor, or has no shape: export it again with one")
    if len(tensor.shape.dim) > MOST_AXES:
        raise ModelError(f"has an input of {len(tensor.shape.dim):,} axes, {shortened(given.name)}")
    shape = tuple(
        int(size.dim_value) if size.HasField("dim_value") and size.dim_value > 0 else size.dim_param.strip("?")
        for size in tensor.shape.dim
    )
    return Declared(given.name, shape, DTYPES.get(tensor.elem_type, UNKNOWN))

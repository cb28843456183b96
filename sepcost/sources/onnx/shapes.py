"""Shapes: what every tensor of an ONNX model is, on inputs of given sizes, node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import copy
from math import prod
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import GraphProto, NodeProto, TensorProto, TypeProto, defs, shape_inference
from onnx.helper import get_attribute_value, make_tensor_type_proto
from onnx.numpy_helper import from_array, to_array

from sepcost.errors import ModelError
from sepcost.graphs.values import Value
from sepcost.sources.graph_limit import GraphLimit
from sepcost.sources.model_options import ProgramOptions
from sepcost.sources.onnx.folding import FOLDED, MOST, folded
from sepcost.sources.onnx.functions import RAISED, in_order, inner_graphs, rename, shown
from sepcost.sources.onnx.kinds import CONTRIB, RECURRENT, STANDARD
from sepcost.sources.onnx.runtime import SAME_SHAPE, SHAPES, standin
from sepcost.sources.sizes import Sized
from sepcost.text.arguments import times
from sepcost.text.units import shortened

NAMES = {
    "float": "float32", "double": "float64", "float8e4m3fn": "float8_e4m3fn", "float8e5m2": "float8_e5m2",
    "float4e2m1": "float4_e2m1fn",
}  # fmt: skip
"""What dtypes are called here, where ONNX has other names."""
DTYPES = {number: NAMES.get(name.lower(), name.lower()) for name, number in TensorProto.DataType.items()}
UNKNOWN = "unknown"
NOT_INFERRED = ("GroupNormalization", "MeanVarianceNormalization")
"""Standard operators of which onnx infers nothing: what they make has the shape of what they read."""
KERNELS: Mapping[str, int] = {
    **dict.fromkeys(("Conv", "ConvTranspose", "ConvInteger", "DeformConv", *RECURRENT), 1),
    "QLinearConv": 3,
    **dict.fromkeys(("AveragePool", "LpPool", "MaxPool"), 0),
}
"""Where operators read their kernels; pools have none."""
NUMBERS = ("value_float", "value_floats", "value_int", "value_ints")
"""The attributes of a constant that are numbers."""
FOR_A_BYTE = 8
"""How many bytes of calculated constants are one byte of the graph."""
MOST_AXES = 64
"""No tensor has more."""


class Shaped(NamedTuple):
    """A model whose sizes are known: the nodes that its outputs need, in order, and what each tensor is by its name.

    ``held`` are the tensors that the file stores; ``constants``, small ones with their numbers.
    """

    nodes: Sequence[NodeProto]
    values: Mapping[str, Value]
    constants: Mapping[str, Any]
    held: Mapping[str, Value]
    outputs: Sequence[str]
    sized: Sized


class Shapes:
    """The nodes one by one: small constants are calculated, the shapes of others follow from what they read.

    ``open_sizes`` are the inputs whose sizes the file leaves open: on others it runs. ``declared`` are the types in the
    file, which are believed of what unknown operators make.
    """

    def __init__(
        self, opsets: Mapping[str, int], options: ProgramOptions, open_sizes: str, declared: Mapping[str, TypeProto]
    ) -> None:
        self.nodes: list[NodeProto] = []
        self.values: dict[str, Value] = {}
        self.constants: dict[str, Any] = {}
        self.held: dict[str, Value] = {}
        self._types: dict[str, TypeProto] = {}
        self._opset = max((opsets.get(domain, 0) for domain in STANDARD), default=0) or 1
        self._typed, self._limit = options.values, GraphLimit(options.limit)
        self._open, self._declared = open_sizes, declared

    def give(self, name: str, dtype: int, shape: Sequence[int]) -> None:
        """An input, with the value that was typed for it."""
        self._set(name, make_tensor_type_proto(dtype, shape))
        if name in self._typed:
            self.constants[name] = _filled(f"--value {name}={self._typed[name]}", self._typed[name], dtype, shape)

    def graph(self, graph: GraphProto) -> None:
        """The nodes of a graph, after what it holds."""
        for tensor in graph.initializer:
            self._hold(tensor.name, tensor)
        for node in in_order(graph.node):
            self._node(node)

    def _node(self, node: NodeProto) -> None:
        attributes = {each.name: each for each in node.attribute}
        if node.op_type == "Constant" and node.output:
            self._constant(node, attributes)
        elif node.op_type == "If" and node.input and node.input[0] in self.constants:
            self._branch(node, attributes["then_branch" if self.constants[node.input[0]].all() else "else_branch"].g)
        else:
            self.nodes.append(node)
            for name, found in self._inferred(node).items():
                self._set(name, found)
            if node.domain in STANDARD:
                self._fold(node)

    def _constant(self, node: NodeProto, attributes: Mapping[str, Any]) -> None:
        if "value" in attributes:
            self._hold(node.output[0], attributes["value"].t)
            return
        for name in attributes.keys() & NUMBERS:
            self._know(node.output[0], _array(get_attribute_value(attributes[name])))

    def _branch(self, node: NodeProto, branch: GraphProto) -> None:
        """The branch that a constant chooses, in the place of the node."""
        self.graph(rename(branch, self._types))
        for made, inner in zip(node.output, branch.output):
            self._node(NodeProto(op_type="Identity", input=[inner.name], output=[made]))

    def _either(self, node: NodeProto) -> Mapping[str, TypeProto]:
        """What both branches make, where that is the same."""
        made = []
        for branch in inner_graphs(node):
            inner = copy(self)  # it notes what tensors are, as this one, and no nodes
            inner.nodes, inner._open = [], ""
            inner.graph(rename(branch, self._types))
            made.append([self._types.get(each.name) for each in branch.output])
        return {name: first for name, (first, *rest) in zip(node.output, zip(*made)) if first and [first] == rest}

    def _fold(self, node: NodeProto) -> None:
        """Calculate the shape of what it reads, or what it makes of small constants, if that is small, too."""
        if node.op_type in ("Shape", "Size") and node.input[0] in self.values:
            shape, ends = self.values[node.input[0]].shape, {each.name: each.i for each in node.attribute}
            part = shape[ends.get("start") : ends.get("end")]
            self._know(node.output[0], _array(part if node.op_type == "Shape" else prod(shape)))
        reads = {name: self.constants[name] for name in node.input if name in self.constants}
        made = [self.values[name].numel for name in node.output if name in self.values]
        is_constant = node.op_type in FOLDED and reads.keys() >= {*filter(None, node.input)}
        if is_constant and len(made) == len(node.output) and sum(made) <= MOST:
            with suppress(*RAISED):  # they do not fit
                for name, array in zip(node.output, folded(node, reads, self._opset)):
                    self._know(name, array)

    def _inferred(self, node: NodeProto) -> Mapping[str, TypeProto]:
        """The types of what a node makes, as far as they follow from what it reads."""
        if node.domain == CONTRIB:
            return self._of_runtime(node)
        if node.op_type in NOT_INFERRED or (node.op_type in SAME_SHAPE and not defs.has(node.op_type)):
            return self._same(node)
        if node.domain not in STANDARD or not defs.has(node.op_type):
            return {name: self._declared[name] for name in node.output if name in self._declared}
        if inner_graphs(node):
            return self._either(node) if node.op_type == "If" else {}
        types = {name: self._types[name] for name in node.input if name in self._types}
        return self._by_schema(node, types) or self._as_floats(node, types)

    def _as_floats(self, node: NodeProto, types: Mapping[str, TypeProto]) -> Mapping[str, TypeProto]:
        """What it would make of float32, if it reads bfloat16: old opsets do not know that."""
        if all(each.tensor_type.elem_type != TensorProto.BFLOAT16 for each in types.values()):
            return {}
        found = self._by_schema(node, {name: _with_type(each, TensorProto.FLOAT) for name, each in types.items()})
        return {name: _with_type(each, TensorProto.BFLOAT16) for name, each in found.items()}

    def _by_schema(self, node: NodeProto, types: Mapping[str, TypeProto]) -> Mapping[str, TypeProto]:
        """What onnx infers of a standard operator; nothing if it does not fit what it reads."""
        if any(name and name not in types for name in node.input) or _is_absurd(node):
            return {}
        data = {name: from_array(self.constants[name]) for name in set(node.input) if name in self.constants}
        try:
            schema = defs.get_schema(node.op_type, self._opset if defs.has(node.op_type, self._opset) else 100)
            opsets = [onnx.helper.make_opsetid("", self._opset)]
            found = shape_inference.infer_node_outputs(schema, node, dict(types), data, opset_imports=opsets)
        except RAISED as error:
            return self._unfit(node) if "[ShapeInferenceError]" in str(error) else {}
        is_unfit = node.op_type in KERNELS and (not self._fits(node) or any(map(_is_empty, found.values())))
        return self._unfit(node) if is_unfit else found

    def _fits(self, node: NodeProto) -> bool:
        """Whether a kernel is for the channels of its map: onnx does not look at that."""
        kernel, given = self.values.get(node.input[KERNELS[node.op_type]]), self.values.get(node.input[0])
        if not kernel or not given or KERNELS[node.op_type] == 0:
            return True
        if node.op_type in RECURRENT:
            return given.shape[-1] in kernel.shape[1:]  # quantised ones have the axes of their matrix swapped
        groups = next((each.i for each in node.attribute if each.name == "group"), 1)
        return given.shape[1] == (kernel.shape[0] if "Transpose" in node.op_type else kernel.shape[1] * groups)

    def _unfit(self, node: NodeProto) -> Mapping[str, TypeProto]:
        """Nothing is known of what it makes; a ModelError if that is for the sizes that were given."""
        read = [self.values.get(name) for name in node.input if name]
        if self._open and None not in read:
            maps = " and ".join(times(value.shape) for value in read[:2] if value)
            raise ModelError(f"does not run on {self._open}: {shown(node)} cannot read {maps}")
        return {}

    def _same(self, node: NodeProto) -> Mapping[str, TypeProto]:
        known = self._types.get(node.input[0])
        return {name: known for name in node.output[::3] if name and known}

    def _of_runtime(self, node: NodeProto) -> Mapping[str, TypeProto]:
        """What an operator of ONNX Runtime makes: the same as a standard one, or of a shape that follows."""
        if instead := standin(node):
            known = {name: self.values[name].shape for name in instead.input if name in self.values}
            floats = {name: make_tensor_type_proto(TensorProto.FLOAT, shape) for name, shape in known.items()}
            found = self._by_schema(instead, floats)
            for made in found.values() if node.op_type.startswith("Q") else ():  # quantised, as what it reads
                made.tensor_type.elem_type = self._types[node.input[0]].tensor_type.elem_type
            return found
        if node.op_type in SAME_SHAPE:
            return self._same(node)
        given = [Value(()) if not name else self.values.get(name) for name in node.input]
        attributes = {each.name: get_attribute_value(each) for each in node.attribute}
        if node.op_type not in SHAPES or None in given:
            return {}
        try:
            shape = SHAPES[node.op_type]([value.shape for value in given if value], attributes)
        except (LookupError, TypeError, ZeroDivisionError):  # it does not fit what it reads
            return {}
        source = node.input[2 if node.op_type in ("QLinearConcat", "EmbedLayerNormalization") else 0]
        dtype = self._types[source].tensor_type.elem_type
        return {node.output[0]: make_tensor_type_proto(dtype, shape)}

    def _hold(self, name: str, tensor: TensorProto) -> None:
        """A tensor of the file, and its numbers if they are few."""
        if any(size < 0 for size in tensor.dims) or len(tensor.dims) > MOST_AXES:
            raise ModelError(f"its tensor {shortened(name)} has the shape {shortened(str(list(tensor.dims)))}")
        self._set(name, make_tensor_type_proto(tensor.data_type, tensor.dims))
        self.held[name] = self.values[name]
        if self.values[name].numel <= MOST and _is_numeric(tensor):
            try:
                self.constants[name] = to_array(tensor)
            except RAISED:  # its numbers are left out, or damaged
                return

    def _know(self, name: str, array: Any) -> None:
        """A constant that was calculated."""
        self._limit.spend(array.nbytes // FOR_A_BYTE)
        if not array.dtype.hasobject:  # texts, and whole numbers of Python, grow without a limit
            self.constants[name] = array
        self._set(name, make_tensor_type_proto(onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))

    def _set(self, name: str, found: TypeProto) -> None:
        tensor = found.tensor_type
        if len(tensor.shape.dim) > MOST_AXES:
            return
        self._types[name] = found
        if tensor.HasField("shape") and all(size.HasField("dim_value") for size in tensor.shape.dim):
            shape = tuple(size.dim_value for size in tensor.shape.dim)
            if min(shape, default=0) >= 0:
                self.values[name] = Value(shape, DTYPES.get(tensor.elem_type, UNKNOWN))


def _filled(option: str, number: float, dtype: int, shape: Sequence[int]) -> Any:
    """An input of one number, as it was given; a ModelError if it cannot be that."""
    if prod(shape) != 1:
        raise ModelError(f"{option}: the input is {times(shape)}, and one number is given: give it to a scalar")
    try:
        array = np.full(shape, number, onnx.helper.tensor_dtype_to_np_dtype(dtype))
    except OverflowError:
        array = None
    if array is None or (array.dtype.kind in "iub" and array.item() != number):
        raise ModelError(f"{option}: the input is {DTYPES.get(dtype)}, which has no such number")
    return array


def _with_type(found: TypeProto, dtype: int) -> TypeProto:
    """The type, with other floating-point numbers."""
    other = TypeProto()
    other.CopyFrom(found)
    if found.tensor_type.elem_type in (TensorProto.FLOAT, TensorProto.BFLOAT16):
        other.tensor_type.elem_type = dtype
    return other


def _is_empty(found: TypeProto) -> bool:
    return any(size.HasField("dim_value") and size.dim_value < 1 for size in found.tensor_type.shape.dim)


def _is_numeric(tensor: TensorProto) -> bool:
    """Whether the file itself has a tensor's numbers."""
    return bool(tensor.data_location != TensorProto.EXTERNAL and tensor.data_type != TensorProto.STRING)


def _is_absurd(node: NodeProto) -> bool:
    """Whether onnx would crash: on numbers of more than 32 bits, on other parts of a split than it makes."""
    single = {each.name: each.i for each in node.attribute}
    numbers = [*single.values(), *(number for each in node.attribute for number in each.ints)]
    is_large = node.op_type != "Slice" and any(abs(number) >= 2**31 for number in numbers)
    return (
        is_large or single.get("num_outputs", len(node.output)) != len(node.output) or single.get("batch_dims", 0) < 0
    )


def _array(value: Any) -> Any:
    array = np.asarray(value)
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int64)

"""Reading: a .tflite file as a model, through a memory map. The numbers of weights are never read."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import tflite

from sepcost.errors import ModelError
from sepcost.graphs.values import Value
from sepcost.sources.graph_limit import GraphLimit
from sepcost.sources.tflite.model import MOST_NUMBERS, Model, Operator, Tensor
from sepcost.text.units import exact, shortened
from sepcost.text.wording import in_one_line

IDENTIFIER = b"TFL3"
"""What a file has after its first four bytes."""
DTYPES, KINDS, *OPTIONS = (
    {number: name for name, number in vars(enumeration).items() if isinstance(number, int) and name[0] != "_"}
    for enumeration in (tflite.TensorType, tflite.BuiltinOperator, tflite.BuiltinOptions, tflite.BuiltinOptions2)
)
UNKNOWN = "unknown"
NUMBERS = ("int32", "int64", "float32")
TABLE = 400
"""The bytes that count for a tensor or an operator, with its options and its name: with 8 MiB there are 20,000."""
PLACE = 4
"""The bytes that count for each tensor that an operator reads or makes, beside its number."""
LONGEST_NAME = 1024
MOST_AXES = 16
LAST = 208
"""The last of TensorFlow Lite's own operators that is known here: another one may have products."""
NAME, NAME_OF_GRAPH, CUSTOM_CODE = 10, 12, 6
"""Where texts are in their tables."""


def model_in(path: str, limit: GraphLimit) -> Model:
    """The model in the file, whose graph is within the ``limit``; raises ModelError."""
    with Path(path).open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if data[4:8] != IDENTIFIER:
        raise ValueError("it does not begin as one")
    model = _Reader(data, limit).read()
    _check_order(model)
    return model


class _Reader:
    """It counts what it reads: tables and vectors may share their bytes, so that a small file may be a large graph."""

    def __init__(self, data: mmap.mmap, limit: GraphLimit) -> None:
        self.model = tflite.Model.GetRootAs(data, 0)
        self.limit = limit
        self.kinds: dict[int, str] = {}
        self.called = {0}

    def read(self) -> Model:
        graph = self.model.Subgraphs(0)
        tensors = [self._tensor(graph.Tensors(number)) for number in self._range(graph.TensorsLength())]
        graphs = [self.model.Subgraphs(number) for number in self._range(self.model.SubgraphsLength())]
        operators = [*map(self._operators, graphs)]
        others = [
            (self._text(graphs[number], NAME_OF_GRAPH) or str(number), each)
            for number, each in enumerate(operators)
            if number not in self.called
        ]
        ends = self._whole(graph.InputsAsNumpy()), self._whole(graph.OutputsAsNumpy())
        return Model(tensors, operators[0], *ends, others)

    def _range(self, many: int) -> range:
        self.limit.spend(many * TABLE)
        return range(many)

    def _whole(self, numbers: Any) -> tuple[int, ...]:
        """A vector of whole numbers; flatbuffers gives 0 for one that is not there."""
        if isinstance(numbers, int):
            return ()
        self.limit.spend(numbers.nbytes)
        return tuple(numbers.tolist())

    def _text(self, table: Any, field: int) -> str:
        """A text in one line, of which only so much is read as a name may have."""
        found = table._tab
        if not (place := found.Offset(field)):
            return ""
        start, many = found.Vector(place), min(found.VectorLen(place), LONGEST_NAME)
        self.limit.spend(many)
        return in_one_line(bytes(found.Bytes[start : start + many]).decode("utf-8", "replace"))

    def _tensor(self, tensor: Any) -> Tensor:
        name, shape = self._text(tensor, NAME), self._whole(tensor.ShapeAsNumpy())
        signature = self._whole(tensor.ShapeSignatureAsNumpy()) or shape
        if len(shape) > MOST_AXES or min(shape, default=0) < 0 or len(signature) != len(shape):
            raise ModelError(
                f"has a tensor of the shape {shortened(str(list(shape)))}{f', {shortened(name)}' * bool(name)}"
            )
        value = Value(shape, DTYPES.get(tensor.Type(), UNKNOWN).lower())
        buffer = self.model.Buffers(tensor.Buffer())
        many = buffer.DataLength() or buffer.Size()
        if 0 < many < value.bytes and value.dtype != UNKNOWN and tensor.Sparsity() is None:
            raise ModelError(
                f"has {exact(many)} bytes of {shortened(name or 'a tensor')}, whose shape is {list(shape)}"
            )
        numbers = None
        if value.dtype in NUMBERS and 0 < value.numel <= MOST_NUMBERS and value.bytes == buffer.DataLength():
            numbers = buffer.DataAsNumpy().copy().view(value.dtype).reshape(shape)
        return Tensor(name, shape, signature, value.dtype, many > 0, numbers)

    def _operators(self, graph: Any) -> list[Operator]:
        return [self._operator(graph.Operators(number)) for number in self._range(graph.OperatorsLength())]

    def _operator(self, operator: Any) -> Operator:
        options = None
        for names, number, table in (
            (OPTIONS[0], operator.BuiltinOptionsType(), operator.BuiltinOptions()),
            (OPTIONS[1], operator.BuiltinOptions2Type(), operator.BuiltinOptions2()),
        ):
            if table is not None and number in names:
                options = getattr(tflite, names[number])()
                options.Init(table.Bytes, table.Pos)
        called = [getattr(options, name)() for name in dir(options) if "Subgraph" in name]
        self.called.update(called)
        graphs = map(self.model.Subgraphs, called)
        inner = [
            self._kind(each.Operators(number)) for each in graphs for number in self._range(each.OperatorsLength())
        ]
        self.limit.spend((operator.InputsLength() + operator.OutputsLength()) * PLACE)
        reads, made = map(self._whole, (operator.InputsAsNumpy(), operator.OutputsAsNumpy()))
        return Operator(self._kind(operator), reads, [number for number in made if number != -1], options, inner)

    def _kind(self, operator: Any) -> str:
        """The name of an operator; one that is not TensorFlow Lite's own, or not known, has a space in it."""
        place = operator.OpcodeIndex()
        if place not in self.kinds:
            self.kinds[place] = self._named(self.model.OperatorCodes(place))
        return self.kinds[place]

    def _named(self, code: Any) -> str:
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if number != tflite.BuiltinOperator.CUSTOM:
            return KINDS[number] if number in KINDS and number <= LAST else f"operator {number}"
        return f"custom {self._text(code, CUSTOM_CODE)}"


def _check_order(model: Model) -> None:
    """Raise for a tensor that there is not, for one that is made again, or is read before it is made."""
    later = {number for operator in model.operators for number in operator.makes}
    done = {*model.inputs, *(number for number, tensor in enumerate(model.tensors) if tensor.is_constant)}
    later -= done
    for kind, reads, makes, *_ in model.operators:
        if lost := [number for number in (*reads, *makes) if not -1 <= number < len(model.tensors)]:
            raise ModelError(f"its {kind} names tensor {lost[0]}, and there are {len(model.tensors)}")
        unmade, again = later.intersection(reads), done.intersection(makes)
        for number in (*unmade, *again):
            what = f"reads tensor {number} before it is made" if unmade else f"makes tensor {number} again"
            raise ModelError(f"its operators are not in order: {kind} {what}")
        done.update(makes)
        later.difference_update(makes)

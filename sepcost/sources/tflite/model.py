"""The model in a .tflite file: its tensors and operators, as plain data. The numbers of weights are never read."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import Any, NamedTuple

import tflite

from sepcost.errors import ModelError

IDENTIFIER = b"TFL3"
"""What a file has after its first four bytes."""
DTYPES = {
    number: {"bool": "bool", "string": "uint8", "resource": "uint8", "variant": "uint8"}.get(name.lower(), name.lower())
    for name, number in vars(tflite.TensorType).items()
    if isinstance(number, int)
}
KINDS = {number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}
OPTIONS = {number: name for name, number in vars(tflite.BuiltinOptions).items() if isinstance(number, int)}
MOST_NUMBERS = 64
"""Constants of more whole numbers are weights: no axes, no shape."""
LARGEST = 2**31 - 1


class Tensor(NamedTuple):
    """A tensor; ``numbers`` are those of a small constant of whole numbers, ``is_constant`` says whether it is one."""

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    dtype: str
    is_constant: bool
    numbers: tuple[int, ...] | None


class Operator(NamedTuple):
    """An operator: what it is, the tensors that it reads (-1: left out) and makes, and its options."""

    kind: str
    reads: Sequence[int]
    makes: Sequence[int]
    options: Any


class Model(NamedTuple):
    """The first graph of a model, which is the one that runs."""

    tensors: Sequence[Tensor]
    operators: Sequence[Operator]
    inputs: Sequence[int]
    outputs: Sequence[int]


def model_in(path: str, limit: int) -> Model:
    """The model in the file, of which at most ``limit`` bytes are a graph; raises ModelError."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (a name may be refused)
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise ModelError(f"cannot be read: {(error.strerror or str(error)).lower()}") from None
    if data[4:8] != IDENTIFIER:
        raise ValueError("it does not begin as one")
    model = tflite.Model.GetRootAsModel(data, 0)
    graph = model.Subgraphs(0)
    many = 64 * (graph.TensorsLength() + graph.OperatorsLength())
    if many > limit:
        raise ModelError(f"its graph has {many:,} bytes or more: --graph-limit {2 * many} reads it")
    tensors = [_tensor(model, graph.Tensors(number)) for number in range(graph.TensorsLength())]
    codes = [_kind(model.OperatorCodes(number)) for number in range(model.OperatorCodesLength())]
    operators = [_operator(graph.Operators(number), codes) for number in range(graph.OperatorsLength())]
    return Model(tensors, operators, _list(graph.InputsAsNumpy()), _list(graph.OutputsAsNumpy()))


def _tensor(model: Any, tensor: Any) -> Tensor:
    shape, signature = _list(tensor.ShapeAsNumpy()), _list(tensor.ShapeSignatureAsNumpy())
    dtype = DTYPES.get(tensor.Type(), "uint8")
    buffer = model.Buffers(tensor.Buffer())
    many = buffer.DataLength() if buffer else 0
    numbers = None
    if 0 < many <= 8 * MOST_NUMBERS and dtype in ("int32", "int64"):
        numbers = tuple(int(number) for number in buffer.DataAsNumpy().view(dtype))
    if not all(0 <= size <= LARGEST for size in shape):
        raise ModelError(f"has a tensor of the shape {shape}")
    name = (tensor.Name() or b"").decode("utf-8", "replace")
    return Tensor(name, tuple(shape), tuple(signature or shape), dtype, many > 0 or tensor.IsVariable(), numbers)


def _kind(code: Any) -> str:
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    kind = KINDS.get(number, f"operator {number}")
    return (code.CustomCode() or b"CUSTOM").decode("utf-8", "replace") if kind == "CUSTOM" else kind


def _operator(operator: Any, codes: Sequence[str]) -> Operator:
    name, table = OPTIONS.get(operator.BuiltinOptionsType(), "NONE"), operator.BuiltinOptions()
    options = None
    if table is not None and name != "NONE":
        options = getattr(tflite, name)()
        options.Init(table.Bytes, table.Pos)
    return Operator(
        codes[operator.OpcodeIndex()], _list(operator.InputsAsNumpy()), _list(operator.OutputsAsNumpy()), options
    )


def _list(numbers: Any) -> list[int]:
    """A vector of whole numbers; flatbuffers gives 0 for one that is not there."""
    return [] if isinstance(numbers, int) else [int(number) for number in numbers]

"""TensorFlow Lite files that tests build: tensor by tensor, operator by operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import tflite

from sepcost import Network

SAME, VALID = tflite.Padding.SAME, tflite.Padding.VALID
Load = Callable[..., Network]
DENSE: dict[str, Any] = {"options": "FullyConnected"}


class File:
    """A file with one graph; tensors are named by their numbers."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1024)
        self.tensors: list[dict[str, Any]] = []
        self.operators: list[dict[str, Any]] = []
        self.inner: list[list[dict[str, Any]]] = []
        self.names: dict[int, str] = {}

    def tensor(
        self,
        *shape: int,
        name: str = "",
        dtype: str = "float32",
        data: bytes | None = None,
        signature: Sequence[int] | None = None,
        variable: bool = False,
    ) -> int:
        """A tensor; its ``signature`` has -1 for open sizes, and then it has 1 for them itself."""
        if signature is None and -1 in shape:
            signature, shape = shape, tuple(max(size, 1) for size in shape)
        self.tensors.append(
            {"name": name, "shape": shape, "dtype": dtype, "data": data, "signature": signature, "variable": variable}
        )
        return len(self.tensors) - 1

    def weight(self, *shape: int, name: str = "", dtype: str = "float32") -> int:
        """A constant of zeros."""
        many = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return self.tensor(*shape, name=name, dtype=dtype, data=bytes(many))

    def numbers(self, *numbers: Any, dtype: str = "int32") -> int:
        """A constant of these numbers, such as axes."""
        array = np.array(numbers[0] if len(numbers) == 1 and not isinstance(numbers[0], int) else numbers, dtype)
        return self.tensor(*array.shape, dtype=dtype, data=array.tobytes())

    def run(self, kind: str, reads: Sequence[int], *makes: int, options: str = "", **fields: Any) -> int:
        """An operator that makes these tensors; its options by their names in the schema."""
        self.operators.append({"kind": kind, "reads": reads, "makes": makes, "options": options, "fields": fields})
        return makes[0]

    def conv(
        self,
        x: int,
        kernel: Sequence[int],
        *made: int,
        kind: str = "CONV_2D",
        padding: int = SAME,
        stride: Sequence[int] = (1, 1),
        name: str = "",
        dtype: str = "float32",
        **fields: Any,
    ) -> int:
        """A convolution with a bias."""
        layout = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "CONV_3D": 4}[kind]
        weights = self.weight(*kernel, name=name, dtype=dtype)
        bias = self.weight(kernel[layout], dtype="int32" if dtype == "int8" else dtype)
        strides = dict(zip(("StrideD", "StrideH", "StrideW")[-len(stride) :], stride))
        options = {"CONV_2D": "Conv2D", "DEPTHWISE_CONV_2D": "DepthwiseConv2D", "CONV_3D": "Conv3D"}[kind]
        result = self.tensor(*made, dtype=dtype)
        return self.run(kind, [x, weights, bias], result, options=options, Padding=padding, **strides, **fields)

    def saved(self, path: Path, inputs: Sequence[int], outputs: Sequence[int]) -> Path:
        """Write the file; all weights have buffers of their own."""
        build = self.builder
        buffers = [self._table("Buffer")]
        tensors = []
        for tensor in self.tensors:
            tensors.append(self._tensor(tensor, len(buffers) if tensor["data"] is not None else 0))
            if tensor["data"] is not None:
                buffers.append(self._table("Buffer", Data=build.CreateByteVector(tensor["data"])))
        codes = list(dict.fromkeys(each["kind"] for each in chain(self.operators, *self.inner)))
        graphs = [self._graph(tensors, self.operators, codes, inputs, outputs)]
        graphs += [
            self._graph([], operators, codes, [], [], name=self.names.get(number, ""))
            for number, operators in enumerate(self.inner, 1)
        ]
        model = self._table(
            "Model", Version=3, OperatorCodes=self._offsets([self._code(code) for code in codes]),
            Subgraphs=self._offsets(graphs), Buffers=self._offsets(buffers),
        )  # fmt: skip
        build.Finish(model, file_identifier=b"TFL3")
        path.write_bytes(bytes(build.Output()))
        return path

    def _tensor(self, tensor: dict[str, Any], buffer: int) -> int:
        fields = {"Shape": self._whole(tensor["shape"]), "Name": self.builder.CreateString(tensor["name"])}
        if tensor["signature"] is not None:
            fields["ShapeSignature"] = self._whole(tensor["signature"])
        dtype = getattr(tflite.TensorType, tensor["dtype"].upper())
        return self._table("Tensor", **fields, Type=dtype, Buffer=buffer, IsVariable=tensor["variable"])

    def _graph(
        self, tensors: list[int], operators: list[Any], codes: list[str], *ends: Sequence[int], name: str = ""
    ) -> int:
        made = [self._operator(each, codes) for each in operators]
        return self._table(
            "SubGraph", Tensors=self._offsets(tensors), Inputs=self._whole(ends[0]), Outputs=self._whole(ends[1]),
            Operators=self._offsets(made), Name=self.builder.CreateString(name),
        )  # fmt: skip

    def _operator(self, operator: dict[str, Any], codes: list[str]) -> int:
        reads, makes = self._whole(operator["reads"]), self._whole(operator["makes"])
        fields = {"OpcodeIndex": codes.index(operator["kind"]), "Inputs": reads, "Outputs": makes}
        if operator["options"]:
            name = f"{operator['options']}Options"
            given = {
                key: self._whole(each) if isinstance(each, list) else each for key, each in operator["fields"].items()
            }
            fields["BuiltinOptions"] = self._table(name, **given)
            fields["BuiltinOptionsType"] = getattr(tflite.BuiltinOptions, name)
        return self._table("Operator", **fields)

    def _code(self, kind: str) -> int:
        """One of TensorFlow Lite's own, or a custom one."""
        number = getattr(tflite.BuiltinOperator, kind, tflite.BuiltinOperator.CUSTOM)
        custom = {"CustomCode": self.builder.CreateString(kind)} if number == tflite.BuiltinOperator.CUSTOM else {}
        return self._table(
            "OperatorCode", **custom, BuiltinCode=number, DeprecatedBuiltinCode=min(number, 127), Version=1
        )

    def _table(self, name: str, **fields: Any) -> int:
        getattr(tflite, f"{name}Start")(self.builder)
        for field, value in fields.items():
            getattr(tflite, f"{name}Add{field}")(self.builder, value)
        return int(getattr(tflite, f"{name}End")(self.builder))

    def _whole(self, numbers: Sequence[int]) -> int:
        return int(self.builder.CreateNumpyVector(np.array(numbers, "int32")))

    def _offsets(self, tables: Sequence[int]) -> int:
        self.builder.StartVector(4, len(tables), 4)
        for table in reversed(tables):
            self.builder.PrependUOffsetTRelative(table)
        return int(self.builder.EndVector())


def small_network(dtype: str) -> tuple[File, list[int], list[int]]:
    """Two convolutions, a sum, a mean over the map and a linear layer; what it is given, what it makes."""
    file = File()
    x = file.tensor(1, 16, 16, 3, name="x", dtype=dtype)
    stem = file.conv(x, (8, 3, 3, 3), 1, 8, 8, 8, stride=(2, 2), dtype=dtype, name="net/stem/Conv2D")
    deep = file.conv(stem, (1, 3, 3, 8), 1, 8, 8, 8, kind="DEPTHWISE_CONV_2D", dtype=dtype, name="net/deep/depthwise")
    added = file.run("ADD", [stem, deep], file.tensor(1, 8, 8, 8, dtype=dtype), options="Add")
    mean = file.run("MEAN", [added, file.numbers(1, 2)], file.tensor(1, 8, dtype=dtype), options="Reducer")
    bias = file.weight(4, dtype="int32" if dtype == "int8" else dtype)
    reads = [mean, file.weight(4, 8, dtype=dtype, name="arith.constant7"), bias]
    y = file.run("FULLY_CONNECTED", reads, file.tensor(1, 4, dtype=dtype), **DENSE)
    return file, [x], [y]


def open_file(*, signature: Sequence[int] = (-1, -1, -1, 3), shape: Sequence[int] = (1, 1, 1, 3)) -> tuple[Any, ...]:
    """A network of any size, which makes its map as large again as it was: the size is calculated."""
    file = File()
    x = file.tensor(*shape, name="serving_default_x:0", signature=signature)
    down = file.conv(x, (8, 3, 3, 3), -1, -1, -1, 8, stride=(2, 2), name="down/Conv2D")
    whole = file.run("SHAPE", [down], file.tensor(4, dtype="int32"), options="Shape", OutType=2)
    sides = [whole, file.numbers(1), file.numbers(3), file.numbers(1)]
    size = file.run("STRIDED_SLICE", sides, file.tensor(2, dtype="int32"), options="StridedSlice")
    doubled = file.run("MUL", [size, file.numbers(2, 2)], file.tensor(2, dtype="int32"), options="Mul")
    up = file.run(
        "RESIZE_NEAREST_NEIGHBOR", [down, doubled], file.tensor(-1, -1, -1, 8), options="ResizeNearestNeighbor"
    )
    y = file.conv(up, (4, 1, 1, 8), -1, -1, -1, 4, name="head/Conv2D")
    return file, [x], [y]

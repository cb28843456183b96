"""The header of a safetensors file: the names, shapes and dtypes of its tensors, whose values are not read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sepcost.errors import ModelError
from sepcost.graphs.values import Value
from sepcost.sources.graph_limit import GraphLimit
from sepcost.text.units import exact, shortened

LENGTH = 8
"""How many bytes of a file say how long its header is."""
INDEX = ".index.json"
"""How the name of a file ends that says which of several files has which tensor."""
METADATA = "__metadata__"
MOST_AXES = 8
TENSOR = 256
"""How many bytes a tensor counts at least: with 8 MiB there are 32,767 of them."""
NAME = 64
"""How many bytes a name in an index counts at least."""
DTYPES = {
    "BOOL": "bool", "I8": "int8", "U8": "uint8", "I16": "int16", "U16": "uint16", "I32": "int32", "U32": "uint32",
    "I64": "int64", "U64": "uint64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu", "F4": "float4_e2m1fn",
    "C64": "complex64",
}  # fmt: skip


def shards_in(path: Path, limit: GraphLimit) -> dict[str, Path]:
    """The file of each tensor that an index names; all are in its own folder."""
    limit.spend(path.stat().st_size)
    data = path.read_bytes()
    limit.spend(max(0, NAME * sum(map(data.count, (b":", b"[", b"{"))) - len(data)))
    names = json.loads(data, object_pairs_hook=_once)["weight_map"]
    files = {file: path.with_name(file) for file in set(names.values())}  # a ValueError for a name with a folder
    return {name: files[file] for name, file in names.items()}


def tensors_in(path: Path, limit: GraphLimit) -> dict[str, Value]:
    """The tensors of a file; a ModelError where its header is not what it should be, or larger than the ``limit``."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH), "little")
        if length > size - LENGTH:
            raise ModelError(f"its header would have {exact(length)} bytes, and the file has {exact(size)}: cut off?")
        limit.spend(length)
        header = _parsed(file.read(length), limit)
    header.pop(METADATA, None)
    values = {name: _value(name, fields) for name, fields in header.items()}
    _check_places(header, values, size - LENGTH - length)
    return values


def _parsed(data: bytes, limit: GraphLimit) -> dict[str, Any]:
    """The JSON, in which each name is once; a tensor has braces of its own, and few lists."""
    many = max(data.count(b"{"), data.count(b"[") // MOST_AXES)
    limit.spend(max(0, TENSOR * many - len(data)))
    return dict(json.loads(data, object_pairs_hook=_once))


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a name is there twice")
    return fields


def _value(name: str, fields: Mapping[str, Any]) -> Value:
    shape, dtype = fields["shape"], DTYPES.get(str(fields["dtype"]))
    if dtype is None:
        raise ModelError(f"{shortened(name)}: its dtype is {shortened(str(fields['dtype']))}, which is not known")
    if len(shape) > MOST_AXES or not all(type(size) is int and 0 <= size < 2**63 for size in shape):
        raise ModelError(f"{shortened(name)}: its shape is {shortened(str(shape))}: at most {MOST_AXES} sizes are read")
    return Value(tuple(shape), dtype)


def _check_places(header: Mapping[str, Any], values: Mapping[str, Value], size: int) -> None:
    """A ModelError unless the tensors lie one after the other, up to the end of the file."""
    at = 0
    for (begin, end), name in sorted((header[name]["data_offsets"], name) for name in values):
        after = at + values[name].bytes
        if (begin, end) != (at, after):
            lies, should = (
                f"{shortened(str(first))} to {shortened(str(last))}" for first, last in ((begin, end), (at, after))
            )
            raise ModelError(f"{shortened(name)}: lies at bytes {lies}, and should at {should}")
        at = after
    if at != size:
        raise ModelError(f"its tensors have {exact(at)} bytes, and the file {exact(size)}: is it cut off or damaged?")

"""Skim: the bytes of an ONNX file without the numbers of its weights, copied out of a memory map."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from onnx import ModelProto, TensorProto

from sepcost.errors import ModelError
from sepcost.sources.graph_limit import GraphLimit
from sepcost.sources.onnx.kinds import SCOPES

SMALL = 2048
"""The largest numbers of a tensor that stay, in bytes: shapes, axes and pads are smaller."""
DEEPEST = 64
LEAST = 16
"""How many bytes a field counts at least: what is looked at is limited, too."""
UNUSED = {"doc_string", "external_data", "quantization_annotation", "training_info"}
"""Fields that nothing here reads: external data are never opened."""
METADATA, KEY = "metadata_props", 64
"""Notes of exporters, of which one is read; torch's newer one writes kilobytes to each node, traces of its stack."""
NUMBERS = {"float_data", "int32_data", "string_data", "int64_data", "raw_data", "double_data", "uint64_data"}
"""The fields of a tensor that have its numbers."""
VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
"""How protobuf writes a field (its documentation, under Encoding)."""
SIZES = {EIGHT: 8, FOUR: 4}


def skimmed(path: str, limit: GraphLimit) -> bytes:
    """The model as protobuf, without tensors of more than a few numbers; no more than the ``limit``.

    Raises ModelError for a file that is cut off, or has a larger graph.
    """
    try:
        with (
            Path(path).open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole,
            memoryview(whole) as data,
        ):
            return _Copy(data, limit).message(0, len(data), ModelProto.DESCRIPTOR)
    except ValueError as error:
        raise ModelError(f"cannot be read: {str(error).lower()}") from None


class _Copy:
    """Copies messages without what is not used, and without the numbers of large tensors."""

    def __init__(self, data: memoryview, limit: GraphLimit) -> None:
        self._data, self._limit = data, limit

    def message(self, at: int, end: int, kind: Any, depth: int = 0) -> bytes:
        """The fields of a message of this kind. An IndexError where they do not fit."""
        data, fields, copied = self._data, _fields(kind), list[bytes]()
        while at < end:
            begin = at
            tag, at = _varint(data, at, end)
            name, inner = fields.get(tag >> 3, ("", None))
            wire, size = tag & 7, 0
            if wire == VARINT:
                _, at = _varint(data, at, end)
            elif wire == BYTES:
                size, at = _varint(data, at, end)
            else:
                size = SIZES.get(wire, end)
            if at + size > end or depth > DEEPEST:
                raise IndexError(f"byte {begin}")
            is_large = kind is TensorProto.DESCRIPTOR and name in NUMBERS and (size > SMALL or wire in SIZES)
            is_note = name == METADATA and SCOPES.encode() not in bytes(data[at : at + min(size, KEY)])
            if not name or name in UNUSED or is_large or is_note:
                self._limit.spend(LEAST)
            elif inner is not None and wire == BYTES:
                self._limit.spend(LEAST)
                message = self.message(at, at + size, inner, depth + 1)
                copied += (_as_varint(tag), _as_varint(len(message)), message)
            else:
                self._limit.spend(max(LEAST, at + size - begin))
                copied.append(bytes(data[begin : at + size]))
            at += size
        return b"".join(copied)


@cache
def _fields(kind: Any) -> Mapping[int, tuple[str, Any]]:
    """The fields of a message by their numbers: the name of each, and which message it is, if it is one."""
    return {number: (field.name, field.message_type) for number, field in kind.fields_by_number.items()}


def _varint(data: memoryview, at: int, end: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    number = shift = 0
    while True:
        if at >= end or shift > 63:
            raise IndexError(f"byte {at}")
        byte = data[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at


def _as_varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])

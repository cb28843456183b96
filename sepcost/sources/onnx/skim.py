"""Skim: the bytes of an ONNX file without the numbers of its weights, copied out of a memory map."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from pathlib import Path

from sepcost.errors import ModelError
from sepcost.sources.graph_limit import GraphLimit

SMALL = 2048
"""The largest tensor that stays, in bytes: shapes, axes and pads are smaller."""
DEEPEST = 64
LEAST = 16
"""How many bytes a field counts at least: what is looked at is limited, too."""
MODEL, GRAPH, NODE, ATTRIBUTE, FUNCTION, TENSOR, SPARSE = range(7)
INNER: Mapping[int, Mapping[int, int]] = {
    MODEL: {7: GRAPH, 25: FUNCTION},
    GRAPH: {1: NODE, 5: TENSOR, 15: SPARSE},
    NODE: {5: ATTRIBUTE},
    ATTRIBUTE: {5: TENSOR, 6: GRAPH, 10: TENSOR, 11: GRAPH, 22: SPARSE, 23: SPARSE},
    FUNCTION: {7: NODE, 11: ATTRIBUTE},
    SPARSE: {1: TENSOR, 2: TENSOR},
    TENSOR: {},
}
"""The fields of each message that are messages, by their numbers in onnx.proto."""
NUMBERS = {4, 5, 6, 7, 9, 10, 11}
"""The fields of a tensor that have its numbers."""
VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
"""How protobuf writes a field (its documentation, under Encoding)."""


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
            return _Copy(data, limit).message(0, len(data), MODEL)
    except ValueError as error:
        raise ModelError(f"cannot be read: {str(error).lower()}") from None


class _Copy:
    """Copies messages without the numbers of large tensors."""

    def __init__(self, data: memoryview, limit: GraphLimit) -> None:
        self._data, self._limit = data, limit

    def message(self, at: int, end: int, kind: int, depth: int = 0) -> bytes:
        """The fields of a message. An IndexError where they do not fit."""
        data, inner, copied = self._data, INNER[kind], list[bytes]()
        while at < end:
            begin = at
            tag, at = _varint(data, at, end)
            field, wire = tag >> 3, tag & 7
            size = 0
            if wire == VARINT:
                _, at = _varint(data, at, end)
            elif wire == BYTES:
                size, at = _varint(data, at, end)
            else:
                size = {EIGHT: 8, FOUR: 4}[wire] if wire in (EIGHT, FOUR) else end + 1
            if at + size > end or depth > DEEPEST:
                raise IndexError(f"byte {begin}")
            is_left_out = kind == TENSOR and field in NUMBERS and (size > SMALL or wire in (FOUR, EIGHT))
            if field in inner and wire == BYTES and size > SMALL:
                self._limit.spend(LEAST)
                message = self.message(at, at + size, inner[field], depth + 1)
                copied += (bytes(data[begin : _varint(data, begin, end)[1]]), _as_varint(len(message)), message)
            else:
                self._limit.spend(LEAST if is_left_out else max(LEAST, at + size - begin))
                copied += () if is_left_out else (bytes(data[begin : at + size]),)
            at += size
        return b"".join(copied)


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

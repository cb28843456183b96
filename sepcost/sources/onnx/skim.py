"""Skim: the bytes of an ONNX file without the numbers of its weights, copied out of a memory map."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path

from sepcost.errors import ModelError
from sepcost.text.units import exact

SMALL = 2048
"""The largest tensor that stays, in bytes: shapes, axes and pads are smaller."""
DEEPEST = 64
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


def skimmed(path: str, limit: int) -> bytes:
    """The model as protobuf, without tensors of more than a few numbers; at most ``limit`` bytes.

    Raises ModelError for a file that cannot be read, is cut off, or has a larger graph.
    """
    try:
        with (
            Path(path).open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole,
            memoryview(whole) as data,
        ):
            return b"".join(_within(_copied(data, 0, len(data), MODEL), limit))
    except OSError as error:
        raise ModelError(f"cannot be read: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:
        raise ModelError(f"cannot be read: {str(error).lower()}") from None


def _within(parts: Iterator[bytes], limit: int) -> Iterator[bytes]:
    many = 0
    for part in parts:
        many += len(part)
        if many > limit:
            said = f"its graph has more than {exact(limit)} bytes"
            raise ModelError(f"{said}: --graph-limit {exact(2 * limit).replace(',', '')} reads more")
        yield part


def _copied(data: memoryview, at: int, end: int, kind: int, depth: int = 0) -> Iterator[bytes]:
    """The fields of a message, without the numbers of large tensors. An IndexError where they do not fit."""
    inner = INNER[kind]
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
        if field in inner and wire == BYTES and size > SMALL:
            message = b"".join(_copied(data, at, at + size, inner[field], depth + 1))
            yield bytes(data[begin : _varint(data, begin, end)[1]]) + _as_varint(len(message)) + message
        elif not (kind == TENSOR and field in NUMBERS and (size > SMALL or wire in (FOUR, EIGHT))):
            yield bytes(data[begin : at + size])
        at += size


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

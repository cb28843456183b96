"""Splitting: a stream as the bytes of its documents, each as soon as its last line is read; streams may be endless."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple, TypeAlias

Numbered: TypeAlias = Iterable[tuple[int, bytes]]
"""Lines, each with the number of lines before it."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BETWEEN_DOCUMENTS = (b"---", b"...", b"#", b"%")
"""How a line of a YAML stream begins before a document, or after a whole one."""
JSON_GOES_ON = (b"[", b"{", b",", b":")
"""How a line ends after which JSON goes on."""


class Piece(NamedTuple):
    """The bytes of one document, and how many lines are before them."""

    lines_before: int
    data: bytes
    is_json: bool = False


def pieces(lines: Iterable[bytes], *, json_lines: bool = False) -> Iterator[Piece]:
    r"""The documents of a YAML stream, or of JSON Lines: a line each; ``json_lines`` if that is known beforehand.

    A line that begins with ``---`` always begins a YAML document (YAML 1.2, section 9.1.2); so a mistake in one
    document does not touch the next.

    >>> [piece.data for piece in pieces([b"a: 1\n", b"---\n", b"b: 2\n"])]
    [b'a: 1\n', b'---\nb: 2\n']
    >>> [piece.data for piece in pieces([b'{"a": 1}\n', b'{"b": 2}\n'])]
    [b'{"a": 1}', b'{"b": 2}']
    """
    numbered = iter(enumerate(lines))
    first = [] if json_lines else _to_next_line(numbered)
    if first and _is_json(first[-1][1]):
        yield from _json_lines(first)
        second = _to_next_line(numbered)
        goes_on_as_yaml = bool(second) and second[-1][1].startswith(BETWEEN_DOCUMENTS)
        yield from (_yaml_documents if goes_on_as_yaml else _json_lines)(chain(second, numbered))
        return
    second = _to_next_line(numbered) if first else []
    a_line_is_wrong = bool(second) and _is_json(second[-1][1]) and not _goes_on(first[-1][1])
    read = chain(first, second, numbered)
    yield from (_json_lines if json_lines or a_line_is_wrong else _yaml_documents)(read)


def _to_next_line(lines: Iterator[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """The lines up to the first that is not blank."""
    read: list[tuple[int, bytes]] = []
    for number, line in lines:
        read.append((number, line))
        if line.strip():
            break
    return read


def _goes_on(line: bytes) -> bool:
    """Whether JSON may follow this line as a part of the same document."""
    return line.removeprefix(BYTE_ORDER_MARK).startswith(BETWEEN_DOCUMENTS) or line.strip().endswith(JSON_GOES_ON)


def _is_json(line: bytes) -> bool:
    """Whether the line is a whole object or list by itself."""
    text = line.removeprefix(BYTE_ORDER_MARK)
    if text[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _json_lines(lines: Numbered) -> Iterator[Piece]:
    for number, line in lines:
        if line.strip():
            yield Piece(number, line.rstrip(), is_json=True)


def _yaml_documents(lines: Numbered) -> Iterator[Piece]:
    piece: list[bytes] = []
    start, begun = 0, False
    for number, line in lines:
        if not piece:
            start = number
        if line.startswith(b"---") and not line[3:4].strip():
            if begun:
                yield Piece(start, b"".join(piece))
                piece, start = [], number
            begun = True
        elif not begun and not line.startswith((b"%", b"#")) and line.strip():
            begun = True
        piece.append(line)
        if line.startswith(b"...") and not line[3:4].strip():
            yield Piece(start, b"".join(piece))
            piece, begun = [], False
    if piece:
        yield Piece(start, b"".join(piece))

"""A stream as documents: each as soon as its last line is read, so that streams may be endless."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple


class Piece(NamedTuple):
    """The bytes of one document, and how many lines stand before them."""

    lines_before: int
    data: bytes
    is_json: bool = False


def pieces(lines: Iterable[bytes]) -> Iterator[Piece]:
    r"""The documents of a YAML stream, or of JSON Lines: a line each.

    A line that begins with ``---`` begins a YAML document, wherever it stands (YAML 1.2, section 9.1.2); so what is
    wrong in one document does not touch the next.

    >>> [piece.data for piece in pieces([b"a: 1\n", b"---\n", b"b: 2\n"])]
    [b'a: 1\n', b'---\nb: 2\n']
    >>> [piece.data for piece in pieces([b'{"a": 1}\n', b'{"b": 2}\n'])]
    [b'{"a": 1}', b'{"b": 2}']
    """
    rest = iter(lines)
    first = _first_two(rest)
    together = chain(first, rest)
    return _json_lines(together) if _are_json_lines(first) else _yaml_documents(together)


def _first_two(lines: Iterator[bytes]) -> list[bytes]:
    """As many lines as hold the first two that are not blank."""
    read: list[bytes] = []
    found = 0
    while found < 2 and (line := next(lines, None)) is not None:
        read.append(line)
        found += bool(line.strip())
    return read


def _are_json_lines(first: list[bytes]) -> bool:
    """Whether the first line is JSON by itself, and another one follows."""
    written = [line.strip().removeprefix(b"\xef\xbb\xbf") for line in first if line.strip()]
    if len(written) < 2 or not all(line[:1] in (b"{", b"[") for line in written):
        return False
    try:
        json.loads(written[0])
    except (ValueError, RecursionError):
        return False
    return True


def _json_lines(lines: Iterable[bytes]) -> Iterator[Piece]:
    for number, line in enumerate(lines):
        if line.strip():
            yield Piece(number, line.rstrip(), is_json=True)


def _yaml_documents(lines: Iterable[bytes]) -> Iterator[Piece]:
    piece: list[bytes] = []
    start, begun = 0, False
    for number, line in enumerate(lines):
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
            piece, start, begun = [], number + 1, False
    if piece:
        yield Piece(start, b"".join(piece))

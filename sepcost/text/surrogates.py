r"""What JSON writes as two escapes, ``\ud83c\udf89``, as the one escape that YAML has for it."""

from __future__ import annotations

import json
import re

from sepcost.errors import ConfigError, ConfigProblem

BEFORE_A_VALUE = re.compile(r"(?:---(?=\s)|[#%][^\n]*|\s+)*")
"""Markers, comments and directives of YAML."""
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
ESCAPE = re.compile(r"(?P<pair>\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|(?P<alone>\\u[dD][89a-fA-F]..)|\\.")


def with_whole_characters(text: str, source: str) -> str:
    r"""A document in JSON, with each pair of surrogates as one escape; any other document as it is.

    Blanks after the text with the pair keep the rest of the line in its column. A ConfigError says where a
    surrogate is alone.

    >>> print(with_whole_characters(r'{"name": "\ud83c\udf89", "K": 3}', "net.json"))
    {"name": "\U0001f389"  , "K": 3}
    """
    if not SURROGATE.search(text):
        return text
    before = BEFORE_A_VALUE.match(text)
    start = before.end() if before else 0
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return text
    for escape in ESCAPE.finditer(text, start, end):
        if escape["alone"]:
            message = f"{escape[0]} is half of a character: the other half must follow"
            raise ConfigError([ConfigProblem(source, *mark_at(text, escape.start()), "", message)])
    return text[:start] + JSON_TEXT.sub(_with_pairs_joined, text[start:end]) + text[end:]


def mark_at(text: str, index: int) -> tuple[int, int]:
    r"""Line and column of a character, from 1.

    >>> mark_at("{\n 7}", 3)
    (2, 2)
    """
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _with_pairs_joined(found: re.Match[str]) -> str:
    return ESCAPE.sub(_joined, found[0]).ljust(len(found[0]))


def _joined(escape: re.Match[str]) -> str:
    if not escape["pair"]:
        return escape[0]
    character = json.loads(f'"{escape[0]}"')
    return f"\\U{ord(character):08x}"

"""JSON that may have been edited, read strictly: no key twice, and no number that cannot be a count."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from sepcost.errors import ConfigError, ConfigProblem
from sepcost.text.units import shortened
from sepcost.text.wording import Path, path_text

LONGEST = 1100
"""Digits that no count has: the numbers of a config have a thousand at most."""

BLANKS = re.compile(r"[ \t\n\r]*")


def parsed(text: str, constant: Callable[[str], Any] | None = None) -> Any:
    """The value that the JSON is; raises ConfigError for what JSON or sepcost does not allow, with its place.

    ``constant`` reads NaN and Infinity, which otherwise are refused without their place.
    """
    try:
        return json.loads(text, parse_int=_whole, parse_constant=constant or _constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        what = f"is not JSON: {error.msg[0].lower()}{error.msg[1:].removesuffix(' starting at')}"
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            what = "is not whole JSON, it ends too early: write it again"
        elif error.msg == "Extra data":
            what = "goes on after its first object: give one output of sepcost compare --format json"
        raise ConfigError([ConfigProblem("", error.lineno, error.colno, "", what)]) from None
    except RecursionError:
        refuse("is nested too deep")


def line_of(text: str, path: Path) -> int:
    r"""The line that a value of the JSON begins on; it looks for it from the start, so only for a message.

    >>> line_of('{"a": 1,\n "b": [2,\n 3]}', ("b", 1))
    3
    """
    position = _after_blanks(text, 0)
    for step in path:
        position = next(start for key, start in _items(text, position) if key == step)
    return text.count("\n", 0, position) + 1


def _items(text: str, start: int) -> Iterator[tuple[str | int, int]]:
    """The keys or numbers of what an object or a list holds, and where each value begins."""
    decode = json.JSONDecoder().raw_decode
    number, position = 0, _after_blanks(text, start + 1)
    while text[position] not in "]}":
        key: str | int = number
        if text[start] == "{":
            key, position = decode(text, position)
            position = _after_blanks(text, _after_blanks(text, position) + 1)
        yield key, position
        position = _after_blanks(text, decode(text, position)[1])
        if text[position] == ",":
            position = _after_blanks(text, position + 1)
        number += 1


def _after_blanks(text: str, position: int) -> int:
    found = BLANKS.match(text, position)
    return found.end() if found else position


def refuse(message: str, path: Path = (), line: int = 0) -> NoReturn:
    """Raise a ConfigError; the caller adds the source."""
    raise ConfigError([ConfigProblem("", line, 1 if line else 0, path_text(path), message)])


def shown(value: Any) -> str:
    """A value as a message shows it.

    >>> shown(True), shown([1, 2]), shown("a")
    ('true', 'a list', '"a"')
    """
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    return shortened(json.dumps(value, ensure_ascii=False))


def _whole(digits: str) -> int:
    if len(digits) > LONGEST:
        refuse(f"has a number that no count can be: {shortened(digits)}")
    return int(digits)


def _constant(word: str) -> NoReturn:
    refuse(f"has {word} in it, which is no number of JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        refuse(f"gives the key `{shortened(twice)}` twice in one object")
    return mapping

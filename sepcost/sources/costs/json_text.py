"""JSON that may have been edited, read strictly: no key twice, and no number that cannot be a count."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

from sepcost.errors import ConfigError, ConfigProblem
from sepcost.text.units import shortened
from sepcost.text.wording import Path, path_text

LONGEST = 1100
"""Digits that no count has: the numbers of a config have a thousand at most."""


def parsed(text: str) -> Any:
    """The value that the JSON is; raises ConfigError for what JSON or sepcost does not allow, with its place."""
    try:
        return json.loads(text, parse_int=_whole, parse_constant=_constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        what = f"is not JSON: {error.msg[0].lower()}{error.msg[1:].removesuffix(' starting at')}"
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            what = "is not whole JSON, it ends too early: write it again"
        elif error.msg == "Extra data":
            what = "goes on after its first object: give one output of sepcost compare --format json"
        raise ConfigError([ConfigProblem("", error.lineno, error.colno, "", what)]) from None
    except RecursionError:
        refuse("is nested too deep")


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

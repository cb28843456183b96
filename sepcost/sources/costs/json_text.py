"""JSON that somebody may have edited, read strictly: a value, where it is, and what it must be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

from sepcost.errors import ConfigError, ConfigProblem
from sepcost.text.units import shortened

LONGEST = 1100
"""Digits that no count has: the numbers of a config have a thousand at most."""
MOST_AXES = 4
"""Channels, and three axes of a map."""
COMPARE = "sepcost compare --format json"


class Place:
    """A value of a file, and where in it; each method gives it as what it must be, or refuses it.

    ``writer`` is what should have written the file.
    """

    def __init__(self, value: Any, source: str, path: str = "", writer: str = COMPARE) -> None:
        self.value = value
        self.source = source
        self.path = path
        self.writer = writer

    def refuse(self, message: str) -> NoReturn:
        refuse(self.source, message, self.path)

    def at(self, key: str) -> Place:
        """The value under this key."""
        if not isinstance(self.value, dict):
            self.refuse(f"must be an object, got {shown(self.value)}")
        if key not in self.value:
            self.refuse(f"missing key `{key}`: this is not what {self.writer} writes")
        return Place(self.value[key], self.source, f"{self.path}.{key}".lstrip("."), self.writer)

    def has(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def names(self) -> list[str]:
        return [shortened(key) for key in self.value] if isinstance(self.value, dict) else []

    def items(self, what: str) -> Iterator[Place]:
        """The items of a list, of which there must be one."""
        if not isinstance(self.value, list):
            self.refuse(f"must be a list, got {shown(self.value)}")
        if not self.value:
            self.refuse(f"must have at least one {what}")
        for number, item in enumerate(self.value):
            yield Place(item, self.source, f"{self.path}[{number}]", self.writer)

    def entries(self) -> Iterator[tuple[str, Place]]:
        """The values of an object under their keys."""
        if not isinstance(self.value, dict):
            self.refuse(f"must be an object, got {shown(self.value)}")
        for key in self.value:
            yield key, self.at(key)

    def text(self) -> str:
        if not isinstance(self.value, str):
            self.refuse(f"must be a text, got {shown(self.value)}")
        return self.value

    def count(self) -> int:
        if type(self.value) is not int:
            self.refuse(f"must be a whole number, got {shown(self.value)}")
        if self.value < 0:
            self.refuse(f"must not be negative, got {shown(self.value)}")
        return self.value

    def flag(self, key: str) -> bool:
        """Whether this key is there and true."""
        return self.has(key) and self.at(key).value is True

    def version(self, known: int) -> None:
        """Refuse another version of the contract than the one that is read."""
        if type(self.value) is int and self.value > known:
            self.refuse(f"{shown(self.value)} is newer than this sepcost, which reads {known}: update sepcost")
        if type(self.value) is not int or self.value != known:
            self.refuse(f"must be {known}, got {shown(self.value)}")

    def factor(self) -> float:
        if type(self.value) not in (int, float) or not 0 < self.value <= 1000:
            self.refuse(f"must be a number above 0 and at most 1000, got {shown(self.value)}")
        return float(self.value)

    def fact(self) -> Any:
        """An argument or a shape: a flag, a number, a word, or a number for each axis."""
        if isinstance(self.value, list):
            if len(self.value) > MOST_AXES or not all(item is None or type(item) is int for item in self.value):
                self.refuse(f"must be a list of at most {MOST_AXES} whole numbers, got {shown(self.value)}")
            return tuple(self.value)
        if not (self.value is None or isinstance(self.value, (bool, int, str))):
            self.refuse(f"must be true, false, a whole number, a text or a list, got {shown(self.value)}")
        return self.value


def parsed(text: str, source: str) -> Any:
    """The value that the JSON is; raises ConfigError for what JSON or sepcost does not allow, with its place."""

    def whole(digits: str) -> int:
        if len(digits) > LONGEST:
            refuse(source, f"has a number that no count can be: {shortened(digits)}")
        return int(digits)

    def constant(word: str) -> NoReturn:
        refuse(source, f"has {word} in it, which is no number of JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) < len(pairs):
            twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
            refuse(source, f"gives the key `{shortened(twice)}` twice in one object")
        return mapping

    try:
        return json.loads(text, parse_int=whole, parse_constant=constant, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        what = f"is not JSON: {error.msg[0].lower()}{error.msg[1:].removesuffix(' starting at')}"
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            what = "is not whole JSON, it ends too early: write it again"
        elif error.msg == "Extra data":
            what = "goes on behind its first object: give one output of sepcost compare --format json"
        raise ConfigError([ConfigProblem(source, error.lineno, error.colno, "", what)]) from None
    except RecursionError:
        refuse(source, "is nested too deep")


def refuse(source: str, message: str, path: str = "", line: int = 0) -> NoReturn:
    """Raise a ConfigError."""
    raise ConfigError([ConfigProblem(source, line, 1 if line else 0, path, message)])


def shown(value: Any) -> str:
    """A value as a message shows it.

    >>> shown(True), shown([1, 2]), shown("a")
    ('true', 'a list', '"a"')
    """
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return shortened(json.dumps(value, ensure_ascii=False))

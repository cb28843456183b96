"""A strict and fast reader of YAML: plain data, each value with its place, and nothing executed.

It reads the parser's events, not PyYAML's nodes and objects. That is several times faster, finds duplicate keys, and
limits depth and aliases before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn, TypeAlias

import yaml

from sepcost.errors import ConfigError, ConfigProblem
from sepcost.network.architecture import MOST_PROBLEMS
from sepcost.sources.yaml.reading.quota import Quota
from sepcost.text.surrogates import mark_at, with_whole_characters
from sepcost.text.units import shortened

DEEPEST = 64
TOO_DEEP = f"is nested more than {DEEPEST} deep"
INTEGER = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
LONGEST_SCALAR = 1000
"""A number with more characters stays text: reading it takes long, and no key allows it."""
TEXT_OF_A_VALUE = 50
"""A text of more characters counts as several values: an alias repeats all of it."""

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Mark: TypeAlias = tuple[int, int]
"""Line and column, both from 1."""

YamlValue: TypeAlias = "str | int | bool | YamlDict | YamlList"

FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that are not printable (YAML 1.1, section 5.1)."""

NOT_RENAMED: Mapping[str, str] = {}


class Text(str):
    """A scalar in quotes: always text."""

    __slots__ = ()


class YamlDict(dict[str, YamlValue]):
    """A mapping that knows its place, and those of its keys and values."""

    __slots__ = ("at", "mark", "weight", "written")

    def __init__(self, mark: Any) -> None:
        self.mark = mark
        self.at: dict[str, tuple[Any, Any]] = {}
        self.weight = 1
        self.written: Mapping[str, str] = NOT_RENAMED

    def rename(self, old: str, new: str) -> None:
        """Give a key another name; ``written`` has the one in the file."""
        self[new], self.at[new] = self.pop(old), self.at.pop(old)
        self.written = {**self.written, new: old}


class YamlList(list[YamlValue]):
    """A sequence that knows its place, and those of its items."""

    __slots__ = ("mark", "values_at", "weight")

    def __init__(self, mark: Any) -> None:
        self.mark = mark
        self.values_at: list[Any] = []
        self.weight = 1


class Document(NamedTuple):
    """One document of a stream: its value, where it begins, and what is wrong with its form.

    It is not ``complete`` if an alias has no value: then nothing further is checked.
    """

    value: YamlValue | None
    mark: Mark
    problems: list[ConfigProblem]
    complete: bool


def read_documents(data: bytes, source: str, quota: Quota, lines_before: int = 0) -> Iterator[Document]:
    """The documents of a YAML stream, each as soon as it is read.

    Scalars are ``true`` and ``false``, plain decimal integers, and text; nothing else is guessed. Raises ConfigError
    if the stream cannot be read any further. Places count from the first line of ``data``; ``lines_before`` is how
    many lines the file has before it.
    """
    text = with_whole_characters(_decoded(data, source), source)
    try:
        yield from _Reader(text, source, quota).documents()
    except yaml.reader.ReaderError:
        raise ConfigError([_unreadable_character(text, source)]) from None
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax_error(error, text, source, lines_before)]) from None


def _decoded(data: bytes, source: str) -> str:
    if data.startswith(b"\x1f\x8b"):
        raise ConfigError([ConfigProblem(source, 1, 1, "", "is compressed by gzip: unpack it first")])
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        raise ConfigError(
            [ConfigProblem(source, 1, 1, "", "is not UTF-8 (it looks like UTF-16 or UTF-32): save it as UTF-8")]
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        message = f"is not UTF-8: byte 0x{data[error.start]:02x} is not allowed here"
        raise ConfigError([ConfigProblem(source, line, column, "", message)]) from None


def _syntax_error(error: yaml.MarkedYAMLError, text: str, source: str, lines_before: int) -> ConfigProblem:
    mark = error.problem_mark or error.context_mark
    line, column = mark_of(mark) if mark else (0, 0)
    what = shortened(error.problem or "not YAML")
    if "nesting depth" in what:  # newer parsers read a whole line ahead, and have their own limit
        return ConfigProblem(source, line, column, "", TOO_DEEP)
    lines = text.splitlines()
    here = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())] or ("cannot start any token" in what and "\t" in here):
        return ConfigProblem(source, line, column, "", "a tab cannot indent: use spaces")
    begun = error.context_mark.line + lines_before + 1 if error.context_mark else 0
    started = f" ({error.context}, begun on line {begun})" if begun else ""
    return ConfigProblem(source, line, column, "", f"is not YAML: {what}{started}")


def _unreadable_character(text: str, source: str) -> ConfigProblem:
    """The first character that YAML forbids; the parsers count its position in other units."""
    found = FORBIDDEN.search(text)
    if found is None:
        return ConfigProblem(source, 1, 1, "", "has a character that YAML does not allow")
    message = f"character U+{ord(found[0]):04X} is not allowed in YAML"
    return ConfigProblem(source, *mark_at(text, found.start()), "", message)


class _Reader:
    """Turns the events of one stream into documents."""

    def __init__(self, text: str, source: str, quota: Quota) -> None:
        self.quota = quota
        self.text = text
        self.source = source
        self.problems: list[ConfigProblem] = []
        self.complete = True
        self.anchors: dict[str, YamlValue | None] = {}
        self.parser = Loader(text)
        self.next_event = self.parser.get_event

    def documents(self) -> Iterator[Document]:
        while True:
            event = self.next_event()
            kind = type(event)
            if kind is yaml.StreamEndEvent:
                return
            if kind is not yaml.DocumentStartEvent:
                continue
            self.problems, self.anchors, self.complete = [], {}, True
            first = self.next_event()
            value = self._value(first, 1)
            yield Document(value, mark_of(first.start_mark), self.problems, self.complete)

    def _value(self, event: Any, depth: int) -> YamlValue | None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            return self._scalar(event)
        if kind is yaml.AliasEvent:
            return self._aliased(event)
        if depth > DEEPEST:
            self._stop(event.start_mark, TOO_DEEP)
        if event.tag is not None:
            self._refuse_tag(event)
        return self._block(event, depth) if kind is yaml.MappingStartEvent else self._items(event, depth)

    def _scalar(self, event: Any) -> YamlValue:
        value = plain_value(event.value) if event.implicit[0] else Text(event.value)
        if event.tag is not None:
            self._refuse_tag(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        return value

    def _block(self, event: Any, depth: int) -> YamlDict:
        block = YamlDict(event.start_mark)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        merged: list[YamlDict] | None = None
        next_event, scalar, end = self.next_event, yaml.ScalarEvent, yaml.MappingEndEvent
        while type(key_event := next_event()) is not end:
            if type(key_event) is not scalar:
                self._stop(key_event.start_mark, "a key must be a single word")
            value_event = next_event()
            value = self._scalar(value_event) if type(value_event) is scalar else self._value(value_event, depth + 1)
            key = key_event.value
            if key_event.tag is not None or key_event.anchor is not None:
                self._scalar(key_event)
            if key == "<<" and key_event.implicit[0]:
                if merged is None:
                    merged = []
                else:
                    self._note_twice(key_event)
                merged += self._merged(value, value_event)
                continue
            if key in block:
                self._note_twice(key_event)
            if value is not None:
                block[key] = value
                block.at[key] = key_event.start_mark, value_event.start_mark
        for other in merged or ():
            for key in other.keys() - block.keys():
                block[key], block.at[key] = other[key], other.at[key]
        block.weight = weight(block.values())
        if event.anchor is not None:
            self.anchors[event.anchor] = block
        return block

    def _items(self, event: Any, depth: int) -> YamlList:
        items = YamlList(event.start_mark)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        while True:
            item_event = self.next_event()
            if type(item_event) is yaml.SequenceEndEvent:
                break
            value = self._value(item_event, depth + 1)
            if value is None:
                continue
            items.append(value)
            items.values_at.append(item_event.start_mark)
        items.weight = weight(items)
        if event.anchor is not None:
            self.anchors[event.anchor] = items
        return items

    def _aliased(self, event: Any) -> YamlValue | None:
        if event.anchor not in self.anchors:
            self.complete = False
            self._note(event.start_mark, f"alias *{shortened(event.anchor)} has no anchor before it")
            return None
        value = self.anchors[event.anchor]
        if value is None:
            self.complete = False
            self._note(event.start_mark, f"alias *{shortened(event.anchor)} is inside of what it repeats")
            return None
        self.quota.take(values=_weight(value))
        if self.quota.values < 0:
            self._stop(event.start_mark, "aliases repeat more values than the size of the file allows")
        return value

    def _merged(self, value: YamlValue | None, event: Any) -> list[YamlDict]:
        if value is None:
            return []
        blocks = list(value) if isinstance(value, YamlList) else [value]
        if not all(isinstance(block, YamlDict) for block in blocks):
            self._note(event.start_mark, "`<<` merges mappings, and this is not a mapping")
        return [block for block in blocks if isinstance(block, YamlDict)]

    def _refuse_tag(self, event: Any) -> None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        self._note(event.start_mark, f"tag {shortened(tag)} is not allowed: values are written plainly")

    def _note_twice(self, key_event: Any) -> None:
        self._note(key_event.start_mark, f"key `{shortened(key_event.value)}` is given twice")

    def _note(self, mark: Any, message: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(self._problem(*mark_of(mark), message))

    def _stop(self, mark: Any, message: str) -> NoReturn:
        raise ConfigError([*self.problems, self._problem(*mark_of(mark), message)])

    def _problem(self, line: int, column: int, message: str) -> ConfigProblem:
        return ConfigProblem(self.source, line, column, "", message)


@lru_cache(maxsize=10_000)
def plain_value(text: str) -> YamlValue:
    """The value of a scalar without quotes: ``true``, ``false``, a plain decimal integer, or text."""
    if len(text) <= LONGEST_SCALAR and INTEGER.fullmatch(text):
        return int(text)
    if text == "true":
        return True
    return False if text == "false" else text


def weight(values: Iterable[YamlValue]) -> int:
    """How many values there are, the collection too, with all aliases written out."""
    return 1 + sum(map(_weight, values))


def _weight(value: YamlValue) -> int:
    if isinstance(value, (YamlDict, YamlList)):
        return value.weight
    return 1 + len(value) // TEXT_OF_A_VALUE if isinstance(value, str) else 1


def mark_of(mark: Any) -> Mark:
    """A mark of PyYAML, counted from 1 as in editors."""
    return mark.line + 1, mark.column + 1


def place(value: Any, path: tuple[str | int, ...], *, key: bool = False) -> Mark | None:
    """The place of the value at ``path``, or of its key; if it has none, that of the nearest value around it."""
    mark = getattr(value, "mark", None)
    for number, step in enumerate(path):
        last = number == len(path) - 1
        if isinstance(value, YamlDict) and step in value.at:
            mark = value.at[str(step)][0 if key and last else 1]
        elif isinstance(value, YamlList) and isinstance(step, int) and step < len(value):
            mark = value.values_at[step]
        else:
            break
        value = value[step]
    return None if mark is None else mark_of(mark)

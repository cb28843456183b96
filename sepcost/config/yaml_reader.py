"""A strict and fast reader of YAML: plain data with the place of everything in it, and nothing executed.

It reads the parser's events, not PyYAML's nodes and objects: that is several times faster, sees duplicate keys,
and bounds depth and aliases before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import yaml

from sepcost.errors import ConfigError, ConfigProblem
from sepcost.units import shortened

DEEPEST = 64
INTEGER = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
LONGEST = 1000
"""A number with more characters stays text: reading it would take long, and no key allows it."""
LARGEST_DOCUMENT = 5_000_000
"""Values that one document may have when its aliases are written out: 100,000 layers with 50 values each."""

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Mark: TypeAlias = tuple[int, int]
"""Line and column, both from 1."""

Value: TypeAlias = "str | int | bool | Block | Items"

NOT_RENAMED: Mapping[str, str] = {}


class Text(str):
    """A scalar that was quoted: always text, whatever it looks like."""

    __slots__ = ()


class Block(dict[str, Value]):
    """A mapping that knows where it, its keys and its values stand."""

    __slots__ = ("keys_at", "mark", "values_at", "weight", "written")

    def __init__(self, mark: Any) -> None:
        self.mark = mark
        self.keys_at: dict[str, Any] = {}
        self.values_at: dict[str, Any] = {}
        self.weight = 1
        self.written: Mapping[str, str] = NOT_RENAMED

    def rename(self, old: str, new: str) -> None:
        """Let a key be another; ``written`` remembers what stands in the file."""
        for mapping in (self, self.keys_at, self.values_at):
            mapping[new] = mapping.pop(old)
        self.written = {**self.written, new: old}


class Items(list[Value]):
    """A sequence that knows where it and its items stand."""

    __slots__ = ("mark", "values_at", "weight")

    def __init__(self, mark: Any) -> None:
        self.mark = mark
        self.values_at: list[Any] = []
        self.weight = 1


class Document:
    """One document of a stream: its value, where it begins, and what was wrong with its form."""

    def __init__(self, value: Value | None, mark: Mark, problems: list[ConfigProblem]) -> None:
        self.value = value
        self.mark = mark
        self.problems = problems


def read_documents(data: bytes, source: str) -> Iterator[Document]:
    """The documents of a YAML stream, each as soon as it is read.

    Scalars are ``true`` and ``false``, plain decimal integers, and text; nothing else is guessed. Raises
    ConfigError where the stream cannot be read any further.
    """
    reader = _Reader(_decoded(data, source), source)
    try:
        yield from reader.documents()
    except yaml.reader.ReaderError as error:
        raise ConfigError([reader.unreadable_character(error)]) from None
    except yaml.MarkedYAMLError as error:
        raise ConfigError([reader.syntax_error(error)]) from None


def _decoded(data: bytes, source: str) -> str:
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
        message = f"is not UTF-8: byte 0x{data[error.start]:02x} cannot stand here"
        raise ConfigError([ConfigProblem(source, line, column, "", message)]) from None


class _Reader:
    """Turns the events of one stream into documents."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.problems: list[ConfigProblem] = []
        self.anchors: dict[str, Value | None] = {}
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
            self.problems, self.anchors = [], {}
            first = self.next_event()
            value = self._value(first, 1)
            yield Document(value, mark_of(first.start_mark), self.problems)

    def syntax_error(self, error: yaml.MarkedYAMLError) -> ConfigProblem:
        mark = error.problem_mark or error.context_mark
        line, column = mark_of(mark) if mark else (0, 0)
        what = shortened(error.problem or "not YAML")
        lines = self.text.splitlines()
        here = lines[line - 1] if 0 < line <= len(lines) else ""
        if "\t" in here[: len(here) - len(here.lstrip())] or ("cannot start any token" in what and "\t" in here):
            return self._problem(line, column, "a tab cannot indent: use spaces")
        started = f" ({error.context}, begun on line {error.context_mark.line + 1})" if error.context_mark else ""
        return self._problem(line, column, f"is not YAML: {what}{started}")

    def unreadable_character(self, error: yaml.reader.ReaderError) -> ConfigProblem:
        position = error.position if isinstance(error.position, int) else 0
        before = self.text[:position]
        column = position - before.rfind("\n")
        code = error.character if isinstance(error.character, int) else ord(str(error.character)[0])
        message = f"character U+{code:04X} is not allowed in YAML"
        return self._problem(before.count("\n") + 1, column, message)

    def _value(self, event: Any, depth: int) -> Value | None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            return self._scalar(event)
        if kind is yaml.AliasEvent:
            return self._aliased(event)
        if depth > DEEPEST:
            self._stop(event.start_mark, f"is nested more than {DEEPEST} deep")
        if event.tag is not None:
            self._refuse_tag(event)
        value = self._block(event, depth) if kind is yaml.MappingStartEvent else self._items(event, depth)
        if value.weight > LARGEST_DOCUMENT:
            self._stop(event.start_mark, "expands to more than 100,000 layers: its aliases multiply")
        return value

    def _scalar(self, event: Any) -> Value:
        text: str = event.value
        if event.tag is not None:
            self._refuse_tag(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = self._resolved(event, text)
        return self._resolved(event, text)

    def _resolved(self, event: Any, text: str) -> Value:
        if not event.implicit[0]:
            return Text(text)
        if len(text) <= LONGEST and INTEGER.fullmatch(text):
            return int(text)
        if text == "true":
            return True
        return False if text == "false" else text

    def _block(self, event: Any, depth: int) -> Block:
        block = Block(event.start_mark)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        merged: list[Block] = []
        next_event, scalar = self.next_event, yaml.ScalarEvent
        while True:
            key_event = next_event()
            if type(key_event) is yaml.MappingEndEvent:
                break
            value_event = next_event() if type(key_event) is scalar else self._refuse_key(key_event)
            value = self._value(value_event, depth + 1)
            key = key_event.value
            if key_event.tag is not None or key_event.anchor is not None:
                self._scalar(key_event)
            if key == "<<" and key_event.implicit[0]:
                merged += self._merged(value, value_event)
                continue
            if key in block:
                self._note(key_event.start_mark, f"key `{shortened(key)}` is given twice")
            if value is None:
                continue
            block[key] = value
            block.keys_at[key] = key_event.start_mark
            block.values_at[key] = value_event.start_mark
            block.weight += 1 if not isinstance(value, (Block, Items)) else value.weight
        for other in merged:
            block.weight += other.weight
            for key in other:
                if key not in block:
                    block[key] = other[key]
                    block.keys_at[key] = other.keys_at[key]
                    block.values_at[key] = other.values_at[key]
        if event.anchor is not None:
            self.anchors[event.anchor] = block
        return block

    def _items(self, event: Any, depth: int) -> Items:
        items = Items(event.start_mark)
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
            items.weight += 1 if not isinstance(value, (Block, Items)) else value.weight
        if event.anchor is not None:
            self.anchors[event.anchor] = items
        return items

    def _aliased(self, event: Any) -> Value | None:
        if event.anchor not in self.anchors:
            self._note(event.start_mark, f"alias *{shortened(event.anchor)} has no anchor before it")
            return None
        value = self.anchors[event.anchor]
        if value is None:
            self._note(event.start_mark, f"alias *{shortened(event.anchor)} stands inside of what it repeats")
        return value

    def _merged(self, value: Value | None, event: Any) -> list[Block]:
        if value is None:
            return []
        blocks = list(value) if isinstance(value, Items) else [value]
        if not all(isinstance(block, Block) for block in blocks):
            self._note(event.start_mark, "`<<` merges mappings, and this is none")
        return [block for block in blocks if isinstance(block, Block)]

    def _refuse_tag(self, event: Any) -> None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        self._note(event.start_mark, f"tag {shortened(tag)} is not allowed: values are written plainly")

    def _refuse_key(self, event: Any) -> Any:
        self._stop(event.start_mark, "a key must be a single word")

    def _note(self, mark: Any, message: str) -> None:
        self.problems.append(self._problem(*mark_of(mark), message))

    def _stop(self, mark: Any, message: str) -> None:
        raise ConfigError([*self.problems, self._problem(*mark_of(mark), message)])

    def _problem(self, line: int, column: int, message: str) -> ConfigProblem:
        return ConfigProblem(self.source, line, column, "", message)


def mark_of(mark: Any) -> Mark:
    """A mark of PyYAML's, counted from 1 as editors do."""
    return mark.line + 1, mark.column + 1


_KEY = re.compile(r"[\w-]+")


def path_text(path: tuple[str | int, ...]) -> str:
    """A path as people write it.

    >>> path_text(("layers", 3, "K"))
    'layers[3].K'
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (step if _KEY.fullmatch(step) else shortened(repr(step)))
    return text


def place(value: Any, path: tuple[str | int, ...], *, key: bool = False) -> Mark | None:
    """Where the value at ``path`` stands (or its key); the nearest thing around it that has a place, if it has none."""
    mark = getattr(value, "mark", None)
    for number, step in enumerate(path):
        last = number == len(path) - 1
        if isinstance(value, Block) and step in value.values_at:
            mark = (value.keys_at if key and last else value.values_at)[str(step)]
        elif isinstance(value, Items) and isinstance(step, int) and step < len(value):
            mark = value.values_at[step]
        else:
            break
        value = value[step]
    return None if mark is None else mark_of(mark)

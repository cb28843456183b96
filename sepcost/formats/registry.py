"""The formats by their names: a file each in this folder, which is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from sepcost.errors import SepcostError
from sepcost.formats.format import Format, ResultName
from sepcost.text.options import read_options, split_options
from sepcost.text.units import NumberError
from sepcost.text.wording import did_you_mean, in_one_line, listed

USUAL = "table"
"""What is written unless another format is given."""
_OF_ALL = {"__init__", "format", "people", "registry"}
"""The files that are no formats."""


@cache
def _files() -> dict[str, Path]:
    files = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.py")) if path.stem not in _OF_ALL}
    return {USUAL: files[USUAL], **files}


def format_names() -> list[str]:
    """The names of the formats, as help lists them: those of the files.

    >>> format_names()[0], {"csv", "json"} <= {*format_names()}
    ('table', True)
    """
    return list(_files())


def format_named(name: str) -> Format:
    """The format of that name."""
    format_: Format = import_module(f"sepcost.formats.{name}").FORMAT
    return format_


def format_of(ending: str) -> Format | None:
    """The format of files with this ending; None where there is none. Formats that mention it are imported first.

    >>> format_of(".md").name, format_of(".txt")
    ('markdown', None)
    """
    names = sorted(format_names(), key=lambda name: ending not in _files()[name].read_text(encoding="utf-8"))
    return next((each for each in map(format_named, names) if ending in each.endings), None)


def writing(result: ResultName) -> Callable[[Format], bool]:
    """Whether a format writes that result."""
    return lambda format_: result in format_.writes


class AskedFormat(NamedTuple):
    """A format and its options: ``NAME``, or ``NAME:option=value,…``."""

    format: Format
    options: Mapping[str, Any] = {}

    @classmethod
    def read(cls, text: str, available: Callable[[Format], bool]) -> AskedFormat:
        """The format of this text, if it is one of those available; raises SepcostError.

        >>> AskedFormat.read("latex:precision=3", writing("comparisons")).options
        {'precision': 3}
        >>> AskedFormat.read("json:precision=3", writing("comparisons"))
        Traceback (most recent call last):
        sepcost.errors.SepcostError: json has no option 'precision' (it has none)
        """
        name, colon, given = text.partition(":")
        if name not in format_names() or not available(format_named(name)):
            there = names_of(available)
            hint = did_you_mean(name, there) or f": it has {listed(there)}"
            raise SepcostError(f"this command has no format {in_one_line(name, 60)!r}{hint}")
        format_ = format_named(name)
        try:
            options = read_options(split_options(given)) if colon else {}
        except NumberError as error:
            raise SepcostError(f"{name} {error}") from None
        return cls.of(format_, options)

    @classmethod
    def of(cls, format_: Format, options: Mapping[str, Any]) -> AskedFormat:
        """The format with these options, as texts or as callers in Python give them; raises SepcostError.

        >>> AskedFormat.of(format_named("markdown"), {"precision": 3}).options
        {'precision': 3}
        """
        return cls(format_, {option: _value(format_, option, value) for option, value in options.items()})


def _value(format_: Format, option: str, value: object) -> Any:
    if option not in format_.options:
        there = f"it has {listed(list(format_.options)) or 'none'}"
        hint = did_you_mean(option, format_.options)
        raise SepcostError(f"{format_.name} has no option {in_one_line(option, 60)!r}{hint} ({there})")
    if value is None:
        raise SepcostError(f"{format_.name}: option {option} needs a value")
    try:
        return format_.options[option](str(value))
    except NumberError as error:
        raise SepcostError(f"{format_.name}: option {option} {error}") from None


def formats(wanted: Callable[[Format], bool]) -> list[Format]:
    """The formats that are wanted."""
    return list(filter(wanted, map(format_named, format_names())))


def names_of(wanted: Callable[[Format], bool]) -> list[str]:
    """Their names.

    >>> {"table", "sarif"} <= {*names_of(writing("judgement"))}, "csv" in names_of(writing("judgement"))
    (True, False)
    """
    return [format_.name for format_ in formats(wanted)]

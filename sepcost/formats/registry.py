"""The formats by their names: a file each in this folder, which is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path

from sepcost.formats.format import Format, ResultName

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

    >>> format_names()
    ['table', 'csv', 'github', 'json', 'jsonl', 'junit', 'latex', 'markdown', 'yaml']
    """
    return list(_files())


def format_named(name: str) -> Format:
    """The format of that name; raises ValueError where there is none."""
    if name not in format_names():
        raise ValueError(f"{name!r} is not one of {', '.join(map(repr, format_names()))}.")
    format_: Format = import_module(f"sepcost.formats.{name}").FORMAT
    return format_


def format_of(ending: str) -> Format | None:
    """The format of files with this ending; None where there is none. What does not mention it is not imported.

    >>> format_of(".md").name, format_of(".txt")
    ('markdown', None)
    """
    names = [name for name, file in _files().items() if f'"{ending}"' in file.read_text(encoding="utf-8")]
    return next((each for each in map(format_named, names) if ending in each.endings), None)


def writing(result: ResultName, option: str | None = None) -> Callable[[Format], bool]:
    """Whether a format writes that result, and has that option."""
    return lambda format_: result in format_.writes and (option is None or option in format_.options)


def formats(wanted: Callable[[Format], bool]) -> list[Format]:
    """The formats that are wanted."""
    return list(filter(wanted, map(format_named, format_names())))


def names_of(wanted: Callable[[Format], bool]) -> list[str]:
    """Their names.

    >>> names_of(writing("judgement"))
    ['table', 'github', 'json', 'junit', 'markdown']
    """
    return [format_.name for format_ in formats(wanted)]

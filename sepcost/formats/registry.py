"""The formats by their names: a file each, which is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from sepcost.formats.format import Format, ResultName

ENDINGS: dict[str, tuple[str, ...]] = {
    "table": (),
    "json": (".json",),
    "jsonl": (".jsonl", ".ndjson"),
    "csv": (".csv",),
    "markdown": (".md", ".markdown"),
    "latex": (".tex",),
    "github": (),
    "junit": (".xml",),
    "yaml": (".yaml", ".yml"),
}
"""Each format, as help lists them, with the endings of files that are in it."""


def format_named(name: str) -> Format:
    """The format of that name; raises ValueError where there is none."""
    if name not in ENDINGS:
        raise ValueError(f"{name!r} is not one of {', '.join(map(repr, ENDINGS))}.")
    format_: Format = import_module(f"sepcost.formats.{name}").FORMAT
    return format_


def writing(result: ResultName, option: str | None = None) -> Callable[[Format], bool]:
    """Whether a format writes that result, and has that option."""
    return lambda format_: result in format_.writes and (option is None or option in format_.options)


def names_of(wanted: Callable[[Format], bool]) -> list[str]:
    """The names of the formats that are wanted.

    >>> names_of(writing("judgement"))
    ['table', 'json', 'markdown', 'github', 'junit']
    """
    return [name for name in ENDINGS if wanted(format_named(name))]

"""The formats, and which of them to use."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path

from sepcost.cli.log import AS_TEXT
from sepcost.cli.streams import complain
from sepcost.errors import SepcostError
from sepcost.text.wording import did_you_mean, listed

VARIABLE = "SEPCOST_FORMAT"


class Format(str, Enum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"
    GITHUB = "github"
    JUNIT = "junit"
    YAML = "yaml"


SUFFIXES = {
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".csv": Format.CSV,
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".tex": Format.LATEX,
    ".xml": Format.JUNIT,
    ".yaml": Format.YAML,
    ".yml": Format.YAML,
}
DATA = (Format.JSON, Format.JSONL, Format.CSV, Format.YAML)
"""Formats for programs: complete, exact, written as the results come."""
ESCAPES: Mapping[Format, str | None] = {
    Format.TABLE: AS_TEXT,
    Format.JSON: r"\u{:04x}",
    Format.JSONL: r"\u{:04x}",
    Format.YAML: r"\u{:04x}",
    Format.MARKDOWN: "&#{};",
    Format.JUNIT: "&#{};",
    Format.LATEX: r"\char{}{{}}",
    Format.CSV: None,
    Format.GITHUB: None,
}
"""How each writes a character by its number: CSV has no way, and annotations are commands."""
FOR_PEOPLE = (Format.TABLE, Format.MARKDOWN, Format.LATEX)
OF_COMPARISONS = (*FOR_PEOPLE, *DATA)
"""What compare has."""


PLAIN = {"", ".txt", ".log", ".out"}
"""Names of files with any text."""


def chosen_output(given: Path | None) -> Path | None:
    """The file to write to; None for standard output, whichever of its names was given."""
    return None if given in (Path("-"), Path("/dev/stdout")) else given


def refuse_other_formats(given: Format | None, available: Sequence[Format]) -> None:
    """A SepcostError for a format that the command does not have."""
    if given is not None and given not in available:
        raise SepcostError(f"--format: this command has {listed([item.value for item in available])} only")


def chosen_format(
    given: Format | None, available: Iterable[Format], output: Path | None = None, usual: Format = Format.TABLE
) -> Format:
    """The one asked for; else what the output file's name says, what the environment says, or the usual one.

    What was not typed as a format counts only where the command has it; a SepcostError where the file's name lies.
    """
    if given is not None:
        return given
    available = list(available)
    suffix = "" if output is None else output.suffix.lower()
    if suffix not in SUFFIXES and suffix not in PLAIN:
        there = listed([suffix for suffix, format_ in SUFFIXES.items() if format_ in available] or [".txt"])
        raise SepcostError(f"--output {output}: there is no format {suffix} ({there}): give --format")
    named = SUFFIXES.get(suffix)
    if named in available:
        return named
    if named is not None:
        raise SepcostError(f"--output {output}: its name says {named.value}, which does not go here: give --format")
    wanted = os.environ.get(VARIABLE, "")
    names = [format_.value for format_ in available]
    if wanted in names:
        return Format(wanted)
    if wanted:
        hint = did_you_mean(wanted, names)
        complain(f"{VARIABLE}={wanted} is ignored: this command has no such format{hint}")
    return usual

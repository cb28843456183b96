"""The formats, and which of them to use."""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from sepcost.cli.streams import complain
from sepcost.suggestions import did_you_mean

VARIABLE = "SEPCOST_FORMAT"


class Format(str, Enum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    MARKDOWN = "markdown"


SUFFIXES = {
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".csv": Format.CSV,
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
}
DATA = (Format.JSON, Format.JSONL, Format.CSV)
"""Formats for programs: complete, exact, written as the results come."""


def chosen_format(given: Format | None, available: Iterable[Format], output: Path | None = None) -> Format:
    """The one asked for; else what the output file's name says, what the environment says, or the table.

    What was not typed as a format counts only where the command has it.
    """
    if given is not None:
        return given
    available = list(available)
    if output is not None and SUFFIXES.get(output.suffix.lower()) in available:
        return SUFFIXES[output.suffix.lower()]
    wanted = os.environ.get(VARIABLE, "")
    names = [format_.value for format_ in available]
    if wanted in names:
        return Format(wanted)
    if wanted:
        hint = did_you_mean(wanted, names)
        complain(f"{VARIABLE}={wanted} is ignored: this command has no such format{hint}")
    return Format.TABLE

"""The formats, and which of them to use."""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from sepcost.cli.streams import complain
from sepcost.errors import SepcostError
from sepcost.suggestions import did_you_mean

VARIABLE = "SEPCOST_FORMAT"


class Format(str, Enum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"


FOR_PEOPLE = (Format.TABLE, Format.MARKDOWN, Format.LATEX)
SUFFIXES = {
    ".json": Format.JSON,
    ".csv": Format.CSV,
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".tex": Format.LATEX,
}


def chosen_format(given: Format | None, available: Iterable[Format], output: Path | None = None) -> Format:
    """The one asked for; else what the output file's name says, what the environment says, or the table.

    What was not typed as a format counts only where the command has it; a SepcostError where the file's name lies.
    """
    if given is not None:
        return given
    available = list(available)
    named = None if output is None else SUFFIXES.get(output.suffix.lower())
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
    return Format.TABLE

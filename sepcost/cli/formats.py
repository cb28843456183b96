"""Which format to use, and its options."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sepcost.cli.streams import say
from sepcost.errors import SepcostError, refuse
from sepcost.formats.format import Format
from sepcost.formats.registry import USUAL, AskedFormat, format_named, format_of, formats
from sepcost.tasks.files import GZIP
from sepcost.text.wording import listed

VARIABLE = "SEPCOST_FORMAT"
ANY_TEXT = {"", ".txt", ".log", ".out"}
"""Names of files with any text."""


def chosen_output(given: Path | None) -> Path | None:
    """The file to write to; None for standard output, whichever of its names was given."""
    return None if given in (Path("-"), Path("/dev/stdout")) else given


def chosen_format(
    given: AskedFormat | None,
    available: Callable[[Format], bool],
    output: Path | None = None,
    usual: str = USUAL,
) -> AskedFormat:
    """The format that was typed; else that of the output file's name, that of the environment, or the usual one.

    What was not typed as a format counts only if the command has it; a SepcostError for a name of another format, and
    for bytes that are to go elsewhere than into a file. What is compressed has the name of a format before its .gz.
    """
    asked = given or _not_typed(available, output, usual)
    name, is_gzip = asked.format.name, output is not None and output.suffix.lower() == GZIP
    refuse(
        (asked.format.is_binary and output is None, f"--format {name} is for a file: give --output FILE"),
        (asked.format.is_binary and is_gzip, f"--output {output}: {name} is compressed already: leave out {GZIP}"),
    )
    return asked


def _not_typed(available: Callable[[Format], bool], output: Path | None, usual: str) -> AskedFormat:
    path = Path() if output is None else output
    suffix = Path(path.stem if path.suffix.lower() == GZIP else path).suffix.lower()
    if suffix not in ANY_TEXT:
        return AskedFormat(_named_by(suffix, available, f"--output {output}"))
    wanted = os.environ.get(VARIABLE)
    if wanted:
        try:
            return AskedFormat.read(wanted, available)
        except SepcostError as error:
            say(f"{VARIABLE}={wanted} is ignored: {error}")
    return AskedFormat(format_named(usual))


def _named_by(suffix: str, available: Callable[[Format], bool], option: str) -> Format:
    named = format_of(suffix)
    if named is None:
        there = [ending for format_ in formats(available) for ending in format_.endings]
        raise SepcostError(f"{option}: there is no format {suffix} ({listed(there or ['.txt'])}): give --format")
    if not available(named):
        raise SepcostError(f"{option}: its name says {named.name}, which does not go here: give --format")
    return named

"""Which format to use, and its options."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from sepcost.cli.streams import say
from sepcost.errors import SepcostError
from sepcost.formats.format import Format, FormatOptions
from sepcost.formats.registry import USUAL, format_named, format_names, format_of, formats, names_of
from sepcost.text.units import NumberError, read_as, read_precision, shortened
from sepcost.text.wording import did_you_mean, listed

VARIABLE = "SEPCOST_FORMAT"
ANY_TEXT = {"", ".txt", ".log", ".out"}
"""Names of files with any text."""
LABEL = re.compile(r"[a-z0-9][a-z0-9:._+/-]*", re.ASCII | re.IGNORECASE)


def chosen_output(given: Path | None) -> Path | None:
    """The file to write to; None for standard output, whichever of its names was given."""
    return None if given in (Path("-"), Path("/dev/stdout")) else given


def chosen_format(
    given: Format | None,
    available: Callable[[Format], bool],
    output: Path | None = None,
    usual: str = USUAL,
) -> Format:
    """The format that was typed; else that of the output file's name, that of the environment, or the usual one.

    What was not typed as a format counts only if the command has it; a SepcostError for a name of another format.
    """
    if given is not None:
        return given
    suffix = "" if output is None else output.suffix.lower()
    if suffix not in ANY_TEXT:
        return _named_by(suffix, available, f"--output {output}")
    wanted = os.environ.get(VARIABLE)
    if wanted:
        if wanted in format_names() and available(format_named(wanted)):
            return format_named(wanted)
        hint = did_you_mean(wanted, names_of(available))
        say(f"{VARIABLE}={wanted} is ignored: this command has no such format{hint}")
    return format_named(usual)


def _named_by(suffix: str, available: Callable[[Format], bool], option: str) -> Format:
    named = format_of(suffix)
    if named is None:
        there = [ending for format_ in formats(available) for ending in format_.endings]
        raise SepcostError(f"{option}: there is no format {suffix} ({listed(there or ['.txt'])}): give --format")
    if not available(named):
        raise SepcostError(f"{option}: its name says {named.name}, which does not go here: give --format")
    return named


def read_appearance(format_: Format, precision: str | None, caption: str | None, label: str | None) -> FormatOptions:
    """Read the options of a format; a SepcostError if it does not have them."""
    for name, given in (("precision", precision), ("caption", caption), ("label", label)):
        if given is not None and name not in format_.options:
            raise SepcostError(_refusal(name, format_.name))
    return FormatOptions(
        precision=None if precision is None else read_as("--precision", read_precision, precision),
        caption=caption,
        label=None if label is None else read_as("--label", _read_label, label),
    )


def _refusal(option: str, name: str) -> str:
    names = names_of(lambda format_: option in format_.options)
    if option == "precision":
        return f"--precision rounds what people read ({', '.join(names)}), not {name}: its numbers are exact"
    return f"--{option} is for --format {listed(names, 'or')}, not {name}"


def _read_label(text: str) -> str:
    if not LABEL.fullmatch(text):
        raise NumberError(f"must be letters, digits and : . _ + / - as in tab:cost, got {shortened(text)}")
    return text

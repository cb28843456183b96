"""Options of formats, read and checked."""

from __future__ import annotations

import re

from sepcost.cli.option_values import read_option
from sepcost.errors import SepcostError
from sepcost.formats.format import Format, FormatOptions
from sepcost.formats.registry import names_of
from sepcost.text.units import NumberError, read_precision, shortened
from sepcost.text.wording import listed

LABEL = re.compile(r"[a-z0-9][a-z0-9:._+/-]*", re.ASCII | re.IGNORECASE)


def read_appearance(format_: Format, precision: str | None, caption: str | None, label: str | None) -> FormatOptions:
    """Read the options of a format; a SepcostError if it does not have them."""
    for name, given in (("precision", precision), ("caption", caption), ("label", label)):
        if given is not None and name not in format_.options:
            raise SepcostError(_refusal(name, format_.name))
    return FormatOptions(
        precision=None if precision is None else read_option("--precision", read_precision, precision),
        caption=caption,
        label=None if label is None else read_option("--label", _read_label, label),
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

"""The formats, and which of them to use."""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import Enum

from sepcost.cli.streams import complain
from sepcost.suggestions import did_you_mean

VARIABLE = "SEPCOST_FORMAT"


class Format(str, Enum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


def chosen_format(given: Format | None, available: Iterable[Format]) -> Format:
    """The one asked for, else that of the environment where this command has it, else the table."""
    if given is not None:
        return given
    wanted = os.environ.get(VARIABLE, "")
    names = [format_.value for format_ in available]
    if wanted in names:
        return Format(wanted)
    if wanted:
        hint = did_you_mean(wanted, names)
        complain(f"{VARIABLE}={wanted} is ignored: this command has no such format{hint}")
    return Format.TABLE

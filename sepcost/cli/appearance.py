"""How tables look: what was asked for, read and checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from sepcost.cli.formats import FOR_PEOPLE, Format
from sepcost.cli.reading import read_option
from sepcost.errors import SepcostError
from sepcost.sheets.sheet import Sheet
from sepcost.text.units import NumberError, read_precision, shortened

LABEL = re.compile(r"[a-z0-9][a-z0-9:._+/-]*", re.ASCII | re.IGNORECASE)


class Appearance(NamedTuple):
    """What was asked for; None where nothing was."""

    precision: int | None = None
    caption: str | None = None
    label: str | None = None

    @classmethod
    def read(cls, format_: Format, precision: str | None, caption: str | None, label: str | None) -> Appearance:
        """Read the options of a format; a SepcostError where it does not have them."""
        if precision is not None and format_ not in FOR_PEOPLE:
            raise SepcostError(
                f"--precision rounds what people read ({', '.join(item.value for item in FOR_PEOPLE)}), "
                f"not {format_.value}: its numbers are exact"
            )
        for option, given in (("--caption", caption), ("--label", label)):
            if given is not None and format_ is not Format.LATEX:
                raise SepcostError(f"{option} is for --format latex, not {format_.value}")
        return cls(
            None if precision is None else read_option("--precision", read_precision, precision),
            caption,
            None if label is None else read_option("--label", _read_label, label),
        )

    def of(self, sheets: Sequence[Sheet]) -> list[Sheet]:
        """The sheets, with their numbers as precise as they should be."""
        return [sheet._replace(precision=self.precision) for sheet in sheets]


def _read_label(text: str) -> str:
    if not LABEL.fullmatch(text):
        raise NumberError(f"must be letters, digits and : . _ + / - as in tab:cost, got {shortened(text)}")
    return text

"""How tables look: what was asked for, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sepcost.cli.convolution import read_option
from sepcost.cli.formats import FOR_PEOPLE, Format
from sepcost.errors import SepcostError
from sepcost.report.sheet import Sheet
from sepcost.units import read_precision


class Appearance(NamedTuple):
    """What was asked for; None where nothing was."""

    precision: int | None = None

    @classmethod
    def read(cls, format_: Format, precision: str | None) -> Appearance:
        """Read the options of a format; a SepcostError where it does not have them."""
        if precision is not None and format_ not in FOR_PEOPLE:
            raise SepcostError(
                f"--precision rounds what people read ({', '.join(item.value for item in FOR_PEOPLE)}), "
                f"not {format_.value}: its numbers are exact"
            )
        return cls(None if precision is None else read_option("--precision", read_precision, precision))

    def of(self, sheets: Sequence[Sheet]) -> list[Sheet]:
        """The sheets, with their numbers as precise as they should be."""
        return [sheet._replace(precision=self.precision) for sheet in sheets]

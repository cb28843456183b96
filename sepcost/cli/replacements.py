"""``sepcost replacements``."""

from __future__ import annotations

from typing import Annotated

from sepcost.cli.formats import chosen_format
from sepcost.cli.options import format_option
from sepcost.cli.streams import write
from sepcost.formats.format import FormatOptions
from sepcost.formats.registry import AskedFormat, writing


def replacements(format_: Annotated[AskedFormat | None, format_option("replacements", panel=None)] = None) -> None:
    """What can replace a convolution: names, options with defaults, MACs, sources."""
    chosen = chosen_format(format_, writing("replacements")).format
    write([chosen.replacements(FormatOptions())], None)

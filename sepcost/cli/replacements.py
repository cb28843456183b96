"""``sepcost replacements``."""

from __future__ import annotations

from typing import Annotated

import typer

from sepcost.cli.formats import Format, chosen_format, refuse_other_formats
from sepcost.cli.streams import write

AVAILABLE = (Format.TABLE, Format.MARKDOWN)


def replacements(
    format_: Annotated[
        Format | None, typer.Option("--format", help="table unless told otherwise.", metavar="table|markdown")
    ] = None,
) -> None:
    """What can stand in for a convolution: names, options with defaults, MACs, sources."""
    from sepcost.formats.markdown_tables import markdown
    from sepcost.sheets.replacement_list import replacement_sheet, replacement_text

    refuse_other_formats(format_, AVAILABLE)
    as_markdown = chosen_format(format_, AVAILABLE) is Format.MARKDOWN
    write([markdown([replacement_sheet()]) if as_markdown else replacement_text()], None)

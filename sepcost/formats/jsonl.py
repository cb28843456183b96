"""JSON Lines: a line for each network, which can be read without the others."""

from __future__ import annotations

from collections.abc import Iterable

from sepcost.formats.documents.comparison_json import json_lines
from sepcost.formats.format import Comparisons, Format, FormatOptions


class JsonLines(Format):
    """The documents that JSON has, one for each network."""

    escape = r"\u{:04x}"
    endings = (".jsonl", ".ndjson")
    at_once = True
    writes = ("comparisons",)

    def comparisons(self, comparisons: Comparisons, options: FormatOptions) -> Iterable[str]:
        """A line for each."""
        return json_lines(comparisons, options.convention, options.view)


FORMAT = JsonLines()

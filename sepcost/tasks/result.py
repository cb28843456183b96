"""Result: a comparison that shows itself, in a terminal and in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sepcost.count.comparison import Comparison
from sepcost.count.evaluation import evaluated
from sepcost.tasks.python_words import python_words


@dataclass(frozen=True, slots=True, repr=False)
class Result(Comparison):
    """A comparison whose text is its table.

    >>> from sepcost import Conv, compare
    >>> print(str(compare(Conv((112, 112), 32, 64, 3))).splitlines()[0])
    3×3 convolution, 32 → 64 channels, on 112×112
    """

    @classmethod
    def over(cls, comparison: Comparison) -> Result:
        """The same comparison, which now shows itself."""
        return cls(*(getattr(comparison, field.name) for field in fields(comparison)))

    def __str__(self) -> str:
        from rich.console import Console

        from sepcost.formats.table import UNLIMITED, draw
        from sepcost.sheets.comparison_sheets import sheets

        drawn = draw(Console(width=UNLIMITED, color_system=None), None, sheets(evaluated(self))).rstrip("\n")
        return python_words(drawn)

    __repr__ = __str__

    def to_json(self) -> str:
        """The JSON that ``--format json`` writes (docs/json.md)."""
        from sepcost.formats.documents.comparison_json import json_chunks

        return "".join(json_chunks([evaluated(self)], self.convention))

    def _repr_html_(self) -> str:
        from sepcost.formats.drawing.html import html
        from sepcost.sheets.comparison_sheets import sheets

        return python_words(html(sheets(evaluated(self))))

"""Results that show themselves, in a terminal and in a notebook: each is what a task gives, and its text its table."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sepcost.count.comparison import Comparison
from sepcost.count.snapshot import Snapshot
from sepcost.judge.difference import Difference
from sepcost.judge.verdict import Judgement
from sepcost.tasks.figures import figures_of
from sepcost.tasks.python_words import python_words

if TYPE_CHECKING:
    from typing_extensions import Self

    from sepcost.sheets.sheet import Sheet


class Shown:
    """A result whose text is its sheets, in which notes name arguments of Python."""

    __slots__ = ()

    @classmethod
    def over(cls, result: Any) -> Self:
        """The same result, which now shows itself."""
        return cls(*(getattr(result, field.name) for field in fields(result)))

    def _sheets(self) -> list[Sheet]:
        """What people see of it."""
        raise NotImplementedError

    def _in_python(self) -> list[Sheet]:
        return [sheet._replace(notes=tuple(map(python_words, sheet.notes))) for sheet in self._sheets()]

    def __str__(self) -> str:
        from rich.console import Console

        from sepcost.formats.table import UNLIMITED, draw

        return draw(Console(width=UNLIMITED, color_system=None), None, self._in_python()).rstrip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from sepcost.formats.html import FORMAT

        return FORMAT.fragment(self._in_python())


class Result(Shown, Comparison):
    """A comparison whose text is its table.

    >>> from sepcost import Conv, compare
    >>> print(str(compare(Conv((112, 112), 32, 64, 3))).splitlines()[0])
    3×3 convolution, 32 → 64 channels, on 112×112
    """

    __slots__ = ()

    def _sheets(self) -> list[Sheet]:
        from sepcost.sheets.comparison_sheets import sheets

        return sheets(figures_of(self))

    def to_json(self) -> str:
        """The JSON that ``--format json`` writes (docs/json.md)."""
        from sepcost.formats.documents.comparison_json import json_chunks

        return "".join(json_chunks([figures_of(self)], self.convention))


class SnapshotResult(Shown, Snapshot):
    """One combination of a sweep, whose text is its table."""

    __slots__ = ()

    def _sheets(self) -> list[Sheet]:
        from sepcost.sheets.comparison_sheets import sheets

        return sheets(self)


class DifferenceResult(Shown, Difference):
    """A difference whose text is its tables, or a line if there is none."""

    __slots__ = ()

    def _sheets(self) -> list[Sheet]:
        from sepcost.sheets.difference_sheets import difference_sheets, nothing_changed
        from sepcost.sheets.sheet import Sheet

        if not self.is_empty:
            return difference_sheets(self)
        title, *notes = nothing_changed(self)
        return [Sheet(title, (), (), notes=tuple(notes))]


class JudgementResult(Shown, Judgement):
    """A judgement whose text is its tables, with what could not be judged."""

    __slots__ = ()

    def _sheets(self) -> list[Sheet]:
        from sepcost.sheets.check_sheets import check_sheets

        return check_sheets(self, problems=True)

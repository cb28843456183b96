"""Sheet: a result as rows and columns, which every format for people can draw."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, TypeAlias

from sepcost.count.figure import HIGH, LOW, SPEEDUP, Figures
from sepcost.text.harmless import harmless, visible
from sepcost.text.kind import EXACT, Digits, Kind
from sepcost.text.units import as_ratio, decimal, reduction_text

FEW_DIGITS_FROM = 2
"""A speed-up of at least this has two digits: its interval is wider than the third."""
AT_LEAST = "≥ "
"""Before a count that may be higher."""


class Ratio(NamedTuple):
    """A reduction, in any column; flagged if it is bad news."""

    value: float | None
    flagged: bool = False


class Speedup(NamedTuple):
    """A ratio of two times and its interval, in any column; below 1 is slower."""

    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, figures: Figures) -> Speedup:
        """The speed-up among these figures."""
        return cls(*(figures.get(f"{SPEEDUP}{end}") for end in ("", LOW, HIGH)))


class Measure(NamedTuple):
    """A number with a kind of its own, in any column; ``signed`` if it is a difference."""

    value: float | None
    kind: Kind = Kind.COUNT
    signed: bool = False


class AtLeast(int):
    """A count that may be higher: something ran that is not counted."""


Cell: TypeAlias = "str | int | float | Ratio | Speedup | Measure | None"


class Look(Enum):
    """The kind of a row, for formats that can show it."""

    PLAIN = "plain"
    PART = "part"
    KEPT = "kept"
    FLAGGED = "flagged"
    REDUCTION = "reduction"


class Column(NamedTuple):
    """A column; if ``optional`` is above 0, a narrow terminal may leave it out, the highest first.

    ``names_rows``: it identifies a row, so that every table shows it.
    """

    header: str
    kind: Kind = Kind.COUNT
    optional: int = 0
    group: str = ""
    names_rows: bool = False

    @property
    def full_header(self) -> str:
        return harmless(f"{self.group} {self.header}".strip())


NETWORK, LAYER = (Column(header, Kind.TEXT, names_rows=True) for header in ("network", "layer"))
"""What names the rows of most tables."""


class Row(NamedTuple):
    """One row: a cell for every column."""

    cells: tuple[Cell, ...]
    look: Look = Look.PLAIN


class Sheet(NamedTuple):
    """A table with its title, its totals, and notes; ``digits`` is how its reader wants numbers."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    digits: Digits = EXACT

    @property
    def all_rows(self) -> tuple[Row, ...]:
        return self.rows + self.totals

    def without(self, number: int) -> Sheet:
        """The sheet without this column."""
        return self.only([other for other in range(len(self.columns)) if other != number])

    def only(self, numbers: Sequence[int]) -> Sheet:
        """The sheet with these of its columns."""

        def cut(row: Row) -> Row:
            return row._replace(cells=tuple(row.cells[number] for number in numbers))

        columns = tuple(self.columns[number] for number in numbers)
        return self._replace(columns=columns, rows=tuple(map(cut, self.rows)), totals=tuple(map(cut, self.totals)))


def cell_text(cell: Cell, kind: Kind, digits: Digits = EXACT) -> str:
    """A cell as people read it.

    >>> cell_text(231211008, Kind.COUNT), cell_text(231211008, Kind.COUNT, Digits(rounded=True))
    ('231,211,008', '231.2 M')
    >>> cell_text(Ratio(0.9, flagged=True), Kind.COUNT), cell_text(Measure(-2048, Kind.BYTES, signed=True), Kind.TEXT)
    ('1.11× more !', '−2.000 KiB')
    >>> cell_text(231211008, Kind.COUNT, Digits(3)), cell_text(Ratio(7.8904), Kind.COUNT, Digits(2))
    ('231 M', '7.9×')
    >>> cell_text(AtLeast(2048), Kind.BYTES)
    '≥ 2.000 KiB'
    """
    if isinstance(cell, AtLeast):
        return f"{AT_LEAST}{cell_text(int(cell), kind, digits)}"
    if isinstance(cell, Ratio):
        return reduction_text(cell.value, digits.precision) + (" !" if cell.flagged else "")
    if isinstance(cell, Speedup):
        return _speedup_text(cell, digits)
    if isinstance(cell, Measure):
        return _measure_text(cell, digits)
    if isinstance(cell, str):
        return visible(cell)
    if cell is None:
        return "–"
    return kind.text(cell, digits)


def _speedup_text(cell: Speedup, digits: Digits) -> str:
    """The ratio and, where it is known, its interval.

    >>> _speedup_text(Speedup(3.14, 2.85, 3.46), EXACT), _speedup_text(Speedup(0.9612, 0.899, 1.03), EXACT)
    ('3.1× (2.9–3.5)', '0.96× (0.90–1.03)')
    """
    precision = digits.precision or (2 if (cell.value or 0) >= FEW_DIGITS_FROM else None)
    ends = [] if cell.low is None else [decimal(end, precision) for end in (cell.low, cell.high)]
    return f"{as_ratio(cell.value, precision)}{f' ({ends[0]}–{ends[1]})' if ends else ''}"


def _measure_text(cell: Measure, digits: Digits) -> str:
    if cell.value is None or not cell.signed:
        return cell_text(cell.value, cell.kind, digits)
    if cell.value == 0:
        return "0"
    return ("−" if cell.value < 0 else "+") + cell_text(abs(cell.value), cell.kind, digits)

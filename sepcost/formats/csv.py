"""CSV: a row for each layer and replacement, for each part, and for the totals; raw numbers."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sepcost.count.snapshot import Snapshot
from sepcost.formats.format import Comparisons, Format, FormatOptions
from sepcost.sheets.columns import as_written, column_names
from sepcost.sheets.records import Record, network_records
from sepcost.sheets.text_template import HOLE, Holes, texts
from sepcost.sheets.view import View

if TYPE_CHECKING:
    from sepcost.judge.difference import Difference
    from sepcost.measured.benchmark import Benchmark
    from sepcost.measured.fits import Fits


class Csv(Format):
    """Tidy tables for spreadsheets and data frames."""

    endings = (".csv",)
    at_once = True
    writes = ("comparisons", "difference", "benchmark", "fits")

    def comparisons(self, comparisons: Comparisons, options: FormatOptions) -> Iterator[str]:
        """The file in pieces; nothing for no comparison."""
        view = options.view or View()
        names = column_names(view)
        as_they_are, written = WRITTEN_AS_THEY_ARE, _liner()

        def line(record: Record, holes: Holes) -> str:
            values = map(record.get, names)
            return written([value if type(value) in as_they_are else _cell(value, holes) for value in values])

        def rows(snapshot: Snapshot, holes: Holes) -> Iterator[str]:
            records = network_records(snapshot, layers=not view.totals, parts="part" in names)
            return (line(record, holes) for record in records)

        started = False
        for item in comparisons:
            if not started:
                yield written(names)
                started = True
            if isinstance(item, Snapshot):
                yield from _portions(rows(item, []))
            else:
                yield "".join(texts(item, lambda snapshot, holes: "".join(rows(snapshot, holes))))

    def difference(self, difference: Difference, options: FormatOptions) -> str:
        """The whole file: a row for the totals, and one for each layer that is not as it was."""
        from sepcost.sheets.difference_records import table

        return _written(*table(difference))

    def benchmark(self, benchmark: Benchmark, options: FormatOptions) -> str:
        """The whole file: a row for each thing that was timed, with what decides the times at its end."""
        from sepcost.sheets.benchmark_records import table

        return _written(*table(benchmark))

    def fits(self, fits: Fits, options: FormatOptions) -> str:
        """The whole file: a row for each layer and replacement, and for the totals."""
        from sepcost.sheets.fit_records import table

        return _written(*table(fits))


FORMAT = Csv()


def _portions(lines: Iterator[str]) -> Iterator[str]:
    """Lines together, as many as are worth writing at once."""
    while portion := "".join(islice(lines, ROWS_AT_ONCE)):
        yield portion


ROWS_AT_ONCE = 500
WRITTEN_AS_THEY_ARE = {int, float, type(None)}


def _liner() -> Callable[[Iterable[Any]], str]:
    """What makes a line of cells: a writer to a file whose ``write`` returns its argument."""
    file: Any = SimpleNamespace(write=str)
    return csv.writer(file, lineterminator="\n").writerow


def _written(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A line with the names, and one for each row."""
    lines = (names, *(map(as_written, map(row.get, names)) for row in rows))
    return "".join(map(_liner(), lines))


def _cell(value: Any, holes: Holes) -> Any:
    if isinstance(value, (bool, tuple, list, str)):
        return as_written(value)
    holes.append(value)
    return HOLE

"""CSV: a row for each layer and replacement, for each part, and for the totals; raw numbers."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sepcost.count import figure
from sepcost.count.snapshot import Snapshot
from sepcost.formats.format import Comparisons, Format, FormatOptions
from sepcost.sheets.columns import column_names, flat
from sepcost.sheets.records import Record, network_records
from sepcost.sheets.text_template import HOLE, Holes, texts
from sepcost.sheets.view import View
from sepcost.text.harmless import harmless

if TYPE_CHECKING:
    from sepcost.judge.difference import Difference, LayerDifference
    from sepcost.measured.benchmark import Benchmark
    from sepcost.measured.fits import Fits

PARTS = ("before", "after", "difference", "percent")
"""The columns of each figure of a difference."""
DIFF_COLUMNS = (
    "row", "status", "matched_by", "moved", "before", "after", "place.before", "place.after", "facts",
    "flops_per_mac", "batch", "dtype",
    *(f"{name}.{part}" for name in figure.WHOLE for part in PARTS),
    "own_dtype.before", "own_dtype.after",
)  # fmt: skip
"""``row`` is total or layer, ``before`` and ``after`` are names; the other names are the JSON's."""


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
        convention, before, after = difference.convention, difference.before, difference.after
        common = {"flops_per_mac": convention.flops_per_mac, "batch": convention.batch, "dtype": convention.dtype}
        common |= {"own_dtype.before": before.own_dtype, "own_dtype.after": after.own_dtype}
        rows = ({**common, **row} for row in _difference_rows(difference))
        timed = [f"{figure.TIME}.{part}" for part in PARTS] if figure.TIME in difference.total else []
        written, columns = _liner(), (*DIFF_COLUMNS, *timed)
        return written(columns) + "".join(written(_text(row.get(name)) for name in columns) for row in rows)

    def benchmark(self, benchmark: Benchmark, options: FormatOptions) -> str:
        """The whole file: a row for each thing that was timed, with what decides the times at its end."""
        from sepcost.sheets.benchmark_records import COLUMNS, records, setup_record

        setup, written = setup_record(benchmark), _liner()
        rows = ({**record, **setup} for record in records(benchmark))
        return "".join(map(written, ((*COLUMNS, *setup), *(map(_text, row.values()) for row in rows))))

    def fits(self, fits: Fits, options: FormatOptions) -> str:
        """The whole file: a row for each layer and replacement, and for the totals."""
        from sepcost.sheets.fit_records import COLUMNS, records

        return "".join(map(_liner(), (COLUMNS, *(map(_text, record.values()) for record in records(fits)))))


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


def _cell(value: Any, holes: Holes) -> Any:
    if isinstance(value, (bool, tuple, list, str)):
        return _text(value)
    holes.append(value)
    return HOLE


def _text(value: Any) -> Any:
    """Sizes as 3x224x224, flags as true and false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return harmless(value) if isinstance(value, str) else flat(value)


def _difference_rows(difference: Difference) -> Iterator[dict[str, Any]]:
    status = "unchanged" if difference.is_empty else "changed"
    names = {"before": difference.before.name, "after": difference.after.name}
    yield {"row": "total", "status": status, **names, **_figures(difference.total)}
    for layer in difference.changes:
        yield {"row": "layer", **_layer(layer), **_figures(layer.figures)}


def _layer(layer: LayerDifference) -> dict[str, Any]:
    both = layer.before is not None and layer.after is not None
    return {
        "status": layer.status.value,
        "matched_by": ("name" if layer.by_name else "position") if both else None,
        "moved": layer.moved,
        "before": layer.before.name if layer.before else None,
        "after": layer.after.name if layer.after else None,
        "place.before": layer.places[0],
        "place.after": layer.places[1],
        "facts": "; ".join(f"{name}: {_text(old)} -> {_text(new)}" for name, (old, new) in layer.facts.items()),
    }


def _figures(figures: Any) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for name, change in figures.items():
        cells |= {f"{name}.{part}": getattr(change, part) for part in PARTS}
    return cells

"""Several comparisons in one sheet: networks next to each other, or a sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sepcost.count.comparison import Comparison
from sepcost.count.figure import BY_NAME
from sepcost.sheets.comparison_sheets import LAYER_COLUMNS, sheets, split_columns, with_assumed
from sepcost.sheets.fields import cell_of, column_of, text_of
from sepcost.sheets.notes import caveats, flops_note, input_notes, kept_note, verified_note
from sepcost.sheets.records import plain, total_record
from sepcost.sheets.sheet import Cell, Column, Look, Row, Sheet
from sepcost.sheets.titles import sweep_title
from sepcost.sheets.view import View
from sepcost.text.kind import Kind

COLUMNS = LAYER_COLUMNS[2:]
IN_BATCHES = ("peak_activation_bytes", "replacement.peak_activation_bytes")
"""Figures that depend on the batch, and that counts do not show."""
OPTIONAL = {"params": 2, "replacement.params": 1}


def several_sheets(
    comparisons: Sequence[Comparison], view: View, assumed: Sequence[str] = (), *, drawn: bool
) -> list[Sheet]:
    """The sheets of all comparisons together, and of each one that is not ``drawn`` yet.

    ``assumed`` is what the user left to the defaults, for the title of a single convolution.
    """
    if not comparisons:
        return []
    if view.totals and (view.swept or len(comparisons) > 1):
        return [summary_sheet(comparisons, view, assumed)]
    each = [] if drawn else [sheet for comparison in comparisons for sheet in sheets(comparison, assumed, view)]
    return [*each, summary_sheet(comparisons, view)] if len(comparisons) > 1 else each


def summary_sheet(comparisons: Sequence[Comparison], view: View, assumed: Sequence[str] = ()) -> Sheet:
    """A row for each comparison and replacement: its name, its standard figures, and the replaced ones."""
    convention = comparisons[0].convention
    usual = (*COLUMNS, *IN_BATCHES) if "batch" in comparisons[0].swept else COLUMNS
    before, of_replacement = split_columns(view.shown(usual, without=view.facts), view.identity)
    optional = {} if view.columns else OPTIONAL
    names = _names(comparisons, view)
    numbers = list(comparisons[0].swept)
    texts = {text for comparison in comparisons for text in comparison.totals}
    replaced = of_replacement if texts else []
    alone = next(iter(texts)) if len(texts) == 1 and numbers else None
    named = alone is None and bool(texts)
    standard = "standard" if texts else ""
    columns = (
        *([Column("network", Kind.TEXT, names_rows=True)] if names else []),
        *(Column(name, Kind.PARAMETER, names_rows=True) for name in numbers),
        *(column_of(name, convention, standard * (name in BY_NAME), optional.get(name, 0)) for name in before),
        *([Column("replacement", Kind.TEXT, names_rows=True)] if named else []),
        *(column_of(name, convention, _group(name, alone), optional.get(name, 0)) for name in replaced),
    )
    rows = []
    for number, comparison in enumerate(comparisons):
        identity: list[Cell] = [names[number]] if names else []
        identity += [text_of(plain(value)) for value in comparison.swept.values()]
        rows += _rows(comparison, identity, before, replaced, named=named)
    title = with_assumed(sweep_title(comparisons, view.swept), assumed)
    verified = verified_note(*(comparison.verified for comparison in comparisons))
    networks = [comparison.network for comparison in comparisons]
    of_models = (*(input_notes(*networks) if names else ()), *caveats(*networks))
    notes = (*_order_note(view), *kept_note(comparisons), *of_models, flops_note(convention), *verified)
    return Sheet(title, columns, tuple(rows), notes=notes)


def _order_note(view: View) -> Iterator[str]:
    """How rows are sorted, and how many are shown."""
    if view.totals and (view.sort or view.top):
        by = f"Sorted by {view.sort}, {'smallest' if view.ascending else 'largest'} first" if view.sort else "In order"
        yield f"{by}{f'; not more than {view.top:,} shown' if view.top else ''}."


def _group(name: str, alone: str | None) -> str:
    return "" if name.startswith("reduction.") else alone or "replaced"


def _rows(
    comparison: Comparison, identity: Sequence[Cell], before: Sequence[str], replaced: Sequence[str], *, named: bool
) -> list[Row]:
    rows: list[Row] = []
    for text in comparison.texts:
        record = total_record(comparison, text)
        standard: list[Cell] = [*identity, *(cell_of(name, record) for name in before)]
        start = [""] * len(standard) if rows else standard
        cells = (*start, *([text] if named else []), *(cell_of(name, record) for name in replaced))
        rows.append(Row(cells, Look.FLAGGED if record.get("costs_more") else Look.PLAIN))
    return rows


def _names(comparisons: Sequence[Comparison], view: View) -> list[str]:
    """The names of the networks, with their files if names repeat; nothing if there is only one."""
    networks = dict.fromkeys((comparison.name, comparison.network.source) for comparison in comparisons)
    in_versions = comparisons[0].swept or view.swept or view.by_replacement
    if len(networks) == 1 and (in_versions or len(comparisons) == 1):
        return []
    often = Counter(name for name, _ in networks)
    return [
        comparison.name if often[comparison.name] == 1 else f"{comparison.name} ({comparison.network.source})"
        for comparison in comparisons
    ]

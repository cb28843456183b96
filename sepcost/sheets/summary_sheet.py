"""Several snapshots in one sheet: networks next to each other, or a sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sepcost.count.figure import BY_NAME, PEAK, REPLACEMENT, is_gain
from sepcost.count.snapshot import Snapshot
from sepcost.count.verification import STANDARD
from sepcost.layers.cost import Convention
from sepcost.sheets.comparison_sheets import LAYER_COLUMNS, TIMED_COLUMNS, sheets, split_columns, with_assumed
from sepcost.sheets.fields import cell_of, column_of, text_of
from sepcost.sheets.notes import caveats, flops_note, input_notes, kept_note, verified_note
from sepcost.sheets.records import total_record
from sepcost.sheets.sheet import NETWORK, Cell, Column, Look, Row, Sheet
from sepcost.sheets.time_notes import time_notes
from sepcost.sheets.titles import sweep_title
from sepcost.sheets.view import View
from sepcost.text.kind import Kind
from sepcost.text.wording import listed

SUMMARY_COLUMNS = LAYER_COLUMNS[2:]
WITH_REPLACEMENTS = {"params": 1, "replacement.params": 2}
"""What a narrow terminal leaves out first if each row names its replacement."""
IN_BATCHES = (PEAK, f"{REPLACEMENT}{PEAK}")
"""Figures that depend on the batch, and that counts do not show."""


def several_sheets(
    snapshots: Sequence[Snapshot], view: View, assumed: Sequence[str] = (), *, drawn: bool
) -> list[Sheet]:
    """The sheets of all snapshots together, and of each one that is not ``drawn`` yet.

    ``assumed`` is what the user left to the defaults, for the title of a single convolution.
    """
    if not snapshots:
        return []
    if view.totals and (view.swept or view.joined or len(snapshots) > 1):
        return [summary_sheet(snapshots, view, assumed)]
    each = [] if drawn else [sheet for snapshot in snapshots for sheet in sheets(snapshot, assumed, view)]
    return [*each, summary_sheet(snapshots, view)] if len(snapshots) > 1 else each


def summary_sheet(snapshots: Sequence[Snapshot], view: View, assumed: Sequence[str] = ()) -> Sheet:
    """A row for each snapshot and replacement: its name, its standard figures, and the replaced ones."""
    convention = snapshots[0].convention
    usual = (*SUMMARY_COLUMNS, *IN_BATCHES) if "batch" in snapshots[0].swept else SUMMARY_COLUMNS
    usual = (*usual, *TIMED_COLUMNS) if snapshots[0].target else usual
    before, of_replacement = split_columns(view.shown(usual, without=view.facts), view.identity)
    if view.joined and view.joined.by_replacement:
        before, of_replacement = [name for name in before if name not in view.own], [*of_replacement, *view.own]
    names = _names(snapshots, view)
    numbers = list(snapshots[0].swept)
    texts = {text for snapshot in snapshots for text in snapshot.replaced}
    replaced = of_replacement if texts else []
    alone = _most_common(snapshots, view)
    named = alone is None and bool(texts)
    standard = STANDARD if texts else ""
    optional = WITH_REPLACEMENTS if named and not view.columns else {}
    columns = (
        *([NETWORK] if names else []),
        *(Column(name, Kind.PARAMETER, names_rows=True) for name in numbers),
        *(_column(name, view, convention, standard * (name in BY_NAME), optional.get(name, 0)) for name in before),
        *([Column("replacement", Kind.TEXT, names_rows=True)] if named else []),
        *(_column(name, view, convention, _group(name, alone), optional.get(name, 0)) for name in replaced),
    )
    rows = []
    for number, snapshot in enumerate(snapshots):
        identity: list[Cell] = [names[number]] if names else []
        identity += [text_of(value) for value in snapshot.swept.values()]
        rows += _rows(snapshot, identity, before, replaced, named=named)
    title = with_assumed(sweep_title(snapshots, view.swept, alone), assumed)
    verified = verified_note(*(snapshot.verified for snapshot in snapshots))
    of_models = (*(input_notes(*snapshots) if names else ()), *caveats(*snapshots))
    exceptions = _exceptions(snapshots, names, alone) if alone else ()
    notes = (*_order_note(view), *exceptions, *kept_note(snapshots), *of_models, *time_notes(*snapshots))
    notes = (*notes, flops_note(convention), *verified)
    return Sheet(title, columns, tuple(rows), notes=notes)


def _column(name: str, view: View, convention: Convention, group: str, optional: int) -> Column:
    """The column of a name, be it a figure or from elsewhere."""
    if view.joined and name in view.joined.columns:
        return Column(name, view.joined.columns[name])
    return column_of(name, convention, group, optional)


def _most_common(snapshots: Sequence[Snapshot], view: View) -> str | None:
    """The replacement that the title has instead of each row: all have it, or most networks if each has one."""
    often = Counter(text for snapshot in snapshots for text in snapshot.replaced)
    one_each = not (view.swept or view.by_replacement) and all(len(snapshot.replaced) <= 1 for snapshot in snapshots)
    text, many = (*often.most_common(1), (None, 0))[0]
    return text if len(often) == 1 or (one_each and 2 * many > len(snapshots)) else None


def _exceptions(snapshots: Sequence[Snapshot], names: Sequence[str], usual: str) -> Iterator[str]:
    """The networks with another replacement than the usual one."""
    others: dict[str, list[str]] = {}
    for name, snapshot in zip(names, snapshots):
        for text in snapshot.replaced:
            others.setdefault(text, []).append(name)
    for text, replaced in others.items():
        if text != usual:
            yield f"Under {text}: {listed(replaced)}."


def _order_note(view: View) -> Iterator[str]:
    """Which rows are shown, how they are sorted, and how many are shown."""
    if view.filter:
        what = "rows" if view.by_replacement else "combinations" if view.swept else "networks"
        yield f"Only {what} with {view.filter}: {view.filter.count:,} of {view.filter.asked:,}."
    if view.pareto:
        yield f"Only rows that no other row beats in {listed(view.pareto)}; not those without a value."
    if view.totals and (view.sort or view.top):
        by = f"Sorted by {view.sort}, {'smallest' if view.ascending else 'largest'} first" if view.sort else "In order"
        yield f"{by}{f'; not more than {view.top:,} shown' if view.top else ''}."


def _group(name: str, alone: str | None) -> str:
    return "" if is_gain(name) else alone or "replaced"


def _rows(
    snapshot: Snapshot, identity: Sequence[Cell], before: Sequence[str], replaced: Sequence[str], *, named: bool
) -> list[Row]:
    rows: list[Row] = []
    for text in snapshot.texts:
        record = total_record(snapshot, text)
        standard: list[Cell] = [*identity, *(cell_of(name, record) for name in before)]
        start = [""] * len(standard) if rows else standard
        cells = (*start, *([text] if named else []), *(cell_of(name, record) for name in replaced))
        rows.append(Row(cells, Look.FLAGGED if record.get("costs_more") else Look.PLAIN))
    return rows


def _names(snapshots: Sequence[Snapshot], view: View) -> list[str]:
    """The names of the networks, with their files if names repeat; nothing if there is only one."""
    networks = dict.fromkeys((snapshot.name, snapshot.source) for snapshot in snapshots)
    in_versions = snapshots[0].swept or view.swept or view.by_replacement
    if len(networks) == 1 and (in_versions or len(snapshots) == 1):
        return []
    often = Counter(name for name, _ in networks)
    return [
        snapshot.name if often[snapshot.name] == 1 else f"{snapshot.name} ({snapshot.source})" for snapshot in snapshots
    ]

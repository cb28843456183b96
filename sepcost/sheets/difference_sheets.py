"""A difference as sheets for people: the totals, then each layer that changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sepcost.count.figure import BY_NAME, TIME
from sepcost.count.snapshot import Snapshot
from sepcost.judge.difference import Change, Difference, LayerDifference, Status
from sepcost.sheets.difference_text import NO_CHANGE, layer_changes, layer_name
from sepcost.sheets.notes import caveats, dtype_text, flops_note, verified_note
from sepcost.sheets.sheet import LAYER, AtLeast, Cell, Column, Measure, Row, Sheet
from sepcost.sheets.time_notes import time_notes
from sepcost.sheets.titles import called, headlines, scaled_by
from sepcost.text.kind import Kind
from sepcost.text.units import exact

MOST_LAYERS = 4
"""How many layers a note names; it counts the others."""


def difference_sheets(difference: Difference) -> list[Sheet]:
    """The sheet of the totals, and the sheet of the layers if any was added, removed or changed."""
    verified = verified_note(difference.before.verified, difference.after.verified)
    uncounted = caveats(difference.before, difference.after)
    notes = (*_layer_notes(difference), *uncounted, *_convention_notes(difference), *verified)
    listed = [layer for layer in difference.changes if layer.status not in (Status.RENAMED, Status.MOVED)]
    if not listed:
        return [totals_sheet(difference, notes)]
    return [totals_sheet(difference), layers_sheet(difference, listed, notes)]


def nothing_changed(difference: Difference) -> list[str]:
    """The line for an empty difference, and its notes."""
    before, network = difference.before, difference.after
    many = "1 layer" if len(network.layers) == 1 else f"{exact(len(network.layers))} layers"
    line = f"{_title(difference)}: nothing changed ({many}, {headlines(network.total)})"
    return [line, *caveats(before, network), *verified_note(before.verified, network.verified)]


def totals_sheet(difference: Difference, notes: Sequence[str] = ()) -> Sheet:
    """A row for each figure: before, after, and the difference."""
    columns = (
        Column("", Kind.TEXT, names_rows=True),
        Column("before", optional=2),
        Column("after"),
        Column("difference"),
        Column("per cent", optional=1),
    )
    convention = difference.before.convention
    rows = [
        Row((BY_NAME[name].heads(convention), *_total_cells(difference, name, change)))
        for name, change in difference.total.items()
        if BY_NAME[name].shown_as is None and (name == TIME or (change.before, change.after) != (None, None))
    ]
    return Sheet(_title(difference), columns, tuple(rows), notes=tuple(notes))


def layers_sheet(difference: Difference, listed: Sequence[LayerDifference], notes: Sequence[str] = ()) -> Sheet:
    """A row for each of these layers, and one for each further change of it."""
    columns = [LAYER, Column("change", Kind.TEXT)]
    only_params = difference.before.only_params and difference.after.only_params
    shown = ["params", *(["flops"] * (not only_params)), *([TIME] if TIME in difference.total else [])]
    for least, name in zip((2, 0, 0), shown):
        group = BY_NAME[name].heads(difference.before.convention)
        columns += [
            Column("before", optional=least + 2, group=group),
            Column("after", optional=least + 2, group=group),
            Column("difference", group=group),
            Column("per cent", optional=least + 1, group=group),
        ]
    rows: list[Row] = []
    for layer in listed:
        what, *more = layer_changes(layer)
        figures = layer.figures
        changes: list[Cell] = [
            cell for name in shown for cell in _change_cells(figures.get(name, NO_CHANGE), BY_NAME[name].kind)
        ]
        rows.append(Row((layer_name(layer), what, *changes)))
        rows += [Row(("", line, *[""] * len(changes))) for line in more]
    counts = Counter(layer.status for layer in listed)
    title = f"Layers: {', '.join(f'{exact(counts[status])} {status.value}' for status in Status if counts[status])}"
    return Sheet(title, tuple(columns), tuple(rows), notes=tuple(notes))


def _total_cells(difference: Difference, name: str, change: Change) -> tuple[Cell, ...]:
    kind = BY_NAME[name].kind
    before, after, *others = _change_cells(change, kind)
    sides = ((difference.before, change.before, before), (difference.after, change.after, after))
    bounded = [
        Measure(AtLeast(value), kind) if side.lower_bound and value is not None else cell for side, value, cell in sides
    ]
    return (*bounded, *others)


def _change_cells(change: Change, kind: Kind = Kind.COUNT) -> tuple[Cell, ...]:
    return (
        Measure(change.before, kind),
        Measure(change.after, kind),
        Measure(change.difference, kind, signed=True),
        Measure(change.percent, Kind.PERCENT, signed=True),
    )


def _title(difference: Difference) -> str:
    before, after = _network_name(difference.before), _network_name(difference.after)
    return after if before == after else f"{before} → {after}"


def _network_name(network: Snapshot) -> str:
    per = [f"per {network.per}"] if network.per else []
    return ", ".join([called(network), *scaled_by(network), *per])


def _layer_notes(difference: Difference) -> Iterator[str]:
    by_status: dict[Status, list[LayerDifference]] = {status: [] for status in Status}
    for layer in difference.layers:
        by_status[layer.status].append(layer)
    by_position = [layer for layer in by_status[Status.CHANGED] if not layer.by_name]
    if by_position:
        yield f"Matched by position: {_named(by_position)}."
    if by_status[Status.RENAMED]:
        yield f"Renamed, matched by position: {_named(by_status[Status.RENAMED])}."
    if by_status[Status.MOVED]:
        yield f"In another order: {_named(by_status[Status.MOVED])}."
    if not difference.changes:
        yield "No layer differs: the layers are connected in another way."
    unchanged = len(by_status[Status.UNCHANGED])
    if unchanged:
        yield f"{exact(unchanged)} {'layer is' if unchanged == 1 else 'layers are'} unchanged."


def _convention_notes(difference: Difference) -> Iterator[str]:
    convention, dtype = difference.before.convention, difference.after.convention.dtype
    yield from time_notes(difference.before, difference.after)
    yield flops_note(convention)
    if difference.before.per is None:
        batch = "" if convention.batch == 1 else f", for a batch of {convention.batch} (counts are per sample)"
        changed = "" if convention.dtype == dtype else f" before, and in {dtype_text(dtype)} after"
        yield f"Memory is in {dtype_text(convention.dtype)}{changed}{batch}."


def _named(layers: Sequence[LayerDifference]) -> str:
    names = list(map(layer_name, layers))
    if len(names) <= MOST_LAYERS + 1:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_LAYERS])} and {len(names) - MOST_LAYERS} more"

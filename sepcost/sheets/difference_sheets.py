"""A difference as sheets for people: the totals first, then each layer that is not as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sepcost.count.figure import BY_NAME, FIGURES
from sepcost.judge.costed import CostedLayer, CostedNetwork
from sepcost.judge.difference import Change, Difference, LayerDifference, Status
from sepcost.layers.cost import Convention
from sepcost.sheets.notes import caveats, dtype_text, flops_note, verified_note
from sepcost.sheets.sheet import AtLeast, Cell, Column, Measure, Row, Sheet
from sepcost.sheets.titles import called
from sepcost.text.kind import Kind
from sepcost.text.units import exact, factor_text

MOST_NAMES = 4
"""A note names that many layers and counts the rest."""

IN_BYTES = {figure.name: figure.header for figure in FIGURES if figure.kind is Kind.BYTES}
"""Figures that are bytes, and what people call them."""
NO_CHANGE = Change(None, None)


def difference_sheets(difference: Difference) -> list[Sheet]:
    """The sheet of the totals, and the sheet of the layers if any was added, removed or changed."""
    verified = verified_note(difference.before.verified, difference.after.verified)
    uncounted = caveats(difference.before.network, difference.after.network)
    notes = (*_layer_notes(difference), *uncounted, *_convention_notes(difference), *verified)
    listed = [layer for layer in difference.changes if layer.status not in (Status.RENAMED, Status.MOVED)]
    if not listed:
        return [totals_sheet(difference, notes)]
    return [totals_sheet(difference), layers_sheet(difference, listed, notes)]


def nothing_changed(difference: Difference) -> list[str]:
    """The line that is written for an empty difference, and what is to be said of it."""
    before, network = difference.before, difference.after
    many = "1 layer" if len(network.layers) == 1 else f"{exact(len(network.layers))} layers"
    counts = f"{exact(network.total['params'] or 0)} params, {exact(network.total['macs'] or 0)} MACs"
    line = f"{_title(difference)}: nothing changed ({many}, {counts})"
    return [line, *caveats(before.network, network.network), *verified_note(before.verified, network.verified)]


def totals_sheet(difference: Difference, notes: Sequence[str] = ()) -> Sheet:
    """A row for each figure: before, after, and by how much they differ."""
    columns = (
        Column("", Kind.TEXT, names_rows=True),
        Column("before", optional=2),
        Column("after"),
        Column("difference"),
        Column("per cent", optional=1),
    )
    convention = difference.before.convention
    rows = [
        Row((_figure_name(name, convention), *_total_cells(difference, name, change)))
        for name, change in difference.total.items()
        if BY_NAME[name].shown_as is None and (change.before, change.after) != (None, None)
    ]
    return Sheet(_title(difference), columns, tuple(rows), notes=tuple(notes))


def layers_sheet(difference: Difference, listed: Sequence[LayerDifference], notes: Sequence[str] = ()) -> Sheet:
    """A row for each of these layers, and one for each further thing of it that changed."""
    columns = [Column("layer", Kind.TEXT, names_rows=True), Column("change", Kind.TEXT)]
    for least, group in ((2, "params"), (0, difference.before.convention.flops_equation)):
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
        changes: tuple[Cell, ...] = (*_change_cells(figures["params"]), *_change_cells(figures["flops"]))
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


def _figure_name(name: str, convention: Convention) -> str:
    return BY_NAME[name].heads(convention)


def _title(difference: Difference) -> str:
    before, after = _network_name(difference.before), _network_name(difference.after)
    return after if before == after else f"{before} → {after}"


def _network_name(network: CostedNetwork) -> str:
    scaled = [
        f"{symbol} = {factor_text(factor)}"
        for symbol, factor in (("α", network.alpha), ("ρ", network.rho))
        if factor != 1
    ]
    per = [f"per {network.per}"] if network.per else []
    name = network.name if network.network is None else called(network.network)
    return ", ".join([name, *scaled, *per])


def layer_name(layer: LayerDifference) -> str:
    """What the layer is called, on both sides where they differ."""
    names = dict.fromkeys(side.name for side in (layer.before, layer.after) if side)
    return " → ".join(names)


def layer_changes(layer: LayerDifference) -> list[str]:
    """What has become of the layer, line by line; of one that stands on one side only, what it is."""
    if layer.before is None or layer.after is None:
        only = layer.before or layer.after
        return [f"{layer.status.value}: {_kind(only)}, output {_fact(only.facts['output'])}"] if only else []
    lines = [f"{name.replace('_', ' ')} {_fact(old)} → {_fact(new)}" for name, (old, new) in layer.facts.items()]
    lines = lines or list(_changed_bytes(layer))
    if layer.moved:
        before, after = layer.places
        lines.append(f"moved from place {before} to {after}" if before != after else "its neighbours moved past it")
    return lines or [layer.status.value]


def _changed_bytes(layer: LayerDifference) -> Iterator[str]:
    """What is stored in another dtype, or moves other bytes: no fact and no column says so."""
    for name, words in IN_BYTES.items():
        change = layer.figures.get(name, NO_CHANGE)
        if change.before is not None and change.after is not None and change.difference:
            yield f"{words} {exact(change.before)} B → {exact(change.after)} B"


def _kind(layer: CostedLayer) -> str:
    facts = layer.facts
    if facts.get("global") is True:
        return f"global {facts['type']}"
    return f"{_fact(facts['kernel'])} {facts['type']}" if "kernel" in facts else str(facts["type"])


def _fact(value: Any) -> str:
    """An argument as a config has it; a size that is not known is a question mark.

    >>> _fact((64, None, None)), _fact(True), _fact("same")
    ('64×?×?', 'true', 'same')
    """
    if isinstance(value, (tuple, list)):
        return "×".join("?" if item is None else str(item) for item in value)
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return str(value)


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
    yield flops_note(convention)
    if difference.before.per is None:
        batch = "" if convention.batch == 1 else f", for a batch of {convention.batch} (counts are per sample)"
        changed = "" if convention.dtype == dtype else f" before, and in {dtype_text(dtype)} after"
        yield f"Memory is in {dtype_text(convention.dtype)}{changed}{batch}."


def _named(layers: Sequence[LayerDifference]) -> str:
    names = list(map(layer_name, layers))
    if len(names) <= MOST_NAMES + 1:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"

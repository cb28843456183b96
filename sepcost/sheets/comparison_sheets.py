"""A comparison as sheets for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sepcost.blocks.plan import PLAN
from sepcost.count.figure import (
    BY_NAME,
    FIGURES,
    NEED_A_MAP,
    PEAK,
    REDUCED,
    REPLACEMENT,
    SPEEDUP,
    TIME,
    Figures,
    Whole,
    is_gain,
    reductions,
)
from sepcost.count.figure import (
    names as figure_names,
)
from sepcost.count.snapshot import LayerSnapshot, Replaced, Snapshot
from sepcost.count.verification import STANDARD
from sepcost.errors import SepcostError
from sepcost.layers import Conv
from sepcost.layers.cost import Convention
from sepcost.sheets.fields import at_least, cell_of, column_of, reduction_of
from sepcost.sheets.notes import (
    caveats,
    chosen_note,
    cost_notes,
    kept_notes,
    model_notes,
    peak_notes,
    remainder_notes,
    unread_notes,
    weights_notes,
)
from sepcost.sheets.records import REPLACED_BY, Record, layer_record, total_record
from sepcost.sheets.sheet import LAYER, Cell, Column, Look, Row, Sheet, Speedup
from sepcost.sheets.time_notes import time_notes
from sepcost.sheets.titles import called, conv_title, layer_title, network_title, scaled_by
from sepcost.sheets.view import OF_REPLACEMENT, SUBTOTAL_COLUMNS, SUBTOTALS, View
from sepcost.text.kind import Kind
from sepcost.text.wording import listed

TORCH_DEFAULTS = {"no bias": "a bias", "padding same": "no padding"}
"""What is assumed, and what torch.nn.Conv2d does instead."""

OF_NETWORKS = figure_names(lambda figure: figure.shown_as is None and figure.is_usual)
OF_LAYERS = tuple(name for name in OF_NETWORKS if BY_NAME[name].whole is Whole.SUM)
PER_POSITION = tuple(name for name in OF_LAYERS if name not in NEED_A_MAP)
REDUCED_FIGURES = figure_names(lambda figure: figure.reduced_as)
"""The figures that have a reduction in a table."""
LAYER_COLUMNS = ("kernel", "output", "params", "flops", "replacement.params", "replacement.flops", "reduction.macs")
PARAMS_COLUMNS = ("params", "replacement.params", "reduction.params")
"""What follows the kernel where only weights are known."""
TIMED_COLUMNS = (TIME, f"{REPLACEMENT}{TIME}", SPEEDUP)
TIMED_FIGURES = (TIME, "bound")
"""What follows where there is a target."""

UNNAMED = (Conv.type, f"{Conv.type}1")
"""The names that a convolution has if it is given none: alone, and first in a list."""

OPTIONAL = {figure.name: figure.hides_first for figure in FIGURES} | {
    "output": 3, "params": 2, "kernel": 1, "replacement.params": 1,
}  # fmt: skip
"""What a narrow terminal leaves out first, unless the columns are chosen."""
WITH_SEVERAL = {**OPTIONAL, "replacement.params": 3, "replacement.flops": 2}
"""The same for a table with several replacements."""
WITH_TIMES = {
    "output": 6, "params": 5, "replacement.params": 5, "replacement.flops": 4, "kernel": 3, "flops": 2,
    "reduction.macs": 1,
}  # fmt: skip
"""The same for a table with times."""


def sheets(snapshot: Snapshot, assumed: Sequence[str] = (), view: View | None = None) -> list[Sheet]:
    """One sheet for a single convolution; for a network, its layers and its totals (one of chosen columns)."""
    view = view or View()
    if snapshot.is_single_convolution:
        return [convolution_sheet(snapshot, view, assumed)]
    if view.totals:
        return [totals_sheet(snapshot, view)]
    layers = layers_sheet(snapshot, view)
    return [layers, totals_sheet(snapshot, view)] if view.columns is None else [layers]


def title_of(snapshot: Snapshot, assumed: Sequence[str] = ()) -> str:
    """The title of the only layer that is shown."""
    if snapshot.is_single_convolution:
        return convolution_title(snapshot, assumed)
    return layer_title(snapshot, snapshot.shown[0])


def convolution_title(snapshot: Snapshot, assumed: Sequence[str]) -> str:
    """The title of a single convolution, with what is assumed."""
    layer = snapshot.layers[0]
    of_model = f"{called(snapshot)}: " if snapshot.model else f"{layer.name}: " * (layer.name not in UNNAMED)
    described = ", ".join([conv_title(cast(Conv, layer.layer), snapshot.per), *scaled_by(snapshot)])
    return with_assumed(f"{of_model}{described}", assumed)


def convolution_sheet(snapshot: Snapshot, view: View, assumed: Sequence[str] = ()) -> Sheet:
    """Standard, each replacement and its parts, and the reduction of everything."""
    layer = snapshot.layers[0]
    names = _figures_shown(snapshot, view, PER_POSITION if snapshot.per else OF_LAYERS)
    rows = [Row((STANDARD, *_cells(layer.figures, names)))]
    for text, replaced in layer.replaced.items():
        rows += _replaced_rows(text, replaced, layer.figures, names)
    notes = [*kept_notes(snapshot), *caveats(snapshot), *time_notes(snapshot), *cost_notes(snapshot)]
    if assumed:
        instead = " and ".join(TORCH_DEFAULTS[item] for item in assumed)
        facts = layer.facts
        module = f"torch.nn.Conv{'Transpose' if facts['transposed'] else ''}{len(facts['kernel'])}d"
        notes.append(f"{module} has {instead} by default.")
    title = convolution_title(snapshot, assumed)
    return Sheet(title, _figure_columns(names, snapshot.convention), tuple(rows), notes=tuple(notes))


def layers_sheet(snapshot: Snapshot, view: View) -> Sheet:
    """A row for each layer, and a row for the network."""
    several = len(snapshot.replaced) > 1
    usual: tuple[str, ...] = SUBTOTAL_COLUMNS if view.rows in SUBTOTALS else LAYER_COLUMNS
    usual = (usual[0], *PARAMS_COLUMNS) if snapshot.only_params else usual
    timed = TIMED_COLUMNS if snapshot.target else ()
    before, names = split_columns(view.shown((*usual, *timed)), view.identity)
    replaced = _of_each(snapshot, names, view)
    usually = WITH_SEVERAL if several else OPTIONAL
    if timed:
        usually = WITH_TIMES | ({f"{REPLACEMENT}{TIME}": 2} if several else {})
    optional: Mapping[str, int] = {} if view.columns else usually
    named = LAYER if view.rows not in SUBTOTALS else Column(view.rows.value[:-1], Kind.TEXT, names_rows=True)
    columns = [named, *_grouped_columns(snapshot, before, replaced, optional)]
    rows = [_layer_row(snapshot, layer, before, replaced) for layer in snapshot.shown]
    totals = {text: total_record(snapshot, text) for text in snapshot.texts}
    cells: list[Cell] = [cell_of(name, totals[snapshot.texts[0]]) if name in BY_NAME else "" for name in before]
    cells += ["" if name == REPLACED_BY else cell_of(name, totals[text]) for text, name in replaced]
    notes = (
        *chosen_note(snapshot, view.sort, view.filter),
        *unread_notes(snapshot),
        *kept_notes(snapshot),
        *model_notes(snapshot),
        *remainder_notes(snapshot),
        *weights_notes(snapshot),
        *time_notes(snapshot),
        *cost_notes(snapshot),
    )
    return Sheet(network_title(snapshot), tuple(columns), tuple(rows), (Row(("total", *cells)),), notes)


def totals_sheet(snapshot: Snapshot, view: View | None = None) -> Sheet:
    """Every figure of the whole network, as it is and replaced."""
    names = _figures_shown(snapshot, view or View(), OF_NETWORKS)
    rows = [Row((STANDARD, *_total_cells(snapshot, snapshot.total, names)))]
    for text, replaced in snapshot.replaced.items():
        rows.append(Row((text, *_total_cells(snapshot, replaced.figures, names))))
        rows.append(_reduction_row(snapshot.total, replaced, names))
    alone = view is not None and view.totals
    notes = (
        *(model_notes(snapshot) if alone else ()),
        *(peak_notes(snapshot) if PEAK in names else ()),
        *((*time_notes(snapshot), *cost_notes(snapshot)) if alone else ()),
    )
    title = f"{network_title(snapshot) if alone else snapshot.name}: totals"
    return Sheet(title, _figure_columns(names, snapshot.convention), tuple(rows), notes=notes)


def _of_each(snapshot: Snapshot, names: Sequence[str], view: View) -> list[tuple[str, str]]:
    """The columns of each replacement, and of a plan what it chose, too."""
    chosen = [REPLACED_BY] if view.columns is None and view.rows not in SUBTOTALS else []
    return [
        (text, name) for text in snapshot.replaced for name in (*chosen, *names) if name != REPLACED_BY or text == PLAN
    ]


def _grouped_columns(
    snapshot: Snapshot, before: Sequence[str], replaced: Sequence[tuple[str, str]], optional: Mapping[str, int]
) -> list[Column]:
    """The standard's columns, and those of each replacement."""
    convention, several = snapshot.convention, len(snapshot.replaced) > 1
    standard = STANDARD if snapshot.replaced else ""
    columns = [
        column_of(name, convention, standard if name in BY_NAME else "", optional.get(name, 0)) for name in before
    ]
    for text, name in replaced:
        group = "" if is_gain(name) and not several else text
        columns.append(column_of(name, convention, group, optional.get(name, 0)))
    return columns


def split_columns(names: Sequence[str], identity: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names of the standard, without those that identify a row; and the names that each replacement has."""
    chosen = [name for name in names if name not in (*identity, "part")]
    under = [name for name in chosen if name.startswith(OF_REPLACEMENT)]
    return [name for name in chosen if name not in under], under


def with_assumed(title: str, assumed: Sequence[str]) -> str:
    """The title, and what is assumed."""
    return f"{title} ({', '.join(assumed)})" if assumed else title


def _figures_shown(snapshot: Snapshot, view: View, usual: Sequence[str]) -> Sequence[str]:
    """The chosen figures, if rows are the standard and its replacements; a speed-up is below the times."""
    if view.columns is None:
        return (*usual, *TIMED_FIGURES) if snapshot.target else usual
    names = (TIME if name == SPEEDUP else name for name in view.columns)
    chosen = dict.fromkeys(name.rpartition(".")[2] for name in names)
    figures = [name for name in chosen if name in ("macs", *usual, *view.asked)]
    if not figures:
        raise SepcostError(f"--columns: this table has {listed(['macs', *usual])}, got {', '.join(view.columns)}")
    return figures


def _figure_columns(names: Sequence[str], convention: Convention) -> tuple[Column, ...]:
    return (
        Column("", Kind.TEXT, names_rows=True),
        *(column_of(name, convention, "", OPTIONAL.get(name, 0)) for name in names),
    )


def _cells(figures: Mapping[str, Any], names: Sequence[str]) -> list[Cell]:
    return [figures.get(name) for name in names]


def _total_cells(snapshot: Snapshot, figures: Figures, names: Sequence[str]) -> list[Cell]:
    cells = _cells(figures, names)
    return list(map(at_least, cells)) if snapshot.lower_bound else cells


def _replaced_rows(text: str, replaced: Replaced, standard: Figures, names: Sequence[str]) -> list[Row]:
    cells = _cells(replaced.figures, names)
    text = f"{text} ({replaced.replaced_by})" if replaced.replaced_by else text
    if replaced.kept:
        return [Row((f"{text}: kept", *cells), Look.KEPT)]
    bad = ": costs more" if replaced.costs_more else ": slower" if replaced.is_slower else ""
    rows = [Row((f"{text}{bad}", *cells), Look.FLAGGED if bad else Look.PLAIN)]
    rows += [Row((f"  {part.name}", *_cells(part.figures, names)), Look.PART) for part in replaced.parts]
    return [*rows, _reduction_row(standard, replaced, names)]


def _reduction_row(standard: Figures, replaced: Replaced, names: Sequence[str]) -> Row:
    """Standard ÷ replacement of each figure itself: bytes of tensors in several dtypes are no multiples of others.

    Of times, that is the speed-up.
    """
    reduction = reductions(standard, replaced.figures, tuple(name for name in names if name in REDUCED_FIGURES))
    cells = (
        Speedup.of(replaced.figures) if name == TIME else reduction_of(name, reduction, flagged=replaced.costs_more)
        for name in names
    )
    words = [REDUCED] * bool(reduction) + [BY_NAME[SPEEDUP].header] * (TIME in names)
    return Row((f"  {', '.join(words) or REDUCED}", *cells), Look.REDUCTION)


def _layer_row(
    snapshot: Snapshot, layer: LayerSnapshot, before: Sequence[str], replaced: Sequence[tuple[str, str]]
) -> Row:
    records: dict[str | None, Record] = {text: layer_record(snapshot, layer, text) for text in snapshot.texts}
    times = layer.facts.get("times", 1)
    ends = [shape[0] for name in ("input", "output") if snapshot.only_params and (shape := layer.facts.get(name))]
    told = f" (×{times})" * (times > 1) + f", {' → '.join(map(str, ends))}" * bool(ends)
    kernel = {} if layer.is_subtotal else {"kernel": f"{layer.layer.label}{told}"}
    own = {**records[snapshot.texts[0]], **kernel}
    cells = [layer.name, *(cell_of(name, own) for name in before)]
    cells += [cell_of(name, records[text]) for text, name in replaced]
    flagged = any(each.costs_more or each.is_slower for each in layer.replaced.values())
    kept = layer.kept and layer.replaced
    return Row(tuple(cells), Look.KEPT if kept else Look.FLAGGED if flagged else Look.PLAIN)

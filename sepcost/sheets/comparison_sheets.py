"""A comparison as sheets for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sepcost.count.comparison import Comparison
from sepcost.count.figure import (
    BY_NAME,
    FIGURES,
    NEED_A_MAP,
    Whole,
    cost_figures,
    reductions,
    total_figures,
)
from sepcost.count.figure import (
    names as figure_names,
)
from sepcost.count.layer_comparison import LayerComparison, Variant
from sepcost.count.total import Total
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
)
from sepcost.sheets.records import Record, layer_record, total_record
from sepcost.sheets.sheet import Cell, Column, Look, Row, Sheet
from sepcost.sheets.titles import called, conv_title, layer_title, network_title, scaled_by
from sepcost.sheets.view import OF_REPLACEMENT, View
from sepcost.text.kind import Kind
from sepcost.text.wording import listed

TORCH_DEFAULTS = {"no bias": "a bias", "padding same": "no padding"}
"""What is assumed, and what torch.nn.Conv2d does instead."""

OF_LAYERS = figure_names(lambda figure: figure.shown_as is None and figure.whole is Whole.SUM)
OF_NETWORKS = figure_names(lambda figure: figure.shown_as is None)
PER_POSITION = tuple(name for name in OF_LAYERS if name not in NEED_A_MAP)
LAYER_COLUMNS = ("kernel", "output", "params", "flops", "replacement.params", "replacement.flops", "reduction.macs")

OPTIONAL = {figure.name: figure.hides_first for figure in FIGURES} | {
    "kernel": 3, "output": 1, "params": 1, "replacement.params": 2,
}  # fmt: skip
"""What a narrow terminal leaves out first, unless the columns are chosen."""
WITH_SEVERAL = {**OPTIONAL, "replacement.params": 3, "replacement.flops": 2}
"""The same for a table with several replacements."""


def sheets(comparison: Comparison, assumed: Sequence[str] = (), view: View | None = None) -> list[Sheet]:
    """One sheet for a single convolution; for a network, its layers and its totals (one of chosen columns)."""
    view = view or View()
    if is_single_convolution(comparison):
        return [convolution_sheet(comparison, view, assumed)]
    if view.totals:
        return [totals_sheet(comparison, view)]
    layers = layers_sheet(comparison, view)
    return [layers, totals_sheet(comparison, view)] if view.columns is None else [layers]


def title_of(comparison: Comparison, assumed: Sequence[str] = ()) -> str:
    """The title of the only layer of a comparison."""
    if is_single_convolution(comparison):
        return sheets(comparison, assumed)[0].title
    return layer_title(comparison, comparison.layers[0])


def is_single_convolution(comparison: Comparison) -> bool:
    """Whether it is about one convolution, not a network or a model that also runs something else."""
    network = comparison.network
    alone = len(network) == 1 and network.independent and not comparison.is_lower_bound
    return alone and isinstance(network.nodes[0].layer, Conv)


def convolution_sheet(comparison: Comparison, view: View, assumed: Sequence[str] = ()) -> Sheet:
    """Standard, each replacement and its parts, and the reduction of everything."""
    layer, per_position = comparison.layers[0], comparison.network.per_position
    conv = cast(Conv, layer.layer)
    names = _figures_shown(view, PER_POSITION if per_position else OF_LAYERS)
    rows = [Row(("standard", *_cells(cost_figures(layer.standard, comparison.convention), names)))]
    for text, variant in layer.variants.items():
        rows += _variant_rows(text, variant, layer, comparison.convention, names)
    notes = [*kept_notes(comparison), *caveats(comparison.network), *cost_notes(comparison)]
    if assumed:
        instead = " and ".join(TORCH_DEFAULTS[item] for item in assumed)
        module = f"torch.nn.Conv{'Transpose' if conv.transposed else ''}{len(conv.kernel_size)}d"
        notes.append(f"{module} has {instead} unless told otherwise.")
    of_model = "" if comparison.network.uncounted is None else f"{called(comparison.network)}: "
    described = ", ".join([conv_title(conv, per_position), *scaled_by(comparison)])
    title = with_assumed(f"{of_model}{described}", assumed)
    return Sheet(title, _figure_columns(names, comparison.convention), tuple(rows), notes=tuple(notes))


def layers_sheet(comparison: Comparison, view: View) -> Sheet:
    """A row for each layer, and a row for the network."""
    several = len(comparison.totals) > 1
    before, replaced = split_columns(view.shown(LAYER_COLUMNS), view.identity)
    optional: Mapping[str, int] = {} if view.columns else WITH_SEVERAL if several else OPTIONAL
    columns = [Column("layer", Kind.TEXT, names_rows=True), *grouped_columns(comparison, before, replaced, optional)]
    rows = [_layer_row(comparison, layer, before, replaced) for layer in comparison.layers]
    totals = [total_record(comparison, text) for text in comparison.texts]
    cells: list[Cell] = [cell_of(name, totals[0]) if name in BY_NAME else "" for name in before]
    for record in totals if comparison.totals else ():
        cells += [cell_of(name, record) for name in replaced]
    notes = (
        *chosen_note(comparison, view.sort),
        *unread_notes(comparison),
        *kept_notes(comparison),
        *model_notes(comparison),
        *remainder_notes(comparison),
        *cost_notes(comparison),
    )
    return Sheet(network_title(comparison), tuple(columns), tuple(rows), (Row(("total", *cells)),), notes)


def totals_sheet(comparison: Comparison, view: View | None = None) -> Sheet:
    """Every figure of the whole network, as it is and replaced."""
    convention, standard = comparison.convention, comparison.standard
    names = _figures_shown(view or View(), OF_NETWORKS)
    rows = [Row(("standard", *_total_cells(comparison, standard, names)))]
    for text, total in comparison.totals.items():
        rows.append(Row((text, *_total_cells(comparison, total, names))))
        reduced = reductions(total_figures(standard, convention), total_figures(total, convention))
        cells = [reduction_of(name, reduced, flagged=total.costs_more) for name in names]
        rows.append(Row(("  reduction", *cells), Look.REDUCTION))
    alone = view is not None and view.totals
    notes = (
        *(model_notes(comparison) if alone else ()),
        *(peak_notes(comparison) if "peak_activation_bytes" in names else ()),
        *(cost_notes(comparison) if alone else ()),
    )
    title = f"{network_title(comparison) if alone else comparison.name}: totals"
    return Sheet(title, _figure_columns(names, convention), tuple(rows), notes=notes)


def grouped_columns(
    comparison: Comparison, before: Sequence[str], replaced: Sequence[str], optional: Mapping[str, int]
) -> list[Column]:
    """The standard's columns, and those of each replacement."""
    convention, several = comparison.convention, len(comparison.totals) > 1
    standard = "standard" if comparison.totals else ""
    columns = [
        column_of(name, convention, standard if name in BY_NAME else "", optional.get(name, 0)) for name in before
    ]
    for text in comparison.totals:
        for name in replaced:
            group = "" if name.startswith("reduction.") and not several else text
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


def _figures_shown(view: View, usual: Sequence[str]) -> Sequence[str]:
    """The chosen figures, if rows are the standard and its replacements."""
    if view.columns is None:
        return usual
    chosen = dict.fromkeys(name.rpartition(".")[2] for name in view.columns)
    figures = [name for name in chosen if name in ("macs", *usual)]
    if not figures:
        raise SepcostError(f"--columns: this table has {listed(['macs', *usual])}, got {', '.join(view.columns)}")
    return figures


def _figure_columns(names: Sequence[str], convention: Convention) -> tuple[Column, ...]:
    return (
        Column("", Kind.TEXT, names_rows=True),
        *(column_of(name, convention, "", OPTIONAL.get(name, 0)) for name in names),
    )


def _cells(figures: Mapping[str, Any], names: Sequence[str]) -> list[Cell]:
    return [figures[name] for name in names]


def _total_cells(comparison: Comparison, total: Total, names: Sequence[str]) -> list[Cell]:
    cells = _cells(total_figures(total, comparison.convention), names)
    return list(map(at_least, cells)) if comparison.is_lower_bound else cells


def _variant_rows(
    text: str, variant: Variant, layer: LayerComparison, convention: Convention, names: Sequence[str]
) -> list[Row]:
    cells = _cells(cost_figures(variant.cost, convention), names)
    if variant.kept:
        return [Row((f"{text}: kept", *cells), Look.KEPT)]
    look = Look.FLAGGED if variant.costs_more else Look.PLAIN
    rows = [Row((f"{text}: costs more" if variant.costs_more else text, *cells), look)]
    for part in variant.parts:
        rows.append(Row((f"  {part.name}", *_cells(cost_figures(part.cost, convention), names)), Look.PART))
    reduced = reductions(cost_figures(layer.standard, convention), cost_figures(variant.cost, convention))
    reduced_cells = [reduction_of(name, reduced, flagged=variant.costs_more) for name in names]
    return [*rows, Row(("  reduction", *reduced_cells), Look.REDUCTION)]


def _layer_row(comparison: Comparison, layer: LayerComparison, before: Sequence[str], replaced: Sequence[str]) -> Row:
    records: list[Record] = [layer_record(comparison, layer, text) for text in comparison.texts]
    often = f" (×{layer.node.times})" if layer.node.times > 1 else ""
    own = {**records[0], "kernel": f"{layer.layer.label}{often}"}
    cells = [layer.name, *(cell_of(name, own) for name in before)]
    for record in records if layer.variants else ():
        cells += [cell_of(name, record) for name in replaced]
    flagged = any(variant.costs_more for variant in layer.variants.values())
    kept = layer.kept and layer.variants
    return Row(tuple(cells), Look.KEPT if kept else Look.FLAGGED if flagged else Look.PLAIN)

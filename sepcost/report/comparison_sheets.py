"""A comparison as sheets for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sepcost.arguments import times
from sepcost.comparison import Comparison, LayerComparison, Total, Variant
from sepcost.cost import Convention, Cost, ratio
from sepcost.layers import Conv, Layer, Pool
from sepcost.report.sheet import Cell, Column, Kind, Look, Ratio, Row, Sheet

MOST_NAMES = 3
"""A note names that many layers and counts the rest."""

TORCH_DEFAULTS = {"no bias": "a bias", "padding same": "no padding"}
"""What is assumed here, and what torch.nn.Conv2d would do instead."""


def sheets(comparison: Comparison, assumed: Sequence[str] = ()) -> list[Sheet]:
    """One sheet for a single convolution; for a network, its layers and its totals.

    ``assumed`` says what its user left to the defaults, for the title.
    """
    conv = comparison.layers[0].layer
    if len(comparison.layers) == 1 and comparison.network.independent and isinstance(conv, Conv):
        return [convolution_sheet(comparison, conv, assumed)]
    return [layers_sheet(comparison), totals_sheet(comparison)]


def convolution_sheet(comparison: Comparison, conv: Conv, assumed: Sequence[str] = ()) -> Sheet:
    """Standard, each replacement and its parts, and the reduction of everything."""
    layer = comparison.layers[0]
    per_position = comparison.network.per_position
    columns = _cost_columns(comparison.convention, per_position)
    rows = [Row(("standard", *_cost_cells(layer.standard, comparison.convention, per_position)))]
    for text, variant in layer.variants.items():
        rows += _variant_rows(text, variant, layer, comparison.convention, per_position)
    notes = list(_notes(comparison))
    if assumed:
        instead = " and ".join(TORCH_DEFAULTS[item] for item in assumed)
        module = f"torch.nn.Conv{'Transpose' if conv.transposed else ''}{len(conv.kernel_size)}d"
        notes.append(f"{module} has {instead} unless told otherwise.")
    title = ", ".join([conv_title(conv, per_position), *_scaled_by(comparison)])
    title += f" ({', '.join(assumed)})" if assumed else ""
    return Sheet(title, columns, tuple(rows), notes=tuple(notes))


def layers_sheet(comparison: Comparison) -> Sheet:
    """A row for each layer, and one for the network."""
    convention = comparison.convention
    flops = Column(convention.flops_equation)
    replacements = tuple(comparison.totals)
    columns = [
        Column("layer", Kind.TEXT),
        Column("kernel", Kind.TEXT, optional=3),
        Column("output", Kind.TEXT, optional=1),
        Column("params", optional=1, group="standard"),
        Column(flops.header, group="standard"),
    ]
    several = len(replacements) > 1
    for text in replacements:
        columns += [
            Column("params", optional=3 if several else 2, group=text),
            Column(_short_flops(convention), optional=2 if several else 0, group=text),
            Column("reduction", Kind.RATIO, group=text if several else ""),
        ]
    rows = [_layer_row(layer, convention) for layer in comparison.layers]
    total = comparison.standard.cost
    cells: list[Cell] = ["total", "", "", total.params, total.macs * convention.flops_per_mac]
    for replaced in comparison.totals.values():
        cells += _totals_cells(total, replaced, convention)
    return Sheet(
        network_title(comparison),
        tuple(columns),
        tuple(rows),
        (Row(tuple(cells)),),
        (*_unread_notes(comparison), *_kept_notes(comparison), *_notes(comparison)),
    )


def totals_sheet(comparison: Comparison) -> Sheet:
    """Everything that can be said of the whole network, as it is and replaced."""
    convention = comparison.convention
    columns = (*_cost_columns(convention), Column("peak activations", Kind.BYTES, optional=1))
    rows = [Row(("standard", *_total_cells(comparison.standard, convention)))]
    for text, total in comparison.totals.items():
        rows.append(Row((text, *_total_cells(total, convention))))
        rows.append(Row(("  reduction", *_total_reductions(comparison.standard, total, convention)), Look.REDUCTION))
    return Sheet(f"{comparison.name}: totals", columns, tuple(rows))


def summary_sheet(comparisons: Sequence[Comparison]) -> Sheet:
    """Several networks: a row for each, and for each of its replacements."""
    convention = comparisons[0].convention
    columns = (
        Column("network", Kind.TEXT),
        Column("params", optional=2, group="standard"),
        Column(convention.flops_equation, group="standard"),
        Column("replacement", Kind.TEXT),
        Column("params", optional=1, group="replaced"),
        Column(_short_flops(convention), group="replaced"),
        Column("reduction", Kind.RATIO),
    )
    rows = []
    for comparison in comparisons:
        standard = comparison.standard.cost
        before: tuple[Cell, ...] = (comparison.name, standard.params, standard.macs * convention.flops_per_mac)
        for text, replaced in comparison.totals.items():
            rows.append(Row((*before, text, *_totals_cells(standard, replaced, convention))))
            before = ("", "", "")
    return Sheet(f"{len(comparisons)} networks", columns, tuple(rows), notes=(flops_note(convention),))


def conv_title(conv: Conv, per_position: bool = False) -> str:
    """A convolution in one line.

    >>> conv_title(Conv((112, 112), 32, 64, 3, stride=2))
    '3×3 convolution, 32 → 64 channels, stride 2, on 112×112 → 56×56'
    """
    kind = "transposed convolution" if conv.transposed else "convolution"
    kernel = times(conv.kernel_size)
    what = f"1-D {kind} with kernel {kernel}" if len(conv.kernel_size) == 1 else f"{kernel} {kind}"
    parts = [what, f"{conv.in_channels} → {conv.out_channels} channels"]
    for name, value, default in (("stride", conv.stride, 1), ("dilation", conv.dilation, 1)):
        if set(value) != {default}:
            parts.append(f"{name} {_short_extent(value)}")
    if conv.groups > 1:
        parts.append(f"{conv.groups} groups")
    if conv.padding != "same":
        parts.append(f"padding {_short_extent(conv.padding)}")
    if any(conv.output_padding):
        parts.append(f"output padding {_short_extent(conv.output_padding)}")
    parts += ["bias"] * conv.bias + ["batch norm"] * (conv.norm == "batch")
    if per_position:
        return f"{', '.join(parts)}, per {'input' if conv.transposed else 'output'} position"
    becomes = f" → {times(conv.output_size)}" if conv.output_size != conv.input_size else ""
    return f"{', '.join(parts)}, on {times(conv.input_size)}{becomes}"


def network_title(comparison: Comparison) -> str:
    """The network's name, how it was scaled, and the input it begins with."""
    network = comparison.network
    parts = [network.name, *_scaled_by(comparison)]
    if network.input_shape is not None:
        parts.append(f"input {times(network.input_shape)}")
    return ", ".join(parts)


def _scaled_by(comparison: Comparison) -> Iterator[str]:
    for symbol, factor in (("α", comparison.network.alpha), ("ρ", comparison.network.rho)):
        if factor != 1:
            yield f"{symbol} = {float(factor):g}"


def layer_kernel(layer: Layer) -> str:
    """What a layer does, in a word: its kernel, and its stride where it has one.

    >>> layer_kernel(Conv((56, 56), 64, 128, 3, stride=2))
    '3×3 /2'
    """
    if isinstance(layer, Pool) and layer.global_pool:
        return "global pool"
    if not isinstance(layer, (Conv, Pool)):
        return layer.type
    usual = layer.kernel_size if isinstance(layer, Pool) else (1,) * len(layer.stride)
    stride = f" /{_short_extent(layer.stride)}" if layer.stride != usual else ""
    kind = " pool" if isinstance(layer, Pool) else " transposed" if layer.transposed else ""
    return f"{times(layer.kernel_size)}{stride}{kind}"


def _short_extent(sizes: Sequence[int]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else times(sizes)


def _short_flops(convention: Convention) -> str:
    return "MACs" if convention.flops_per_mac == 1 else "FLOPs"


def _cost_columns(convention: Convention, per_position: bool = False) -> tuple[Column, ...]:
    columns = (
        Column("", Kind.TEXT),
        Column("params"),
        Column(convention.flops_equation),
        Column("activations", optional=1),
        Column("weights", Kind.BYTES, optional=4),
        Column("activation memory", Kind.BYTES, optional=2),
        Column("traffic", Kind.BYTES, optional=3),
        Column("MACs/byte", Kind.INTENSITY, optional=5),
    )
    return columns[:5] if per_position else columns


def _cost_cells(cost: Cost, convention: Convention, per_position: bool = False) -> tuple[Cell, ...]:
    cells = (
        cost.params,
        cost.macs * convention.flops_per_mac,
        cost.activations,
        cost.weight_bytes(convention),
        cost.activation_bytes(convention),
        cost.traffic_bytes(convention),
        cost.macs_per_byte(convention),
    )
    return cells[:4] if per_position else cells


def _reductions(
    standard: Cost, cost: Cost, convention: Convention, per_position: bool = False, flagged: bool = False
) -> tuple[Cell, ...]:
    params = Ratio(ratio(standard.params, cost.params))
    cells = (
        params,
        Ratio(ratio(standard.macs, cost.macs), flagged),
        Ratio(ratio(standard.activations, cost.activations)),
        params,
        Ratio(ratio(standard.activations, cost.activations)),
        Ratio(ratio(standard.traffic_bytes(convention), cost.traffic_bytes(convention))),
        "",
    )
    return cells[:4] if per_position else cells


def _variant_rows(
    text: str, variant: Variant, layer: LayerComparison, convention: Convention, per_position: bool
) -> list[Row]:
    if variant.kept:
        name = f"{text}: kept ({variant.kept})"
        return [Row((name, *_cost_cells(variant.cost, convention, per_position)), Look.KEPT)]
    look = Look.FLAGGED if variant.costs_more else Look.PLAIN
    name = f"{text}: costs more" if variant.costs_more else text
    rows = [Row((name, *_cost_cells(variant.cost, convention, per_position)), look)]
    for part in variant.parts:
        rows.append(Row((f"  {part.name}", *_cost_cells(part.cost, convention, per_position)), Look.PART))
    reductions = _reductions(layer.standard, variant.cost, convention, per_position, variant.costs_more)
    rows.append(Row(("  reduction", *reductions), Look.REDUCTION))
    return rows


def _layer_row(layer: LayerComparison, convention: Convention) -> Row:
    standard = layer.standard
    cells: list[Cell] = [
        layer.name,
        layer_kernel(layer.layer),
        times(layer.layer.output_shape),
        standard.params,
        standard.macs * convention.flops_per_mac,
    ]
    for variant in layer.variants.values():
        cells += [variant.cost.params, variant.cost.macs * convention.flops_per_mac]
        cells.append("kept" if variant.kept else Ratio(ratio(standard.macs, variant.cost.macs), variant.costs_more))
    flagged = any(variant.costs_more for variant in layer.variants.values())
    return Row(tuple(cells), Look.KEPT if layer.kept else Look.FLAGGED if flagged else Look.PLAIN)


def _totals_cells(standard: Cost, total: Total, convention: Convention) -> tuple[Cell, ...]:
    reduction = Ratio(ratio(standard.macs, total.cost.macs), total.costs_more)
    return (total.cost.params, total.cost.macs * convention.flops_per_mac, reduction)


def _total_cells(total: Total, convention: Convention) -> tuple[Cell, ...]:
    return (*_cost_cells(total.cost, convention), total.peak_bytes(convention))


def _total_reductions(standard: Total, total: Total, convention: Convention) -> tuple[Cell, ...]:
    peaks = Ratio(ratio(standard.peak or 0, total.peak or 0))
    return (*_reductions(standard.cost, total.cost, convention, flagged=total.costs_more), peaks)


def _unread_notes(comparison: Comparison) -> Iterator[str]:
    """Layers that run for nothing, unless they are outputs: easily a slip in ``from``."""
    network = comparison.network
    read = {source for node in network for source in (*node.sources, *node.add)}
    unread = [node.name for number, node in enumerate(network) if number not in read][:-1]
    if unread and not network.independent:
        yield f"No layer reads {_named(unread)}: outputs, or forgotten?"


def _kept_notes(comparison: Comparison) -> Iterator[str]:
    """Why layers stay as they are, reason by reason; first under every replacement, then under some."""
    always: dict[str, list[str]] = {}
    sometimes: dict[str, dict[str, list[str]]] = {}
    for layer in comparison.layers:
        if layer.kept:
            always.setdefault(layer.kept, []).append(layer.name)
            continue
        for text, variant in layer.variants.items():
            if variant.kept:
                sometimes.setdefault(text, {}).setdefault(variant.kept, []).append(layer.name)
    if always:
        yield f"Kept as they are: {_reasons(always)}."
    for text, reasons in sometimes.items():
        yield f"Kept by {text}: {_reasons(reasons)}."


def _reasons(names_by_reason: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{reason} ({_named(names_by_reason[reason])})" for reason in sorted(names_by_reason))


def _notes(comparison: Comparison) -> Iterator[str]:
    convention = comparison.convention
    costlier: dict[str, list[str]] = {}
    for name, text in comparison.costlier:
        costlier.setdefault(text, []).append(name)
    for text, names in costlier.items():
        where = "" if len(comparison.layers) == 1 else f" in {_named(names)}"
        yield f"! {text} costs more MACs than the standard{where}."
    yield flops_note(convention)
    yield from _reduction_notes(comparison)


def flops_note(convention: Convention) -> str:
    """What the column of FLOPs counts, and what others count."""
    if convention.flops_per_mac == 1:
        return "FLOPs = MACs, as in the articles and fvcore; PyTorch and data sheets count 2×MACs (--flops-per-mac 2)."
    return "FLOPs = 2×MACs, as in PyTorch and data sheets; the articles and fvcore count MACs (--flops-per-mac 1)."


def _reduction_notes(comparison: Comparison) -> Iterator[str]:
    convention = comparison.convention
    replaced = any(variant.parts for layer in comparison.layers for variant in layer.variants.values())
    batch = "" if convention.batch == 1 else f", for a batch of {convention.batch} (counts are per sample)"
    about_memory = f"Memory is in {convention.dtype}{'' if comparison.network.per_position else batch}."
    yield f"Reduction = standard ÷ replacement. {about_memory}" if replaced else about_memory


def _named(names: Sequence[str]) -> str:
    if len(names) <= MOST_NAMES + 1:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"

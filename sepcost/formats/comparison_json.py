"""Comparisons as JSON, the contract of docs/json.md: one document, or a line for each network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sepcost.count.comparison import Comparison
from sepcost.count.contract import SCHEMA_VERSION, head
from sepcost.count.figure import REPLACEMENT, cost_figures, reductions, total_figures
from sepcost.count.figures import FACTS, node_facts, peak_place
from sepcost.count.layer_comparison import LayerComparison, Variant
from sepcost.count.total import Total
from sepcost.layers import Conv
from sepcost.layers.cost import Convention
from sepcost.network.budget import REDUCTION
from sepcost.network.network import Network
from sepcost.sheets.many import HOLE, Holes, Several, texts
from sepcost.sheets.records import plain
from sepcost.sheets.verification_text import verification_fields
from sepcost.sheets.view import View

_encode = json.JSONEncoder(separators=(",", ":")).encode
HOLE_IN_JSON = _encode(HOLE)


def json_chunks(
    comparisons: Iterable[Comparison | Several], convention: Convention, view: View | None = None
) -> Iterator[str]:
    """The document in pieces as the comparisons come; nothing for no comparison."""
    view = view or View()
    separator = f'{_encode(_head(convention, view))[:-1]},"networks":[\n'
    for item in comparisons:
        yield separator
        yield from _networks(item, view)
        separator = ",\n"
    if separator == ",\n":
        yield "\n]}\n"


def json_lines(
    comparisons: Iterable[Comparison | Several], convention: Convention, view: View | None = None
) -> Iterator[str]:
    """A line for each network, which says all by itself."""
    view = view or View()
    opening = _encode(_head(convention, view))[:-1] + ","
    for item in comparisons:
        yield "".join([f"{opening}{text[1:]}\n" for text in _texts(item, view)])


def _head(convention: Convention, view: View) -> dict[str, Any]:
    swept = {"batch": None} if "batch" in view.swept else {}
    return {**head(SCHEMA_VERSION, convention), **swept, **_selection(view)}


def _selection(view: View) -> dict[str, Any]:
    """What was wished for that leaves something out, or in another place."""
    wishes = {"totals": view.totals, "columns": view.columns, "sort": view.sort, "top": view.top}
    wishes |= {"ascending": view.ascending}
    given = {name: value for name, value in wishes.items() if value and (name != "totals" or not view.swept)}
    return {"selection": given} if given else {}


def _networks(item: Comparison | Several, view: View) -> Iterable[str]:
    """The networks of an item: one in pieces, a layer at a time, or many in one text."""
    return _network(item, view, []) if isinstance(item, Comparison) else [",\n".join(_texts(item, view))]


def _texts(item: Comparison | Several, view: View) -> Iterable[str]:
    """Each network of an item, as one line."""

    def line(comparison: Comparison, holes: Holes) -> str:
        return "".join(_network(comparison, view, holes)).replace("\n", "")

    return texts(item, line, HOLE_IN_JSON)


def _network(comparison: Comparison, view: View, holes: Holes) -> Iterator[str]:
    def hole(value: Any) -> str:
        holes.append(value)
        return HOLE

    encode = json.JSONEncoder(separators=(",", ":"), default=hole).encode
    yield encode(_network_head(comparison))[:-1]
    if not view.totals:
        separator = ',"layers":[\n'
        for layer in comparison.layers:
            yield separator + encode(_layer(layer, comparison, view.columns))
            separator = ",\n"
        yield "]" if comparison.layers else ',"layers":[]'
    yield f',\n"total":{encode(_total(comparison, view.columns))}'
    if comparison.verified is not None:
        yield f',\n"verified":{_encode(verification_fields(comparison.verified))}'
    yield "}"


def _network_head(comparison: Comparison) -> dict[str, Any]:
    network = comparison.network
    fields: dict[str, Any] = {
        "name": network.name,
        "source": network.source,
        "input": network.input_shape,
        "alpha": float(network.alpha),
        "rho": float(network.rho),
    }
    if network.resolution is not None:
        fields["resolution"] = network.resolution
    if network.per_position:
        fields["per"] = "input position" if _is_transposed(comparison) else "output position"
    fields |= of_model(network)
    if network.dtype is not None and comparison.convention.is_own:
        fields["own_dtype"] = network.dtype
    if comparison.swept:
        fields["swept"] = {name: plain(value) for name, value in comparison.swept.items()}
    return fields


def of_model(network: Network | None) -> dict[str, Any]:
    """What is only to be said of a model: what it could not be counted for, and on which inputs."""
    if network is None or network.uncounted is None:
        return {}
    marks: dict[str, Any] = {
        "lower_bound": bool(network.uncounted),
        "unconfirmed": list(network.unconfirmed),
        "inputs": network.inputs,
        "read_zeros": network.read_zeros,
    }
    return {"uncounted": dict(network.uncounted), **{name: mark for name, mark in marks.items() if mark}}


def _total(comparison: Comparison, columns: Sequence[str] | None) -> dict[str, Any]:
    convention = comparison.convention
    standard = total_figures(comparison.standard, convention)
    replacements = {}
    for replacement in comparison.replacements:
        total = comparison.totals[replacement.text]
        figures = total_figures(total, convention)
        replacements[replacement.text] = {
            "options": {name: plain(value) for name, value in replacement.options},
            **_chosen(figures, columns, REPLACEMENT),
            **_peak(total, convention, columns, REPLACEMENT),
            **_reduction(reductions(standard, figures), columns),
            "costs_more": total.costs_more,
        }
    shown = {**_chosen(standard, columns), **_peak(comparison.standard, convention, columns)}
    return {"standard": shown, "replacements": replacements}


def _peak(total: Total, convention: Convention, columns: Sequence[str] | None, prefix: str = "") -> dict[str, Any]:
    """Where the peak is, wherever the peak is shown."""
    return (
        {} if columns and f"{prefix}peak_activation_bytes" not in columns else {"peak": peak_place(total, convention)}
    )


def _layer(layer: LayerComparison, comparison: Comparison, columns: Sequence[str] | None) -> dict[str, Any]:
    convention, has_map = comparison.convention, not comparison.network.per_position
    standard = cost_figures(layer.standard, convention, has_map=has_map)
    facts = node_facts(layer.node, has_map=has_map)
    return {
        "name": layer.name,
        **(facts if columns is None else {name: facts.get(name) for name in columns if name in FACTS}),
        "kept": layer.kept,
        "standard": _chosen(standard, columns),
        "replacements": {
            text: _variant(variant, standard, convention, has_map, columns) for text, variant in layer.variants.items()
        },
    }


def _variant(
    variant: Variant,
    standard: Mapping[str, Any],
    convention: Convention,
    has_map: bool,
    columns: Sequence[str] | None,
) -> dict[str, Any]:
    figures = cost_figures(variant.cost, convention, has_map=has_map) if variant.parts else standard
    facts = {
        **_chosen(figures, columns, REPLACEMENT),
        **_reduction(reductions(standard, figures), columns),
        "costs_more": variant.costs_more,
        "kept": variant.kept,
    }
    if columns is None or "part" in columns:
        facts["parts"] = [
            {
                "name": part.name,
                **_chosen(cost_figures(part.cost, convention, has_map=has_map), columns, REPLACEMENT),
            }
            for part in variant.parts
        ]
    return facts


def _chosen(figures: Mapping[str, Any], columns: Sequence[str] | None, prefix: str = "") -> Mapping[str, Any]:
    """The figures whose names, behind the prefix, are among the columns; all of them where none were chosen."""
    if columns is None:
        return figures
    return {name: value for name, value in figures.items() if prefix + name in columns}


def _reduction(figures: Mapping[str, Any], columns: Sequence[str] | None) -> dict[str, Any]:
    chosen = _chosen(figures, columns, REDUCTION)
    return {"reduction": chosen} if chosen else {}


def _is_transposed(comparison: Comparison) -> bool:
    layer = comparison.layers[0].layer
    return isinstance(layer, Conv) and layer.transposed

"""Comparisons as JSON: the contract of docs/json.md, schema_version 1."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sepcost.comparison import Comparison, LayerComparison
from sepcost.cost import Convention
from sepcost.layers import Conv
from sepcost.report.figures import cost_figures, layer_facts, reductions, total_figures, total_reductions

SCHEMA_VERSION = 1
NOTES = {1: "one FLOP per MAC, as in the articles and fvcore", 2: "two FLOPs per MAC, as in PyTorch and data sheets"}

_encode = json.JSONEncoder(separators=(",", ":")).encode


def json_chunks(comparisons: Iterable[Comparison], convention: Convention, version: str) -> Iterator[str]:
    """The document in pieces, layer by layer, as the comparisons come; nothing for no comparison."""
    started = False
    for comparison in comparisons:
        yield ",\n" if started else _opening(convention, version)
        started = True
        yield from _network(comparison)
    if started:
        yield "\n]}\n"


def indented(chunks: Iterable[str]) -> str:
    """The same document for a reader's eye."""
    text = "".join(chunks)
    return json.dumps(json.loads(text), indent=2) + "\n" if text else ""


def _opening(convention: Convention, version: str) -> str:
    head = {
        "schema_version": SCHEMA_VERSION,
        "version": version,
        "convention": {"flops_per_mac": convention.flops_per_mac, "note": NOTES[convention.flops_per_mac]},
        "batch": convention.batch,
        "dtype": convention.dtype,
    }
    return f'{_encode(head)[:-1]},"networks":[\n'


def _network(comparison: Comparison) -> Iterator[str]:
    network, convention = comparison.network, comparison.convention
    has_map = not network.per_position
    head: dict[str, Any] = {
        "name": network.name,
        "source": network.source,
        "input": network.input_shape,
        "alpha": float(network.alpha),
        "rho": float(network.rho),
    }
    if not has_map:
        head["per"] = "input position" if _is_transposed(comparison) else "output position"
    yield f'{_encode(head)[:-1]},"layers":[\n'
    separator = ""
    for layer in comparison.layers:
        yield separator + _encode(_layer(layer, convention, has_map))
        separator = ",\n"
    total = {
        "standard": total_figures(comparison.standard, convention),
        "replacements": {
            text: {
                **total_figures(total, convention),
                "reduction": total_reductions(comparison.standard, total, convention),
                "costs_more": total.costs_more,
            }
            for text, total in comparison.totals.items()
        },
    }
    yield f'],\n"total":{_encode(total)}}}'


def _layer(layer: LayerComparison, convention: Convention, has_map: bool) -> dict[str, Any]:
    standard = cost_figures(layer.standard, convention, has_map=has_map)
    return {
        "name": layer.name,
        **layer_facts(layer.layer, has_map=has_map),
        "kept": layer.kept,
        "standard": standard,
        "replacements": {
            text: {
                **(cost_figures(variant.cost, convention, has_map=has_map) if variant.parts else standard),
                "reduction": reductions(layer.standard, variant.cost, convention, has_map=has_map),
                "costs_more": variant.costs_more,
                "kept": variant.kept,
                "parts": [
                    {"name": part.name, **cost_figures(part.cost, convention, has_map=has_map)}
                    for part in variant.parts
                ],
            }
            for text, variant in layer.variants.items()
        },
    }


def _is_transposed(comparison: Comparison) -> bool:
    layer = comparison.layers[0].layer
    return isinstance(layer, Conv) and layer.transposed

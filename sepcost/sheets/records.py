"""Records: all facts and figures of a network or a layer under one replacement, flat, with the JSON's names.

CSV consists of them; ``--columns`` and ``--sort`` take their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from fractions import Fraction
from typing import Any, TypeAlias

from sepcost.count.comparison import Comparison
from sepcost.count.figure import REPLACEMENT, cost_figures, reductions, total_figures
from sepcost.count.figures import layer_facts, node_facts
from sepcost.count.layer_comparison import LayerComparison, Part
from sepcost.network.budget import REDUCTION

Record: TypeAlias = Mapping[str, Any]

COUNTED = ("alpha", "rho", "flops_per_mac", "batch", "dtype")


def total_record(comparison: Comparison, text: str | None) -> Record:
    """The whole network under the replacement with this text, or as it is."""
    convention = comparison.convention
    figures = total_figures(comparison.standard, convention)
    standard = {**_common(comparison, text), "row": "total", "lower_bound": comparison.is_lower_bound, **figures}
    if text is None:
        return standard
    total = comparison.totals[text]
    replaced = total_figures(total, convention)
    return {
        **standard,
        "kept": total.kept,
        "costs_more": total.costs_more,
        **_prefixed(REPLACEMENT, replaced),
        **_prefixed(REDUCTION, reductions(figures, replaced)),
    }


def layer_record(comparison: Comparison, layer: LayerComparison, text: str | None) -> Record:
    """One layer under the replacement with this text, or as it is."""
    convention, has_map = comparison.convention, not comparison.network.per_position
    figures = cost_figures(layer.standard, convention, has_map=has_map)
    standard = {
        **_common(comparison, text),
        **node_facts(layer.node, has_map=has_map),
        "row": "layer",
        "layer": layer.name,
        "kept": layer.kept,
        **figures,
    }
    if text is None:
        return standard
    variant = layer.variants[text]
    replaced = cost_figures(variant.cost, convention, has_map=has_map)
    return {
        **standard,
        "kept": variant.kept,
        "costs_more": variant.costs_more,
        **_prefixed(REPLACEMENT, replaced),
        **_prefixed(REDUCTION, reductions(figures, replaced)),
    }


def part_record(comparison: Comparison, layer: LayerComparison, text: str, part: Part) -> Record:
    """One part of a layer's replacement; it has no standard."""
    has_map = not comparison.network.per_position
    return {
        **_common(comparison, text),
        **layer_facts(part.layer, has_map=has_map),
        "row": "part",
        "layer": layer.name,
        "part": part.name,
        **_prefixed(REPLACEMENT, cost_figures(part.cost, comparison.convention, has_map=has_map)),
    }


def network_records(comparison: Comparison, *, layers: bool = True, parts: bool = True) -> Iterator[Record]:
    """Every row of a network: its layers with their parts, then its total."""
    for layer in comparison.layers if layers else ():
        for text in comparison.texts:
            yield layer_record(comparison, layer, text)
            if text is not None and parts:
                yield from (part_record(comparison, layer, text, part) for part in layer.variants[text].parts)
    for text in comparison.texts:
        yield total_record(comparison, text)


def _common(comparison: Comparison, text: str | None) -> dict[str, Any]:
    convention, network = comparison.convention, comparison.network
    options = next((chosen.options for chosen in comparison.replacements if chosen.text == text), ())
    return {
        "network": network.name,
        "source": network.source,
        "alpha": float(network.alpha),
        "rho": float(network.rho),
        "flops_per_mac": convention.flops_per_mac,
        "batch": convention.batch,
        "dtype": convention.dtype,
        **{name: plain(value) for name, value in comparison.swept.items()},
        "replacement": text,
        **_prefixed("options.", {name: plain(value) for name, value in options}),
    }


def plain(value: Any) -> Any:
    """A value of a sweep or of an option as data: a decimal as a float, a choice as its name."""
    if isinstance(value, Enum):
        return value.value
    return float(value) if isinstance(value, Fraction) else value


def _prefixed(prefix: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}{name}": value for name, value in figures.items()}

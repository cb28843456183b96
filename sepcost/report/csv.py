"""Comparisons as tidy CSV: a row for each layer and variant, for each part, and for the totals; raw numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sepcost.comparison import Comparison, LayerComparison
from sepcost.report.figures import cost_figures, layer_facts, reductions, total_figures, total_reductions
from sepcost.report.text import harmless

COLUMNS = (
    "network", "source", "row", "layer", "variant", "part", "kept", "costs_more",
    "type", "input", "output", "kernel", "stride", "padding", "output_padding", "dilation", "groups", "bias", "norm",
    "transposed", "mode", "ceil_mode", "global",
    "alpha", "rho", "flops_per_mac", "batch", "dtype",
    "params", "macs", "flops", "activations", "weight_bytes", "activation_bytes", "traffic_bytes", "macs_per_byte",
    "peak_activation_bytes",
    "reduction.params", "reduction.macs", "reduction.activations", "reduction.traffic_bytes",
    "reduction.peak_activation_bytes",
)  # fmt: skip
"""``row`` is layer, part or total; the other names are the JSON's."""


def csv_chunks(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """The file in pieces, a row at a time; nothing for no comparison."""
    started = False
    for comparison in comparisons:
        if not started:
            yield _line(COLUMNS)
            started = True
        for row in _rows(comparison):
            values = map(row.get, COLUMNS)
            yield _line([value if type(value) in WRITTEN_AS_THEY_ARE else _text(value) for value in values])


WRITTEN_AS_THEY_ARE = {int, float, type(None)}


class _Echo:
    """A file whose write hands back what it was given."""

    def write(self, text: str) -> str:
        return text


_writer = csv.writer(_Echo(), lineterminator="\n")


def _line(cells: Iterable[Any]) -> str:
    line: str = _writer.writerow(cells)
    return line


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return "x".join("" if item is None else str(item) for item in value)
    return harmless(value) if isinstance(value, str) else value


def _rows(comparison: Comparison) -> Iterator[dict[str, Any]]:
    convention, network = comparison.convention, comparison.network
    common = {
        "network": network.name,
        "source": network.source,
        "alpha": float(network.alpha),
        "rho": float(network.rho),
        "flops_per_mac": convention.flops_per_mac,
        "batch": convention.batch,
        "dtype": convention.dtype,
    }
    for layer in comparison.layers:
        for row in _layer_rows(layer, comparison):
            yield common | row
    standard = comparison.standard
    yield common | {"row": "total", "variant": "standard", **total_figures(standard, convention)}
    for text, total in comparison.totals.items():
        yield common | {
            "row": "total",
            "variant": text,
            "costs_more": total.costs_more,
            **total_figures(total, convention),
            **_prefixed(total_reductions(standard, total, convention)),
        }


def _layer_rows(layer: LayerComparison, comparison: Comparison) -> Iterator[dict[str, Any]]:
    convention, has_map = comparison.convention, not comparison.network.per_position
    here = {"row": "layer", "layer": layer.name, "kept": layer.kept}
    facts = layer_facts(layer.layer, has_map=has_map)
    yield {**here, **facts, "variant": "standard", **cost_figures(layer.standard, convention, has_map=has_map)}
    for text, variant in layer.variants.items():
        yield {
            **here,
            **facts,
            "variant": text,
            "kept": variant.kept,
            "costs_more": variant.costs_more,
            **cost_figures(variant.cost, convention, has_map=has_map),
            **_prefixed(reductions(layer.standard, variant.cost, convention, has_map=has_map)),
        }
        for part in variant.parts:
            yield {
                **here,
                **layer_facts(part.layer, has_map=has_map),
                "row": "part",
                "variant": text,
                "part": part.name,
                **cost_figures(part.cost, convention, has_map=has_map),
            }


def _prefixed(figures: Mapping[str, float | None]) -> dict[str, float | None]:
    return {f"reduction.{name}": value for name, value in figures.items()}

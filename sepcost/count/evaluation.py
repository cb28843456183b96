"""Evaluation: a comparison becomes a snapshot, its layers one by one as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from sepcost.count.comparison import Comparison
from sepcost.count.facts import layer_facts, node_facts, peak_place
from sepcost.count.figure import Figures, cost_figures, total_figures, unknown_figures
from sepcost.count.layer_comparison import Alternatives, LayerComparison, Variant
from sepcost.count.snapshot import Common, LayerSnapshot, Lazily, Model, PartSnapshot, Replaced, Snapshot, partly
from sepcost.count.total import Total
from sepcost.layers import Conv, Layer
from sepcost.layers.cost import Convention
from sepcost.layers.layer import MOST_KNOWN
from sepcost.network.liveness import why_no_peak
from sepcost.network.network import Network


def evaluated(comparison: Comparison) -> Snapshot:
    """The figures of a comparison by their names.

    >>> from sepcost import Conv, compare
    >>> evaluated(compare(Conv((112, 112), 32, 64, 3))).layers[0].replaced["separable"].parts[0].figures["params"]
    288
    """
    network, convention, standard = comparison.network, comparison.convention, comparison.standard
    options = {each.text: {name: plain(value) for name, value in each.options} for each in comparison.replacements}
    return Snapshot(
        network.name,
        _layers(comparison),
        total_figures(standard, convention),
        convention,
        network.source,
        _per(network),
        float(network.alpha),
        float(network.rho),
        network.resolution,
        network.given,
        {text: _replaced(total, convention, options[text]) for text, total in comparison.totals.items()},
        peak_place(standard, convention),
        why_no_peak(network) if standard.peak is None else None,
        network.input_shape,
        network.independent,
        network.dtype if convention.in_own_dtype else None,
        _model(network),
        bool(network.uncounted),
        unread=_unread(network),
        partly=partly([layer.variants for layer in comparison.layers], comparison.totals),
        swept={name: plain(value) for name, value in comparison.swept.items()},
        only_params=network.only_params,
        verified=comparison.verified,
        comparison=comparison,
    )


def as_it_is(network: Network, convention: Convention) -> Snapshot:
    """The figures of a network without a replacement."""
    return evaluated(Comparison.under_each((), network, convention))


def plain(value: Any) -> Any:
    """A value of a sweep or of an option as data: a decimal as a float, a choice as its name."""
    if isinstance(value, Enum):
        return value.value
    return float(value) if isinstance(value, Fraction) else value


def _layers(comparison: Comparison) -> Lazily[LayerComparison]:
    unknown = unknown_figures(comparison.network)
    evaluate = _evaluator(comparison.convention, unknown, len(comparison.layers) > 1)

    def snapshot_of(layer: LayerComparison) -> LayerSnapshot:
        found = evaluate(layer.alternatives)
        if layer.node.weights_of is None:
            return found._replace(name=layer.name)
        return found._replace(name=layer.name, facts=node_facts(layer.node, unknown=unknown))

    return Lazily(comparison.layers, snapshot_of)


_Evaluate: TypeAlias = "Callable[[Alternatives], LayerSnapshot]"


@lru_cache(maxsize=16)
def _evaluator(convention: Convention, unknown: tuple[str, ...], remembers: bool) -> _Evaluate:
    """What makes figures of costs, for a layer without a name; equal ones have the same alternatives: it is made once.

    Nothing is remembered of a single layer: it may be many at once, which take much memory.
    """

    def of(cost: Any) -> Figures:
        return cost_figures(cost, convention, unknown=unknown)

    def facts(layer: Layer) -> Mapping[str, Any]:
        return layer_facts(layer, has_map=not unknown)

    def variant(each: Variant, standard: Figures) -> Replaced:
        if not each.parts:
            return Replaced(standard, each.costs_more, each.kept)
        parts = tuple(PartSnapshot(part.name, facts(part.layer), of(part.cost)) for part in each.parts)
        return Replaced(of(each.cost), each.costs_more, each.kept, parts, replaced_by=each.replaced_by)

    def evaluate(alternatives: Alternatives) -> LayerSnapshot:
        standard = of(alternatives.standard)
        replaced = {text: variant(each, standard) for text, each in alternatives.variants.items()}
        facts = node_facts(alternatives.node, unknown=unknown)
        return LayerSnapshot("", facts, standard, replaced, alternatives.kept)

    @lru_cache(MOST_KNOWN)
    def evaluate_once(alternatives: Alternatives) -> LayerSnapshot:
        _, facts, standard, replaced, kept, _ = evaluate(alternatives)
        return LayerSnapshot("", Common(facts), Common(standard), Common(replaced), kept)

    return evaluate_once if remembers else evaluate


def _replaced(total: Total, convention: Convention, options: Mapping[str, Any]) -> Replaced:
    figures, peak = total_figures(total, convention), peak_place(total, convention)
    return Replaced(figures, total.costs_more, total.kept, peak=peak, options=options)


def _per(network: Network) -> str | None:
    if not network.per_position:
        return None
    layer = network.nodes[0].layer
    return "input position" if isinstance(layer, Conv) and layer.transposed else "output position"


def _model(network: Network) -> Model | None:
    if network.uncounted is None:
        return None
    return Model(network.uncounted, network.unconfirmed, network.inputs, network.read_zeros, network.dtype)


def _unread(network: Network) -> tuple[str, ...]:
    if network.independent:
        return ()
    read = {source for node in network for source in (*node.sources, *node.add)}
    return tuple(node.name for number, node in enumerate(network) if number not in read)[:-1]

"""Figures of a layer that depend on its place in the network, and not on its cost alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sepcost.count.comparison import Comparison
from sepcost.count.figure import BY_NAME
from sepcost.count.layer_comparison import Variant
from sepcost.count.snapshot import LayerSnapshot, Snapshot
from sepcost.network.liveness import scheduled
from sepcost.network.network import Network
from sepcost.network.receptive import receptive_fields


class Placed(NamedTuple):
    """A figure of one layer: as it is, and by replacement, in all and of each part."""

    standard: Any
    replaced: Mapping[str, Any] = {}
    parts: Mapping[str, Sequence[Any]] = {}


def backward_macs(comparison: Comparison) -> Iterator[Placed]:
    """MACs of the gradients of each layer: those of its weights, and those of its input unless that needs none.

    Either has as many MACs as the layer itself (each is a convolution, or a product, with the same operands in other
    roles). The input needs none where no layer with params is before it.

    >>> from sepcost import compare
    >>> layers = [{"K": 1, "O": 2}, {"K": 1, "O": 1}]
    >>> [layer.standard for layer in backward_macs(compare({"input": {"C": 1, "H": 4}, "layers": layers}))]
    [32, 64]
    """
    alone = _without_input_gradient(comparison.network)
    for number, layer in enumerate(comparison.layers):
        factor = 1 if number in alone else 2
        parts = {text: _of_parts(variant, factor) for text, variant in layer.variants.items()}
        standard = factor * layer.standard.macs
        yield Placed(standard, {text: sum(each) if each else standard for text, each in parts.items()}, parts)


def receptive_field(comparison: Comparison) -> Iterator[Placed]:
    """How much of the input each layer sees: the same, whatever replaces it."""
    fields = receptive_fields(comparison.network)
    return (Placed(fields.get(layer.name)) for layer in comparison.layers)


def _of_parts(variant: Variant, factor: int) -> tuple[int, ...]:
    """Of the parts that follow each other, only the first may be the first of the network."""
    return tuple((2 if number else factor) * part.cost.macs for number, part in enumerate(variant.parts))


def _without_input_gradient(network: Network) -> set[int]:
    """The numbers of the layers that no layer with params is before; none where that is not known."""
    schedule = network.schedule or (None if network.independent else scheduled(network))
    found: set[int] = set()
    learned: set[int] = set()
    for step in schedule.steps if schedule else ():
        needs = not learned.isdisjoint(step.reads)
        if step.node is not None and not needs:
            found.add(step.node)
        if needs or (step.node is not None and network.nodes[step.node].cost.params):
            learned.update(step.writes)
    return found


def with_placed(snapshot: Snapshot, names: Iterable[str]) -> Snapshot:
    """The snapshot with these of its figures, as far as they depend on layers' places; as it is if unknown."""
    for name in names:
        if name in PLACED and snapshot.comparison is not None and not snapshot.only_params:
            snapshot = _with(snapshot, name, list(PLACED[name](snapshot.comparison)))
    return snapshot


def _with(snapshot: Snapshot, name: str, values: Sequence[Placed]) -> Snapshot:
    layers = tuple(_layer(layer, name, value) for layer, value in zip(snapshot.layers, values))
    if not BY_NAME[name].kind.is_whole:
        return replace(snapshot, layers=layers)
    total = {**snapshot.total, name: sum(value.standard for value in values)}
    replaced = {
        text: each._replace(figures={**each.figures, name: sum(value.replaced[text] for value in values)})
        for text, each in snapshot.replaced.items()
    }
    return replace(snapshot, layers=layers, total=total, replaced=replaced)


def _layer(layer: LayerSnapshot, name: str, value: Placed) -> LayerSnapshot:
    replaced = {
        text: each._replace(
            figures={**each.figures, name: value.replaced[text]},
            parts=tuple(
                part._replace(figures={**part.figures, name: of_part})
                for part, of_part in zip(each.parts, value.parts[text])
            ),
        )
        for text, each in layer.replaced.items()
        if text in value.replaced
    }
    return layer._replace(figures={**layer.figures, name: value.standard}, replaced={**layer.replaced, **replaced})


PLACED: Mapping[str, Callable[[Comparison], Iterator[Placed]]] = {
    "backward_macs": backward_macs,
    "receptive_field": receptive_field,
}
"""The figures that are there only where they are asked for, by name."""

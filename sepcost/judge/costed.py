"""Costed networks: standard figures by name, whether they have just been counted or come from an earlier output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from typing import Any, TypeAlias

from sepcost.count.comparison import Comparison
from sepcost.count.figure import BY_NAME, COUNTS, WHOLE, cost_figures, total_figures
from sepcost.count.figures import node_facts
from sepcost.count.total import Total
from sepcost.count.verification import Verification
from sepcost.layers.cost import Convention, Cost
from sepcost.network.liveness import peak
from sepcost.network.network import Network, Node
from sepcost.text.kind import Kind

Figures: TypeAlias = Mapping[str, "int | None"]
"""Counts by their names; None for what needs a map where there is none."""


@dataclass(frozen=True, slots=True)
class CostedLayer:
    """A layer's name, its type, shapes and arguments (``facts``), and what it costs: as it is, and ``replaced``."""

    name: str
    facts: Mapping[str, Any]
    figures: Figures
    replaced: Mapping[str, Figures] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CostedNetwork:
    """A network's layers and totals, and how they were counted.

    ``network`` is what was counted just now, None where the figures come from an earlier output; ``verified`` if a
    witness was asked. ``per`` is what the counts of a convolution without a map are per, such as ``"output
    position"``; ``total`` has a peak that is no sum over the layers; ``replaced`` are the totals of replacements;
    ``resolution`` and ``given`` are what was typed for its inputs. With ``lower_bound`` there is more than could be
    counted; with ``bytes_too_low``, they were by the version that counted.
    """

    name: str
    layers: tuple[CostedLayer, ...]
    total: Figures
    convention: Convention
    source: str | None = None
    per: str | None = None
    alpha: float = 1.0
    rho: float = 1.0
    resolution: tuple[int, ...] | None = None
    given: str | None = None
    replaced: Mapping[str, Figures] = field(default_factory=dict)
    network: Network | None = field(default=None, compare=False)
    verified: Verification | None = None
    lower_bound: bool = False
    bytes_too_low: bool = False

    @classmethod
    def of(cls, network: Network, convention: Convention) -> CostedNetwork:
        """The network as it is: what ``compare --format json`` says of its standard.

        >>> from sepcost import Conv
        >>> CostedNetwork.of(Network.of(Conv((112, 112), 32, 64, 3)), Convention()).total["macs"]
        231211008
        """
        network.refuse_batch(convention.batch)
        convention = convention.of_model(network.dtype)
        cost = reduce(add, (node.cost for node in network), Cost())
        most = peak(network, [[(node.name, node.layer)] for node in network], own=convention.is_own)
        total = total_figures(Total(cost, most, has_map=not network.per_position), convention)
        return cls(
            network.name,
            tuple(_costed(node, convention) for node in network),
            _counts_of(total),
            convention,
            network.source,
            alpha=float(network.alpha),
            rho=float(network.rho),
            resolution=network.resolution,
            given=network.given,
            network=network,
            lower_bound=bool(network.uncounted),
        )

    def without_bytes(self) -> CostedNetwork:
        """The network as if nobody knew its bytes."""
        layers = [
            replace(
                layer,
                figures=_without_bytes(layer.figures),
                replaced={text: _without_bytes(figures) for text, figures in layer.replaced.items()},
            )
            for layer in self.layers
        ]
        replaced = {text: _without_bytes(figures) for text, figures in self.replaced.items()}
        return replace(self, layers=tuple(layers), total=_without_bytes(self.total), replaced=replaced)

    @property
    def own_dtype(self) -> str | None:
        """What a model's tensors are stored in, if its bytes are counted in that."""
        if not self.convention.is_own:
            return None
        return self.convention.dtype if self.network is None else self.network.dtype

    @classmethod
    def of_comparison(cls, comparison: Comparison) -> CostedNetwork:
        """The network as it is, and under each replacement.

        >>> from sepcost import Conv, compare
        >>> CostedNetwork.of_comparison(compare(Conv((112, 112), 32, 64, 3))).replaced["separable"]["macs"]
        29302784
        """
        convention = comparison.convention
        plain = cls.of(comparison.network, convention)
        layers = [
            replace(layer, replaced={text: _exact(variant.cost, convention) for text, variant in each.variants.items()})
            for layer, each in zip(plain.layers, comparison.layers)
        ]
        totals = {text: _counts_of(total_figures(total, convention)) for text, total in comparison.totals.items()}
        return replace(plain, layers=tuple(layers), replaced=totals)


def _without_bytes(figures: Figures) -> Figures:
    return {name: None if BY_NAME[name].kind is Kind.BYTES else value for name, value in figures.items()}


def _counts_of(figures: Mapping[str, Any]) -> Figures:
    return {name: figures[name] for name in WHOLE}


def _costed(node: Node, convention: Convention) -> CostedLayer:
    return CostedLayer(node.name, node_facts(node), _exact(node.cost, convention))


def _exact(cost: Cost, convention: Convention) -> Figures:
    figures = cost_figures(cost, convention)
    return {count: figures[count] for count in COUNTS}

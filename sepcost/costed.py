"""Costed networks: standard figures by name, whether they have just been counted or come from an earlier output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any, TypeAlias

from sepcost.comparison import Total
from sepcost.cost import COUNTS, Convention, Cost
from sepcost.figures import cost_figures, node_facts, total_figures
from sepcost.liveness import peak_elements
from sepcost.network import Network, Node
from sepcost.verification import Verification

Figures: TypeAlias = Mapping[str, "int | None"]
"""Counts by their names; None for what needs a map where there is none."""


@dataclass(frozen=True, slots=True)
class CostedLayer:
    """A layer's name, its type, shapes and arguments (``facts``), and what it costs (``figures``)."""

    name: str
    facts: Mapping[str, Any]
    figures: Figures


@dataclass(frozen=True, slots=True)
class CostedNetwork:
    """A network's layers and totals, and how they were counted.

    ``network`` is what was counted just now, None where the figures come from an earlier output; ``verified`` if a
    witness was asked. ``per`` is what the counts of a convolution without a map are per, such as ``"output
    position"``; ``total`` has a peak that is no sum over the layers; ``replaced`` are the totals of replacements.
    """

    name: str
    layers: tuple[CostedLayer, ...]
    total: Figures
    convention: Convention
    source: str | None = None
    per: str | None = None
    alpha: float = 1.0
    rho: float = 1.0
    replaced: Mapping[str, Figures] = field(default_factory=dict)
    network: Network | None = field(default=None, compare=False)
    verified: Verification | None = None

    @classmethod
    def of(cls, network: Network, convention: Convention, replaced: Mapping[str, Total] | None = None) -> CostedNetwork:
        """The network as it is: what ``compare --format json`` says of its standard; and totals of replacements.

        >>> from sepcost import Conv
        >>> CostedNetwork.of(Network.of(Conv((112, 112), 32, 64, 3)), Convention()).total["macs"]
        231211008
        """
        cost = reduce(add, (node.cost for node in network), Cost())
        total = total_figures(Total(cost, peak_elements(network, [[node.layer] for node in network])), convention)
        return cls(
            network.name,
            tuple(_costed(node, convention) for node in network),
            _counts_of(total),
            convention,
            network.source,
            alpha=float(network.alpha),
            rho=float(network.rho),
            replaced={text: _counts_of(total_figures(total, convention)) for text, total in (replaced or {}).items()},
            network=network,
        )


def _counts_of(figures: Mapping[str, Any]) -> Figures:
    return {name: figures[name] for name in (*COUNTS, "peak_activation_bytes")}


def _costed(node: Node, convention: Convention) -> CostedLayer:
    figures = cost_figures(node.cost, convention)
    return CostedLayer(node.name, node_facts(node), {count: figures[count] for count in COUNTS})

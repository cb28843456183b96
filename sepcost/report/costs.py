"""A network's standard costs under the names of the JSON contract."""

from __future__ import annotations

from functools import reduce
from operator import add

from sepcost.comparison import Total
from sepcost.cost import Convention, Cost
from sepcost.costed import CostedLayer, CostedNetwork
from sepcost.layers import Layer
from sepcost.liveness import peak_elements
from sepcost.network import Network
from sepcost.report.figures import COUNTS, cost_figures, layer_facts, total_figures


def costs_of(network: Network, convention: Convention) -> CostedNetwork:
    """The network as it is, without replacements: what ``compare --format json`` says of its standard.

    >>> from sepcost import Conv
    >>> costs_of(Network.of(Conv((112, 112), 32, 64, 3)), Convention()).total["macs"]
    231211008
    """
    cost = reduce(add, (node.layer.cost for node in network), Cost())
    total = total_figures(Total(cost, peak_elements(network, [[node.layer] for node in network])), convention)
    return CostedNetwork(
        network.name,
        tuple(_layer(node.name, node.layer, convention) for node in network),
        {name: total[name] for name in (*COUNTS, "peak_activation_bytes")},
        convention,
        network.source,
        alpha=float(network.alpha),
        rho=float(network.rho),
    )


def _layer(name: str, layer: Layer, convention: Convention) -> CostedLayer:
    figures = cost_figures(layer.cost, convention)
    return CostedLayer(name, layer_facts(layer), {count: figures[count] for count in COUNTS})

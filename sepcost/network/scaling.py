"""The width multiplier α and the resolution multiplier ρ (MobileNet, arXiv:1704.04861, sections 3.3 and 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import floor

from sepcost.errors import LayerError, LayerProblem, NetworkError, SepcostError
from sepcost.layers import Layer, Shape, Takes
from sepcost.layers.sharing import Weights
from sepcost.network.network import INPUT, Network, Node, check_sum
from sepcost.text.arguments import Extent, extent, times
from sepcost.text.units import as_text, factor_text, read_as, read_factor

Factor = Fraction | float | str
SMALLEST = Fraction(1, 1000)


def scale(network: Network, *, alpha: Factor = 1, rho: Factor = 1, resolution: Extent | int | None = None) -> Network:
    """The network with its channels multiplied by ``alpha`` and its maps by ``rho``.

    Every channel count becomes floor(α·c), at least 1, in exact decimal arithmetic; where the layer has a
    ``round_to``, it is rounded to a multiple of that as MobileNet v2 does. The network's input and the output of
    its last layer with weights stay; in a plain list every C and O is scaled. Depthwise groups follow. Sizes
    become round(ρ·H); ``resolution`` gives the network's input size itself. Raises NetworkError where the scaled
    layers do not fit together, SepcostError where a multiplier makes no sense.

    >>> from sepcost import Conv
    >>> net = scale(Network.of(Conv((14, 14), 512, 512, 3)), alpha="0.75", rho="0.714")
    >>> net.nodes[0].layer.input_shape
    (384, 10, 10)
    """
    alpha, rho = as_factor("alpha", alpha), as_factor("rho", rho)
    if resolution is not None and rho != 1:
        raise SepcostError("rho and resolution say the same thing: give one of them")
    if alpha == 1 and rho == 1 and resolution is None:
        return network
    if network.uncounted is not None:
        raise SepcostError("a model is what its code or its file says: alpha, rho and resolution are for configs")
    size = None if resolution is None else _new_input_size(network, resolution)
    return _Scaling(network, alpha, rho, size).run()


def as_factor(name: str, value: Factor) -> Fraction:
    """A multiplier as an exact fraction: a float counts as the decimal that it prints as."""
    factor = value if isinstance(value, Fraction) else read_as(name, read_factor, as_text(value))
    if not SMALLEST <= factor <= 1000:
        raise SepcostError(f"{name}: must be between 0.001 and 1000, got {as_text(value)}")
    return factor


def scaled_channels(channels: int, alpha: Fraction, round_to: int | None = None) -> int:
    """floor(α·c), at least 1; or the nearest multiple that does not fall below 90 % of α·c.

    The rounding is ``make_divisible`` of MobileNet v2's authors (arXiv:1801.04381).

    >>> scaled_channels(32, Fraction("0.35")), scaled_channels(32, Fraction("0.35"), round_to=8)
    (11, 16)
    """
    exactly = alpha * channels
    if round_to is None or alpha == 1:
        return max(1, floor(exactly))
    nearest = max(round_to, floor(exactly + Fraction(round_to, 2)) // round_to * round_to)
    return nearest + round_to if nearest < exactly * Fraction(9, 10) else nearest


def _new_input_size(network: Network, resolution: Extent | int) -> Extent:
    old = network.input_shape or network.nodes[0].layer.input_shape
    own_inputs = sum(not node.sources for node in network.nodes)
    if own_inputs > (network.input_shape is None):
        raise SepcostError("resolution: the layers have inputs of their own; use rho, which scales them all")
    if isinstance(resolution, int) and len(old) > 3:
        raise SepcostError(
            f"resolution: the network's input is {times(old[1:])}: give all of its axes, got {as_text(resolution)}"
        )
    size = extent("resolution", resolution, len(old) - 1, 1) if isinstance(resolution, int) else resolution
    if not isinstance(size, (tuple, list)):
        raise SepcostError(f"resolution: must be a whole number or one for each axis, got {as_text(resolution, repr)}")
    if len(size) != len(old) - 1:
        raise SepcostError(f"resolution: the network's input has {len(old) - 1} axes, got {as_text(size, times)}")
    return size


class _Scaling:
    """One pass over the nodes, which makes each again on the scaled maps that reach it."""

    def __init__(self, network: Network, alpha: Fraction, rho: Fraction, size: Extent | None) -> None:
        self.network = network
        self.alpha = alpha
        self.rho = rho
        self.size = size
        self.shapes: dict[int, Shape] = {}
        self.weights = Weights()
        self.numbers = {node.name: number for number, node in enumerate(network.nodes)}
        self.shares = any(node.weights_of is not None for node in network.nodes)
        weighted = [number for number, node in enumerate(network.nodes) if node.has_weights]
        self.last_weighted = weighted[-1] if weighted and not network.independent else None

    def run(self) -> Network:
        input_shape = self.network.input_shape
        if input_shape is not None:
            input_shape = self.shapes[INPUT] = (input_shape[0], *self._scaled_size(input_shape[1:]))
        nodes = [self._scaled_node(number, node) for number, node in enumerate(self.network.nodes)]
        alpha, rho = self.network.alpha * self.alpha, self.network.rho * self.rho
        size = self.network.resolution if self.size is None else tuple(self.size)
        return replace(self.network, nodes=tuple(nodes), input_shape=input_shape, alpha=alpha, rho=rho, resolution=size)

    def _scaled_node(self, number: int, node: Node) -> Node:
        try:
            shape = self._input_shape(number, node)
            layer = self._scaled_layer(number, node, shape)
            check_sum(layer.output_shape, [self.shapes[other] for other in node.add])
            if node.weights_of is not None:
                self.weights.owner(layer, self.numbers[node.weights_of])
            if self.shares:
                self.weights.add(number, node.name, layer)
        except LayerError as error:
            reason = f"{error.reason}, {self._told()}"
            raise NetworkError([LayerProblem(node.index, node.name, error.field, reason)]) from None
        self.shapes[number] = layer.output_shape
        return replace(node, layer=layer)

    def _told(self) -> str:
        """What was asked for, for a message."""
        asked = [f"alpha {factor_text(self.alpha)}"] if self.alpha != 1 else []
        asked += [f"rho {factor_text(self.rho)}"] if self.rho != 1 else []
        asked += [f"resolution {times(self.size)}"] if self.size else []
        return f"scaled by {' and '.join(asked)}"

    def _input_shape(self, number: int, node: Node) -> Shape:
        if node.sources:
            return node.layer.reached([self.shapes[source] for source in node.sources])
        if not node.layer.input_shape:
            return ()
        channels, *size = node.layer.input_shape
        is_network_input = number == 0 and not self.network.independent
        if not is_network_input:
            channels = scaled_channels(channels, self.alpha)
        return (channels, *self._scaled_size(size))

    def _scaled_size(self, size: Sequence[int]) -> Extent:
        return self.size or tuple(max(1, round(self.rho * extent)) for extent in size)

    def _scaled_layer(self, number: int, node: Node, shape: Shape) -> Layer:
        def widened(channels: int) -> int:
            return channels if number == self.last_weighted else scaled_channels(channels, self.alpha, node.round_to)

        if node.layer.takes is Takes.FEATURES and node.times != 1 and (self.rho != 1 or self.size):
            raise LayerError("times", f"{node.times} positions of a map that is not known cannot be scaled")
        return node.layer.scaled(shape, widened)

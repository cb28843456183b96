"""Receptive fields: how much of the network's input each position of a layer's output depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import NamedTuple, TypeAlias

from sepcost.layers import Conv, Layer, Pool, Takes, Upsample
from sepcost.layers.formulas import reach
from sepcost.network.liveness import scheduled
from sepcost.network.network import Network
from sepcost.network.schedule import Step

READS = {"nearest": 1, "linear": 2, "bilinear": 2, "trilinear": 2, "bicubic": 4}
"""How many positions an interpolation reads along an axis."""


class Axis(NamedTuple):
    """Along one axis: how many positions of the input a position depends on, and how many lie between two of them.

    ``extent`` is that of the map itself.
    """

    field: Fraction
    jump: Fraction
    extent: int

    def through(self, kernel: int, stride: Fraction | int, extent: int) -> Axis:
        """After a layer with such a window: r + (k − 1)·j, and j·s (Araujo et al. 2019, Distill, equation 2)."""
        return Axis(self.field + (kernel - 1) * self.jump, self.jump * stride, extent)


Seen: TypeAlias = "tuple[Axis, ...] | None"
"""What a map sees of the input; None where that is not known."""


def receptive_fields(network: Network) -> dict[str, tuple[int, ...]]:
    """The receptive field of each layer by its name, along each axis; of none where their order is not known.

    >>> from sepcost import load
    >>> receptive_fields(load("configs/vgg16.yaml"))["pool5"]
    (212, 212)

    Padding is a part of it, so that it may be larger than the input. A layer on features sees all of the map.
    """
    schedule = network.schedule or (None if network.independent else scheduled(network))
    if schedule is None:
        return {}
    seen: dict[int, Seen] = {}
    found: dict[str, tuple[int, ...]] = {}
    for step in schedule.steps:
        name = step.name
        if step.node is None:
            after = _combined(step, seen)
        else:
            layer, name = network.nodes[step.node].layer, network.nodes[step.node].name
            for map_ in {*step.reads} & {*schedule.inputs} - seen.keys():
                seen[map_] = tuple(Axis(Fraction(1), Fraction(1), extent) for extent in layer.input_shape[1:])
            after = _after(layer, _widest(seen.get(map_) for map_ in step.reads))
        if after and (step.node is not None or name in found):
            found[name] = tuple(ceil(axis.field) for axis in after)
        seen |= dict.fromkeys(step.writes, after)
    return found


def _combined(step: Step, seen: Mapping[int, Seen]) -> Seen:
    """What an operator that is no layer makes: known where it goes element by element."""
    known = [seen[map_] for map_ in (*step.reads, *step.writes) if map_ in seen]
    by_element = step.combined is not None or {*step.writes} <= {*step.reads}
    return _widest(known) if known and by_element else None


def _widest(several: Iterable[Seen]) -> Seen:
    """What several maps see together; they have the same step. None where that of one is not known."""
    known = list(several)
    ranks = {None if each is None else len(each) for each in known}
    if None in ranks or len(ranks) != 1:
        return None
    return tuple(max(axes) for axes in zip(*(each for each in known if each is not None)))


def _after(layer: Layer, seen: Seen) -> Seen:
    if seen is None or layer.takes is Takes.NOTHING:
        return None
    if len(layer.output_shape) == 1:  # on all of the map
        return tuple(axis.through(axis.extent, axis.extent, 1) for axis in seen)
    output = layer.output_shape[1:]
    windows: Sequence[int] = (1,) * len(output)
    strides: Sequence[Fraction | int] = windows
    if isinstance(layer, Conv):
        windows, strides = [reach(*each) for each in zip(layer.kernel_size, layer.dilation)], layer.stride
        if layer.transposed:
            windows = [-(-window // stride) for window, stride in zip(windows, layer.stride)]
            strides = [Fraction(1, stride) for stride in layer.stride]
    elif isinstance(layer, Pool):
        windows, strides = layer.kernel_size, layer.stride
    elif isinstance(layer, Upsample):
        windows = (READS[layer.mode],) * len(output)
        strides = [Fraction(small, large) for small, large in zip(layer.input_shape[1:], output)]
    if len(seen) != len(output):
        return None
    along = zip(seen, windows, strides, output)
    return tuple(axis.through(window, stride, extent) for axis, window, stride, extent in along)

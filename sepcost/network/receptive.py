"""Receptive fields: how much of the network's input each position of a layer's output depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from sepcost.layers import Conv, Layer, Pool, Takes, Upsample
from sepcost.layers.formulas import reach
from sepcost.network.liveness import scheduled
from sepcost.network.network import INPUT, Network
from sepcost.network.schedule import Step


class Axis(NamedTuple):
    """Along one axis: how many positions of the input a position depends on, and how many lie between two of them.

    ``is_whole``: each position depends on all of the input, and the field is that.
    """

    is_whole: bool
    field: int
    jump: int
    input: int

    def through(self, window: int, stride: int) -> Axis:
        """After a layer with such a window: r + (k − 1)·j, and j·s (Araujo et al. 2019, Distill, equation 2)."""
        return (
            self
            if self.is_whole
            else Axis(False, self.field + (window - 1) * self.jump, self.jump * stride, self.input)
        )

    @property
    def whole(self) -> Axis:
        """After a layer that reads all of the map."""
        return Axis(True, self.input, 1, self.input)


Seen: TypeAlias = "tuple[Axis, ...] | None"
"""What a map sees of the input; None where that is not known."""


def receptive_fields(network: Network) -> dict[str, tuple[int, ...]]:
    """The receptive field of each layer by its name, along each axis; of none where their order is not known.

    >>> from sepcost import load
    >>> receptive_fields(load("configs/vgg16.yaml"))["pool5"]
    (212, 212)

    Padding is a part of it, so that it may be larger than the input. What reads all of a map sees all of the input.
    After an interpolation, or a transposed convolution with a stride, positions see different amounts: none is known.
    """
    schedule = network.schedule or (None if network.independent else scheduled(network))
    if schedule is None:
        return {}
    seen: dict[int, Seen] = {}
    found: dict[str, tuple[int, ...]] = {}
    for step in schedule.steps:
        name = step.name
        if step.node is None and not step.reads:  # what depends on nothing, such as a copy's room
            continue
        if step.node is None:
            after = _combined(step, seen)
        else:
            layer, name = network.nodes[step.node].layer, network.nodes[step.node].name
            for map_ in {*step.reads} & {*schedule.inputs} - seen.keys():
                seen[map_] = tuple(Axis(False, 1, 1, extent) for extent in layer.input_shape[1:])
            after = _after(layer, _widest(seen[map_] for map_ in step.reads if map_ in seen))
        if after and (step.node is not None or name in found):
            found[name] = tuple(axis.field for axis in after)
        seen |= dict.fromkeys(step.writes, after)
    for node in network.nodes:  # views are no steps
        if node.layer.is_view and len(node.sources) == 1 and node.sources[0] != INPUT:
            source = network.nodes[node.sources[0]].name
            found |= {node.name: found[source]} if source in found else {}
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
    if len(layer.output_shape) == 1 or (isinstance(layer, Pool) and layer.global_pool):
        return tuple(axis.whole for axis in seen)
    if isinstance(layer, Upsample) or (isinstance(layer, Conv) and layer.transposed and set(layer.stride) != {1}):
        return tuple(axis.whole for axis in seen) if all(axis.is_whole for axis in seen) else None
    if isinstance(layer, Conv):
        windows = [reach(*each) for each in zip(layer.kernel_size, layer.dilation)]
        return tuple(axis.through(*each) for axis, *each in zip(seen, windows, layer.stride))
    if isinstance(layer, Pool):
        return tuple(axis.through(*each) for axis, *each in zip(seen, layer.kernel_size, layer.stride))
    return seen

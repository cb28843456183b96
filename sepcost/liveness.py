"""Liveness: how much of the maps must be in memory at once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain
from math import prod

from sepcost.layers import Flatten, Layer
from sepcost.network import INPUT, Network


def peak_elements(network: Network, parts: Sequence[Sequence[Layer]]) -> int:
    """The most elements of maps alive at one moment, running the layers in order, for one sample.

    ``parts[i]`` are the layers that node i runs as, one after the other: the node's own layer, or its
    replacement. A map lives from the layer that writes it until its last reader; while a layer runs, its inputs
    and its output are alive. Concatenation reads the maps where they are, a sum is written over the layer's own
    output, and flatten is a view.

    >>> from sepcost import Conv
    >>> conv = Conv((8, 8), 2, 4, 3)
    >>> peak_elements(Network.of(conv), [[conv]])
    384
    """
    if network.independent:
        maps = (prod(layer.input_shape) + prod(layer.output_shape) for layer in chain(*parts) if layer.output_shape)
        return max(maps, default=0)
    return max(_alive(*_lifetimes(network, parts)), default=0)


Map = Hashable
Lifetimes = dict[Map, tuple[int, int]]


def _lifetimes(network: Network, parts: Sequence[Sequence[Layer]]) -> tuple[dict[Map, int], Lifetimes, int]:
    """The size of each map, and the first and the last step at which it is alive; and the number of steps."""
    sizes: dict[Map, int] = {}
    lives: Lifetimes = {}
    held_by: dict[int, tuple[Map, ...]] = {}
    step = 0

    def alive(map_: Map, elements: int) -> None:
        sizes.setdefault(map_, elements)
        lives[map_] = (lives.get(map_, (step, step))[0], step)

    if network.input_shape is not None:
        held_by[INPUT] = ("input",)
        alive("input", prod(network.input_shape))
    for number, node in enumerate(network.nodes):
        read = tuple(map_ for source in node.sources for map_ in held_by[source])
        if isinstance(node.layer, Flatten) and read and not node.add:
            held_by[number] = read
            continue
        for part_number, layer in enumerate(parts[number]):
            last = part_number == len(parts[number]) - 1
            if part_number == 0 and not node.sources:
                read = (("own input", number),)
                sizes[read[0]] = prod(layer.input_shape)
            written = number if last else (number, part_number)
            added = tuple(map_ for other in node.add for map_ in held_by[other]) if last else ()
            for map_ in read + added:
                alive(map_, sizes[map_])
            alive(written, prod(layer.output_shape))
            read = (written,)
            step += 1
        held_by[number] = (number,)
    return sizes, lives, step


def _alive(sizes: dict[Map, int], lives: Lifetimes, steps: int) -> list[int]:
    """How many elements are alive at each step."""
    change = [0] * (steps + 2)
    for map_, (first, last) in lives.items():
        change[first] += sizes[map_]
        change[last + 1] -= sizes[map_]
    alive, total = [], 0
    for step in range(steps):
        total += change[step]
        alive.append(total)
    return alive

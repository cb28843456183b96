"""Liveness: how much of the maps must be in memory at once, and where that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import TypeAlias

from sepcost.layers import Layer, Split, Takes
from sepcost.network.network import INPUT, Network, Node
from sepcost.network.schedule import Combined, Schedule, Step

Runs: TypeAlias = Sequence[tuple[str, Layer]]
"""The layers that a node runs as, one after the other, each with what it is called."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The most of the maps alive at one moment: at which layer, and what it reads, writes, and leaves for later ones.

    In elements per sample; ``in_bytes``: in bytes, where the maps have several dtypes.
    """

    at: str
    read: int
    written: int
    held: int
    in_bytes: bool = False

    @property
    def total(self) -> int:
        return self.read + self.written + self.held


def peak(schedule: Schedule, runs: Sequence[Runs] = (), *, own: bool = False) -> Peak | None:
    """Where the most of the maps is alive, running the layers in order, for one sample; None where nothing runs.

    ``runs[i]`` is what node i runs as: its replacement, or its own layer, as each does without ``runs``. A map lives
    from the layer that writes it until its last reader, and to the end if no layer reads it; while a layer runs, its
    inputs and its output are alive. Concatenation reads the maps where they are, a sum is written over the layer's own
    output, a product over its map if no layer reads that later; flatten and split are views. With ``own``, maps have
    the model's own dtypes.

    >>> from sepcost import Conv
    >>> conv = Conv((8, 8), 2, 4, 3)
    >>> peak(scheduled(Network.of(conv)))
    Peak(at='conv', read=128, written=256, held=0, in_bytes=False)
    """
    in_bytes = own and bool(schedule.widths)
    sizes = list(schedule.bytes if in_bytes else schedule.sizes)
    steps = list(_steps(schedule, runs, sizes))
    return _most(steps, sizes, schedule, in_bytes=in_bytes) if steps else None


def why_no_peak(network: Network) -> str:
    """What to say if there is no peak.

    >>> why_no_peak(Network("list", (), independent=True))
    'its layers are independent: which maps wait for each other is not known'
    """
    if network.no_peak is not None:
        return network.no_peak
    if network.only_params:
        return "weights alone do not say on which maps they run: give the code of the model, or its .onnx"
    if network.per_position:
        return "there is no map"
    return "its layers are independent: which maps wait for each other is not known"


def scheduled(network: Network) -> Schedule | None:
    """The network's own schedule, or that of layers that follow each other, or of one alone; None of others."""
    if network.schedule is not None:
        return network.schedule
    if network.no_peak is not None or not network.has_map or (network.independent and not _is_alone(network)):
        return None
    steps: list[Step] = []
    maps, last_reads = _Maps(), _last_reads(network.nodes)
    if network.input_shape is not None:
        maps.held_by[INPUT] = maps.new(prod(network.input_shape))
    for number, node in enumerate(network.nodes):
        if node.layer.takes is Takes.NOTHING:
            continue
        read, again = maps.held_together(node.sources)
        if again:  # only a copy can write what is there twice
            copies = maps.new(again)
            steps.append(Step(node.name, (), copies))
            read += copies
        if node.layer.is_view and read and not node.add:
            maps.held_by[number] = read
            maps.see(number, node)
            continue
        if not node.sources:
            read = maps.new(prod(node.layer.input_shape))
        in_place = node.layer.is_in_place and last_reads.get(node.sources[0]) == number
        written = maps.held_by[node.sources[0]] if in_place else maps.new(prod(node.layer.output_shape))
        maps.held_by[number] = written
        steps.append(Step(node.name, read, written, number))
        if node.add:  # never the peak: what is alive here is alive while the layer itself runs
            steps.append(Step(node.name, maps.held_together(node.add)[0], written, combined=Combined.SUM))
    read_by_others = _first_steps((number, step.reads) for number, step in enumerate(steps))
    outputs = tuple(map_ for map_ in range(len(maps.sizes)) if map_ not in read_by_others)
    return Schedule(tuple(steps), tuple(maps.sizes), maps.held_by.get(INPUT, ()), outputs)


def _last_reads(nodes: Sequence[Node]) -> dict[int, int]:
    """The last node that reads each node's output; who reads a view reads what that is a view of."""
    last: dict[int, int] = {}
    for number, node in reversed(list(enumerate(nodes))):
        until = last.get(number, number) if node.layer.is_view else number
        last |= {source: max(last.get(source, 0), until) for source in (*node.sources, *node.add)}
    return last


class _Maps:
    """The elements of each map so far, and which maps hold a node's output; nodes with the same maps share a tuple."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.held_by: dict[int, tuple[int, ...]] = {}
        self._ranges: dict[int, tuple[int, int]] = {}
        self._together: dict[tuple[int, ...], tuple[tuple[int, ...], int]] = {}

    def new(self, elements: int) -> tuple[int]:
        self.sizes.append(elements)
        return (len(self.sizes) - 1,)

    def see(self, number: int, node: Node) -> None:
        """Note which of a map's elements a view of it has: of a split, only some."""
        if len(node.sources) != 1 or len(self.held_by[number]) != 1:
            return
        start, stop = self._ranges.get(node.sources[0], (0, prod(node.layer.input_shape)))
        if isinstance(node.layer, Split):
            channel = prod(node.layer.input_shape[1:])
            start += node.layer.start * channel
            stop = start + node.layer.out_channels * channel
        self._ranges[number] = start, stop

    def held_together(self, nodes: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
        """The maps of these nodes, each once, and the elements of those that are there more than once."""
        if len(nodes) == 1:
            return self.held_by[nodes[0]], 0
        if nodes not in self._together:
            read: dict[int, list[tuple[int, int]]] = {}
            for node in nodes:
                for map_ in self.held_by[node]:
                    read.setdefault(map_, []).append(self._ranges.get(node, (0, self.sizes[map_])))
            self._together[nodes] = tuple(read), sum(map(_read_again, read.values()))
        return self._together[nodes]


def _read_again(ranges: Sequence[tuple[int, int]]) -> int:
    """How many elements are in several of these ranges, counted for each but the first.

    >>> _read_again([(0, 4), (4, 8)]), _read_again([(0, 8), (0, 8), (2, 4)])
    (0, 10)
    """
    again, reached = 0, 0
    for start, stop in sorted(ranges):
        again += max(0, min(stop, reached) - start)
        reached = max(reached, stop)
    return again


def _is_alone(network: Network) -> bool:
    """Whether there is one layer, whose maps are all there are."""
    return len(network) == 1 and network.nodes[0].layer.takes is not Takes.NOTHING


def _steps(schedule: Schedule, runs: Sequence[Runs], sizes: list[int]) -> Iterator[Step]:
    """The steps, with a step for each part of a replacement; the maps between the parts are added to the sizes."""
    for step in schedule.steps:
        parts = runs[step.node] if runs and step.node is not None else ()
        if len(parts) < 2:
            yield step
            continue
        written, of_one = sizes[step.writes[0]], prod(parts[-1][1].output_shape)
        read = step.reads
        for name, layer in parts[:-1]:
            sizes.append(prod(layer.output_shape) * written // of_one)  # of all samples, in the units of the map
            hidden = (len(sizes) - 1,)
            yield Step(name, read, hidden)
            read = hidden
        yield Step(parts[-1][0], read, step.writes)


def _most(steps: Sequence[Step], sizes: Sequence[int], schedule: Schedule, *, in_bytes: bool) -> Peak:
    used = [(number, maps) for number, step in enumerate(steps) for maps in (step.reads, step.writes)]
    first, last = _first_steps(used), _first_steps(reversed(used))
    first |= dict.fromkeys(set(schedule.inputs) & (first.keys() | set(schedule.outputs)), 0)
    last |= dict.fromkeys(first.keys() & set(schedule.outputs), len(steps) - 1)
    change = [0] * (len(steps) + 1)
    for map_, number in first.items():
        change[number] += sizes[map_]
        change[last[map_] + 1] -= sizes[map_]
    alive = list(accumulate(change[:-1]))
    number = max(range(len(steps)), key=alive.__getitem__)
    step = steps[number]
    read = sum(sizes[map_] for map_ in set(step.reads))
    written = sum(sizes[map_] for map_ in set(step.writes) - set(step.reads))
    return Peak(step.name, read, written, alive[number] - read - written, in_bytes)


def _first_steps(used: Iterable[tuple[int, tuple[int, ...]]]) -> dict[int, int]:
    """The first step that uses each map; steps may share a tuple of many maps, and each tuple is read once."""
    steps: dict[int, int] = {}
    seen: set[int] = set()
    for number, maps in used:
        if len(maps) == 1:
            steps.setdefault(maps[0], number)
        elif id(maps) not in seen:
            seen.add(id(maps))
            for map_ in maps:
                steps.setdefault(map_, number)
    return steps

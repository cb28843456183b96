"""Chaining: what a model ran, as layers that read each other, if layers can express it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from math import prod

from sepcost.count.comparison import Comparison
from sepcost.errors import LayerError
from sepcost.layers import Flatten, Layer, Scale, Shape, Shuffle, Split, Takes
from sepcost.network.liveness import why_no_peak
from sepcost.network.network import INPUT, Network, Node
from sepcost.network.schedule import Combined, Schedule, Step

SHUFFLES = ("clone", "channel_shuffle")
"""How operators are called that write channels in another order."""


class NoChainError(Exception):
    """Layers that follow each other cannot express what a model does: the message is a clause that says what."""


def chained(network: Network) -> Network:
    """The same layers, each on the maps that it reads, with the same traffic and the same peak.

    Elementwise operators and norms write over what they read, and are no layers; a sum is its last layer's ``add``, a
    concatenation the sources of its readers. Raises NoChainError if layers cannot express it.
    """
    if network.schedule is None:
        raise NoChainError(why_no_peak(network))
    _refuse_other_outputs(network.schedule)
    chain = _Chain(network)
    for step in network.schedule.steps:
        chain.append(step)
    found = chain.network()
    if any(_figures(found, text) != _figures(network, text) for text in (None, "separable")):
        raise NoChainError("as layers that follow each other it would have another peak")
    return found


def _refuse_other_outputs(schedule: Schedule) -> None:
    """In a chain the maps that no layer reads are the outputs: whatever replaces a layer, the others are not alive."""
    writers: dict[int, str] = {}
    read: set[int] = set()
    for step in schedule.steps:
        read |= set(step.reads)
        read -= set(step.writes)
        writers |= dict.fromkeys(step.writes, step.name)
    for map_, name in writers.items():
        if map_ in schedule.outputs and map_ in read:
            raise NoChainError(f"the output of {name} is read, and is one of the model's outputs, too")
        if map_ not in schedule.outputs and map_ not in read:
            raise NoChainError(f"the output of {name} is read by no layer, and is none of the model's outputs")


def _figures(network: Network, replacement: str | None) -> tuple[object, ...]:
    comparison = Comparison.of(replace(network, replacements=()))
    total = comparison.totals[replacement] if replacement else comparison.standard
    return total.cost, total.peak and total.peak.total


class _Chain:
    """The layers as far as they are chained; ``held_by`` says whose output is in each map."""

    def __init__(self, traced: Network) -> None:
        self.traced = traced
        self.nodes: list[Node] = []
        self.input_shape: Shape | None = None
        self.numbers: dict[int, int] = {}
        self.read: set[int] = set()
        inputs = traced.schedule.inputs if traced.schedule else ()
        self.held_by: dict[int, int] = dict.fromkeys(inputs, INPUT)

    def append(self, step: Step) -> None:
        if step.node is not None:
            self._layer(step, self.traced.nodes[step.node])
        elif step.combined is Combined.PRODUCT and len(step.reads) == 2:
            self._product(step)
        elif step.name.endswith(SHUFFLES) and len(step.writes) == 1 and step.reads:
            self._shuffle(step)
        elif not set(step.writes) <= set(step.reads):
            raise NoChainError(f"no layer does what {step.name} does")
        elif len(step.reads) > 1:
            self._sum(step)

    def network(self) -> Network:
        """What has no step, such as parameters that no layer has, is at the end."""
        rest = [node for number, node in enumerate(self.traced.nodes) if number not in self.numbers]
        if unread := next((node.name for node in rest if node.layer.takes is not Takes.NOTHING), None):
            raise NoChainError(f"which maps {unread} reads is not known")
        if self.input_shape is None:
            raise NoChainError("no layer reads the model's input alone")
        nodes = [replace(node, index=number) for number, node in enumerate([*self.nodes, *rest])]
        chained = replace(self.traced, nodes=tuple(nodes), input_shape=self.input_shape, independent=False)
        return replace(chained, schedule=None)

    def _layer(self, step: Step, node: Node) -> None:
        if node.layer.takes is Takes.NOTHING:
            raise NoChainError(f"no layer does what {node.name} does")
        if step.node in self.numbers or node.times != 1:
            raise NoChainError(f"{node.name} runs more than once")
        if node.shared:
            raise NoChainError(f"{node.name} has weights that are not its own")
        read_one = len(step.reads) == 1
        sources = [self._range(step, map_, node.layer.input_shape if read_one else ()) for map_ in step.reads]
        if sources == [INPUT] and self.input_shape is None:
            self.input_shape = node.layer.input_shape
        self._reach(node, sources)
        self.numbers[step.node or 0] = len(self.nodes)
        self.held_by[step.writes[0]] = len(self.nodes)
        self.nodes.append(replace(node, sources=tuple(sources)))

    def _reach(self, node: Node, sources: list[int]) -> None:
        """Check that these maps are what the layer was counted on, and put a flatten between where it needs one."""
        self.read.update(sources)
        if not sources:
            raise NoChainError(f"{node.name} reads no map")
        try:
            reaching = node.layer.reached([self._shape(source) for source in sources])
        except LayerError:
            raise NoChainError(f"{node.name} reads maps that cannot be concatenated") from None
        expected = node.layer.input_shape
        if node.layer.takes is Takes.FEATURES and prod(reaching[1:]) > 1 and prod(reaching) == expected[0]:
            sources[:] = [self._add(f"{node.name}.flatten", Flatten(reaching), sources)]
        elif _without_ones(reaching, node.layer) != expected:
            raise NoChainError(f"{node.name} reads its input in another shape than it was written in")

    def _range(self, step: Step, map_: int, shape: Shape) -> int:
        """The layer whose output a step reads there: a split, where it reads a range of channels of this shape."""
        source, start = self._held(map_, step.name), step.parts.get(map_)
        whole = self._shape(source)
        if start is None or whole[1:] != shape[1:] or start + shape[0] > whole[0]:
            return source
        split = Split(whole, shape[0], start)
        splits = (number for number, node in enumerate(self.nodes) if (node.layer, node.sources) == (split, (source,)))
        name = "input" if source == INPUT else self.nodes[source].name
        found = next(splits, None)
        return self._add(f"{name}.split", split, [source]) if found is None else found

    def _add(self, name: str, layer: Layer, sources: Sequence[int]) -> int:
        """A layer that the model has only as an operator; its number."""
        used = {node.name for node in (*self.nodes, *self.traced.nodes)}
        free = (name if number == 1 else f"{name}_{number}" for number in count(1))
        self.nodes.append(Node(next(each for each in free if each not in used), layer, tuple(sources)))
        return len(self.nodes) - 1

    def _shuffle(self, step: Step) -> None:
        """A layer that writes the channels of these maps in another order; of one map perhaps only some."""
        shapes = {map_: self._shape(self._held(map_, step.name)) for map_ in step.reads}
        size, *others = {shape[1:] for shape in shapes.values()}
        written = self.traced.schedule.sizes[step.writes[0]] if self.traced.schedule else 0
        channels = {map_: shape[0] for map_, shape in shapes.items()}
        surplus = sum(channels.values()) - written // prod(size)
        for map_ in step.parts:
            channels[map_] -= surplus
        if others or not size or len(step.parts) != (surplus > 0) or sum(channels.values()) * prod(size) != written:
            raise NoChainError(f"no layer does what {step.name} does")
        sources = [self._range(step, map_, (many, *size)) for map_, many in channels.items()]
        layer = Shuffle((sum(channels.values()), *size))
        self.read.update(sources)
        self.held_by[step.writes[0]] = self._add(step.name, layer, sources)

    def _sum(self, step: Step) -> None:
        """The last of the layers adds the others to its own, unless its own was read before."""
        held = {map_: self._held(map_, step.name) for map_ in step.reads}
        last = max(held.values())
        own, *more = [map_ for map_, number in held.items() if number == last]
        if step.combined is not Combined.SUM or more or last == INPUT or last in self.read:
            raise NoChainError(f"no layer does what {step.name} does")
        others = tuple(self._range(step, map_, self._shape(last)) for map_ in held if map_ != own)
        if any(other > last or self._shape(other) != self._shape(last) for other in others):
            raise NoChainError(f"{step.name} adds maps of different shapes")
        self.nodes[last] = replace(self.nodes[last], add=(*self.nodes[last].add, *others))
        self.read.update(others)
        del self.held_by[own]
        self.held_by[step.writes[0]] = last

    def _product(self, step: Step) -> None:
        """A layer that multiplies a map, the one that it writes over if it does, by the other."""
        maps = sorted(step.reads, key=lambda map_: map_ not in step.writes)
        shapes = [self._shape(self._held(map_, step.name)) for map_ in maps]
        first, second = (self._range(step, *each) for each in zip(maps, reversed(shapes)))
        for sources in ((first, second), (second, first)):
            with suppress(LayerError):
                layer = Scale(Scale.reached([self._shape(source) for source in sources]))
                self.read.update(sources)
                self.held_by[step.writes[0]] = self._add(step.name.rstrip("_"), layer, sources)
                return
        raise NoChainError(f"{step.name} multiplies maps of other shapes")

    def _held(self, map_: int, name: str) -> int:
        if map_ not in self.held_by:
            raise NoChainError(f"{name} reads a map that no layer writes")
        return self.held_by[map_]

    def _shape(self, number: int) -> Shape:
        return (self.input_shape or ()) if number == INPUT else self.nodes[number].layer.output_shape


def _without_ones(shape: Shape, layer: Layer) -> Shape:
    """A map of one position as the features that a linear layer takes."""
    return shape[:1] if layer.takes is Takes.FEATURES and prod(shape[1:]) == 1 else shape

"""Architecture: layers as their author wrote them, before the shapes of their maps are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

from sepcost.blocks.replacements import Replacement
from sepcost.errors import LayerError, LayerProblem, NetworkError
from sepcost.layers import KINDS, Layer, Shape, Takes
from sepcost.layers.layer import MOST_KNOWN
from sepcost.layers.sharing import Weights
from sepcost.network.budget import Budget
from sepcost.network.network import INPUT, Network, Node, check_sum
from sepcost.text.arguments import Extent
from sepcost.text.wording import did_you_mean, listed

MARKED = "marked keep"
"""Why a layer is kept that its author wants to keep."""
MOST_PROBLEMS = 1000
"""Further problems are not looked for."""
MOST_HINTS = 50
"""Only the first problems suggest a name: to find one takes milliseconds."""


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One layer as its author wrote it: everything but the shape that reaches it.

    ``options`` are the arguments of its class (Conv, Linear, …: by ``type``). With ``input_size``
    the layer has an input of its own. ``sources`` and ``add`` name other layers; ``input`` is the network's.
    ``shared`` names the layer whose weights it has, or is true: the nearest earlier one that has such weights.
    ``readable`` is false where something in it could not be read: then its output is unknown.

    >>> LayerSpec(name="stem", options={"kernel_size": 3, "out_channels": 32, "stride": 2}).repeat
    1
    """

    type: str = "conv"
    name: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    in_channels: int | None = None
    input_size: Extent | None = None
    sources: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    repeat: int = 1
    keep: bool = False
    round_to: int | None = None
    times: int = 1
    shared: bool | str = False
    readable: bool = True

    @property
    def takes_input(self) -> bool:
        return self.type not in KINDS or KINDS[self.type].takes is not Takes.NOTHING


@dataclass(frozen=True, slots=True)
class Architecture:
    """Layer specs in order, and what their network begins with (``input_readable``: as far as it is known).

    >>> stem = LayerSpec(name="stem", options={"kernel_size": 3, "out_channels": 32, "stride": 2})
    >>> block = LayerSpec(name="block", options={"kernel_size": 3, "out_channels": 32}, repeat=2)
    >>> for node in Architecture("net", (stem, block), input_shape=(3, 224, 224)).build():
    ...     print(node.name, node.layer.output_shape)
    stem (32, 112, 112)
    block.1 (32, 112, 112)
    block.2 (32, 112, 112)
    """

    name: str
    specs: tuple[LayerSpec, ...]
    input_shape: Shape | None = None
    replacements: tuple[Replacement, ...] = ()
    source: str | None = None
    independent: bool = False
    input_readable: bool = True
    budget: Budget | None = None
    inner_norm: bool = True

    @property
    def size(self) -> int:
        """How many layers it makes; one that reads or adds several counts for each of them."""
        return sum(map(_size, self.specs))

    def refuse_more_than(self, most: int) -> None:
        """Raise a NetworkError that names the layer with which it has more layers."""
        total = 0
        for index, spec in enumerate(self.specs):
            total += _size(spec)
            if total > most:
                name = layer_names(self.specs)[index]
                reason = f"makes {total:,} layers, and the size of the file allows {most:,}"
                field = "repeat" if spec.repeat > 1 else "type"
                raise NetworkError([LayerProblem(index, name, field, reason)])

    def build(self) -> Network:
        """Chain the layers: each reads the output of the one before it unless it says otherwise.

        Raises NetworkError, which lists every layer that does not fit. What depends on such a layer is not judged.
        """
        shares = any(spec.shared for spec in self.specs)
        chain = _Building(self.input_shape, self.independent, self.input_readable, shares)
        names = layer_names(self.specs)
        for index, spec in enumerate(self.specs):
            chain.append(index, spec, names[index])
            if len(chain.problems) > MOST_PROBLEMS:
                break
        chain.check_unique_names(names)
        if chain.problems:
            raise NetworkError(sorted(chain.problems, key=lambda problem: problem.number))
        return Network(
            self.name,
            tuple(chain.nodes),
            self.input_shape,
            self.replacements,
            self.source,
            self.independent,
            budget=self.budget,
            inner_norm=self.inner_norm,
        )


def _size(spec: LayerSpec) -> int:
    return spec.repeat * max(1, len(spec.sources) + len(spec.add))


def layer_names(specs: Sequence[LayerSpec]) -> list[str]:
    """Each layer's name; one without is called after its type and its place, from 1, such as ``conv2``."""
    given = {spec.name for spec in specs}
    names = []
    for position, spec in enumerate(specs, start=1):
        name = spec.name or f"{spec.type}{position}"
        while spec.name is None and name in given:
            name += "_"
        names.append(name)
    return names


class _Links(NamedTuple):
    """The numbers of the layers that one refers to: those that it reads, adds, and has the weights of."""

    sources: Sequence[int]
    add: Sequence[int]
    weights: int | None = None


class _Building:
    """The network as far as it has been built, and all that was wrong so far."""

    def __init__(self, input_shape: Shape | None, independent: bool, input_readable: bool, shares: bool) -> None:
        self.nodes: list[Node] = []
        self.problems: list[LayerProblem] = []
        self.independent = independent
        self.shapes: dict[int, Shape | None] = {}
        self.numbers: dict[str, int] = {}
        self.weights = Weights()
        self.shares = shares
        self.previous: int | None = None
        self.count = 0
        if input_shape is not None or not input_readable:
            self.shapes[INPUT] = input_shape
            self.numbers["input"] = self.previous = INPUT

    def append(self, index: int, spec: LayerSpec, name: str) -> None:
        links = self._resolve(index, spec, name)
        problems_before = len(self.problems)
        for copy in range(spec.repeat):
            node_name = name if spec.repeat == 1 else f"{name}.{copy + 1}"
            if copy == 1 and not self.independent:
                spec = replace(spec, in_channels=None, input_size=None)
            follows = not self.independent and spec.takes_input
            if links and copy and follows and self.previous is not None:
                links = links._replace(sources=[self.previous])
            shape = None
            right_so_far = copy == 0 or len(self.problems) == problems_before
            if right_so_far and spec.readable and links is not None:
                try:
                    shape = self._append_node(index, spec, node_name, links)
                except LayerError as error:
                    self.problems.append(LayerProblem(index, node_name, error.field, error.reason))
                    shape = self._shape_without(error.field, spec, links.sources)
            self.numbers[node_name] = self.count
            if spec.takes_input:  # which is not a part of the chain
                self.previous = self.count
            self.shapes[self.count] = shape
            self.count += 1
        self.numbers[name] = self.count - 1

    def check_unique_names(self, names: Sequence[str]) -> None:
        first: dict[str, int] = {}
        for index, name in enumerate(names):
            if name in first:
                reason = f"{name!r} is the name of an earlier layer already"
                self.problems.append(LayerProblem(index, name, "name", reason))
            first.setdefault(name, index)
            if name == "input" and not self.independent:
                self.problems.append(LayerProblem(index, name, "name", "'input' is the name of the network's input"))
        repeated = [node.name for node in self.nodes if names[node.index] != node.name]
        for name in repeated:
            if name in first:
                reason = f"{name!r} is also the name of a repetition of another layer"
                self.problems.append(LayerProblem(first[name], name, "name", reason))

    def _resolve(self, index: int, spec: LayerSpec, name: str) -> _Links | None:
        """The layers that it names; None where one of them is unknown."""
        sources = self._numbers(index, name, "from", spec.sources)
        follows = not self.independent and spec.takes_input
        if follows and not spec.sources and spec.input_size is None and self.previous is not None:
            sources = [self.previous]
        add = self._numbers(index, name, "add", spec.add)
        named = (spec.shared,) if isinstance(spec.shared, str) else ()
        weights = self._numbers(index, name, "shared", named)
        if sources is None or add is None or weights is None:
            return None
        return _Links(sources, add, weights[0] if weights else None)

    def _numbers(self, index: int, name: str, field_name: str, others: Sequence[str]) -> list[int] | None:
        numbers: list[int] | None = []
        for item, other in enumerate(others):
            if other in self.numbers and numbers is not None:
                numbers.append(self.numbers[other])
            elif other not in self.numbers:
                reason = f"no earlier layer is called {other!r}{self._meant(other)}"
                self.problems.append(LayerProblem(index, name, field_name, reason, item))
                numbers = None
            if len(self.problems) > MOST_PROBLEMS:
                return None
        return numbers

    def _meant(self, other: str) -> str:
        return did_you_mean(other, reversed(self.numbers)) if len(self.problems) < MOST_HINTS else ""

    def _shape_without(self, field_name: str, spec: LayerSpec, sources: Sequence[int]) -> Shape | None:
        """The output of the layer without its wrong field, so that the layers after it can be checked."""
        options = {name: value for name, value in spec.options.items() if name != field_name}
        kind = replace(spec, options=options, in_channels=None if sources else spec.in_channels)
        shapes = [self.shapes[number] for number in sources]
        try:
            known = [shape for shape in shapes if shape is not None]
            return _layer(kind, _input_shape(kind, known)).output_shape
        except (LayerError, TypeError, KeyError):
            return None

    def _append_node(self, index: int, spec: LayerSpec, name: str, links: _Links) -> Shape | None:
        shapes = [self.shapes[number] for number in links.sources]
        added = [self.shapes[number] for number in links.add]
        if None in shapes or None in added:
            return None
        shape = _input_shape(spec, [shape for shape in shapes if shape is not None])
        layer = _layer(spec, shape)
        check_sum(layer.output_shape, [shape for shape in added if shape is not None])
        owner = self._owner(spec, layer, links.weights)
        if self.shares:
            self.weights.add(self.count, name, layer, owner)
        if not self.problems:
            self.nodes.append(_node(name, layer, links, spec, index, owner))
        return layer.output_shape

    def _owner(self, spec: LayerSpec, layer: Layer, number: int | None) -> str | None:
        """The layer whose weights it has; None of a layer with its own, and where that cannot be judged."""
        is_unknown = self.problems if number is None else self.shapes[number] is None
        return None if not spec.shared or is_unknown else self.weights.owner(layer, number)


def _node(name: str, layer: Layer, links: _Links, spec: LayerSpec, index: int, owner: str | None) -> Node:
    keep = MARKED if spec.keep else None
    sources, add, _ = links
    shared = bool(spec.shared)
    return Node(name, layer, tuple(sources), tuple(add), keep, spec.round_to, index, spec.times, shared, owner)


def _input_shape(spec: LayerSpec, sources: Sequence[Shape]) -> Shape:
    if not spec.takes_input:
        return ()
    if not sources:
        if spec.in_channels is None:
            raise LayerError(
                "type", "nothing reaches this layer: give the network an `input`, or this layer H, W and C"
            )
        return (spec.in_channels, *(spec.input_size or ()))
    if spec.input_size is not None:
        raise LayerError("from", "contradicts H, W or size: an input is either another layer's output or its own")
    shape = KINDS.get(spec.type, Layer).reached(sources)
    if spec.in_channels not in (None, shape[0]):
        raise LayerError("in_channels", f"is {spec.in_channels}, but {shape[0]} channels reach this layer")
    return shape


def _layer(spec: LayerSpec, shape: Shape) -> Layer:
    kind = KINDS.get(spec.type)
    if kind is None:
        raise LayerError("type", f"must be {listed(list(KINDS), 'or')}, got {spec.type!r}")
    if kind.takes is Takes.MAP and len(shape) == 1:
        raise LayerError("type", f"a {kind.type} layer needs a map, but {shape[0]} features reach this one")
    try:
        return _made_once(kind, shape, **spec.options)
    except TypeError:  # a list has no hash
        return kind.on(shape, **spec.options)


@lru_cache(MOST_KNOWN, typed=True)  # True is equal to 1, and wrong where that is right
def _made_once(kind: type[Layer], shape: Shape, **options: Any) -> Layer:
    return kind.on(shape, **options)

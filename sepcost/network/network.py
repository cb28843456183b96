"""Network: named layers, each on the maps that it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from sepcost.blocks.replacements import Replacement
from sepcost.errors import LayerError, LayerProblem, NetworkError, SepcostError
from sepcost.layers import Conv, Layer, Shape
from sepcost.layers.cost import MIXED, Convention, Cost, Stored
from sepcost.layers.layer import NO_OUTPUT
from sepcost.network.schedule import Schedule
from sepcost.text.arguments import times
from sepcost.text.units import as_text

if TYPE_CHECKING:
    from fractions import Fraction

    from sepcost.network.budget import Budget

INPUT = -1
"""The network's own input, as the number of a node."""


class Widths(NamedTuple):
    """Bytes of an element of a layer's tensors, where a model has dtypes of its own.

    ``norm`` is that of a norm's scale and shift. ``products`` are the real ones for each complex one: torch runs a
    complex convolution as three real ones.
    """

    weights: int
    biases: int
    norm: int
    input: int
    output: int
    products: int = 1

    @classmethod
    def under(cls, convention: Convention) -> Widths:
        """Those of a layer that has no dtypes of its own.

        >>> Widths.under(Convention(dtype="int8"))
        Widths(weights=1, biases=4, norm=4, input=1, output=1, products=1)
        """
        weights, maps, biases = (bits // 8 for bits in convention.bits)
        return cls(weights, biases, biases, maps, maps)

    @property
    def element(self) -> int | None:
        """Bytes of an element of weights and maps, where these are the same."""
        return self.weights if self.weights == self.input == self.output else None

    def applied(self, layer: Layer) -> Cost:
        """The cost of a layer that is stored like this.

        >>> from sepcost import Linear
        >>> Widths(2, 4, 4, 2, 2).applied(Linear(3, 5, bias=True)).stored
        Stored(weights=50, activations=10, touched=16)
        """
        cost = layer.cost
        norm = layer.norm_params if isinstance(layer, Conv) else 0
        stored = Stored(
            (cost.params - cost.biases) * self.weights + (cost.biases - norm) * self.biases + norm * self.norm,
            cost.activations * self.output,
            (cost.touched - cost.written) * self.input + cost.written * self.output,
        )
        return replace(cost, macs=cost.macs * self.products, stored=stored)


@dataclass(frozen=True, slots=True)
class Node:
    """A layer in its place.

    ``sources`` are the numbers of the nodes whose outputs it reads, side by side as channels (INPUT for the
    network's input); none if it has an input of its own. The outputs of the nodes in ``add`` are added to its
    own. ``keep`` is a reason not to replace it. ``index`` is the layer's number as its author wrote it: repeated
    layers share one. It runs ``times`` times on each sample; the weights of a ``shared`` one are another's, which
    ``weights_of`` names where it is known. ``widths`` are those of tensors with dtypes of their own; ``reads`` is how
    many elements each run reads of weights that are no parameters, beside its input.
    """

    name: str
    layer: Layer
    sources: tuple[int, ...] = ()
    add: tuple[int, ...] = ()
    keep: str | None = None
    round_to: int | None = None
    index: int = 0
    times: int = 1
    shared: bool = False
    weights_of: str | None = None
    widths: Widths | None = None
    reads: int = 0

    def alone(self) -> Node:
        """The same without its place in a network: all that its cost depends on."""
        return Node(
            "",
            self.layer,
            keep=self.keep,
            times=self.times,
            shared=self.shared,
            widths=self.widths,
            reads=self.reads,
        )

    @property
    def cost(self) -> Cost:
        return self.cost_as(self.layer)

    def cost_as(self, layer: Layer) -> Cost:
        """What it costs where it runs as this layer."""
        cost = layer.cost if self.widths is None else self.widths.applied(layer)
        if self.reads:
            width = 0 if self.widths is None else self.widths.weights
            stored = cost.stored and cost.stored._replace(touched=cost.stored.touched + self.reads * width)
            odd = cost.odd._replace(touched=cost.odd.touched + self.reads % 2)
            cost = replace(cost, touched=cost.touched + self.reads, stored=stored, odd=odd)
        if self.times == 1 and not self.shared:
            return cost
        return cost.repeated(self.times, shared=self.shared)

    def widths_under(self, convention: Convention) -> Widths:
        """What its tensors are counted in: their own widths only where the network has no dtype for all."""
        own = self.widths if convention.dtype == MIXED else None
        return own or Widths.under(convention)

    @property
    def products(self) -> int:
        """How many real products it runs for each of its own."""
        return 1 if self.widths is None else self.widths.products

    @property
    def has_weights(self) -> bool:
        return bool(self.layer.weights)


@dataclass(frozen=True, slots=True, repr=False)
class Network:
    """Layers in the order in which they run.

    ``independent``: the layers are a plain list, each with an input of its own. ``per_position``: it is one
    convolution without a map, counted per output position (per input position if it is transposed). ``alpha`` and
    ``rho`` are the multipliers that made it what it is, ``resolution`` the size that its input was given. ``budget`` is
    what ``sepcost check`` holds it to. Without ``inner_norm`` replacements put no norm between their parts: it stays
    after the last, as in a model. ``uncounted`` is for what a model ran: the operators that cannot be counted, and how
    often each ran; None elsewhere. ``inputs`` says whose inputs it ran on, where they are not zeros in a batch of one;
    ``given``, what was typed for them. ``read_zeros``: it read values, and those of its inputs were zeros.
    ``only_params``: its layers are tensors of which nothing but the shape is known.
    ``schedule`` is what reads and writes which maps; ``no_peak``, why the peak is not known; ``dtype``, what its
    tensors are stored in (``mixed``: the nodes know); ``unconfirmed`` are the layers that torch's counter counts as
    nothing.

    >>> from sepcost import Conv
    >>> net = Network.of(Conv((112, 112), 32, 64, 3))
    >>> net.nodes[0].name
    'conv'
    """

    name: str
    nodes: tuple[Node, ...]
    input_shape: Shape | None = None
    replacements: tuple[Replacement, ...] = ()
    source: str | None = None
    independent: bool = False
    per_position: bool = False
    only_params: bool = False
    alpha: Fraction | int = 1
    rho: Fraction | int = 1
    resolution: tuple[int, ...] | None = None
    budget: Budget | None = None
    uncounted: Mapping[str, int] | None = None
    inner_norm: bool = True
    inputs: str | None = None
    given: str | None = None
    read_zeros: bool = False
    schedule: Schedule | None = None
    no_peak: str | None = None
    dtype: str | None = None
    unconfirmed: tuple[str, ...] = ()

    @classmethod
    def of(cls, layer: Layer, name: str | None = None, *, keep: str | None = None) -> Network:
        """A network of this one layer."""
        if not isinstance(layer, Layer):
            raise SepcostError(f"a network is made of layers, such as a Conv, got {as_text(layer, repr)}")
        return cls(name or layer.type, (Node(layer.type, layer, keep=keep),), independent=True)

    def refuse_batch(self, batch: int) -> None:
        """A SepcostError for a batch if the inputs have one of their own."""
        if self.inputs is not None and batch != 1:
            raise SepcostError(f"the inputs of {self.inputs} have their batch: a batch of {batch} contradicts that")

    @property
    def has_map(self) -> bool:
        """Whether it is known on which maps its layers run."""
        return not (self.per_position or self.only_params)

    @property
    def has_convolutions(self) -> bool:
        """Whether there is anything in it that could be replaced."""
        return any(isinstance(node.layer, Conv) for node in self.nodes)

    @property
    def names_of_convolutions(self) -> list[str]:
        return [node.name for node in self.nodes if isinstance(node.layer, Conv)]

    def with_norms_folded(self) -> Network:
        """The same for inference: each batch norm after a convolution is a part of that."""
        nodes = [
            replace(node, layer=node.layer.with_norm_folded) if isinstance(node.layer, Conv) else node
            for node in self.nodes
        ]
        norms = {node.name: node.layer.norm for node in nodes if isinstance(node.layer, Conv)}
        for node in nodes:
            if norms.get(node.weights_of or node.name) != norms.get(node.name):
                reason = f"the weights of {node.weights_of!r} would have its norm in them: leave out --fold-norms"
                raise NetworkError([LayerProblem(node.index, node.name, "shared", reason)])
        return replace(self, nodes=tuple(nodes))

    def __repr__(self) -> str:
        return f"<Network {self.name!r}: {len(self.nodes)} layers>"

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)


def check_sum(output: Shape, added: Sequence[Shape]) -> None:
    """Raise a LayerError unless every added map has the output's shape."""
    for shape in added:
        if not shape:
            raise LayerError("add", NO_OUTPUT)
        if shape != output:
            raise LayerError("add", f"maps of different shapes cannot be added: {times(output)} and {times(shape)}")

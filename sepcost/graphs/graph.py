"""Graph: a program that was read from a file, operator by operator, as the network of its layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from math import prod
from typing import Any, NamedTuple

from sepcost.errors import ModelError
from sepcost.graphs.calls import Call
from sepcost.graphs.dtypes import with_dtypes
from sepcost.graphs.flow import Effect, Event, Flow, Tensor, fresh
from sepcost.graphs.names import LayerNames, joined
from sepcost.graphs.plan import schedule
from sepcost.graphs.rows import REMAINDER, held_by, placed
from sepcost.layers import Conv, Layer, Linear, Other, Shape
from sepcost.layers.cost import MODEL_DTYPES, Stored
from sepcost.network.network import Network, Node, Widths
from sepcost.text.wording import named

BITS = {"int4": 4, "uint4": 4, "int2": 2, "uint2": 2, "float4_e2m1fn": 4}
"""What has less than a byte; the bytes of the others are in ``MODEL_DTYPES``."""


class Value(NamedTuple):
    """A tensor: its shape, and what its elements are; ``offset`` and ``strides`` say where a view is in its memory.

    >>> Value((64, 56, 56), "float16").bytes
    401408
    """

    shape: Shape
    dtype: str = "float32"
    offset: int = 0
    strides: Shape | None = None

    @property
    def numel(self) -> int:
        return prod(self.shape)

    @property
    def width(self) -> int:
        """The bytes of an element, at least one."""
        return MODEL_DTYPES.get(self.dtype, 1)

    @property
    def bytes(self) -> int:
        return -(-self.numel * BITS[self.dtype] // 8) if self.dtype in BITS else self.numel * self.width

    @property
    def lies(self) -> tuple[int, Shape, Shape]:
        """Where its elements are: one after the other, unless it says otherwise."""
        steps = tuple(prod(self.shape[axis + 1 :]) for axis in range(len(self.shape)))
        return self.offset, self.shape, self.strides or steps


class Param(NamedTuple):
    """A weight of the file: its shape and dtype, and the kind of what holds it."""

    value: Value
    of: str = "others"


class Operator(NamedTuple):
    """One operator of a program: what it reads and makes, by name, and the layer that it is, if it is one.

    ``weights`` are those of the layer, the kernel first; ``times`` is how often the layer runs on an input: the batch,
    or the positions of a linear layer. ``effect`` is what it does with maps. A layer of type ``Other`` gives its MACs
    alone: its params and what it reads and writes follow.
    """

    kind: str
    name: str
    reads: Sequence[str]
    makes: Mapping[str, Value]
    layer: Layer | None = None
    times: int = 1
    weights: Sequence[str] = ()
    effect: Effect = Effect.MAKES
    keep: str | None = None


class Graph:
    """Operators in the order in which they run; ``network`` is what they cost.

    >>> graph = Graph({"w": Param(Value((8, 3, 3, 3)))})
    >>> graph.input("x", Value((1, 3, 10, 10)))
    >>> conv = Conv((10, 10), 3, 8, 3)
    >>> graph.run(Operator("Conv", "stem", ["x", "w"], {"y": Value((1, 8, 10, 10))}, conv, weights=["w"]))
    >>> graph.network("net", ["y"]).nodes[0].cost.macs
    21600

    What is neither given, nor a weight, nor made of these is a constant. Each weight counts once: with the first layer
    that has it, else in the remainder.
    """

    def __init__(self, params: Mapping[str, Param]) -> None:
        self.uncounted = Counter[str]()
        self._params = params
        self._left = dict(params)
        self._weights: dict[str, str] = {}
        self._values: dict[str, Value] = {}
        self._maps: dict[str, Tensor] = {}
        self._memory = count()
        self._flow = Flow()
        self._calls: list[Call] = []
        self._keep: dict[Call, str | None] = {}
        self._made_by: dict[str, Call] = {}
        self._dtypes = {param.value.dtype for param in params.values()}

    def input(self, name: str, value: Value) -> None:
        """What the program is given."""
        self._flow.inputs.append(self._place(name, value))

    def rename(self, made: str, of: str) -> None:
        """Another name of a weight: it is dequantised, transposed or reshaped, and stays what it is."""
        self._weights[made] = self.weight(of)

    def weight(self, name: str) -> str:
        """The weight that has this name, perhaps as another one."""
        return self._weights.get(name, name)

    def is_weight(self, name: str) -> bool:
        """Whether it is a weight of the file, under whatever name."""
        return self.weight(name) in self._params

    def is_map(self, name: str) -> bool:
        """Whether it was given, or made of what was given: no weight, and no constant."""
        return name in self._maps

    def run(self, operator: Operator) -> None:
        """Note an operator; one that reads constants alone and is no layer makes constants."""
        reads = [self._maps[name] for name in operator.reads if name in self._maps]
        if not reads and operator.layer is None:
            return
        if reads and operator.effect is Effect.VIEWS:
            for name, value in operator.makes.items():
                self._place(name, value, reads[0])
            return
        call = self._call(operator) if operator.layer is not None else None
        made = [self._place(name, value) for name, value in operator.makes.items()]
        if call is not None:
            self._made_by |= dict.fromkeys(operator.makes, call)
        new = fresh(made[0], reads) if made and operator.effect is Effect.JOINS else 0
        name = joined(operator.name, operator.kind) if call is None else call.name
        self._flow.events.append(Event(name, reads, made, (), call, operator.effect, new))

    def skip(self, operator: Operator) -> None:
        """Note an operator that may have MACs and cannot be counted."""
        self.uncounted[f"{operator.kind} in {operator.name}" if operator.name else operator.kind] += 1
        self.run(operator._replace(layer=None))

    def norm(self, source: str, scale: str, shift: str) -> None:
        """Give a batch norm to the convolution that made what it reads, if one did."""
        call, both = self._made_by.get(source), [self.weight(scale), self.weight(shift)]
        conv = call and call.layer
        if call and isinstance(conv, Conv) and conv.norm == "none" and self._left.keys() >= {*both}:
            call.layer = replace(conv, norm="batch")
            call.widths = call.widths and call.widths._replace(norm=self._params[both[0]].value.width)
            self._take(both)

    def bias(self, source: str, bias: str) -> None:
        """Give a bias that is added to the linear layer that made what it is added to, if one did."""
        call, name = self._made_by.get(source), self.weight(bias)
        linear = call and call.layer
        if not call or not isinstance(linear, Linear) or linear.bias or call.shared or name not in self._left:
            return
        if self._params[name].value.numel == linear.out_features:
            call.layer = replace(linear, bias=True)
            call.widths = call.widths and call.widths._replace(biases=self._params[name].value.width)
            self._take([name])

    def network(self, name: str, outputs: Sequence[str], *, source: str | None = None, given: str = "") -> Network:
        """The network of the layers, on inputs that were ``given``; raises ModelError if there are none."""
        names = LayerNames(())
        nodes, of = placed(self._calls, lambda call: names.own(call.name or call.layer.type), self._keep.get)
        rows = (*nodes.values(), *self._remainder(names, len(nodes)))
        if not rows:
            why = f": what {named(sorted(self.uncounted))} costs is not known" if self.uncounted else ""
            raise ModelError(f"has nothing that can be counted{why}")
        self._flow.outputs = [self._maps[each] for each in outputs if each in self._maps]
        network = Network(
            name, rows, source=source, independent=True, inner_norm=False, uncounted=dict(self.uncounted), given=given,
            schedule=schedule(self._flow, of),
        )  # fmt: skip
        return with_dtypes(network, self._dtypes)

    def _call(self, operator: Operator) -> Call:
        """The layer that an operator is, with the weights that count with it."""
        weights = [self.weight(name) for name in operator.weights]
        maps = [self._values[name] for name in operator.reads if name in self._maps and name not in weights]
        made = list(operator.makes.values())
        self._dtypes.update(value.dtype for value in (*maps, *made))
        layer: Layer | None = operator.layer
        if isinstance(layer, Other):
            call = Call(operator.name, None, operator.kind, self._other(layer, weights, maps, made))
        else:
            call = self._weighted(operator, weights, maps, made)
        self._calls.append(call)
        self._keep[call] = operator.keep
        return call

    def _other(self, layer: Other, weights: Sequence[str], read: Sequence[Value], made: Sequence[Value]) -> Other:
        """With the weights that no earlier operator has; it reads its maps once, and writes its results once."""
        held = [self._params[name].value for name in self._take(weights)]
        reads, writes = (sum(value.numel for value in values) for values in (read, made))
        stored = Stored(sum(each.bytes for each in held), 0, sum(each.bytes for each in (*read, *made)))
        return replace(layer, params=sum(each.numel for each in held), reads=reads, writes=writes, stored=stored)

    def _weighted(
        self, operator: Operator, weights: Sequence[str], read: Sequence[Value], made: Sequence[Value]
    ) -> Call:
        """A layer with a kernel of its own, with that of an earlier one, or with one that is computed."""
        layer: Any = operator.layer
        kernel, *others = [*weights, ""]
        taken = self._take(weights) if kernel in self._left or not weights else []
        if isinstance(layer, (Conv, Linear)) and layer.bias and taken and not set(others) & set(taken):
            layer = replace(layer, bias=False)  # an earlier layer has the same bias: it is stored, and counts, once
        widths = [self._params[name].value.width for name in weights if name in self._params] or [read[0].width]
        stored = Widths(widths[0], widths[-1], widths[-1], read[0].width, made[0].width)
        is_own = kernel in self._params
        key, reads = (kernel, 0) if is_own else (None, layer.cost.params)
        return Call(operator.name, None, operator.kind, layer, operator.times, list(taken), key, stored, reads=reads)

    def _take(self, names: Sequence[str]) -> list[str]:
        """Those of these weights that no layer has yet: they count now."""
        return [name for name in dict.fromkeys(names) if self._left.pop(name, None)]

    def _place(self, name: str, value: Value, base: Tensor | None = None) -> Tensor:
        """A map of its own, or a view of another."""
        memory, elements = (next(self._memory), value.numel) if base is None else (base.memory, base.elements)
        self._values[name] = value
        self._maps[name] = Tensor(memory, elements, value.width, value.numel, value.lies)
        return self._maps[name]

    def _remainder(self, names: LayerNames, index: int) -> Iterator[Node]:
        """A row for the weights that no layer has, if there are any."""
        kinds = Counter[str]()
        for param in self._left.values():
            kinds[param.of] += param.value.numel
        if left := kinds.total():
            stored = Stored(sum(param.value.bytes for param in self._left.values()), 0, 0)
            yield Node(names.other(REMAINDER), Other(held_by(kinds, left), params=left, stored=stored), index=index)

"""Graph: a program that was read from a file, operator by operator, as the network of its layers."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple, cast

from sepcost.errors import ModelError
from sepcost.graphs.calls import Call
from sepcost.graphs.dtypes import is_quantised, with_dtypes
from sepcost.graphs.flow import Effect, Event, Flow, Tensor, fresh
from sepcost.graphs.found import UNFIT, Found
from sepcost.graphs.names import LayerNames
from sepcost.graphs.plan import schedule
from sepcost.graphs.rows import QUANTISED, REMAINDER, held_by, placed
from sepcost.graphs.values import Value
from sepcost.layers import Conv, Layer, Linear, Other
from sepcost.layers.cost import Stored
from sepcost.network.network import Network, Node, Widths
from sepcost.text.wording import named

REAL_PRODUCTS = 3
"""How many real convolutions torch runs for each complex one."""


class Param(NamedTuple):
    """A weight of the file: its shape and dtype, and the kind of what holds it."""

    value: Value
    of: str = "others"


class Part(NamedTuple):
    """A weight, or some of its numbers: which these are, ``key`` says."""

    of: str
    numel: int
    key: Hashable


class Operator(NamedTuple):
    """One operator of a program: what it reads and makes, by name, and the layer that it is, if it is one.

    ``weights`` are those of the layer, the kernel first; ``times`` is how often the layer runs on an input: the batch,
    or the positions of a linear layer. ``effect`` is what it does with maps. A layer of type ``Other`` gives its MACs
    alone: its params and what it reads and writes follow. ``keep`` says why a convolution cannot be replaced; one whose
    kernel is quantised is kept in any case.
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
    >>> graph.network("net", ["y"], given="x=3x10x10").nodes[0].cost.macs
    21600

    A constant is what follows neither from inputs nor from weights. Each weight counts once: with the first layer that
    has it, else in the remainder.
    """

    def __init__(self, params: Mapping[str, Param]) -> None:
        self.uncounted = Counter[str]()
        self._params = dict(params)
        self._left = Counter({name: param.value.numel for name, param in params.items()})
        self._taken: set[Hashable] = set()
        self._without_bias: set[str] = set()
        self._weights = {name: Part(name, many, name) for name, many in self._left.items()}
        self._values: dict[str, Value] = {}
        self._maps: dict[str, Tensor] = {}
        self._memory = itertools.count()
        self._flow = Flow()
        self._calls: list[Call] = []
        self._keep: dict[Call, str | None] = {}
        self._made_by: dict[str, Call] = {}
        self._dtypes = {param.value.dtype for param in params.values()}

    def input(self, name: str, value: Value) -> None:
        """What the program is given."""
        self._flow.inputs.append(self._place(name, value))

    def rename(self, made: str, of: str, part: Value | None = None) -> None:
        """Another name of a weight, which is dequantised, transposed or reshaped; or of a ``part`` of it."""
        whole = self._weights[of]
        is_part = part is not None and part.numel < whole.numel
        place = part.lies if part and part.strides else made  # a part is another one unless its place says where it is
        self._weights[made] = Part(whole.of, part.numel, (whole.of, place)) if part and is_part else whole

    def repack(self, name: str, value: Value) -> None:
        """Set what a packed weight holds."""
        of = self._weights[name].of
        if of not in self._taken:
            self._params[of] = self._params[of]._replace(value=value)
            self._weights[name] = Part(of, value.numel, of)
            self._left[of] = value.numel

    def value(self, name: str) -> Value | None:
        """The map that has this name, as it lies in its memory."""
        return self._values.get(name)

    def is_weight(self, name: str) -> bool:
        """Whether it is a weight of the file, or a part of one, under whatever name."""
        return name in self._weights

    def held(self, name: str) -> str | None:
        """The name in the file of the weight that has this name."""
        return self._weights[name].of if name in self._weights else None

    def run(self, operator: Operator) -> None:
        """Record an operator; one that is no layer and reads only constants makes constants."""
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
        effect = operator.effect if made else Effect.MAKES
        new = fresh(made[0], reads) if effect is Effect.JOINS else 0
        name = operator.name or operator.kind
        self._flow.events.append(Event(name, reads, made, (), call, effect, new))

    def count(
        self,
        operator: Operator,
        find: Callable[[], Found | None],
        called: Callable[[Operator], Operator],
        *,
        is_free: bool,
    ) -> None:
        """Run an operator as the layer that it is, ``called`` as its file calls it.

        One that is none, or makes nothing that is known, runs if it is free, and else is not counted.
        """
        found: Found | None = None
        with suppress(*UNFIT):
            found = find() if operator.makes else None
        if found is not None:
            self.run(called(operator._replace(**found._asdict())))
        elif is_free:
            self.run(operator)
        else:
            self.skip(operator)

    def stays(self, operator: Operator) -> bool:
        """Record an operator that only casts, reshapes or slices a weight, and say whether it does."""
        source = operator.reads[0] if operator.reads else ""
        if source not in self._weights:
            return False
        if any(value.numel > self._weights[source].numel for value in operator.makes.values()):
            return False  # it is repeated
        for name, value in operator.makes.items():
            self.rename(name, source, value)
        return True

    def skip(self, operator: Operator) -> None:
        """Note an operator that may have MACs and cannot be counted."""
        path = operator.name.removesuffix(operator.kind).rstrip(".")
        self.uncounted[f"{operator.kind} in {path}" if path else operator.kind] += 1
        self.run(operator._replace(layer=None))

    def norm(self, source: str, scale: str, shift: str) -> None:
        """Give a batch norm to the convolution that made what it reads, if one did."""
        call = self._made_by.get(source)
        conv = call and call.layer
        if call and isinstance(conv, Conv) and conv.norm == "none" and self._are_free(scale, shift):
            call.layer = replace(conv, norm="batch")
            call.widths = call.widths and call.widths._replace(norm=self._width(scale))
            self._take([scale, shift])

    def bias(self, source: str, bias: str) -> None:
        """Give a bias that is added to the linear layer that made what it is added to, if one did."""
        call = self._made_by.get(source)
        linear = call and call.layer
        if not call or not isinstance(linear, Linear) or linear.bias or call.shared or not self._are_free(bias):
            return
        if self._weights[bias].numel == linear.out_features:
            call.layer = replace(linear, bias=True)
            call.widths = call.widths and call.widths._replace(biases=self._width(bias))
            self._take([bias])

    def network(self, name: str, outputs: Sequence[str], *, given: str | None = None, batch: int = 1) -> Network:
        """The network of the layers, a ModelError if there are none.

        It is on inputs that were ``given``, in a ``batch``; where none were, only its params are known.
        """
        names = LayerNames(())
        nodes, of = placed(self._calls, lambda call: names.own(call.name or call.layer.type), self._keep.get)
        rows = (*nodes.values(), *self._remainder(names, len(nodes)))
        if not rows:
            why = f": the cost of {named(sorted(self.uncounted))} is not known" if self.uncounted else ""
            raise ModelError(f"has nothing that can be counted{why}")
        self._flow.outputs = [self._maps[each] for each in outputs if each in self._maps]
        inputs = given if batch != 1 else None
        network = Network(
            name, rows, independent=True, inner_norm=False, only_params=given is None, uncounted=dict(self.uncounted),
            inputs=inputs, given=given, schedule=None if given is None else schedule(self._flow, of),
        )  # fmt: skip
        return with_dtypes(network, self._dtypes)

    def _call(self, operator: Operator) -> Call:
        """The layer that an operator is, with the weights that count with it."""
        read = [self._values[name] for name in operator.reads if name in self._maps and name not in operator.weights]
        made = list(operator.makes.values())
        self._dtypes.update(value.dtype for value in (*read, *made))
        if isinstance(operator.layer, Other):
            call = Call(operator.name, None, operator.kind, self._other(operator, read, made))
        else:
            call = self._weighted(operator, (read or made)[0], made[0])
        self._calls.append(call)
        self._keep[call] = QUANTISED if self._is_quantised(operator.weights) else operator.keep
        return call

    def _other(self, operator: Operator, read: Sequence[Value], made: Sequence[Value]) -> Layer:
        """With the weights that no earlier operator has; it reads its maps once, and writes its results once."""
        held = self._take(operator.weights)
        weights = sum(-(-part.numel * self._params[part.of].value.bits // 8) for part in held)
        reads, writes = (sum(value.numel for value in values) for values in (read, made))
        stored = Stored(weights, 0, sum(each.bytes for each in (*read, *made)))
        layer: Any = operator.layer
        return cast(
            Layer, replace(layer, params=sum(part.numel for part in held), reads=reads, writes=writes, stored=stored)
        )

    def _weighted(self, operator: Operator, read: Value, made: Value) -> Call:
        """A layer with a kernel of its own, with that of an earlier one, or with one that is computed."""
        layer: Any = operator.layer
        kernel, bias = [*operator.weights, "", ""][:2]
        taken = self._take(operator.weights) if self._are_free(kernel) else []
        if kernel and layer.bias and (len(taken) == 1 or kernel in self._without_bias):
            layer = replace(layer, bias=False)  # an earlier layer has the same bias: it is stored, and counts, once
            self._without_bias.add(kernel)
        width = self._width(kernel) or read.width
        biases = self._width(bias) or width
        products = REAL_PRODUCTS if isinstance(layer, Conv) and read.dtype.startswith("complex") else 1
        widths = Widths(width, biases, biases, read.width, made.width, products)
        is_held = kernel in self._weights
        reads = 0 if is_held or not operator.weights else layer.cost.params
        key = self._weights[kernel].key if is_held else None
        return Call(operator.name, None, operator.kind, layer, operator.times, list(taken), key, widths, reads=reads)

    def _are_free(self, *names: str) -> bool:
        """Whether these are weights that no layer has yet."""
        parts = [self._weights.get(name) for name in names]
        return all(part and part.key not in self._taken and part.numel <= self._left[part.of] for part in parts)

    def _take(self, names: Sequence[str]) -> list[Part]:
        """Those of these weights that no layer has yet: they count now."""
        taken = []
        for name in names:
            if self._are_free(name):
                part = self._weights[name]
                self._left[part.of] -= part.numel
                self._taken.add(part.key)
                taken.append(part)
        return taken

    def _is_quantised(self, weights: Sequence[str]) -> bool:
        """Whether the first of these, the kernel, is stored as whole numbers."""
        kernel = self.held(weights[0]) if weights else None
        return kernel is not None and is_quantised(self._params[kernel].value.dtype)

    def _width(self, name: str) -> int:
        return self._params[self._weights[name].of].value.width if name in self._weights else 0

    def _place(self, name: str, value: Value, base: Tensor | None = None) -> Tensor:
        """A map of its own, or a view of another."""
        memory, elements = (next(self._memory), value.numel) if base is None else (base.memory, base.elements)
        if base is not None and value.strides is None and value.numel != base.numel:
            value = value._replace(strides=(0,) * len(value.shape))  # where it is in the other is not known
        self._values[name] = value
        self._maps[name] = Tensor(memory, elements, value.width, value.numel, value.lies)
        return self._maps[name]

    def _remainder(self, names: LayerNames, index: int) -> Iterator[Node]:
        """A row for the weights that no layer has, if there are any."""
        kinds, many = Counter[str](), 0
        for name, left in (+self._left).items():
            kinds[self._params[name].of] += left
            many += -(-left * self._params[name].value.bits // 8)
        if left := kinds.total():
            held = Other(held_by(kinds, left), params=left, stored=Stored(many, 0, 0))
            yield Node(names.other(REMAINDER), held, index=index)

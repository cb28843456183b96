"""Random networks, chained and independent, for property tests."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Any, cast

from hypothesis import strategies as st

from sepcost import Conv, LayerError, Replacement
from sepcost.count.figure import BOUNDED, OWN, SPEEDUP, kind_of
from sepcost.layers import Flatten, Layer, Linear, Other, Pool, Shape, Split, Upsample
from sepcost.layers.sharing import could_share
from sepcost.network.budget import Budget, Limit
from sepcost.network.network import INPUT, Network, Node

COUNTS = st.integers(1, 6)
STRANGE = [
    "true", "False", "null", "~", "no", "007", "12", "-3", "1e3", "0x1f", ".5", "-", "---", "...", "?", ":", "#", "# a",
    "a #b", "a: b", "a:", ":a", "- a", "? a", "{a}", "[a, b]", "a, b", "*a", "&a", "!a", "%a", "@a", "`a`", "|", ">",
    "'a'", '"a"', "\\", "\\n", "a'b", 'a"b', " a", "a ", "a\n", "\n", "\r\n", "\t", "\0", "\x07", "\x1b[31m", "\x7f",
    "\x85", "\xa0", "\u2028", "\u202e", "\ufeff", "\uffff", "\U0001f600", "größe", "名", "<<", "=", "layers",
    "conv1", "conv2", "block.1", "block", "x#2", "a b", "a" * 250,
]  # fmt: skip
NAMES = st.one_of(st.text(min_size=1, max_size=8), st.sampled_from(STRANGE)).filter(lambda name: name != "input")
REPLACEMENTS = st.sampled_from(
    ["separable", "separable:multiplier=2", "separable:inner_norm=false", "blueprint", "bottleneck:ratio=2"]
).map(Replacement.parse)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Any network that has a config."""
    independent = draw(st.booleans())
    names = draw(st.lists(NAMES, min_size=1, max_size=8, unique=True))
    input_shape = None if independent else draw(st.none() | shapes())
    return Network(
        draw(NAMES),
        _independent(draw, names) if independent else _chained(draw, names, input_shape),
        input_shape,
        tuple(draw(st.lists(REPLACEMENTS, max_size=2, unique=True))),
        independent=independent,
        budget=draw(st.none() | budgets()),
        inner_norm=draw(st.booleans()),
    )


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """A map of one to three axes, or features."""
    return (draw(COUNTS), *draw(st.lists(st.integers(1, 9), max_size=3)))


@st.composite
def budgets(draw: st.DrawFn) -> Budget:
    counts = st.integers(0, 10**18)
    ratios = st.integers(1, 10**9).map(lambda number: Fraction(number, 10**4))
    figures = draw(st.lists(st.sampled_from(BOUNDED), unique=True))
    limits = [Limit(figure, draw(counts) if kind_of(figure).is_whole else draw(ratios)) for figure in figures]
    reduced = draw(st.lists(st.sampled_from(OWN), unique=True, min_size=not limits))
    limits += [Limit(f"reduction.{figure}", draw(ratios)) for figure in reduced]
    texts = ["separable", "blueprint:inner_norm=true", *([] if reduced or SPEEDUP in figures else ["none"])]
    return Budget(tuple(limits), draw(st.none() | st.sampled_from(texts)))


def _independent(draw: st.DrawFn, names: Sequence[str]) -> tuple[Node, ...]:
    others = st.builds(Other, NAMES, st.integers(0, 10**30), st.integers(0, 10**30))
    layers = [draw(others) if draw(st.integers(0, 4)) == 0 else _layer(draw, draw(shapes())) for _ in names]
    nodes: list[Node] = []
    for name, layer in zip(names, layers):
        nodes.append(_node(draw, nodes, name, layer, ()))
    return tuple(nodes)


def _chained(draw: st.DrawFn, names: Sequence[str], input_shape: Shape | None) -> tuple[Node, ...]:
    maps: dict[int, Shape] = {} if input_shape is None else {INPUT: input_shape}
    nodes: list[Node] = []
    for index, name in enumerate(names):
        sources = _sources(draw, maps)
        shape = Layer.reached([maps[source] for source in sources]) if sources else draw(shapes())
        layer = _layer(draw, shape)
        maps[index] = layer.output_shape
        addends = [number for number, other in maps.items() if other == layer.output_shape and number != index]
        add = draw(st.lists(st.sampled_from(addends), max_size=2, unique=True)) if addends else []
        nodes.append(_node(draw, nodes, name, layer, sources, tuple(add)))
    return tuple(nodes)


def _sources(draw: st.DrawFn, maps: dict[int, Shape]) -> tuple[int, ...]:
    """The layer before, most often; else any layers whose maps fit side by side, or none."""
    kind = draw(st.sampled_from(["previous", "previous", "any", "none"]))
    if not maps or kind == "none":
        return ()
    if kind == "previous":
        return (max(maps),)
    first = draw(st.sampled_from(sorted(maps)))
    beside = [number for number, shape in maps.items() if shape[1:] == maps[first][1:]]
    return (first, *draw(st.lists(st.sampled_from(beside), max_size=2)))


def _node(draw: st.DrawFn, before: Sequence[Node], name: str, layer: Layer, sources: Shape, add: Shape = ()) -> Node:
    index, keep = len(before), draw(st.none() | st.just("a reason"))
    if not isinstance(layer, (Conv, Linear)):
        return Node(name, layer, sources, add, keep, index=index)
    round_to, times = draw(st.none() | COUNTS), draw(st.just(1) | COUNTS)
    alike = [node.name for node in before if node.weights_of is None and could_share([node.layer], [layer])]
    owner = draw(st.none() | st.sampled_from(alike)) if alike else None
    return Node(name, layer, sources, add, keep, round_to, index, times, owner is not None, owner)


def _layer(draw: st.DrawFn, shape: Shape) -> Layer:
    """A layer on such a map."""
    if all(size == 1 for size in shape[1:]) and draw(st.booleans()):
        return Linear(shape[0], draw(COUNTS), draw(st.booleans()))
    kind = draw(
        st.sampled_from(["flatten"] if len(shape) == 1 else ["conv", "conv", "pool", "upsample", "flatten", "split"])
    )
    if kind == "flatten":
        return Flatten(shape)
    if kind == "split":
        channels = draw(st.integers(1, shape[0]))
        return Split(shape, channels, draw(st.integers(0, shape[0] - channels)))
    if kind == "upsample":
        return Upsample(shape, output_size=tuple(extent + draw(st.integers(0, 9)) for extent in shape[1:]))
    try:
        return _conv(draw, shape) if kind == "conv" else _pool(draw, shape)
    except LayerError:
        return Conv(shape[1:], shape[0], draw(COUNTS), 3)


def _axes(draw: st.DrawFn, rank: int, low: int, high: int) -> Any:
    """The same for every axis, or each its own."""
    return draw(st.integers(low, high) | st.tuples(*[st.integers(low, high)] * rank))


def _conv(draw: st.DrawFn, shape: Shape) -> Conv:
    in_channels, *size = shape
    groups = draw(st.sampled_from([number for number in range(1, in_channels + 1) if in_channels % number == 0]))
    transposed = draw(st.booleans())
    padding = draw(st.just("same") | st.just(None))
    options = {
        "stride": _axes(draw, len(size), 1, 3),
        "padding": padding or _axes(draw, len(size), 0, 2),
        "dilation": _axes(draw, len(size), 1, 2),
        "bias": draw(st.booleans()),
        "norm": draw(st.sampled_from(["none", "batch"])),
    }
    if transposed and padding is None:
        options["output_padding"] = _axes(draw, len(size), 0, 1)
    kernel = _axes(draw, len(size), 1, 4)
    return Conv(
        tuple(size), in_channels, groups * draw(COUNTS), kernel, groups=groups, transposed=transposed, **options
    )


def _pool(draw: st.DrawFn, shape: Shape) -> Pool:
    mode = cast(Any, draw(st.sampled_from(["max", "average"])))
    if prod(shape[1:]) > 1 and draw(st.booleans()):
        return Pool(shape, mode=mode, global_pool=True)
    rank = len(shape) - 1
    return Pool(
        shape,
        _axes(draw, rank, 1, 3),
        stride=draw(st.none()) if draw(st.booleans()) else _axes(draw, rank, 1, 3),
        padding=cast(Any, draw(st.sampled_from(["same", 0, 1]))),
        mode=mode,
        ceil_mode=draw(st.booleans()),
    )

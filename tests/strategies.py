"""Random layers for property tests."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from math import prod
from typing import Any

from hypothesis import strategies as st

from sepcost import Architecture, Conv, LayerSpec, Network, NetworkError
from sepcost.blocks.replacements import REPLACEMENTS, options_of
from sepcost.errors import LayerError

SMALL = st.integers(1, 6)


@st.composite
def convs(draw: st.DrawFn, *, dense: bool = False, transposed: bool | None = None) -> Conv:
    """A convolution in one to three dimensions with every option drawn; ``dense``: with one group."""
    rank = draw(st.integers(1, 3))

    def axes(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(rank))

    groups = 1 if dense else draw(st.sampled_from([1, 1, 2, 3]))
    stride, dilation = axes(1, 3), axes(1, 3)
    is_transposed = draw(st.booleans()) if transposed is None else transposed
    same = draw(st.booleans())
    output_padding: tuple[int, ...] | int = 0
    if is_transposed and not same:
        output_padding = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation))
    try:
        return Conv(
            axes(1, 12),
            groups * draw(SMALL),
            groups * draw(SMALL),
            axes(1, 5),
            stride=stride,
            padding="same" if same else axes(0, 3),
            output_padding=output_padding,
            dilation=dilation,
            groups=groups,
            bias=draw(st.booleans()),
            norm=draw(st.sampled_from(["none", "batch"])),
            transposed=is_transposed,
        )
    except LayerError:
        return Conv(axes(4, 12), groups * draw(SMALL), groups * draw(SMALL), 3, groups=groups)


def positions(conv: Conv) -> int:
    return prod(conv.input_size if conv.transposed else conv.output_size)


@st.composite
def every_replacement(draw: st.DrawFn) -> list[str]:
    """All replacements of the registry, each with options drawn by what they are: a flag, a name, a ratio, a number."""
    texts = []
    for name, block in REPLACEMENTS.items():
        options = [f"{option}={draw(_values(known.default))}" for option, known in options_of(block).items()]
        some = ",".join(option for option in options if draw(st.booleans()))
        texts.append(f"{name}:{some}" if some else name)
    return texts


def _values(default: object) -> st.SearchStrategy[str]:
    if isinstance(default, bool):
        return st.sampled_from(["true", "false"])
    if isinstance(default, Enum):
        return st.sampled_from(sorted(choice.value for choice in type(default)))
    if isinstance(default, float):
        return st.integers(1, 100).map(lambda percent: str(percent / 100))
    return st.integers(1, 6).map(str)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """A small network in one to three dimensions: it branches, concatenates, adds, pools, flattens and repeats."""
    rank = draw(st.integers(1, 3))
    shape = (draw(SMALL), *(draw(st.integers(4, 12)) for _ in range(rank)))
    specs = [LayerSpec(name="stem", options={"kernel_size": 3, "out_channels": draw(SMALL)})]
    network = Architecture("net", tuple(specs), input_shape=shape).build()
    for number in range(draw(st.integers(1, 8))):
        spec = draw(_specs(f"n{number}", network))
        try:
            network = Architecture("net", (*specs, spec), input_shape=shape).build()
        except NetworkError:
            continue
        specs.append(spec)
    return network


@st.composite
def _specs(draw: st.DrawFn, name: str, network: Network) -> LayerSpec:
    """A layer on the newest map, on another one, or on several of one size side by side; some do not fit."""
    shapes = {"input": network.input_shape or (), **{node.name: node.layer.output_shape for node in network}}
    newest = list(shapes)[-1]
    start = draw(st.sampled_from([newest, newest, *shapes]))
    _, *size = shapes[start]
    same_size = [other for other, shape in shapes.items() if list(shape[1:]) == size]
    sources = [start, *draw(st.lists(st.sampled_from(same_size), max_size=2))]
    if not size:
        kind = draw(st.sampled_from(["linear", "flatten", "split", "scale"]))
    else:
        kind = draw(
            st.sampled_from(
                [*["conv"] * 3, "residual", *["pool"] * 2, "flatten", "linear", "upsample", "split", "shuffle", "scale"]
            )
        )
    spec = LayerSpec(kind, name, sources=tuple(sources), repeat=draw(st.sampled_from([1, 1, 1, 2])))
    if kind in ("flatten", "shuffle"):
        return spec
    if kind == "scale":
        return replace(spec, sources=(start, draw(st.sampled_from(list(shapes)))))
    if kind == "split":
        return replace(spec, options={"out_channels": draw(SMALL), "start": draw(st.integers(0, 3))})
    if kind == "upsample":
        return replace(spec, options={"scale_factor": tuple(draw(st.integers(1, 2)) for _ in size)})
    if kind == "linear":
        return replace(spec, options={"out_channels": draw(SMALL), "bias": draw(st.booleans())})
    if kind == "pool":
        return replace(spec, options=draw(_pool_options(len(size))))
    if kind == "residual":
        options = {"kernel_size": draw(st.integers(1, 4)), "out_channels": shapes[start][0]}
        return replace(spec, type="conv", options=options, add=(start,))
    return replace(spec, options=draw(_conv_options(len(size))), keep=draw(st.booleans()))


@st.composite
def _conv_options(draw: st.DrawFn, rank: int) -> dict[str, Any]:
    def axes(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(rank))

    return {
        "kernel_size": axes(1, 4),
        "out_channels": draw(SMALL),
        "stride": axes(1, 2),
        "padding": draw(st.sampled_from(["same", axes(0, 2)])),
        "dilation": axes(1, 2),
        "bias": draw(st.booleans()),
        "norm": draw(st.sampled_from(["none", "batch"])),
        "transposed": draw(st.booleans()),
    }


@st.composite
def _pool_options(draw: st.DrawFn, rank: int) -> dict[str, Any]:
    mode = draw(st.sampled_from(["max", "average"]))
    if draw(st.integers(0, 4)) == 0:
        return {"global_pool": True, "mode": mode}
    kernel = tuple(draw(st.integers(1, 4)) for _ in range(rank))
    around = tuple(draw(st.integers(0, extent // 2)) for extent in kernel)
    bare = mode == "average" and rank == 3  # torch's refuses a map smaller than its kernel, even a padded one
    return {
        "mode": mode,
        "kernel_size": kernel,
        "stride": tuple(draw(st.integers(1, 3)) for _ in range(rank)),
        "padding": draw(st.sampled_from(["same", 0 if bare else around])),
        "ceil_mode": draw(st.booleans()) and not bare,
    }

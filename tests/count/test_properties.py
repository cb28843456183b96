"""Closed forms on random shapes: written here once more, from the articles, not taken from the code."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, prod

from hypothesis import assume, given
from hypothesis import strategies as st

from sepcost import Conv, Convention, Network, compare, scale
from sepcost.blocks.replacements import REPLACEMENTS, Replacement, reason_to_keep
from sepcost.count.comparison import Comparison
from tests.strategies import convs, positions


@given(convs())
def test_standard_counts(conv: Conv) -> None:
    weights = conv.in_channels // conv.groups * prod(conv.kernel_size) * conv.out_channels
    extra = conv.out_channels * (conv.bias + 2 * (conv.norm == "batch"))
    assert conv.cost.params == weights + extra
    assert conv.cost.macs == positions(conv) * weights


@given(convs(dense=True, transposed=False), st.integers(1, 4))
def test_separable_is_k2_plus_o(conv: Conv, multiplier: int) -> None:
    assume(reason_to_keep(conv) is None)
    text = f"separable:multiplier={multiplier}"
    variant = compare(conv, text).layers[0].variants[text]
    area, outputs = prod(conv.kernel_size), conv.out_channels
    assert variant.cost.macs == positions(conv) * conv.in_channels * multiplier * (area + outputs)
    break_even = Fraction(area * outputs, area + outputs)
    assert variant.costs_more == (multiplier > break_even)


@given(convs())
def test_parts_add_up_and_keep_the_output(conv: Conv) -> None:
    texts = ["separable:multiplier=3,inner_norm=false", "blueprint:inner_norm=true", *REPLACEMENTS]
    layer = compare(conv, texts).layers[0]
    for variant in layer.variants.values():
        if variant.kept:
            assert not variant.parts
            assert variant.cost == layer.standard
            continue
        for figure in ("params", "macs", "activations", "touched"):
            assert getattr(variant.cost, figure) == sum(getattr(part.cost, figure) for part in variant.parts)
        assert variant.parts[0].layer.input_shape == conv.input_shape
        assert variant.parts[-1].layer.output_shape == conv.output_shape


@given(st.lists(convs(), min_size=1, max_size=6))
def test_totals_are_the_sum_of_the_layers(layers: list[Conv]) -> None:
    nodes = tuple(node for number, conv in enumerate(layers) for node in Network.of(conv, str(number)).nodes)
    comparison = Comparison.of(Network("net", nodes, independent=True), [Replacement.parse("separable")])
    assert comparison.standard.cost.macs == sum(conv.cost.macs for conv in layers)
    assert comparison.standard.cost.params == sum(conv.cost.params for conv in layers)
    separable = [layer.variants["separable"].cost for layer in comparison.layers]
    assert comparison.totals["separable"].cost.macs == sum(cost.macs for cost in separable)


@given(convs())
def test_alpha_and_rho_of_one_change_nothing(conv: Conv) -> None:
    network = Network.of(conv)
    assert scale(network, alpha="1.0", rho="1.00") == network


@given(st.sampled_from([2, 3, 5, 7]), st.integers(1, 64))
def test_the_reduction_grows_towards_k2_with_o(kernel: int, channels: int) -> None:
    reductions = [
        Fraction(conv.cost.macs, compare(conv).totals["separable"].cost.macs)
        for conv in (Conv((8, 8), channels, 10**power, kernel) for power in range(1, 9))
    ]
    assert reductions == sorted(reductions)
    assert all(reduction < kernel**2 for reduction in reductions)
    assert kernel**2 - reductions[-1] < Fraction(kernel**4, 10**8)


BYTES = {
    "float64": (8, 8, 8), "float32": (4, 4, 4), "float16": (2, 2, 2), "bfloat16": (2, 2, 2), "float8": (1, 1, 1),
    "int8": (1, 1, 4), "int4": (0.5, 0.5, 4), "weights=int4,activations=int8": (0.5, 1, 4),
    "weights=float8,activations=float16": (1, 2, 1), "activations=int4": (4, 0.5, 4), "weights=int8,biases=float16":
    (1, 4, 2),
}  # fmt: skip
"""Bytes of an element of weights, activations and biases."""


@given(convs(), st.integers(1, 9), st.sampled_from([*BYTES]))
def test_bytes_follow_batch_and_dtype(conv: Conv, batch: int, dtype: str) -> None:
    """A tensor has whole bytes: of int4, half of its elements, rounded up."""
    convention = Convention(batch=batch, dtype=dtype)
    of_weights, of_maps, of_biases = BYTES[dtype]
    biases = conv.out_channels * (conv.bias + 2 * (conv.norm == "batch"))
    weights = ceil(of_weights * (conv.cost.params - biases)) + of_biases * biases
    maps = [ceil(of_maps * batch * prod(shape)) for shape in (conv.input_shape, conv.output_shape)]
    assert conv.cost.weight_bytes(convention) == weights
    assert conv.cost.activation_bytes(convention) == maps[1]
    assert conv.cost.traffic_bytes(convention) == sum(maps) + weights
    twice = conv.cost + conv.cost.repeated(3, shared=True)
    assert twice.weight_bytes(convention) == weights
    assert twice.traffic_bytes(convention) == 4 * sum(maps) + weights

"""Verification: torch confirms whatever is right, and finds whatever is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sepcost import (
    Comparison,
    Conv,
    Cost,
    Flatten,
    Linear,
    Network,
    Pool,
    Replacement,
    SepcostError,
    compare,
    load,
)
from sepcost.blocks.replacements import REPLACEMENTS
from sepcost.count.layer_comparison import ByReplacement, Part
from sepcost.count.verification import Mismatch, Unverified, Verification
from sepcost.judge.witness import Refused, Witnessed, verify
from sepcost.layers import Layer, Shape, formulas
from sepcost.layers import conv as conv_module
from sepcost.layers import pool as pool_module
from sepcost.network.network import INPUT, Node
from sepcost.pytorch import TorchWitness
from tests.commands import ROOT
from tests.strategies import convs, every_replacement, networks

WITNESS = TorchWitness()
TOO_LARGE = "too large for torch: a tensor of it takes 2⁶³ bytes or more"


def everything(comparison: Comparison) -> Verification:
    """A verification in which all was checked that there is, and all agreed."""
    variants = [variant for layer in comparison.layers for variant in layer.variants.values() if variant.parts]
    params_macs_output = 3
    checked = sum(params_macs_output + bool(node.sources) + bool(node.add) for node in comparison.network)
    for variant in variants:
        inputs = len(variant.parts) - 1  # of each part after another
        checked += params_macs_output * (len(variant.parts) + 1) + inputs
    checked += 2 * (1 + len(comparison.totals))
    return Verification(WITNESS.version, len(comparison.network), len(variants), checked)


# What is right is confirmed


@settings(max_examples=200)
@given(st.one_of(convs(), convs(dense=True)), every_replacement())
def test_torch_confirms_any_convolution_under_every_replacement(conv: Conv, texts: list[str]) -> None:
    comparison = compare(conv, texts)
    assert verify(comparison, WITNESS) == everything(comparison)


@given(networks(), every_replacement())
def test_torch_confirms_any_network_and_how_its_maps_chain(network: Network, texts: list[str]) -> None:
    comparison = compare(network, texts)
    assert verify(comparison, WITNESS) == everything(comparison)


@pytest.mark.parametrize("config", sorted(path.name for path in (ROOT / "configs").glob("*.yaml")))
def test_torch_confirms_every_network_that_is_shipped(config: str) -> None:
    network = load(ROOT / "configs" / config)
    for chosen in ((), tuple(map(Replacement.parse, REPLACEMENTS))):
        comparison = Comparison.under_each(chosen, network)
        assert verify(comparison, WITNESS) == everything(comparison)


def test_one_call_compares_and_verifies() -> None:
    conv = Conv((112, 112), 32, 64, 3)
    assert compare(conv).verified is None
    assert compare(conv, verify=True).verified == Verification(WITNESS.version, layers=1, variants=1, checked=17)


def test_equal_layers_are_counted_once() -> None:
    witness = TorchWitness()
    vgg = compare(ROOT / "configs/vgg16.yaml")
    layers = {part for layer in vgg.layers for part in (layer.layer, *(part for _, part in layer.runs_as("separable")))}
    for _ in range(3):
        assert verify(vgg, witness) == everything(vgg)
    assert witness.counts.cache_info().misses == len(layers)


# What is wrong is found

CONV = Conv((8, 8), 4, 6, 3, stride=2, bias=True, norm="batch")
PADDED = {"stride": 2, "padding": 1}
Spoiled = Callable[..., int]


def one_more(formula: Spoiled) -> Spoiled:
    return lambda *arguments: formula(*arguments) + 1


def one_more_under_a_stride(formula: Spoiled) -> Spoiled:
    return lambda size, stride: formula(size, stride) + (stride > 1)


@pytest.mark.parametrize(
    ("name", "spoil", "make", "mismatches"),
    [
        (
            "conv_weights",
            one_more,
            lambda: CONV,
            [
                ("standard", None, "params", 216 + 6 + 12 + 1, 216 + 6 + 12),
                ("separable", "depthwise", "params", 36 + 4 + 8 + 1, 36 + 4 + 8),
                ("separable", "pointwise", "params", 24 + 6 + 12 + 1, 24 + 6 + 12),
            ],
        ),
        (
            "conv_macs",
            one_more,
            lambda: CONV,
            [
                ("standard", None, "macs", 16 * 216 + 1, 16 * 216),
                ("separable", "depthwise", "macs", 16 * 36 + 1, 16 * 36),
                ("separable", "pointwise", "macs", 16 * 24 + 1, 16 * 24),
            ],
        ),
        (
            "same_output",
            one_more_under_a_stride,
            lambda: Conv((8, 8), 4, 6, 3, stride=2),
            [
                ("standard", None, "macs", 25 * 216, 16 * 216),
                ("standard", None, "output", (6, 5, 5), (6, 4, 4)),
                ("separable", "depthwise", "macs", 25 * 36, 16 * 36),
                ("separable", "depthwise", "output", (4, 5, 5), (4, 4, 4)),
            ],
        ),
        (
            "padded_output",
            one_more,
            lambda: Conv((8, 8), 4, 6, 3, stride=2, padding=1),
            [
                ("standard", None, "macs", 25 * 216, 16 * 216),
                ("standard", None, "output", (6, 5, 5), (6, 4, 4)),
                ("separable", "depthwise", "macs", 25 * 36, 16 * 36),
                ("separable", "depthwise", "output", (4, 5, 5), (4, 4, 4)),
            ],
        ),
        (
            "transposed_output",
            one_more,
            lambda: Conv((4,), 4, 6, 3, stride=2, padding=1, output_padding=1, transposed=True),
            [
                ("standard", None, "output", (6, 9), (6, 8)),
                ("separable", "depthwise", "output", (4, 9), (4, 8)),
            ],
        ),
        (
            "pooled_output",
            one_more,
            lambda: Pool((4, 6, 7), 3, stride=2, ceil_mode=True),
            [("standard", None, "output", (4, 4, 4), (4, 3, 3))],
        ),
        (
            "same_output",
            one_more,
            lambda: Pool((4, 7), 3, stride=2, padding="same", mode="average"),
            [("standard", None, "output", (4, 5), (4, 4))],
        ),
    ],
)
def test_a_wrong_formula_is_found_where_it_was_used(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    spoil: Callable[[Spoiled], Spoiled],
    make: Callable[[], Layer],
    mismatches: list[tuple[str, str | None, str, Any, Any]],
) -> None:
    for module in (conv_module, pool_module):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, spoil(getattr(formulas, name)))
    layer = make()
    found = verify(compare(Network.of(layer)), WITNESS).mismatches
    assert found == tuple(Mismatch(layer.type, *mismatch) for mismatch in mismatches)


@pytest.mark.parametrize(
    ("layer", "field", "forgotten", "right"),
    [
        (Conv((8, 8), 4, 6, 3, bias=True), "params", 6, 216 + 6),
        (Conv((8, 8), 4, 6, 3, norm="batch"), "params", 12, 216 + 12),
        (Conv((8,), 4, 6, 3, groups=2), "macs", 7, 8 * 36),
        (Linear(5, 7, bias=True), "params", 7, 42),
        (Linear(5, 7), "macs", 1, 35),
        (Pool((4, 8), 2), "params", -1, 0),
        (Flatten((4, 8)), "macs", -2, 0),
    ],
)
def test_a_forgotten_term_is_found_in_every_type_of_layer(
    monkeypatch: pytest.MonkeyPatch, layer: Layer, field: str, forgotten: int, right: int
) -> None:
    cost = layer.cost
    less = replace(cost, **{field: getattr(cost, field) - forgotten})
    monkeypatch.setattr(type(layer), "cost", property(lambda self: less))
    found = verify(Comparison.under_each((), Network.of(layer)), WITNESS).mismatches
    assert found == (Mismatch(layer.type, "standard", None, field, right - forgotten, right),)


def test_sums_that_are_wrong_are_found_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    def sum_and_one(ours: Cost, theirs: Cost) -> Cost:
        return Cost(ours.params + theirs.params, ours.macs + theirs.macs + 1)

    monkeypatch.setattr(Cost, "__add__", sum_and_one)
    assert verify(compare(CONV), WITNESS).mismatches == (
        Mismatch("conv", "separable", None, "macs", 16 * 60 + 1, 16 * 60),
        Mismatch(None, "standard", None, "macs", 16 * 216 + 1, 16 * 216),
    )


def test_totals_that_are_wrong_are_found() -> None:
    right = compare("configs/m5.yaml")
    one = Cost(params=1)
    totals = {"separable": replace(right.totals["separable"], cost=right.totals["separable"].cost + one)}
    wrong = replace(right, standard=replace(right.standard, cost=right.standard.cost + one), totals=totals)
    params, separable_params = right.standard.cost.params, right.totals["separable"].cost.params
    assert verify(wrong, WITNESS).mismatches == (
        Mismatch(None, "standard", None, "params", params + 1, params),
        Mismatch(None, "separable", None, "params", separable_params + 1, separable_params),
    )


def with_parts(change: Callable[[Part], Part]) -> Comparison:
    """CONV under ``separable`` with its pointwise changed, and all of its sums right."""
    comparison = compare(CONV)
    (layer,) = comparison.layers
    first, last = layer.variants["separable"].parts
    last = change(last)
    last = replace(last, cost=last.layer.cost)
    variant = replace(layer.variants["separable"], parts=(first, last), cost=first.cost + last.cost)
    total = replace(comparison.totals["separable"], cost=variant.cost)
    layers = (layer.under(ByReplacement(separable=variant)),)
    return replace(comparison, layers=layers, totals={"separable": total})


def test_parts_that_do_not_follow_each_other_are_found() -> None:
    wrong = with_parts(lambda part: replace(part, layer=replace(part.layer, in_channels=5)))
    assert verify(wrong, WITNESS).mismatches == (
        Mismatch("conv", "separable", "pointwise", "input", (5, 4, 4), (4, 4, 4)),
    )


def test_parts_that_make_something_else_are_found() -> None:
    wrong = with_parts(lambda part: replace(part, layer=replace(part.layer, out_channels=7)))
    assert verify(wrong, WITNESS).mismatches == (Mismatch("conv", "separable", None, "output", (6, 4, 4), (7, 4, 4)),)


def test_a_first_part_that_reads_something_else_is_found() -> None:
    comparison = compare(CONV)
    layer = comparison.layers[0]
    node = replace(layer.node, layer=replace(CONV, in_channels=5))
    wrong = replace(comparison, layers=(replace(layer, node=node),))
    mismatches = verify(wrong, WITNESS).mismatches
    assert Mismatch("conv", "separable", "depthwise", "input", (4, 8, 8), (5, 8, 8)) in mismatches


@pytest.mark.parametrize(
    ("node", "mismatch"),
    [
        (Node("b", Conv((8, 8), 7, 5, 3), (0,)), ("b", "input", (7, 8, 8), (4, 8, 8))),
        (Node("b", Conv((8, 9), 4, 5, 3), (0,)), ("b", "input", (4, 8, 9), (4, 8, 8))),
        (Node("b", Conv((8, 8), 8, 5, 3), (0, INPUT)), ("b", "input", (8, 8, 8), (7, 8, 8))),
        (Node("b", Pool((4, 4, 4), 2), (0,)), ("b", "input", (4, 4, 4), (4, 8, 8))),
        (Node("b", Linear(255, 5), (0,)), ("b", "input", (255,), (256,))),
        (Node("b", Flatten((4, 8)), (0,)), ("b", "input", (4, 8), (4, 8, 8))),
        (Node("b", Conv((8, 8), 4, 1, 3), (0,), (0,)), ("b", "output", (1, 8, 8), (4, 8, 8))),
    ],
)
def test_layers_that_do_not_follow_each_other_are_found(node: Node, mismatch: tuple[str, str, Any, Any]) -> None:
    network = Network("net", (Node("a", Conv((8, 8), 3, 4, 3), (INPUT,)), node), (3, 8, 8))
    name, *found = mismatch
    verification = verify(Comparison.under_each((), network), WITNESS)
    assert verification.mismatches == (Mismatch(name, "standard", None, *found),)


@pytest.mark.parametrize(
    ("node", "field", "ours", "words"),
    [
        (Node("b", Conv((8, 8), 7, 5, 3), (0, INPUT)), "input", (7, 8, 8), "refuses it: Sizes of tensors must"),
        (Node("b", Conv((4, 4), 4, 4, 3), (0,), (INPUT,)), "output", (4, 4, 4), "refuses it: "),
    ],
)
def test_maps_that_cannot_meet_are_found_in_torchs_words(node: Node, field: str, ours: Shape, words: str) -> None:
    first = Node("a", Conv((8, 8), 3, 4, 3, stride=2), (INPUT,))
    network = Network("net", (first, node), (3, 8, 8))
    (mismatch,) = verify(Comparison.under_each((), network), WITNESS).mismatches
    assert mismatch[:5] == ("b", "standard", None, field, ours)
    assert str(mismatch.theirs).startswith(words)


# The witness does not ask whom it witnesses against

LAYERS: Sequence[Layer] = (
    Conv((8, 9), 4, 6, (3, 4), bias=True, norm="batch"),
    Conv((9, 9), 4, 6, (2, 4), stride=2, dilation=(1, 2), groups=2),
    Conv((7,), 4, 6, 3, stride=3, padding=1),
    Conv((5, 5, 5), 2, 3, 3, stride=2, padding=1, output_padding=1, transposed=True),
    Conv((5, 5), 2, 3, 2, stride=3, transposed=True),
    Linear(5, 7, bias=True),
    Pool((4, 7, 7), 3, stride=2, padding=1, ceil_mode=True),
    Pool((4, 7, 7), 3, stride=2, padding="same", mode="average"),
    Pool((4, 7, 7), global_pool=True),
    Flatten((4, 7, 7)),
)


def spoil_every_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("the witness asked sepcost")

    closed_forms = [value for value in vars(formulas).values() if getattr(value, "__module__", "") == formulas.__name__]
    assert len(closed_forms) > 6
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "sepcost"]:
        for name, value in list(vars(module).items()):
            if value in closed_forms:
                monkeypatch.setattr(module, name, refuse)
    for kind in (Conv, Linear, Pool, Flatten):
        for name in ("cost", "output_shape", "output_size"):
            monkeypatch.setattr(kind, name, property(refuse), raising=False)


def test_the_witness_calls_no_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [
        part for texts in REPLACEMENTS for _, part in Replacement.parse(texts)(Conv((8, 9), 4, 6, (2, 3), stride=2))
    ]
    layers = (*LAYERS, *parts)
    expected = [(layer.cost.params, layer.cost.macs, layer.output_shape) for layer in layers]
    spoil_every_formula(monkeypatch)
    with pytest.raises(AssertionError, match="the witness asked sepcost"):
        Conv((8, 8), 4, 6, 3)
    witness = TorchWitness()
    assert [witness.counts(layer) for layer in layers] == expected
    assert witness.input_of(layers[0], [(1, 8, 9), (3, 8, 9)]) == (4, 8, 9)
    assert witness.sum_of([(4, 8, 9), (4, 8, 9)]) == (4, 8, 9)


# What torch cannot count


@pytest.mark.parametrize(
    ("fits", "too_large"),
    [
        (Conv((2**21, 2**20), 2**20 - 1, 1, 1), Conv((2**21, 2**20), 2**20, 1, 1)),
        (Conv((2**21, 2**20), 1, 2**20 - 1, 1), Conv((2**21, 2**20), 1, 2**20, 1)),
        (Conv((1,), 2**30, 2**31 - 1, 1), Conv((1,), 2**31 - 1, 2**31 - 1, 1)),
        (
            Conv((2**21, 2**20), 2**19, 1, (3, 4), stride=(2, 1)),
            Conv((2**21, 2**20), 2**20 - 1, 1, (3, 4), stride=(2, 1)),
        ),
        (Linear(2**31 - 1, 2**30), Linear(2**31 - 1, 2**30 + 1)),
        (Pool((2**20 - 1, 2**21, 2**20), 2), Pool((2**20, 2**21, 2**20), 2)),
        (Flatten((2**30, 2**30)), Flatten((2**31 - 1, 2**31 - 1))),
    ],
)
def test_what_is_too_large_for_torch_is_reported_and_not_counted(fits: Layer, too_large: Layer) -> None:
    comparison = Comparison.under_each((), Network.of(fits))
    assert verify(comparison, WITNESS) == everything(comparison)
    comparison = Comparison.under_each((), Network.of(too_large))
    unverified = Unverified(too_large.type, "standard", None, TOO_LARGE)
    assert verify(comparison, WITNESS) == Verification(WITNESS.version, 0, 0, 0, (), (unverified,))


def test_macs_may_be_larger_than_any_number_of_torchs() -> None:
    comparison = compare(Conv((2**28, 2**28), 16, 16, 3))
    assert comparison.standard.cost.macs > 2**65
    assert verify(comparison, WITNESS) == everything(comparison)


def test_parts_are_verified_where_their_standard_is_too_large() -> None:
    verification = verify(compare(Conv((4,), 2**30, 2**31 - 16, 3)), WITNESS)
    assert verification.mismatches == ()
    assert verification.unverified == (Unverified("conv", "standard", None, TOO_LARGE),)
    parts, inputs, sums, totals = 2 * 3, 1, 2, 2
    assert verification.checked == parts + inputs + sums + totals


def test_the_others_are_verified_where_one_layer_is_too_large() -> None:
    nodes = (
        Node("a", Conv((2**20, 2**20), 1, 4, 1), (INPUT,)),
        Node("b", Conv((2**20, 2**20), 4, 2**21, 1), (0,)),
        Node("c", Conv((2**20, 2**20), 2**21, 4, 1), (1,)),
        Node("d", Conv((2**20, 2**20), 4, 4, 1), (2,), (0,)),
    )
    comparison = Comparison.under_each((), Network("net", nodes, (1, 2**20, 2**20)))
    verification = verify(comparison, WITNESS)
    assert {(item.layer, item.reason) for item in verification.unverified} == {("b", TOO_LARGE), ("c", TOO_LARGE)}
    assert (verification.layers, verification.mismatches) == (2, ())


@st.composite
def hostile_convs(draw: st.DrawFn) -> Conv | None:
    """A convolution some of whose numbers may be as large as they can be; None where there is none."""
    large = st.integers(2, 31).flatmap(lambda bits: st.integers(2 ** (bits - 1), 2**bits - 1))
    number = st.one_of(st.integers(1, 7), large, large)
    rank = draw(st.integers(1, 3))
    axes = st.tuples(*[number] * rank)
    try:
        return Conv(
            draw(axes),
            draw(number),
            draw(number),
            draw(axes),
            stride=draw(axes),
            padding=draw(st.one_of(st.just("same"), axes)),
            dilation=draw(axes),
            bias=draw(st.booleans()),
            norm=draw(st.sampled_from(["none", "batch"])),
            transposed=draw(st.booleans()),
        )
    except SepcostError:
        return None


@given(hostile_convs())
def test_however_large_a_convolution_is_torch_never_says_otherwise(conv: Conv | None) -> None:
    if conv is None:
        return
    try:
        comparison = compare(conv, list(REPLACEMENTS))
    except SepcostError:
        return
    verification = verify(comparison, WITNESS)
    assert verification.mismatches == ()
    assert {item.reason for item in verification.unverified} <= {TOO_LARGE}
    assert verification.unverified or verification == everything(comparison)


class Refusing:
    """A witness that does not want some layers, or cannot have them."""

    version = "0.0"

    def __init__(self, refused: Refused, *kinds: type[Layer]) -> None:
        self.refused = refused
        self.kinds = kinds

    def counts(self, layer: Layer) -> Witnessed | Refused:
        return self.refused if isinstance(layer, self.kinds) else WITNESS.counts(layer)

    def input_of(self, layer: Layer, shapes: Sequence[Shape]) -> Shape | Refused:
        return WITNESS.input_of(layer, shapes)

    def sum_of(self, shapes: Sequence[Shape]) -> Shape | Refused:
        return self.refused


NETWORK = Network(
    "net",
    (
        Node("a", Conv((8, 8), 4, 4, 3), (INPUT,), (INPUT,)),
        Node("b", Pool((4, 8, 8), 2), (0,)),
        Node("c", Flatten((4, 4, 4)), (1,)),
        Node("d", Linear(64, 5), (2,)),
    ),
    (4, 8, 8),
)


def test_what_torch_refuses_is_a_mismatch() -> None:
    comparison = compare(NETWORK)
    verification = verify(comparison, Refusing(Refused("not that one"), Pool))
    assert verification.mismatches == (
        Mismatch("a", "standard", None, "output", (4, 8, 8), "not that one"),
        Mismatch("b", "standard", None, "output", (4, 4, 4), "not that one"),
    )
    assert verification.unverified == ()
    assert verification.checked == everything(comparison).checked - 2 - 2 * 2  # params and MACs of b; all totals


def test_what_torch_is_too_small_for_is_not() -> None:
    comparison = compare(NETWORK)
    verification = verify(comparison, Refusing(Refused("too much", too_large=True), Linear))
    assert verification.mismatches == ()
    assert verification.unverified == (
        Unverified("a", "standard", None, "too much"),
        Unverified("d", "standard", None, "too much"),
    )
    assert verification.checked == everything(comparison).checked - 1 - 3 - 2 * 2  # the sum; d; all totals


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("no kernel\nfor this"), "refuses it: no kernel for this"),
        (NotImplementedError(), "refuses it: NotImplementedError"),
    ],
)
def test_any_error_of_a_module_is_torchs_word(monkeypatch: pytest.MonkeyPatch, error: Exception, words: str) -> None:
    def broken(*arguments: Any, **options: Any) -> Any:
        raise error

    monkeypatch.setattr("torch.nn.Conv2d.forward", broken)
    conv = Conv((8, 8), 4, 4, 1)
    assert verify(compare(conv), TorchWitness()).mismatches == (
        Mismatch("conv", "standard", None, "output", (4, 8, 8), words),
    )


def test_verifications_add_up() -> None:
    comparisons = [compare(NETWORK), compare(CONV), with_parts(lambda part: replace(part, name="last"))]
    together = reduce(add, (verify(comparison, WITNESS) for comparison in comparisons))
    expected = [everything(comparison) for comparison in comparisons]
    assert together.checked == sum(each.checked for each in expected)
    assert (together.layers, together.variants) == (6, 3)

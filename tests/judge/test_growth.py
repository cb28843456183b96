"""Growth: what may become of a figure, to the last unit, and which layer is to blame."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sepcost import Conv, Convention, Network
from sepcost.blocks.replacements import Replacement
from sepcost.count.comparison import Comparison
from sepcost.count.evaluation import as_it_is, evaluated
from sepcost.count.figure import COUNTS, MULTIPLES, OWN
from sepcost.count.snapshot import Snapshot
from sepcost.judge.difference import Status
from sepcost.judge.growth import Grown, change_of, growth
from sepcost.layers import Layer
from sepcost.network.network import Node
from sepcost.text.kind import Kind
from sepcost.text.quantities import Allowance, read_allowance
from tests.strategies import networks


def chain(*layers: tuple[str, Layer]) -> Network:
    return Network("net", tuple(Node(name, layer) for name, layer in layers), independent=True)


def costed(network: Network, *texts: str) -> Snapshot:
    return evaluated(Comparison.under_each([Replacement.parse(text) for text in texts], network))


@given(st.integers(0, 10**25), st.integers(0, 10**6), st.integers(0, 4))
def test_a_share_is_allowed_exactly(before: int, tenths: int, places: int) -> None:
    number = Fraction(tenths, 10**places)
    allowance = read_allowance(f"{tenths / 10**places:.{places}f}%")
    most = before + before * tenths // (100 * 10**places)
    assert allowance.share == number / 100
    assert Grown("standard", "macs", before, most, allowance).holds
    assert not Grown("standard", "macs", before, most + 1, allowance).holds


@given(st.integers(0, 10**25), st.integers(0, 10**18))
def test_an_amount_is_allowed_exactly(before: int, amount: int) -> None:
    assert Kind.COUNT.read_growth(f"{amount % 10**15}k") == Allowance(amount=amount % 10**15 * 1000)
    assert Kind.BYTES.read_growth(f"{amount}B") == Allowance(amount=amount)
    allowance = Allowance(amount=amount)
    assert Grown("standard", "macs", before, before + amount, allowance).holds
    assert not Grown("standard", "macs", before, before + amount + 1, allowance).holds


@given(st.integers(1, 10**25))
def test_nothing_is_allowed_unless_it_is_said(before: int) -> None:
    assert Grown("standard", "macs", before, before).holds
    assert Grown("standard", "macs", before, before - 1).holds
    assert not Grown("standard", "macs", before, before + 1).holds


def test_the_least_growth_shows_where_a_float_would_round() -> None:
    assert not Grown("standard", "macs", 2**60, 2**60 + 1).holds
    assert Grown("standard", "macs", 10**20, 102 * 10**18, Allowance(share=Fraction(2, 100))).holds
    assert not Grown("standard", "macs", 10**20, 102 * 10**18 + 1, Allowance(share=Fraction(2, 100))).holds


@settings(max_examples=50)
@given(networks())
def test_nothing_grows_where_nothing_changed(network: Network) -> None:
    network_costs = costed(network, "separable", "blueprint")
    result = growth(network_costs, network_costs, {})
    assert [(grown.of, grown.figure) for grown in result.figures] == [
        (of, figure) for of in ("standard", "separable", "blueprint") for figure in OWN
    ]
    assert all(grown.holds and grown.before == grown.after and grown.culprit is None for grown in result.figures)


@settings(max_examples=50)
@given(networks(), networks())
def test_growth_one_way_is_shrinking_the_other_way(one: Network, other: Network) -> None:
    before, after = costed(one), costed(other)
    there, back = growth(before, after, {}).figures, growth(after, before, {}).figures
    for grown, shrunk in zip(there, back):
        assert (grown.before, grown.after) == (shrunk.after, shrunk.before)
        assert grown.holds or shrunk.holds
        assert (grown.holds and shrunk.holds) == (grown.before == grown.after)


def test_every_other_figure_is_a_multiple_of_one_that_is_judged() -> None:
    total = as_it_is(Network.of(Conv((8, 8), 3, 4, 3)), Convention(2, 3, "float16")).total
    per = {"flops": 2, "weight_bytes": 2, "activation_bytes": 6}
    for figure, of in MULTIPLES.items():
        assert total[figure] == per[figure] * (total[of] or 0)
    assert {*total} - {"macs_per_byte"} == {*OWN, *MULTIPLES}


def test_replacements_that_both_have_are_judged_too() -> None:
    conv = Conv((8, 8), 4, 4, 3)
    result = growth(costed(Network.of(conv), "separable", "blueprint"), costed(Network.of(conv), "separable"), {})
    assert {grown.of for grown in result.figures} == {"standard", "separable"}


def test_a_layer_that_is_no_longer_replaced_makes_the_replacement_grow() -> None:
    network = Network.of(Conv((8, 8), 4, 4, 3))
    kept = replace(network, nodes=(replace(network.nodes[0], keep="marked keep"),))
    failing = [
        grown
        for grown in growth(costed(network, "separable"), costed(kept, "separable"), {}).figures
        if not grown.holds
    ]
    assert {(grown.of, grown.figure) for grown in failing} == {("separable", "params"), ("separable", "macs")}
    for grown in failing:
        assert grown.culprit is not None
        assert grown.culprit.status is Status.UNCHANGED
        assert change_of(grown.culprit, "separable", grown.figure) == (grown.before, grown.after)
        assert change_of(grown.culprit, "standard", grown.figure).difference == 0


def test_the_culprit_of_a_replacement_is_the_layer_that_grew_the_most_under_it() -> None:
    """In the standard the large kernel costs the most, and separated nearly nothing."""
    before = chain(("kernel", Conv((8, 8), 16, 16, 3)), ("width", Conv((8, 8), 16, 16, 1)))
    after = chain(("kernel", Conv((8, 8), 16, 16, 5)), ("width", Conv((8, 8), 16, 48, 1)))
    culprits = {
        (grown.of, grown.figure): grown.culprit and grown.culprit.after and grown.culprit.after.name
        for grown in growth(costed(before, "separable"), costed(after, "separable"), {}).figures
    }
    assert (culprits["standard", "params"], culprits["separable", "params"]) == ("kernel", "width")
    assert (culprits["standard", "macs"], culprits["separable", "macs"]) == ("kernel", "width")


@settings(max_examples=50)
@given(networks(), networks())
def test_no_layer_grew_more_than_the_culprit(one: Network, other: Network) -> None:
    result = growth(costed(one, "separable"), costed(other, "separable"), {})
    there = [layer for layer in result.difference.layers if layer.after]
    for grown in result.figures:
        by = [change_of(layer, grown.of, grown.figure).difference or 0 for layer in there]
        found = change_of(grown.culprit, grown.of, grown.figure).difference if grown.culprit else 0
        assert found == max([0, *by])


def test_replacements_that_the_baseline_does_not_know_are_unknown() -> None:
    network = Network.of(Conv((8, 8), 4, 4, 3))
    plain, separable, both = costed(network), costed(network, "separable"), costed(network, "blueprint", "separable")
    inverted = costed(network, "inverted", "grouped:groups=2")
    assert growth(separable, inverted, {}).unknown == ("inverted", "grouped:groups=2")
    assert {grown.of for grown in growth(separable, inverted, {}).figures} == {"standard"}
    assert growth(separable, both, {}).unknown == ("blueprint",)
    assert growth(plain, separable, {}).unknown == ("separable",)
    assert growth(both, separable, {}).unknown == growth(separable, plain, {}).unknown == ()


@given(networks())
def test_what_a_replacement_costs_is_the_sum_of_its_layers(network: Network) -> None:
    result = costed(network, "separable", "blueprint")
    assert {*result.replaced} == {"separable", "blueprint"}
    plain = as_it_is(network, Convention())
    assert (result.total, [layer.figures for layer in result.layers]) == (
        plain.total,
        [layer.figures for layer in plain.layers],
    )
    for text, total in result.replaced.items():
        for figure in COUNTS:
            assert total.figures[figure] == sum(layer.under(text)[figure] or 0 for layer in result.layers)


def test_the_culprit_is_the_layer_that_grew_the_most_in_the_figure() -> None:
    before = chain(
        ("deep", Conv((2, 2), 64, 64, 3)), ("wide", Conv((64, 64), 4, 4, 3)), ("other", Conv((8, 8), 4, 4, 3))
    )
    after = chain(
        ("deep", Conv((2, 2), 64, 96, 3)), ("wide", Conv((64, 64), 4, 12, 3)), ("other", Conv((8, 8), 4, 5, 3))
    )
    culprits = {
        grown.figure: grown.culprit.after.name if grown.culprit and grown.culprit.after else None
        for grown in growth(costed(before), costed(after), {}).figures
    }
    assert culprits["params"] == "deep"
    assert culprits["macs"] == culprits["activations"] == culprits["traffic_bytes"] == "wide"
    assert "peak_activation_bytes" not in culprits  # of independent layers, it is not known


def test_an_added_layer_may_be_the_culprit_and_a_removed_one_is_not() -> None:
    one, two = ("one", Conv((8, 8), 4, 4, 3)), ("two", Conv((8, 8), 4, 64, 3))
    added = growth(costed(chain(one)), costed(chain(one, two)), {}).figures[0]
    assert not added.holds
    assert added.culprit is not None
    assert (added.culprit.before, added.culprit.after and added.culprit.after.name) == (None, "two")
    removed = growth(costed(chain(one, two)), costed(chain(one)), {}).figures[0]
    assert (removed.holds, removed.culprit) == (True, None)


@pytest.mark.parametrize("figure", OWN)
def test_an_allowance_is_for_its_own_figure(figure: str) -> None:
    before, after = costed(Network.of(Conv((8, 8), 4, 4, 3))), costed(Network.of(Conv((8, 8), 4, 5, 3)))
    result = growth(before, after, {figure: Allowance(share=Fraction(1))})
    assert [grown.figure for grown in result.figures if grown.holds] == [figure]

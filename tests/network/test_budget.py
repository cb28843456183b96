"""Budgets: at the limit holds, exactly, for every figure; and what a config may say of them."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepcost import ConfigError, Conv, Convention, Network, load
from sepcost.blocks.replacements import Replacement
from sepcost.count.comparison import Comparison
from sepcost.count.evaluation import evaluated
from sepcost.count.figure import OWN, WHOLE
from sepcost.count.snapshot import Snapshot
from sepcost.judge.limit import allows, judged
from sepcost.layers import Linear, Pool
from sepcost.network.budget import Budget, Limit
from tests.commands import ROOT, networks_in
from tests.strategies import convs


def compared(network: Network, *texts: str, convention: Convention | None = None) -> Snapshot:
    return evaluated(Comparison.under_each([Replacement.parse(text) for text in texts], network, convention))


def whole(value: object) -> int:
    assert isinstance(value, int)
    return value


def quotient(value: object) -> Fraction:
    assert isinstance(value, Fraction)
    return value


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_a_limit_is_the_most_or_for_a_reduction_the_least(bound: int, value: int) -> None:
    assert allows(Limit("params", bound), value) == (value <= bound)
    assert allows(Limit("reduction.params", bound), value) == (value >= bound)
    assert allows(Limit("params", bound), bound)
    assert allows(Limit("reduction.params", bound), bound)
    assert not allows(Limit("params", bound), bound + 1)
    assert not allows(Limit("reduction.params", bound + 1), bound)


@given(convs(), st.sampled_from(["separable", "none"]), st.sampled_from([1, 3]), st.sampled_from(["float32", "int8"]))
def test_every_figure_holds_at_its_limit_and_fails_one_below(conv: Conv, of: str, batch: int, dtype: str) -> None:
    result = compared(Network.of(conv), "separable", convention=Convention(2, batch, dtype))
    for figure in WHOLE:
        value = whole(judged(result, Limit(figure, 0), of).value)
        assert judged(result, Limit(figure, value), of).holds
        assert judged(result, Limit(figure, value + 1), of).holds
        assert not judged(result, Limit(figure, value - 1), of).holds
    intensity = quotient(judged(result, Limit("macs_per_byte", 1), of).value)
    assert judged(result, Limit("macs_per_byte", intensity), of).holds
    assert not judged(result, Limit("macs_per_byte", intensity - Fraction(1, 10**30)), of).holds


@given(convs(dense=True))
def test_every_reduction_holds_at_its_limit_and_fails_just_above(conv: Conv) -> None:
    result = compared(Network.of(conv), "separable")
    for figure in OWN:
        before, after = (judged(result, Limit(figure, 0), of).value for of in ("none", "separable"))
        name = f"reduction.{figure}"
        value = quotient(judged(result, Limit(name, 1), "separable").value)
        assert value == Fraction(whole(before), whole(after))
        assert judged(result, Limit(name, value), "separable").holds
        assert not judged(result, Limit(name, value + Fraction(1, 10**30)), "separable").holds


def test_a_quotient_is_judged_exactly_where_a_float_would_round() -> None:
    conv = Conv((7, 7), 3, 2_147_483_647, 3)
    result = compared(Network.of(conv), "separable")
    for figure in ("reduction.macs", "macs_per_byte"):
        value = quotient(judged(result, Limit(figure, 1), "separable").value)
        above, below = Fraction(ceil(value * 10**17), 10**17), Fraction(floor(value * 10**17), 10**17)
        assert below < value < above
        assert float(below) == float(value) == float(above)
        assert judged(result, Limit(figure, above), "separable").holds == (figure == "macs_per_byte")
        assert judged(result, Limit(figure, below), "separable").holds == (figure == "reduction.macs")


def test_a_count_is_judged_exactly_where_a_float_would_round() -> None:
    result = compared(Network.of(Linear(2_147_483_647, 2_147_483_647)))
    params = 2_147_483_647**2
    assert float(params) == float(params - 1)
    assert judged(result, Limit("params", params), "none").holds
    assert not judged(result, Limit("params", params - 1), "none").holds


def test_what_has_no_value_does_not_hold() -> None:
    """Nothing is replaced in a pool, and 0 ÷ 0 is no reduction."""
    result = compared(Network.of(Pool((4, 8, 8), 2)), "separable")
    check = judged(result, Limit("reduction.macs", Fraction(1, 10**9)), "separable")
    assert (check.value, check.holds) == (None, False)
    assert judged(result, Limit("params", 0), "separable").holds


def test_the_bytes_are_those_of_the_batch_and_the_dtype() -> None:
    conv = Conv((8, 8), 4, 6, 3)
    one = compared(Network.of(conv), "separable")
    many = compared(Network.of(conv), "separable", convention=Convention(2, 5, "int8"))

    def value(result: Snapshot, figure: str) -> int:
        return whole(judged(result, Limit(figure, 0), "separable").value)

    assert value(many, "activation_bytes") * 4 == value(one, "activation_bytes") * 5
    assert value(many, "peak_activation_bytes") * 4 == value(one, "peak_activation_bytes") * 5
    assert value(many, "weight_bytes") * 4 == value(one, "weight_bytes")
    assert value(many, "flops") == 2 * value(one, "flops")
    assert value(many, "macs") == value(one, "macs")


# In a config


def config(folder: Path, budget: str) -> Path:
    file = folder / "net.yaml"
    file.write_text(f"input: {{C: 3, H: 8}}\nbudget: {budget}\nlayers: [{{K: 3, O: 4}}]\n")
    return file


def test_every_figure_and_every_reduction_may_have_a_limit() -> None:
    everything, aliased, plain = networks_in(ROOT / "tests" / "configs" / "valid" / "budget.yaml")
    assert everything.budget == Budget(
        (
            Limit("params", 4_300_000),
            Limit("macs", 600_000_000),
            Limit("flops", 1_200_000_000),
            Limit("activations", 600_000),
            Limit("weight_bytes", 17_000_000),
            Limit("activation_bytes", 16 * 2**20),
            Limit("traffic_bytes", 40_000_000),
            Limit("peak_activation_bytes", 2**19),
            Limit("macs_per_byte", Fraction(7, 2)),
            Limit("reduction.params", Fraction(15, 2)),
            Limit("reduction.macs", 8),
            Limit("reduction.activations", Fraction(1, 2)),
            Limit("reduction.traffic_bytes", Fraction(9, 10)),
            Limit("reduction.peak_activation_bytes", 1),
        ),
        "separable:multiplier=2",
    )
    assert aliased.budget == Budget((Limit("params", 0), Limit("macs", 1000)), "none")
    assert plain.budget is None


@pytest.mark.parametrize(
    ("written", "params"),
    [
        ("4300000", 4_300_000),
        ("4.3M", 4_300_000),
        ("4.3 M", 4_300_000),
        ("'4.3M'", 4_300_000),
        ("'600'", 600),
        ("0", 0),
    ],
)
def test_a_limit_is_a_number_or_a_text(tmp_path: Path, written: str, params: int) -> None:
    budget = load(config(tmp_path, f"{{params: {written}}}")).budget
    assert budget == Budget((Limit("params", params),))


def test_a_budget_without_a_limit_is_refused(tmp_path: Path) -> None:
    for budget in ("{}", "{replacement: none}", "{reduction: {}}", "{replacement: separable, reduction: {}}"):
        with pytest.raises(ConfigError, match="must have at least one limit"):
            load(config(tmp_path, budget))

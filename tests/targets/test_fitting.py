"""Laws from synthetic times: known constants are found again, outliers do not hide, intervals hold what they say."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from sepcost import Conv
from sepcost.layers import Layer
from sepcost.targets.fitting import FEWEST, law_of, learned, outliers
from sepcost.targets.law import SURE
from sepcost.targets.layer_grid import random_layers
from sepcost.targets.prediction import predicted, ratio, total, why_outside
from sepcost.targets.profile import Point, work_in
from sepcost.targets.setup import Setup
from sepcost.targets.work import kind_of

SETUP = Setup(runtime="torch", version="2.13.0", processor="a known law")
PER_FLOP, PER_BYTE, PER_CALL = 2e-11, 1e-10, 5e-6


def by_hand(layer: Layer) -> float:
    """The seconds of the known law: its own arithmetic, for 2-D convolutions without bias in float32."""
    assert isinstance(layer, Conv)
    weights = math.prod(layer.kernel_size) * layer.in_channels // layer.groups * layer.out_channels
    flops = 2 * weights * math.prod(layer.output_size)
    maps = layer.in_channels * math.prod(layer.input_size) + layer.out_channels * math.prod(layer.output_size)
    return PER_FLOP * flops + PER_BYTE * 4 * (maps + weights) + PER_CALL


def convolutions(count: int, seed: int, kind: str = "standard") -> list[Layer]:
    return [layer for layer in random_layers(4 * count, seed, max_macs=1e9) if kind_of(layer) == kind][:count]


def points(layers: list[Layer], law: Callable[[Layer], float] = by_hand, noise: float = 0.0) -> list[Point]:
    random = Random(5)
    return [Point(layer, law(layer) * math.exp(random.gauss(0, noise))) for layer in layers]


def test_the_constants_of_a_known_law_are_found_again() -> None:
    constants = law_of(points(convolutions(120, 1)), SETUP).constants
    assert constants == pytest.approx({"compute": PER_FLOP, "memory": PER_BYTE, "calls": PER_CALL}, rel=1e-3)


def test_constants_are_found_in_noise_and_layers_that_were_not_fitted_are_predicted() -> None:
    law = law_of(points(convolutions(200, 1), noise=0.03), SETUP)
    assert law.constants["compute"] == pytest.approx(PER_FLOP, rel=0.05)
    assert law.noise == pytest.approx(0.03, rel=0.4)
    others = convolutions(100, 2)
    seconds, _ = law.predict(work_in(SETUP, others))
    errors = np.abs(seconds / [by_hand(layer) for layer in others] - 1)
    assert np.median(errors) < 0.01
    assert errors.max() < 0.1


def test_what_constants_do_not_explain_is_learned() -> None:
    def slower_with_odd_channels(layer: Layer) -> float:
        assert isinstance(layer, Conv)
        return by_hand(layer) * (2.0 if layer.out_channels % 8 else 1.0) * float(layer.output_size[0] ** 0.2)

    profile = learned("odd", SETUP, points(convolutions(250, 1), slower_with_odd_channels, noise=0.02))
    others = convolutions(100, 3)
    times = [time for time in predicted(profile, others) if time]
    errors = [abs(time.seconds / slower_with_odd_channels(each) - 1) for time, each in zip(times, others)]
    assert np.median(errors) < 0.04
    assert profile.accuracy["standard"].error < 0.06
    assert profile.accuracy["standard"].within > 0.95


def test_intervals_hold_about_as_much_as_they_say() -> None:
    profile = learned("noisy", SETUP, points(convolutions(200, 1), noise=0.1))
    others = convolutions(300, 4)
    random = Random(9)
    held = 0
    for time, layer in zip(predicted(profile, others), others):
        assert time is not None
        measured = by_hand(layer) * math.exp(random.gauss(0, 0.1))
        held += abs(math.log(measured / time.seconds)) < SURE * time.deviation
    assert 0.7 < held / len(others) < 0.9


@pytest.mark.parametrize("factor", [30, 5, 0.1])
def test_a_planted_outlier_does_not_hide(factor: float) -> None:
    clean = points([*convolutions(150, 1), *convolutions(80, 1, "depthwise")], noise=0.05)
    assert outliers(clean, SETUP) == []
    for number in (3, 77, 200):
        layer, seconds = clean[number]
        planted = Point(layer, factor * seconds)
        assert outliers([*clean[:number], planted, *clean[number + 1 :]], SETUP) == [planted]


def test_too_few_layers_of_a_kind_have_no_law() -> None:
    few = convolutions(FEWEST - 1, 1, "depthwise")
    profile = learned("few", SETUP, [*points(convolutions(20, 1)), *points(few)])
    assert set(profile.laws) == {"standard"}
    assert predicted(profile, few[:1]) == [None]
    assert why_outside(profile, few[0]) == "no depthwise layers were measured"


def test_a_layer_beyond_all_that_was_measured_is_outside() -> None:
    profile = learned("small", SETUP, points(convolutions(60, 1)))
    huge = Conv((7, 7), 100_000, 64, 3)
    inside, outside = predicted(profile, [convolutions(60, 1)[0], huge])
    assert inside is not None
    assert outside is not None
    assert not inside.outside
    assert outside.outside
    assert ", measured " in str(why_outside(profile, huge))


def test_points_that_no_feature_tells_apart_are_learned_from_all_the_same() -> None:
    same = [Point(Conv((8 * 2**power, 8192 >> power), 64, 64, 1), 1e-3) for power in range(4, 10)]
    profile = learned("same", SETUP, [*same, *(point._replace(seconds=1.1e-3) for point in same)])
    (time,) = predicted(profile, [same[0].layer])
    assert time is not None
    assert time.seconds == pytest.approx(1.05e-3, rel=0.05)


def test_another_shape_of_kernel_than_any_that_was_measured_is_outside() -> None:
    profile = learned("square", SETUP, points(convolutions(120, 1)))
    square, oblong = predicted(profile, [Conv((28, 28), 64, 64, 3), Conv((28, 28), 64, 64, (1, 9))])
    assert square is not None
    assert oblong is not None
    assert (square.outside, oblong.outside) == (False, True)


def test_errors_within_a_kind_are_alike_and_between_kinds_independent() -> None:
    layers = [*convolutions(60, 1), *convolutions(60, 1, "pointwise")]
    profile = learned("both", SETUP, points(layers, noise=0.05))
    same, other, third = (time for time in predicted(profile, [layers[0], layers[1], layers[70]]) if time)
    alone = total([(same, 1)])
    assert math.log(alone.high / alone.value) == pytest.approx(SURE * same.deviation)
    twice = total([(same, 2)])
    assert twice.value == pytest.approx(2 * same.seconds)
    assert twice.high / twice.value == pytest.approx(alone.high / alone.value)
    shares = [time.seconds / (same.seconds + other.seconds) for time in (same, other)]
    of_kind = total([(same, 1), (other, 1)])
    linear = shares[0] * same.deviation + shares[1] * other.deviation
    assert math.log(of_kind.high / of_kind.value) == pytest.approx(SURE * linear)
    of_kinds = ratio([(same, 1, 0), (third, 0, 1)])
    assert math.log(of_kinds.high / of_kinds.value) == pytest.approx(SURE * math.hypot(same.deviation, third.deviation))


def test_a_layer_in_both_has_the_same_error_in_both() -> None:
    layers = convolutions(60, 1)
    profile = learned("one", SETUP, points(layers, noise=0.05))
    kept, replaced = (time for time in predicted(profile, layers[:2]) if time)
    assert ratio([(kept, 1, 1)]) == (1.0, 1.0, 1.0)
    assert ratio([(kept, 2, 1)]).value == 2.0
    partly = ratio([(kept, 1, 1), (replaced, 1, 0)])
    assert partly.low < partly.value < partly.high

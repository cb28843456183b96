"""Layers to learn from: seeded, different, of all kinds, within bounds, and around one's own."""

from __future__ import annotations

from collections import Counter

import pytest

from sepcost import Conv, Linear, SepcostError
from sepcost.layers import Layer
from sepcost.targets.layer_grid import random_layers
from sepcost.targets.work import kind_of

OWN: list[Layer] = [
    Conv((56, 56), 64, 64, 3, groups=64, norm="batch", activation="relu"),
    Conv((28, 28), 24, 144, 1),
    Conv((16,), 8, 16, 5, padding=2, transposed=True),
    Linear(512, 10, bias=True),
]


def test_the_same_seed_draws_the_same_layers_and_another_one_does_not() -> None:
    assert random_layers(50, seed=3) == random_layers(50, seed=3) != random_layers(50, seed=4)
    assert random_layers(80, seed=3)[:50] == random_layers(50, seed=3)


@pytest.mark.parametrize("most", [1e6, 5e7, 4e9])
def test_all_kinds_are_there_and_nothing_is_too_large(most: float) -> None:
    layers = random_layers(220, max_macs=most)
    kinds = {"standard": 80, "depthwise": 40, "pointwise": 60, "grouped": 20, "linear": 20}
    assert Counter(map(kind_of, layers)) == kinds
    assert len(set(layers)) == 220
    assert max(layer.cost.macs for layer in layers) <= most


def test_real_networks_stems_strides_kernels_and_dilations_are_there() -> None:
    convs = [layer for layer in random_layers(1000) if isinstance(layer, Conv)]
    assert {1, 2, 3, 4, 5, 7, 11} == {conv.kernel_size[0] for conv in convs}
    assert {1, 2, 4} == {conv.stride[0] for conv in convs}
    assert {1, 2, 4} == {conv.dilation[0] for conv in convs}
    assert any(conv.in_channels == 3 and conv.kernel_size == (7, 7) for conv in convs)
    assert min(conv.input_size for conv in convs) == (4, 4)
    assert (224, 224) <= max(conv.input_size for conv in convs) <= (320, 320)


def test_layers_around_ones_own_are_of_their_kinds_without_what_takes_no_time() -> None:
    layers = random_layers(200, like=OWN)
    around = [layer for number, layer in enumerate(layers) if number % 4]
    assert {kind_of(layer) for layer in around} == set(map(kind_of, OWN))
    for layer in around:
        if isinstance(layer, Conv):
            assert (layer.norm, layer.activation, layer.bias) == ("none", "none", False)
            own = next(conv for conv in OWN if isinstance(conv, Conv) and kind_of(conv) == kind_of(layer))
            assert layer.kernel_size == own.kernel_size
            assert 0.4 < layer.in_channels / own.in_channels < 2.5


def test_that_there_are_not_so_many_is_said() -> None:
    with pytest.raises(SepcostError, match=r"there are only \d+ such layers of at most 50 MACs, not 80"):
        random_layers(80, max_macs=50)

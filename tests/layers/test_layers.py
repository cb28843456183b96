"""Shape arithmetic and costs against values worked out by hand, and what a layer refuses."""

from __future__ import annotations

from typing import Any

import pytest

from sepcost import Conv, Cost, Flatten, LayerError, Linear, Pool, SepcostError
from sepcost.count.figure import cost_figures
from sepcost.layers.cost import Convention


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        ({"padding": "same", "stride": 2}, (57, 57)),
        ({"padding": "same", "kernel_size": 4}, (113, 113)),
        ({"padding": 0}, (111, 111)),
        ({"padding": (1, 0)}, (113, 111)),
        ({"padding": 1, "stride": 2}, (57, 57)),
        ({"padding": 2, "dilation": 2}, (113, 113)),
        ({"padding": "same", "stride": 2, "transposed": True}, (226, 226)),
        ({"padding": 1, "stride": 2, "output_padding": 1, "transposed": True}, (226, 226)),
        ({"padding": 0, "stride": 3, "transposed": True}, (339, 339)),
    ],
)
def test_output_size_follows_the_documented_formula(arguments: dict[str, Any], output: tuple[int, ...]) -> None:
    assert Conv((113, 113), 2, 2, **{"kernel_size": 3, **arguments}).output_size == output


def test_a_transposed_convolution_counts_macs_on_its_input_map() -> None:
    conv = Conv((28, 28), 64, 32, 2, stride=2, padding=0, transposed=True)
    assert conv.output_shape == (32, 56, 56)
    assert conv.cost.macs == 28 * 28 * 64 * 32 * 4


def test_bias_and_norm_add_parameters_but_no_macs() -> None:
    plain = Conv((8, 8), 4, 6, 3)
    dressed = Conv((8, 8), 4, 6, 3, bias=True, norm="batch")
    assert dressed.cost.params - plain.cost.params == 6 + 2 * 6
    assert dressed.cost.macs == plain.cost.macs


def test_traffic_is_input_weights_and_output_in_bytes() -> None:
    cost = Conv((8, 8), 4, 6, 3, padding=0).cost
    batch = Convention(batch=3, dtype="float16")
    assert cost.traffic_bytes(batch) == 2 * (3 * (4 * 64 + 6 * 36) + 4 * 6 * 9)
    assert cost.weight_bytes(batch) == 2 * 4 * 6 * 9
    assert cost.activation_bytes(batch) == 2 * 3 * 6 * 36
    assert cost_figures(cost, batch)["macs_per_byte"] == 3 * cost.macs / cost.traffic_bytes(batch)


def test_counts_are_exact_at_any_size() -> None:
    conv = Conv((2**31 - 1,) * 3, 2**31 - 1, 2**31 - 1, 1)
    assert conv.cost.macs == (2**31 - 1) ** 5


def test_pool_sizes() -> None:
    assert Pool((8, 112, 112), 3, stride=2, padding=1).output_shape == (8, 56, 56)
    assert Pool((8, 7, 7), 2).output_shape == (8, 3, 3)
    assert Pool((8, 7, 7), 2, ceil_mode=True).output_shape == (8, 4, 4)
    assert Pool((8, 147, 147), 3, stride=2, padding="same").output_shape == (8, 74, 74)
    assert Pool((8, 5), global_pool=True).output_shape == (8, 1)


def test_pools_and_flatten_have_no_params_and_no_macs() -> None:
    assert Pool((8, 4, 4), 2).cost == Cost(touched=8 * 16 + 8 * 4, written=8 * 4)
    assert Flatten((8, 4, 4)).cost == Cost()
    assert Flatten((8, 4, 4)).output_shape == (128,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"in_channels": 0}, "in_channels: must be at least 1, got 0"),
        ({"in_channels": True}, "in_channels: must be a whole number, got True"),
        ({"in_channels": 3.0}, "in_channels: must be a whole number, got 3.0"),
        ({"out_channels": 2**31}, "out_channels: must be at most 2147483647, got 2147483648"),
        ({"kernel_size": (3, 3, 3)}, "kernel_size: needs one number for each of 2 axes, got 3×3×3"),
        ({"stride": 0}, "stride: must be at least 1, got 0"),
        ({"padding": -1}, "padding: must be at least 0, got -1"),
        ({"padding": "valid"}, "padding: must be same, or what both sides get, got 'valid' (valid is 0)"),
        ({"groups": 3}, "groups: must divide in_channels, got 3 groups of 4 channels"),
        ({"out_channels": 5, "groups": 2}, "groups: must divide out_channels, got 2 groups of 5 channels"),
        ({"kernel_size": 11, "padding": 1}, "kernel_size: 11×11 is larger than the padded input, 10×10"),
        (
            {"kernel_size": 3, "dilation": 5, "padding": 0},
            "kernel_size: 3×3 (with dilation 11×11) is larger than the padded input, 8×8",
        ),
        ({"output_padding": 1}, "output_padding: is for transposed convolutions, got 1×1"),
        (
            {"output_padding": 2, "padding": 0, "stride": 2, "transposed": True},
            "output_padding: must be below stride or dilation (2), got 2",
        ),
        (
            {"output_padding": 1, "stride": 2, "transposed": True},
            "output_padding: padding same fixes the output: give padding as a number, or leave it",
        ),
        (
            {"padding": 9, "transposed": True},
            "padding: 9×9 leaves nothing of the output (-8×-8)",
        ),
        ({"norm": "layer"}, "norm: must be one of none, batch, folded, got 'layer'"),
        ({"bias": 1}, "bias: must be true or false, got 1"),
        (
            {"input_size": (8, 8, 8, 8)},
            "input_size: must be one, two or three sizes such as (224, 224), got (8, 8, 8, 8)",
        ),
        ({"input_size": (8, 0)}, "input_size: must be at least 1, got 0"),
    ],
)
def test_what_a_convolution_cannot_be_is_said(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(LayerError) as caught:
        Conv(**{"input_size": (8, 8), "in_channels": 4, "out_channels": 4, "kernel_size": 3, **arguments})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "kernel_size: is missing: give it, or make the pool global"),
        ({"kernel_size": 9}, "kernel_size: 9×9 is larger than the padded input, 8×8"),
        ({"kernel_size": 2, "padding": 2}, "padding: must be at most half of the pool's kernel (2), got 2"),
        ({"kernel_size": 2, "global_pool": True}, "global_pool: spans the whole map: leave out kernel_size and stride"),
        ({"kernel_size": 2, "mode": "min"}, "mode: must be one of max, average, got 'min'"),
    ],
)
def test_what_a_pool_cannot_be_is_said(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(LayerError) as caught:
        Pool((4, 8, 8), **arguments)
    assert str(caught.value) == message


def test_a_linear_layer_checks_its_features() -> None:
    assert Linear(10, 4, bias=True).cost.params == 44
    with pytest.raises(LayerError, match="out_features: must be at least 1, got 0"):
        Linear(10, 0)


def test_a_global_pool_takes_nothing_else() -> None:
    for arguments in ({"padding": 1}, {"ceil_mode": True}, {"kernel_size": 2}):
        with pytest.raises(LayerError, match="global_pool: spans the whole map"):
            Pool((4, 8, 8), global_pool=True, **arguments)


def test_a_convention_is_checked() -> None:
    for arguments in ({"batch": 0}, {"batch": 1.5}, {"flops_per_mac": 3}, {"dtype": "float9"}):
        with pytest.raises(SepcostError, match=f"{next(iter(arguments))}: must be"):
            Convention(**arguments)

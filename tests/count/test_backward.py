"""MACs of training: the gradients of weights and of inputs, against torch's own counter."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from tests.commands import sepcost
from tests.pytorch.models import ResNet50, UNet


def backward_flops(run: Callable[[], Tensor]) -> int:
    """What torch counts in the backward pass alone."""
    with FlopCounterMode(display=False) as forward:
        out = run()
    with FlopCounterMode(display=False) as both:
        run().sum().backward()
    del out
    return int(both.get_total_flops() - forward.get_total_flops())


def backward_macs(*arguments: str) -> tuple[int, list[int]]:
    run = sepcost("compare", *arguments, "--format", "json", "--columns", "macs,backward_macs")
    assert run.code == 0, run.err
    network = json.loads(run.out)["networks"][0]
    layers = [layer["standard"]["backward_macs"] for layer in network["layers"]]
    return network["total"]["standard"]["backward_macs"], layers


@pytest.mark.parametrize(
    ("config", "build", "shape"),
    [("resnet50", ResNet50, (3, 224, 224)), ("unet_torch", UNet, (3, 256, 256))],
)
def test_torch_counts_as_much_in_its_backward_pass(
    config: str, build: Callable[[], nn.Module], shape: tuple[int, ...]
) -> None:
    with torch.device("meta"):
        model, image = build(), torch.empty(1, *shape)
    total, layers = backward_macs(config, "-r", "none")
    assert sum(layers) == total
    assert 2 * total == backward_flops(lambda: model(image))


def test_a_grouped_convolution_is_as_many_small_ones() -> None:
    """Torch's counter has the gradients of grouped weights ``groups`` times too high: so against separate ones.

    A depthwise 8 → 8 on 10×10 has 7,200 MACs, and 7,200 for the gradient of its weights, not 57,600.
    """
    single = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    separate = 8 * backward_flops(lambda: single(torch.zeros(1, 1, 10, 10)))
    grouped = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
    together = backward_flops(lambda: grouped(torch.zeros(1, 8, 10, 10)))
    assert (separate, together) == (2 * 7_200, 8 * 2 * 7_200)
    _, (without_input, _) = backward_macs_of("input: {C: 8, H: 10}", "{K: 3, O: 8, groups: 8}", "{K: 1, O: 8}")
    assert 2 * without_input == separate


def backward_macs_of(head: str, *layers: str) -> tuple[int, list[int]]:
    text = f"{head}\nlayers: [{', '.join(layers)}]\n"
    run = sepcost("compare", "-", "--format", "json", "--columns", "backward_macs", stdin=text)
    network = json.loads(run.out)["networks"][0]
    found = [layer["standard"]["backward_macs"] for layer in network["layers"]]
    return network["total"]["standard"]["backward_macs"], found


def test_what_no_layer_with_params_is_before_has_no_gradient_of_its_input() -> None:
    layers = ("{type: pool, K: 2}", "{name: a, K: 1, O: 8}", "{name: b, K: 1, O: 8}", "{from: [a, b], K: 1, O: 8}")
    _, found = backward_macs_of("input: {C: 8, H: 4}", *layers)
    assert found == [0, 4 * 64, 2 * 4 * 64, 2 * 4 * 128]


def test_a_convolution_alone_is_one_inside_of_a_network() -> None:
    total, _ = backward_macs("-H", "10", "-C", "8", "-K", "3", "-O", "8")
    assert total == 2 * 100 * 9 * 64


def test_of_a_first_layer_only_the_first_part_has_no_gradient_of_its_input() -> None:
    run = sepcost(
        "compare", "-", "--format", "json", "--columns", "replacement.backward_macs,part",
        stdin="input: {C: 4, H: 8}\nlayers: [{K: 3, O: 8}]\n",
    )  # fmt: skip
    replaced = json.loads(run.out)["networks"][0]["layers"][0]["replacements"]["separable"]
    depthwise, pointwise = 64 * 9 * 4, 64 * 4 * 8
    assert [part["backward_macs"] for part in replaced["parts"]] == [depthwise, 2 * pointwise]
    assert replaced["backward_macs"] == depthwise + 2 * pointwise


def test_what_was_counted_earlier_does_not_say() -> None:
    earlier = sepcost("compare", "mobilenet_v1", "--format", "json").out
    run = sepcost("compare", "-", "--format", "json", "--columns", "macs,backward_macs", stdin=earlier)
    assert run.code == 0
    assert "backward_macs" not in json.loads(run.out)["networks"][0]["total"]["standard"]


def test_the_totals_of_one_network_have_it() -> None:
    run = sepcost("compare", "alexnet", "-r", "none", "--rows", "totals", "--columns", "macs,backward_macs")
    assert "1,358,100,160" in run.out

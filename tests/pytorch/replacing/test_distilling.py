"""Distilling: what is held out gets closer, or nothing changes; and only what is replaced is trained."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from sepcost.errors import ModelError, SepcostError
from sepcost.pytorch import distil, replace_convolutions
from tests.pytorch.replacing.nets import batches, missed, state, trained, unseen


def fitted(*, norm: bool = True) -> Any:
    torch.manual_seed(0)
    return replace_convolutions(trained(norm=norm), weights="fit")


def held_out() -> torch.Tensor:
    """The fifth of the batches."""
    return batches()[4]


@pytest.mark.parametrize("norm", [True, False])
def test_it_brings_the_outputs_closer(norm: bool) -> None:
    net, small = trained(norm=norm), fitted(norm=norm)
    first, ever = missed(small, net, held_out(), torch.cat(batches())), missed(small, net, unseen())
    before, after, steps = distil(small, net, batches(), steps=60, learning_rate=5e-3)
    assert before == pytest.approx(first, rel=1e-4)
    assert after == pytest.approx(missed(small, net, held_out(), torch.cat(batches())), rel=1e-4)
    assert after < 0.5 * before
    assert missed(small, net, unseen()) < 0.7 * ever
    assert 30 < steps <= 60


def test_only_what_is_replaced_is_trained() -> None:
    net, small = trained(norm=True), fitted()
    small.requires_grad_(False)
    small[0].depthwise.weight.requires_grad_(True)
    required, before = [each.requires_grad for each in small.parameters()], state(small)
    distil(small, net, batches(), steps=5)
    changed = {name for name, each in small.state_dict().items() if not torch.equal(each, before[name])}
    assert changed == {name for name in before if "depthwise" in name or "pointwise" in name}
    assert [each.requires_grad for each in small.parameters()] == required
    assert all(each.grad is None for each in small.parameters())


def test_the_whole_network_is_trained_where_that_is_wanted() -> None:
    net, small = trained(norm=True), fitted()
    small[1].requires_grad_(False)
    before, original = state(small), state(net)
    assert distil(small, net, batches(), steps=5, whole=True).after < missed(
        fitted(), net, held_out(), torch.cat(batches())
    )
    kept = {name for name, each in small.state_dict().items() if torch.equal(each, before[name])}
    statistics = {name for name in before if "running" in name or "batches" in name}
    assert kept == {"1.weight", "1.bias", *statistics}  # norms are as at inference
    assert all(torch.equal(each, original[name]) for name, each in net.state_dict().items())


def test_it_keeps_the_weights_that_were_best() -> None:
    """They are at full rank: nothing is better."""
    net = trained(norm=False)
    small = replace_convolutions(net, "separable:multiplier=9", weights="fit", data=batches())
    before = state(small)
    for rate, steps, done in ((1e-3, 200, 200), (1e3, 5, 5)):
        found = distil(small, net, batches(), steps=steps, learning_rate=rate)
        assert found.after == found.before < 1e-10
        assert found.steps == done
        assert all(torch.equal(value, before[name]) for name, value in small.state_dict().items())


def test_a_seed_decides_the_order() -> None:
    net, found = trained(norm=False), []
    for seed in (0, 0, 1):
        small = fitted(norm=False)
        torch.rand(1)  # another state of torch's own generator
        found.append((distil(small, net, batches(), steps=8, seed=seed), state(small)))
    assert found[0][0] == found[1][0]
    assert all(torch.equal(each, found[1][1][name]) for name, each in found[0][1].items())
    assert not all(torch.equal(each, found[2][1][name]) for name, each in found[0][1].items())


def test_each_step_is_reported() -> None:
    steps: list[int] = []
    distil(fitted(), trained(norm=True), batches(), steps=3, done=steps.append)
    assert steps == [1, 2, 3]
    assert distil(fitted(), trained(norm=True), batches(), steps=1).steps == 1


def test_of_a_single_batch_a_fifth_is_held_out() -> None:
    net, small = trained(norm=True), fitted()
    data = torch.cat(batches())[:10]
    found = distil(small, net, data, steps=10)
    assert found.before == pytest.approx(missed(fitted(), net, data[8:], data), rel=1e-4)
    assert found.after < found.before


def test_modes_are_as_before() -> None:
    net, small = copy.deepcopy(trained(norm=True)).train(), fitted().train()
    small[1].eval()
    modes = [each.training for each in small.modules()]
    distil(small, net, batches(), steps=2)
    assert [each.training for each in small.modules()] == modes
    assert all(each.training for each in net.modules())
    assert torch.equal(net[1].running_mean, trained(norm=True)[1].running_mean)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": torch.randn(1, 3, 8, 8)}, "data: has one sample, and distilling needs two: one is held out"),
        ({"steps": 0}, "steps must be a whole number from 1, got 0"),
        ({"steps": 2.5}, "steps must be a whole number from 1, got 2.5"),
        ({"data": []}, "data: has no batch"),
        ({"small": trained(norm=True)}, "nothing is replaced in this model, so that there is nothing to distil"),
        ({"small": fitted().requires_grad_(False), "whole": True},
         "no parameter requires gradients, so that there is nothing to distil"),
    ],
)  # fmt: skip
def test_what_cannot_be_distilled(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SepcostError) as refused:
        distil(**{"small": fitted(), "model": trained(norm=True), "data": batches(), **arguments})
    assert str(refused.value) == message


def test_a_model_without_an_output_to_compare() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x).argmax(1)  # type: ignore[no-any-return]

    model = Counting()
    with pytest.raises(ModelError, match="returns no tensor of floating-point numbers, by which outputs"):
        distil(replace_convolutions(model), model, batches(), steps=2)

"""Fitting a network on data: layer after layer, with what its biases and norms take up, and nothing else touched."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sepcost import SepcostError, pytorch
from sepcost.pytorch import fit
from tests.pytorch.replacing.nets import batches, missed, state, trained, unseen


def replace_convolutions(model: nn.Module, *given: Any, **options: Any) -> Any:
    """What is in it may be anything."""
    return pytorch.replace_convolutions(model, *given, **options)


@pytest.mark.parametrize("norm", [True, False])
def test_data_keeps_more_of_what_a_network_gives(norm: bool) -> None:
    net = trained(norm=norm)
    drawn, kernels, outputs = (
        replace_convolutions(net, weights=weights, data=data)
        for weights, data in (("initial", None), ("fit", None), ("fit", batches()))
    )
    lost = [missed(small, net, unseen()) for small in (drawn, kernels, outputs)]
    assert lost[2] < 0.5 * lost[1]
    assert lost[2] < 0.3 < lost[0]
    exact = replace_convolutions(net, "blueprint:multiplier=9", weights="fit", data=batches())
    assert missed(exact, net, unseen()) < 1e-8


def test_later_layers_make_up_for_earlier_ones() -> None:
    net = trained(norm=False)
    alone, reaching = copy.deepcopy(net), torch.cat(batches())
    for place, module in enumerate(net):
        if isinstance(module, nn.Conv2d):
            alone[place] = fit(module, inputs=reaching)[0]
        with torch.no_grad():
            reaching = module(reaching)
    small = replace_convolutions(net, weights="fit", data=batches())
    assert missed(small, net, unseen()) < 0.8 * missed(alone, net, unseen())


def channels(outputs: Tensor) -> Tensor:
    return outputs.transpose(0, 1).flatten(1).double()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("norms", [True, False])
def test_a_norm_takes_up_mean_and_variance(norms: bool, bias: bool) -> None:
    torch.manual_seed(0)
    net: Any = nn.Sequential(nn.Conv2d(3, 6, 3, bias=bias), nn.BatchNorm2d(6, momentum=None))
    inputs = 0.02 * torch.randn(8, 3, 8, 8) + 0.5  # a variance that is small beside eps
    net(inputs)
    before = state(net.eval())
    small = replace_convolutions(net, weights="fit", data=inputs, norms=norms)
    with torch.no_grad():
        given, wanted = channels(small(inputs)), channels(net(inputs))
    assert torch.allclose(given.mean(1), wanted.mean(1), atol=1e-4)
    assert torch.allclose(given.var(1), wanted.var(1), rtol=1e-3) == norms
    assert torch.equal(small[1].running_var, net[1].running_var) == (not norms)
    assert (small[0].pointwise.bias is not None) == bias
    assert all(torch.equal(each, before[name]) for name, each in net.state_dict().items())


class Net(nn.Module):
    """Convolutions and norms, and a way through them that a test gives."""

    def __init__(self, forward: Any, *norms: nn.Module) -> None:
        super().__init__()
        self.one, self.two = (nn.Conv2d(4, 4, 3, padding=1, bias=False) for _ in range(2))
        self.norms = nn.ModuleList(norms or [nn.BatchNorm2d(4)])
        self.way = forward

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.way(self, x)
        return y


def norms_that_change(forward: Any, *norms: nn.Module) -> list[bool]:
    """Of each norm, whether it is another one after fitting on data."""
    torch.manual_seed(0)
    net, inputs = Net(forward, *norms), torch.randn(4, 4, 6, 6) + 1
    net(inputs)
    small = replace_convolutions(net, weights="fit", data=inputs)
    assert bool(small.eval()(inputs).isfinite().all())
    old, new = (dict(each.norms.named_buffers()) for each in (net, small))
    return [
        any(not torch.equal(old[name], new[name]) for name in old if name.startswith(f"{place}."))
        for place in range(len(net.norms))
    ]


@pytest.mark.parametrize(
    "forward",
    [
        lambda net, x: net.norms[0](net.two(torch.relu(net.one(x)))),
        lambda net, x: net.norms[0](input=net.two(input=torch.relu(net.one(input=x)))),
        lambda net, x: net.norms[0](net.two(net.norms[0](net.two(net.one(x))))),  # twice, each time by both
    ],
)
def test_a_norm_that_reads_one_layer_alone_changes(forward: Any) -> None:
    assert norms_that_change(forward) == [True]


@pytest.mark.parametrize(
    "forward",
    [
        lambda net, x: net.norms[0](net.one(x)) + net.norms[0](net.two(x)),
        lambda net, x: net.norms[0](net.one(x)) + net.norms[0](net.two(x).relu()),
        lambda net, x: net.norms[0](net.one(x) + net.two(x)),
        lambda net, x: net.norms[0](net.one(x).relu_()),  # the same tensor, but not what the layer gave
        lambda net, x: net.norms[0](net.one(net.one(x))),  # the layer runs once more than the norm
        lambda net, x: net.two(net.norms[0](x)) + net.one(x),
    ],
)
def test_any_other_norm_is_left_alone(forward: Any) -> None:
    assert norms_that_change(forward) == [False]


def test_of_two_norms_behind_a_layer_that_runs_twice_none_changes() -> None:
    norms = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
    assert norms_that_change(lambda net, x: net.norms[1](net.one(net.norms[0](net.one(x)))), *norms) == [False, False]


def test_a_norm_without_statistics_has_none_to_change() -> None:
    way = lambda net, x: net.norms[0](net.two(net.one(x)))  # noqa: E731
    assert norms_that_change(way, nn.BatchNorm2d(4, track_running_stats=False)) == [False]
    assert norms_that_change(way, nn.GroupNorm(2, 4)) == [False]


def test_a_layer_that_runs_twice_is_fitted_to_both() -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(4, 4, 3, padding=1)
    net, inputs = nn.Sequential(conv, nn.Tanh(), conv), torch.randn(8, 4, 6, 6)
    small = replace_convolutions(net, weights="fit", data=inputs)
    assert small[0] is small[2]
    with torch.no_grad():
        both = torch.cat([inputs, net[:2](inputs)])
    assert missed(small[0], conv, both) < missed(fit(conv)[0], conv, both)
    assert missed(small[0], conv, net[:2](inputs)) < missed(fit(conv, inputs=inputs)[0], conv, net[:2](inputs))


def test_a_layer_that_does_not_run_keeps_the_fit_to_its_kernel() -> None:
    torch.manual_seed(0)
    net, inputs = Net(lambda net, x: net.one(x)), torch.randn(8, 4, 6, 6)
    small = replace_convolutions(net, weights="fit", data=inputs)
    kernel = replace_convolutions(net, weights="fit")
    equal = [
        all(map(torch.equal, getattr(small, name).parameters(), getattr(kernel, name).parameters()))
        for name in ("one", "two")
    ]
    assert equal == [False, True]


def test_nothing_of_the_model_changes() -> None:
    net = copy.deepcopy(trained(norm=True))
    net[1].train()
    net[3].weight.requires_grad_(False)
    net[0].weight.grad = torch.ones_like(net[0].weight)
    calls: list[object] = []
    net[5].register_forward_hook(lambda *given: calls.append(given))
    hooks = [(len(each._forward_hooks), len(each._forward_pre_hooks)) for each in net.modules()]
    before, modes = state(net), [each.training for each in net.modules()]
    small = replace_convolutions(net, weights="fit", data=batches()[:5], distil=3)
    assert all(torch.equal(each, before[name]) for name, each in net.state_dict().items())
    assert [each.training for each in net.modules()] == modes
    assert [(len(each._forward_hooks), len(each._forward_pre_hooks)) for each in net.modules()] == hooks
    assert [each.requires_grad for each in net.parameters()].count(False) == 1
    assert [each.grad is None for each in net.parameters()].count(False) == 1
    assert net[0].weight.grad.eq(1).all()
    assert calls
    assert (small.training, small[1].training, small[0].depthwise.training) == (False, True, False)
    assert [each.requires_grad for each in small[3].parameters()] == [False, False]
    assert all(each.requires_grad for each in small[0].parameters())
    assert all(each.grad is None for each in small[3].parameters())


def test_the_same_arguments_give_the_same_weights() -> None:
    def weights() -> dict[str, Tensor]:
        torch.manual_seed(3)
        return state(replace_convolutions(trained(norm=True), weights="fit", data=batches()[:4], distil=4, seed=5))

    one, other = weights(), weights()
    assert all(torch.equal(each, other[name]) for name, each in one.items())
    different = replace_convolutions(trained(norm=True), weights="fit", data=batches()[:4], distil=4, seed=6)
    assert not all(torch.equal(each, one[name]) for name, each in different.state_dict().items())


def test_many_positions_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    from sepcost.pytorch.replacing import network

    net = trained(norm=False)
    most = replace_convolutions(net, weights="fit", data=batches())
    monkeypatch.setattr(network, "LEAST_POSITIONS", 1000)
    monkeypatch.setattr(network, "POSITIONS_A_NUMBER", 1)
    some = replace_convolutions(net, weights="fit", data=batches())
    assert not torch.equal(most[0].pointwise.bias, some[0].pointwise.bias)
    kernels = replace_convolutions(net, weights="fit")
    assert missed(most, net, unseen()) < missed(some, net, unseen()) < 0.1 * missed(kernels, net, unseen())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_data_without_finite_values_is_refused(value: float) -> None:
    data = batches()[0].clone()
    data[0, 0, 0, 0] = value
    with pytest.raises(SepcostError) as refused:
        replace_convolutions(trained(norm=False), weights="fit", data=data)
    assert str(refused.value) == "the model has NaN or infinite values on the data"


def test_a_model_that_runs_its_layers_otherwise_once_they_are_replaced_is_refused() -> None:
    def way(net: Any, x: Tensor) -> Tensor:
        y: Tensor = net.two(net.one(x))
        return y if isinstance(net.one, nn.Sequential) else net.two(y)

    with pytest.raises(SepcostError) as refused:
        replace_convolutions(Net(way), weights="fit", data=torch.randn(2, 4, 6, 6))
    assert str(refused.value) == "the model runs a layer more or less often once layers before it are replaced"

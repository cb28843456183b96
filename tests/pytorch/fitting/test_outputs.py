"""Fitting one layer to its outputs: never worse than without data, and where no small step is better."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest
import torch
from torch import nn

from sepcost.pytorch import fit
from sepcost.pytorch.fitting.kernels import kernel_of
from sepcost.pytorch.fitting.layer import convolutions
from sepcost.pytorch.fitting.moments import Moments, patches
from sepcost.pytorch.fitting.refining import OutputError, refined
from sepcost.pytorch.replacing import network
from tests.pytorch.fitting.layers import KINDS, missed, of_kind

TEXTS = ("separable", "blueprint", "separable:multiplier=2", "blueprint:multiplier=2")


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", KINDS)
def test_data_makes_no_output_worse(kind: str, text: str) -> None:
    conv, inputs = of_kind(kind)
    without, (block, report) = fit(conv, text)[0], fit(conv, text, inputs)
    if conv.bias is not None:
        assert report.output_error == pytest.approx(missed(block, conv, inputs), abs=1e-9)
        assert missed(block, conv, inputs) <= missed(without, conv, inputs) + 1e-12
        wanted, given = (each(inputs).transpose(0, 1).flatten(1).mean(1) for each in (conv, block))
        assert torch.allclose(given, wanted, atol=1e-9)  # the bias takes up the mean
    else:
        assert [name for name, _ in block.named_parameters() if name.endswith("bias")] == []
        lost = (block(inputs) - conv(inputs)).square().sum() / conv(inputs).square().sum()
        assert report.output_error == pytest.approx(float(lost.detach()), abs=1e-9)


@pytest.mark.parametrize("text", TEXTS)
def test_a_small_step_from_it_is_worse(text: str) -> None:
    conv, inputs = of_kind("strided")
    block, _ = fit(conv, text, inputs)
    least = missed(block, conv, inputs)
    assert 0.001 < least < missed(fit(conv, text)[0], conv, inputs)
    for _ in range(50):
        other = copy.deepcopy(block)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.add_(0.02 * torch.randn_like(parameter))
        assert missed(other, conv, inputs) > least


def test_more_channels_give_closer_outputs() -> None:
    conv, inputs = of_kind("2-D")
    for order in ("separable", "blueprint"):
        errors = [fit(conv, f"{order}:multiplier={many}", inputs)[1].output_error or 0.0 for many in range(1, 4)]
        assert errors == sorted(errors, reverse=True)
        assert errors[0] > 0.01


def test_more_steps_never_raise_the_error() -> None:
    conv, inputs = of_kind("2-D")
    moments = Moments.none(27, 4, inputs.device)
    moments.add(patches(conv, inputs, slice(None), torch.arange(80)), conv(inputs).detach().flatten(2).mT.flatten(0, 1))
    error = OutputError([3, 1], moments.average(centred=False), kernel_of(conv))
    start = [kernel_of(each) for each in convolutions(fit(conv)[0])]
    errors = [float(error(start)), *(float(error(refined(start, error, steps))) for steps in (1, 2, 5, 20, 100))]
    assert all(after <= before for before, after in pairwise(errors))
    assert errors[-1] < 0.9 * errors[0]


@pytest.mark.parametrize("text", ["separable", "separable:multiplier=2", "grouped:groups=3,pointwise=true"])
def test_too_many_moments_are_taken_of_some_channels_at_a_time(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(12, 6, 3, padding=1, dtype=torch.float64)
    inputs = nn.Conv2d(3, 12, 1, dtype=torch.float64)(torch.randn(16, 3, 8, 8, dtype=torch.float64)).relu().detach()
    at_once = fit(conv, text, inputs)[1].output_error
    monkeypatch.setattr(network, "MOST_BYTES", 8 * (9 * 5) ** 2)  # of five channels
    block, report = fit(conv, text, inputs)
    assert at_once is not None
    assert report.output_error is not None
    assert report.output_error == pytest.approx(missed(block, conv, inputs), abs=1e-9)
    assert at_once < report.output_error < 1.5 * at_once
    assert report.output_error < 0.9 * missed(fit(conv, text)[0], conv, inputs)


@pytest.mark.parametrize("text", ["blueprint", "spatial", "bottleneck"])
def test_without_room_the_weights_stay_those_of_the_kernel(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    conv, inputs = nn.Conv2d(4, 8, 3), torch.randn(4, 4, 8, 8)
    monkeypatch.setattr(network, "MOST_BYTES", 100)
    (without, _), (block, report) = fit(conv, text), fit(conv, text, inputs)
    kept = dict(without.named_parameters())
    assert all(each.equal(kept[name]) for name, each in block.named_parameters() if name.endswith("weight"))
    assert report.output_error == pytest.approx(missed(block, conv, inputs), rel=1e-3)


def test_one_input_without_a_batch_and_several_ones() -> None:
    conv, inputs = of_kind("2-D")
    one, alone = fit(conv, inputs=inputs[:1])[0], fit(conv, inputs=inputs[0])[0]
    assert all(map(torch.equal, one.parameters(), alone.parameters()))
    together, several = fit(conv, inputs=inputs)[0], fit(conv, inputs=list(inputs.split(1)))[0]
    assert all(map(torch.allclose, together.parameters(), several.parameters()))


def test_what_the_data_does_not_decide_stays_near_the_kernel() -> None:
    """One position and a channel that is always 0: the moments are singular."""
    conv = nn.Conv2d(3, 4, 3, dtype=torch.float64)
    inputs = torch.randn(1, 3, 3, 3, dtype=torch.float64)
    inputs[:, 1] = 0
    block, report = fit(conv, "separable", inputs)
    assert report.output_error == pytest.approx(0, abs=1e-6)
    assert all(bool(each.isfinite().all()) for each in block.parameters())
    anything = torch.randn(8, 3, 6, 6, dtype=torch.float64)
    assert missed(block, conv, anything) < 1

"""Fitting one layer to its kernel: against NumPy's singular values, and exactly where that can be."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from math import prod
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sepcost import Conv, Replacement, ReplacementError, compare
from sepcost.blocks.blocks import Parts
from sepcost.errors import SepcostError
from sepcost.pytorch import fit, replace_convolutions
from tests.pytorch.fitting.layers import (
    KINDS,
    full_rank,
    kernel_of_block,
    most_energy,
    of_kind,
    relative,
    weights_of,
)

ORDERS = ("separable", "blueprint")
SAME_EVEN = "ignore:Using padding='same' with even kernel lengths"
EXACT = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 3e-3, torch.bfloat16: 3e-2}


@settings(max_examples=25)
@given(
    st.sampled_from(ORDERS),
    st.integers(1, 6),
    st.integers(1, 6),
    st.lists(st.integers(1, 4), min_size=1, max_size=3).filter(lambda kernel: prod(kernel) > 1),
    st.integers(1, 5),
    st.booleans(),
    st.integers(0, 99),
)
def test_the_energy_is_that_of_the_singular_values(
    order: str, inputs: int, outputs: int, kernel: list[int], multiplier: int, transposed: bool, seed: int
) -> None:
    torch.manual_seed(seed)
    name = f"Conv{'Transpose' * transposed}{len(kernel)}d"
    conv = getattr(nn, name)(inputs, outputs, kernel, dtype=torch.float64)
    if (order == "separable" and inputs == 1) or (order == "blueprint" and outputs == 1):
        conv = getattr(nn, name)(inputs + 1, outputs + 1, kernel, dtype=torch.float64)
    _, report = fit(conv, f"{order}:multiplier={multiplier}")
    assert report.energy == pytest.approx(most_energy(conv, order, multiplier), abs=1e-10)
    assert (report.is_exact, report.output_error) == (True, None)


@pytest.mark.filterwarnings(SAME_EVEN)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", KINDS)
def test_at_full_rank_the_output_is_that_of_the_layer(kind: str, order: str) -> None:
    for dtype in (torch.float64, torch.float32):
        conv, inputs = of_kind(kind, dtype)
        for data in (None, inputs):
            block, report = fit(conv, full_rank(conv, order), data)
            assert relative(block(inputs), conv(inputs)) < EXACT[dtype]
            assert report.energy == pytest.approx(1)
        assert report.output_error is not None
        assert report.output_error < 1e-11


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_fitted_as_closely_as_it_can_be_written(dtype: torch.dtype, order: str) -> None:
    conv, inputs = of_kind("2-D", dtype)
    for data in (None, inputs):
        block, _ = fit(conv, full_rank(conv, order), data)
        assert {parameter.dtype for parameter in block.parameters()} == {dtype}
        assert relative(block(inputs), conv(inputs)) < EXACT[dtype]


@pytest.mark.parametrize("order", ORDERS)
def test_no_other_factors_are_closer(order: str) -> None:
    conv, _ = of_kind("2-D")
    block, _ = fit(conv, f"{order}:multiplier=2")
    padded = nn.Conv2d(3, 4, 3, padding=1, bias=False, dtype=torch.float64)
    padded.weight = conv.weight

    def distance(factors: list[torch.Tensor]) -> float:
        separable = order == "separable"
        first, second = factors if separable else reversed(factors)
        one, other = first.flatten(1), second.flatten(1)
        if separable:
            product = torch.einsum("cmk,ocm->ock", one.unflatten(0, (3, 2)), other.unflatten(1, (3, 2)))
        else:
            product = torch.einsum("omk,omc->ock", one.unflatten(1, (2, 9)), other.unflatten(0, (4, 2)))
        return float(np.linalg.norm(product.numpy() - weights_of(conv)))

    best = [parameter.detach() for parameter in block.parameters()]
    least = distance(best)
    for size in [1e-3, 0.1, 1.0] * 40:
        assert distance([each + size * torch.randn_like(each) for each in best]) > least
        assert distance([torch.randn_like(each) for each in best]) > least


@pytest.mark.parametrize("order", ORDERS)
def test_more_channels_keep_more(order: str) -> None:
    conv, _ = of_kind("2-D")
    energies = [fit(conv, f"{order}:multiplier={many}")[1].energy for many in range(1, 6)]
    assert energies == sorted(energies)
    assert energies[0] < 0.9 < energies[2]
    beyond, inputs = full_rank(conv, order).replace("=", "=1"), torch.randn(1, 3, 5, 5, dtype=torch.float64)
    assert relative(fit(conv, beyond)[0](inputs), conv(inputs)) < 1e-12  # more than the rank: zeros


FORMS = [
    "separable:multiplier=2", "blueprint:multiplier=2", "blueprint_subspace:ratio=0.5", "spatial", "bottleneck:ratio=2",
    "grouped", "grouped:groups=3,pointwise=true", "inverted:expansion=9",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_a_kernel_of_the_form_of_a_replacement_is_found(text: str) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(12, 6, 3, padding=1, dtype=torch.float64)
    drawn = replace_convolutions(conv, text)
    with torch.no_grad():
        conv.weight.copy_(kernel_of_block(drawn, conv))
    block, report = fit(conv, text)
    assert report.energy == pytest.approx(1, abs=1e-9)
    assert relative(kernel_of_block(block, conv), conv.weight) < 1e-5
    assert list(block.parameters())[-1].equal(list(conv.parameters())[-1])  # the bias


def test_a_kernel_of_a_form_without_a_closed_solution_is_nearly_found() -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(6, 8, 3, padding=1, dtype=torch.float64)
    drawn = replace_convolutions(conv, "inverted:expansion=2")
    with torch.no_grad():
        conv.weight.copy_(kernel_of_block(drawn, conv))
    _, report = fit(conv, "inverted:expansion=2")
    assert most_energy(conv, "separable", 2) < 0.7 < 0.999 < report.energy
    assert not report.is_exact


@pytest.mark.parametrize("text", FORMS)
def test_the_energy_is_what_the_block_has_of_the_kernel(text: str) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(6, 6, 3, padding=1, bias=False, dtype=torch.float64)
    block, report = fit(conv, text)
    kernel = conv.weight.detach()
    lost = (kernel_of_block(block, conv) - kernel).square().sum() / kernel.square().sum()
    assert report.energy == pytest.approx(1 - float(lost), abs=1e-9)
    assert report.is_exact == (len(list(block.parameters())) < 3)


@pytest.mark.parametrize("multiplier", [1, 3])
@pytest.mark.parametrize("order", ORDERS)
def test_it_costs_what_compare_says(order: str, multiplier: int) -> None:
    text = f"{order}:multiplier={multiplier}"
    conv = nn.Conv2d(6, 8, 3, padding=1, stride=2)
    cost = compare(Conv((10, 10), 6, 8, 3, padding=1, stride=2, bias=True), text).totals[text].cost
    block, _ = fit(conv, text, torch.randn(2, 6, 10, 10))
    with FlopCounterMode(display=False) as counter:
        block(torch.zeros(1, 6, 10, 10))
    assert sum(each.numel() for each in block.parameters()) == cost.params
    assert counter.get_total_flops() == 2 * cost.macs


@pytest.mark.parametrize("order", ORDERS)
def test_a_kernel_of_zeros_stays_zero(order: str) -> None:
    conv, inputs = of_kind("1-D")
    nn.init.zeros_(conv.weight)
    for data in (None, inputs):
        block, report = fit(conv, order, data)
        assert report.energy == 1
        assert block(inputs).allclose(conv(inputs), atol=1e-15)


def chain(*parts: partial[Conv]) -> Replacement:
    """Convolutions one after the other, as a replacement of a user's own."""

    def block(conv: Conv) -> Parts:
        made: list[tuple[str, Conv]] = []
        size, channels = conv.input_size, conv.in_channels
        for number, part in enumerate(parts):
            made.append((f"part{number}", part(size, channels)))
            size, channels = made[-1][1].output_size, made[-1][1].out_channels
        return tuple(made)

    return Replacement("mine", block)


def test_a_block_of_a_users_own_is_fitted_by_steps() -> None:
    """Depthwise, a pointwise in two groups, and another one: no form that is known."""
    torch.manual_seed(0)
    mine = chain(
        partial(Conv, out_channels=4, kernel_size=3, padding=1, groups=4),
        partial(Conv, out_channels=8, kernel_size=1, groups=2),
        partial(Conv, out_channels=6, kernel_size=1),
    )
    conv = nn.Conv2d(4, 6, 3, padding=1, dtype=torch.float64)
    first, report = fit(conv, mine)
    assert not report.is_exact
    assert report.energy == pytest.approx(most_energy(conv, "separable", 1), abs=1e-4)  # as much as it can have
    inputs = torch.randn(4, 4, 8, 8, dtype=torch.float64)
    _, with_data = fit(conv, mine, inputs)
    assert with_data.output_error is not None
    assert with_data.output_error < relative(first(inputs), conv(inputs)) ** 2
    torch.manual_seed(0)
    conv = nn.Conv2d(4, 6, 3, padding=1, dtype=torch.float64)
    again, _ = fit(conv, mine)
    assert all(map(torch.equal, again.parameters(), first.parameters()))


WIDE = "along each axis one part must have its kernel size, stride and dilation, and the others 1"


def bad(value: Any, dtype: torch.dtype = torch.float32) -> nn.Conv2d:
    conv = nn.Conv2d(4, 6, 5, padding=2, dtype=dtype)
    with torch.no_grad():
        conv.weight[1, 2, 3, 4] = value
    return conv


@pytest.mark.parametrize(
    ("conv", "replacement", "message"),
    [
        (bad(float("nan")), "separable", "its weights have NaN or infinite values"),
        (bad(float("inf"), torch.float16), "separable", "its weights have NaN or infinite values"),
        (bad(1j, torch.complex64), "separable", "its weights are complex"),
        (nn.Conv2d(4, 6, 5, device="meta"), "blueprint", "its weights have no values: they are on the meta device"),
        (bad(1), "separable:inner_activation=relu", "ReLU is among its parts, and only linear ones can be fitted"),
        (bad(1), "separable:inner_norm=true", "BatchNorm2d is among its parts, and only linear ones can be fitted"),
        (bad(1), chain(partial(Conv, out_channels=6, kernel_size=5, padding=2, activation="silu")),
         "SiLU is among its parts, and only linear ones can be fitted"),
        (bad(1), chain(partial(Conv, out_channels=6, kernel_size=3), partial(Conv, out_channels=6, kernel_size=3)),
         WIDE),
        (bad(1), chain(partial(Conv, out_channels=6, kernel_size=3)), WIDE),
        (nn.Conv2d(4, 6, 3, padding=1, stride=2),
         chain(partial(Conv, out_channels=6, kernel_size=1, stride=2), partial(Conv, out_channels=6, kernel_size=3)),
         WIDE),
    ],
)  # fmt: skip
def test_what_cannot_be_fitted_is_refused_by_its_name(conv: nn.Module, replacement: Any, message: str) -> None:
    with pytest.raises(ReplacementError) as refused:
        fit(conv, replacement)
    assert str(refused.value) == f"the convolution cannot be fitted: {message}"
    with pytest.raises(ReplacementError) as refused:
        replace_convolutions(nn.ModuleDict({"stem": nn.Conv2d(3, 4, 1), "deep": conv}), replacement, weights="fit")
    assert str(refused.value) == f"deep cannot be fitted: {message} (exclude keeps it)"


@pytest.mark.parametrize(
    ("given", "replacement", "message"),
    [
        (nn.Linear(3, 4), "separable", "a convolution of torch.nn is fitted, got Linear"),
        (nn.Conv2d(3, 4, 1), "separable", "this convolution cannot be replaced: 1×1"),
        (nn.Conv2d(4, 4, 3, groups=2), "separable", "this convolution cannot be replaced: grouped"),
        (nn.Conv2d(3, 4, 3), "grouped", "this convolution cannot be replaced: 2 groups do not divide its channels"),
    ],
)
def test_what_is_no_layer_to_fit(given: nn.Module, replacement: str, message: str) -> None:
    with pytest.raises(SepcostError) as refused:
        fit(given, replacement)
    assert str(refused.value) == message


@pytest.mark.skipif(sys.platform != "linux", reason="memory as Linux counts it")
def test_a_large_kernel_takes_less_memory_than_another_copy_of_it() -> None:
    program = """
import torch
from sepcost.pytorch import fit
from sepcost.pytorch.fitting import low_rank

def most():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

low_rank.AT_ONCE = 2**19
fit(torch.nn.Conv2d(8, 8, 3))
conv = torch.nn.Conv2d(2048, 2048, 3, bias=False, device="meta").to_empty(device="cpu")
torch.nn.init.normal_(conv.weight)
before = most()
_, report = fit(conv, "separable")
print((most() - before) * 1024 / conv.weight.nbytes, report.energy)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    copies, energy = map(float, done.stdout.split())
    assert copies < 1
    assert 0 < energy < 1

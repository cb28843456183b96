"""The kernels of a state dict as a network: costs are what torch counts, and what a shape does not say is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from sepcost import Replacement
from sepcost.count.comparison import Comparison
from sepcost.count.evaluation import evaluated
from sepcost.pytorch import replace_convolutions, replacement_plan
from sepcost.pytorch.weights.network import kernels_of, notes_on
from sepcost.pytorch.weights.reading import read_weights
from sepcost.pytorch.weights.weights import Weights
from tests.cases.models import small


def read(model: nn.Module, folder: Path) -> Weights:
    torch.save(model.state_dict(), folder / "w.pt")
    return read_weights(str(folder / "w.pt"))


def params(model: nn.Module) -> int:
    return sum(each.numel() for each in model.parameters())


@pytest.mark.parametrize("text", ["separable", "separable:multiplier=3", "blueprint", "spatial"])
def test_params_are_those_of_torch_before_and_after(text: str, tmp_path: Path) -> None:
    model = nn.Sequential(small(), nn.Conv2d(64, 8, (3, 5)), nn.Conv2d(8, 8, 1, bias=False))
    compared = Comparison.of(kernels_of(read(model, tmp_path), "w"), [Replacement.parse(text)])
    others = params(model) - sum(params(each) for each in model.modules() if isinstance(each, nn.Conv2d))
    assert compared.standard.cost.params == params(model) - others
    replaced = replace_convolutions(model, text)
    assert compared.totals[text].cost.params == params(replaced) - others


def test_what_is_kept_is_what_the_model_itself_keeps(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1), nn.Conv1d(8, 4, 1))
    compared = Comparison.of(kernels_of(read(model, tmp_path), "w"))
    assert {each.name: each.variants["separable"].kept for each in compared.layers} == replacement_plan(model)


def test_a_kernel_of_one_channel_is_kept_for_it_may_be_depthwise(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(1, 8, 3), nn.Conv2d(1, 1, 3))
    network = kernels_of(read(model, tmp_path), "w")
    assert [each.keep for each in network] == ["already depthwise, or one input channel"] * 2 + [None]


def test_a_kernel_with_two_names_is_counted_once(tmp_path: Path) -> None:
    first, second = nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3, bias=False)
    second.weight = first.weight
    weights = read(nn.Sequential(first, second), tmp_path)
    compared = Comparison.of(kernels_of(weights, "w"))
    assert compared.standard.cost.params == params(first)
    assert "weights: 1 has the kernel of 0" in notes_on(weights)


def test_counts_of_maps_are_not_known() -> None:
    network = kernels_of(Weights("w.pt", {"conv.weight": torch.ones(8, 3, 3)}), "w")
    snapshot = evaluated(Comparison.of(network))
    assert snapshot.only_params
    assert [snapshot.total[name] for name in ("params", "weight_bytes", "macs", "traffic_bytes")] == [
        72,
        288,
        None,
        None,
    ]


def test_what_a_shape_does_not_say_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    tensors = {
        "conv.weight": torch.ones(8, 3, 3),
        "pos_embed": torch.ones(1, 4, 8),
        "cls_token": torch.ones(1, 1, 8),
        "int.weight": torch.ones(8, 3, 3, dtype=torch.int8),
    }
    assert notes_on(Weights("w.pt", tensors)) == [
        "weights: a kernel's shape says neither groups nor transposed: each is read as O × C × its size, in one group",
        "weights: left out: pos_embed and 1 other: its name does not end in weight",
        "weights: left out: int.weight: it is int8, which is not computed with",
    ]
    assert notes_on(Weights("w.pt", {"fc.weight": torch.ones(2, 3)})) == []

"""Which tensors of a state dict are kernels of convolutions, and why the others are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, weight_norm

from sepcost.pytorch.weights.reading import read_weights
from sepcost.pytorch.weights.weights import Weights
from tests.cases.models import small

KERNEL = torch.ones(8, 3, 3, 3)
COMPUTED = "a weight is computed from it (weight_norm, spectral_norm, pruning): fit the model with these weights"


def read(contents: Any, folder: Path) -> Weights:
    torch.save(contents, folder / "w.pt")
    return read_weights(str(folder / "w.pt"))


def test_the_kernels_are_those_of_the_convolutions(tmp_path: Path) -> None:
    model = nn.Sequential(small(), nn.Conv1d(3, 8, 7), nn.ConvTranspose3d(2, 4, 2), nn.Linear(3, 4))
    weights = read(model.state_dict(), tmp_path)
    convolutions = {name: each for name, each in model.named_modules() if hasattr(each, "kernel_size")}
    assert list(weights.kernels) == list(convolutions)
    assert all(torch.equal(each, convolutions[name].weight) for name, each in weights.kernels.items())
    assert not weights.left_out


@pytest.mark.parametrize(
    "kernel", [KERNEL.double(), KERNEL.half(), KERNEL.bfloat16(), torch.ones(8, 3, 7), torch.ones(4, 2, 3, 3, 3)]
)
def test_kernels_have_any_precision_and_rank(kernel: torch.Tensor, tmp_path: Path) -> None:
    assert torch.equal(read({"weight": kernel, "conv.weight": kernel}, tmp_path).kernels["weight"], kernel)


def with_value(value: float) -> torch.Tensor:
    kernel = KERNEL.clone()
    kernel[3, 1, 2, 0] = value
    return kernel


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (lambda: KERNEL.to(torch.int8), "it is int8, which is not computed with"),
        (lambda: torch.quantize_per_tensor(KERNEL, 0.1, 0, torch.qint8), "it is qint8, which is not computed with"),
        (lambda: KERNEL.to(torch.complex64), "it is complex64, which is not computed with"),
        (lambda: KERNEL.to(torch.float8_e4m3fn), "it is float8_e4m3fn, which is not computed with"),
        (lambda: KERNEL.to_sparse(), "it is sparse_coo"),
        (lambda: KERNEL.to("meta"), "it has no values"),
        (lambda: torch.ones(8, 0, 3, 3), "it has no values"),
        (lambda: with_value(float("nan")), "it has values that are NaN or infinite"),
        (lambda: with_value(float("-inf")), "it has values that are NaN or infinite"),
    ],
)
def test_a_kernel_that_cannot_be_fitted_is_left_out_and_the_others_go_on(
    tensor: Any, reason: str, tmp_path: Path
) -> None:
    weights = read({"bad.weight": tensor(), "good.weight": KERNEL}, tmp_path)
    assert list(weights.kernels) == ["good"]
    assert weights.left_out == {"bad.weight": reason}


def test_tables_and_other_tensors_of_these_ranks_are_listed(tmp_path: Path) -> None:
    contents = {
        "conv.weight": KERNEL,
        "pos_embed": torch.ones(1, 197, 64),
        "relative_position_bias_table": torch.ones(4, 5, 6),
        "pos_embed.weight": torch.ones(1, 197, 64),
        "norm.weight": torch.ones(8, 14, 14),
        "norm.bias": torch.ones(8, 14, 14),
        "patch_embed.proj.weight": torch.ones(8, 3, 16, 16),
        "fc.weight": torch.ones(2, 3),
    }
    weights = read(contents, tmp_path)
    assert list(weights.kernels) == ["conv", "patch_embed.proj"]
    assert weights.left_out == {
        "pos_embed": "its name does not end in weight",
        "relative_position_bias_table": "its name does not end in weight",
        "pos_embed.weight": "its name is that of a table",
        "norm.weight": "its bias has 3 axes, and that of a convolution has one",
        "norm.bias": "its name does not end in weight",
    }


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("computed", "names"),
    [
        (weight_norm, ["0.weight_g", "0.weight_v"]),
        (parametrizations.weight_norm, ["0.parametrizations.weight.original0", "0.parametrizations.weight.original1"]),
        (
            parametrizations.spectral_norm,
            ["0.parametrizations.weight.original"],
        ),
        (nn.utils.spectral_norm, ["0.weight_orig"]),
    ],
)
def test_what_a_weight_is_computed_from_is_no_kernel(computed: Any, names: list[str], tmp_path: Path) -> None:
    model = nn.Sequential(computed(nn.Conv2d(3, 8, 3)), nn.Conv2d(8, 8, 3))
    weights = read(model.state_dict(), tmp_path)
    assert list(weights.kernels) == ["1"]
    assert weights.left_out == dict.fromkeys(names, COMPUTED)


def test_a_kernel_under_two_names_is_noted(tmp_path: Path) -> None:
    weights = read({"a.weight": KERNEL, "b.weight": KERNEL, "c.weight": KERNEL.clone()}, tmp_path)
    assert list(weights.kernels) == ["a", "b", "c"]
    assert weights.shared == {"b": "a"}


def test_a_state_dict_may_have_no_kernel(tmp_path: Path) -> None:
    weights = read(nn.Linear(3, 4).state_dict(), tmp_path)
    assert not weights.kernels
    assert not weights.left_out

"""Data in every form in which people have it, and what is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from sepcost import SepcostError
from sepcost.pytorch import replace_convolutions
from tests.pytorch.replacing.nets import missed

torch.manual_seed(0)
INPUTS = torch.randn(12, 3, 6, 6)
LABELS = torch.arange(12)


class Stream(IterableDataset[Tensor]):
    """Inputs whose number is not known."""

    def __iter__(self) -> Iterator[Tensor]:
        return iter(INPUTS)


class Masked(nn.Module):
    """Takes two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        y: Tensor = self.conv(x * mask)
        return y


def weights(data: Any, model: nn.Module | None = None, **options: Any) -> Tensor:
    """What one convolution gets on the data."""
    torch.manual_seed(1)
    model = model or nn.Sequential(nn.Conv2d(3, 5, 3))
    small = replace_convolutions(model, weights="fit", data=data, **options)
    return torch.cat([each.detach().flatten() for each in small.parameters()])


FORMS: dict[str, Callable[[], Any]] = {
    "a list": lambda: list(INPUTS.split(4)),
    "a list of lists": lambda: [[each] for each in INPUTS.split(4)],
    "a tuple of batches": lambda: INPUTS.split(4),
    "labels behind the inputs": lambda: [(each, LABELS[:4]) for each in INPUTS.split(4)],
    "by name": lambda: [{"input": each} for each in INPUTS.split(4)],
    "a generator": lambda: (each for each in INPUTS.split(4)),
    "a function": lambda: lambda: INPUTS.split(4),
    "a function that generates": lambda: lambda: (each for each in INPUTS.split(4)),
    "a loader": lambda: DataLoader(TensorDataset(INPUTS, LABELS), batch_size=4),
    "a loader of nobody knows how many": lambda: DataLoader(Stream(), batch_size=4),
}


@pytest.mark.parametrize("form", FORMS)
def test_data_has_many_forms(form: str) -> None:
    assert torch.allclose(weights(FORMS[form]()), weights(INPUTS), atol=1e-6)
    assert not torch.allclose(weights(FORMS[form]()), weights(INPUTS[:4]), atol=1e-3)
    one, again = (weights(FORMS[form](), distil=2) for _ in range(2))  # the data is needed twice
    assert torch.equal(one, again)


def test_one_tensor_and_one_mapping_are_a_batch() -> None:
    assert torch.equal(weights(INPUTS), weights({"input": INPUTS}))


def test_a_loader_may_shuffle() -> None:
    conv = nn.Sequential(nn.Conv2d(3, 5, 3))
    loader = DataLoader(TensorDataset(INPUTS, LABELS), batch_size=5, shuffle=True)
    small = replace_convolutions(conv, weights="fit", data=loader)
    assert missed(small, conv, INPUTS) < missed(replace_convolutions(conv, weights="fit"), conv, INPUTS)


def test_a_model_may_take_several_inputs() -> None:
    torch.manual_seed(0)
    model, mask = Masked(), (torch.rand(12, 1, 6, 6) > 0.5).float()
    by_place, by_name, with_labels = (
        weights(data, model) for data in ([(INPUTS, mask)], {"mask": mask, "x": INPUTS}, [[INPUTS, mask, LABELS]])
    )
    assert torch.equal(by_place, by_name)
    assert torch.equal(by_place, with_labels)
    assert not torch.equal(by_place, weights([(INPUTS, torch.ones_like(mask))], model))


def test_inputs_stay_as_they_are() -> None:
    inputs = INPUTS.clone()
    weights(inputs, nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(3, 5, 3)))
    assert torch.equal(inputs, INPUTS)


FORM = "must be a tensor, a list of batches, a DataLoader, or a function that returns one"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (3, f"data: {FORM}, got 3"),
        ("images", f"data: {FORM}, got 'images'"),
        (lambda: None, f"data: {FORM}, got None"),
        ([], "data: has no batch"),
        (lambda: iter(()), "data: has no batch"),
        (torch.zeros(0, 3, 6, 6), "data: has no samples"),
        ([None], "data: gives None, not inputs: return a tuple of those by position, a dict of those by name, or both "
         "as (args, kwargs)"),
        ({"image": INPUTS}, "forward does not take the inputs of data: missing a required argument: 'input'"),
        (INPUTS.double(), "the model does not run on the data: RuntimeError: Input type (double) and bias type (float) "
         "should be the same"),
        (INPUTS[:, :2], "the model does not run on the data: RuntimeError: Given groups=1, weight of size "
         "[5, 3, 3, 3], expected input[12, 2, 6, 6] to have 3 channels, but got 2 channels instead"),
    ],
)  # fmt: skip
def test_what_is_no_data_is_refused_in_one_line(data: Any, message: str) -> None:
    with pytest.raises(SepcostError) as refused:
        weights(data)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "fitted"}, "weights must be initial or fit, got 'fitted'"),
        ({"data": INPUTS}, "data is for weights='fit'"),
        ({"weights": "fit", "distil": 5}, "distil needs data"),
        ({"weights": "fit", "data": INPUTS, "distil": -1}, "distil must be a whole number of steps, got -1"),
    ],
)
def test_arguments_that_do_not_go_together(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SepcostError) as refused:
        replace_convolutions(nn.Sequential(nn.Conv2d(3, 5, 3)), **options)
    assert str(refused.value) == message

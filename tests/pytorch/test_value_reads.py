"""What a model may do with the values of its tensors, and what it may do with their shapes alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sepcost.pytorch.tracing.trace import trace

READS: dict[str, Callable[[Tensor], Any]] = {
    "item": lambda x: x.sum().item(),
    "bool": lambda x: bool(x.sum() > 0),
    "int": lambda x: int(x.sum()),
    "iteration": lambda x: [float(value) for value in x.flatten()[:2]],
    "tolist": lambda x: x.tolist(),
    "numpy": lambda x: x.numpy().max(),
    "nonzero": torch.nonzero,
    "where": lambda x: torch.where(x > 0),
    "mask": lambda x: x[x > 0],
    "masked_select": lambda x: x.masked_select(x > 0),
    "unique": torch.unique,
    "equal": lambda x: torch.equal(x, x + 1),
}
READS_NONE: dict[str, Callable[[Tensor], Any]] = {
    "shape": lambda x: x if x.shape[0] > 1 else x + 1,
    "arithmetic": lambda x: (x > 0).float().mean() + x.sigmoid().max(),
    "numbers": lambda x: x[:, [0, 2]][..., torch.tensor([1, 1])],
    "chosen": lambda x: torch.where(x > 0, x, x + 1),
    "sorted": lambda x: x.flatten().sort(),
}


class Does(nn.Module):
    def __init__(self, what: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3)
        self.what = what

    def forward(self, x: Tensor) -> Any:
        return self.what(self.conv(x))


@pytest.mark.parametrize("name", READS)
def test_reading_values_is_seen(name: str) -> None:
    assert trace(Does(READS[name]), [torch.zeros(1, 3, 8, 8)]).reads_values


@pytest.mark.parametrize("name", READS_NONE)
def test_what_reads_no_values_is_not(name: str) -> None:
    assert not trace(Does(READS_NONE[name]), [torch.zeros(1, 3, 8, 8)]).reads_values


def test_the_methods_of_tensors_are_theirs_again() -> None:
    before = [torch.Tensor.tolist, torch.Tensor.numpy, *vars(torch.Tensor)]
    with pytest.raises(ZeroDivisionError):
        trace(Does(lambda x: 1 / 0), [torch.zeros(1, 3, 8, 8)])
    assert [torch.Tensor.tolist, torch.Tensor.numpy, *vars(torch.Tensor)] == before

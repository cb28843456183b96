"""Small models that are hard to run: their right values are in the tests that name them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class ClassToken(nn.Module):
    """A view of a parameter goes into a submodule, as in CaiT, PiT and SAM."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.conv = nn.Conv2d(3, 8, 3)
        self.block = nn.Sequential(nn.Linear(8, 8))

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).flatten(2).transpose(1, 2)
        return x, self.block(self.token.expand(x.shape[0], -1, -1))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))


class Recurrent(nn.Module):
    """Torch's meta device takes the LSTM apart into products, which are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, x: Tensor) -> Any:
        return self.lstm(x)[0]

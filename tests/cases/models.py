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


class ListOfImages(nn.Module):
    """Detection models take a list of images."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, bias=False)

    def forward(self, images: list[Tensor]) -> Any:
        return [self.conv(image[None]) for image in images]


class WithTimestep(nn.Module):
    """Diffusion models take a scalar for each sample."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, padding=1)
        self.embed = nn.Linear(1, 8)

    def forward(self, x: Tensor, t: Tensor) -> Any:
        return self.conv(x) + self.embed(t[:, None].float())[:, :, None, None]


def small() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


class Pairs(nn.Module):
    """Runs on an even batch only."""

    def __init__(self) -> None:
        super().__init__()
        self.net = small()

    def forward(self, x: Tensor) -> Any:
        if x.shape[0] % 2:
            raise ValueError("batch must be even")
        a, b = self.net(x).chunk(2)
        return a @ b.T


class DataDependent(nn.Module):
    """Runs its second convolution only where the first one's mean is positive."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1)
        nn.init.ones_(self.a.weight)

    def forward(self, x: Tensor) -> Any:
        x = self.a(x)
        return self.b(x) if x.mean() > 0 else x


class WritesIntoItsInputs(nn.Module):
    """What it is given has one image less after each call."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, images: list[Tensor]) -> Any:
        return self.conv(images.pop().add_(1))


def traced() -> Any:
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
    return torch.jit.trace(net, torch.zeros(1, 3, 32, 32))  # type: ignore[no-untyped-call]

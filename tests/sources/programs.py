"""Models that tests export to files, with inputs, and their variants in other sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class UNet(nn.Module):
    """A transposed convolution, and a map that waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.deep = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.norm, self.up = nn.BatchNorm2d(16), nn.ConvTranspose2d(16, 8, 2, 2)
        self.head = nn.Conv2d(16, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        skip = nn.functional.relu(self.down(x))
        deep = nn.functional.relu(self.norm(self.deep(skip)))
        out: Tensor = self.head(torch.cat([self.up(deep), skip], 1))
        return nn.functional.interpolate(out, scale_factor=2, mode="bilinear")


class Residual(nn.Module):
    """Depthwise and grouped convolutions around which the input goes, pools, and a module that runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.grouped = nn.Conv2d(8, 8, (3, 1), padding=(2, 0), dilation=2, groups=2)
        self.twice = nn.Conv2d(8, 8, 1)
        self.pool, self.fc = nn.MaxPool2d(3, 2, 1), nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x + nn.functional.silu(self.norm(self.depthwise(x)))
        x = self.pool(x * torch.sigmoid(self.grouped(x)))
        x = self.twice(nn.functional.relu(self.twice(x)))
        scores: Tensor = self.fc(x.mean((2, 3)))
        return scores


class Recurrent(nn.Module):
    """An LSTM of two layers in both directions, a GRU, and a plain recurrent layer."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 5, 2, batch_first=True, bidirectional=True)
        self.gru, self.rnn = nn.GRU(10, 4, batch_first=True), nn.RNN(4, 3, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.rnn(self.gru(self.lstm(x)[0])[0])[0]
        return out


class Encoder(nn.Module):
    """A convolution in three dimensions, a transformer's layer, einsum, and products of maps."""

    def __init__(self) -> None:
        super().__init__()
        self.volume = nn.Conv3d(1, 8, 3, padding=1)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True)
        self.mixed = nn.Parameter(torch.ones(8, 6))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        tokens = self.layer(self.volume(x).flatten(2).transpose(1, 2))
        return torch.einsum("bld,de->ble", tokens, self.mixed), tokens @ tokens.transpose(1, 2)


class Exported(NamedTuple):
    """A model, its inputs, and the axes that a file may leave open, each with three other sizes."""

    model: Callable[[], nn.Module]
    shape: tuple[int, ...]
    axes: dict[int, str]
    sizes: tuple[tuple[int, ...], ...]

    def inputs(self, shape: tuple[int, ...] | None = None) -> tuple[Any, ...]:
        return (torch.zeros(self.shape if shape is None else shape),)


MODELS = {
    "unet": Exported(
        UNet, (2, 3, 64, 48), {0: "batch", 2: "height", 3: "width"}, ((1, 3, 32, 32), (3, 3, 96, 64), (5, 3, 128, 32))
    ),
    "residual": Exported(
        Residual, (2, 8, 15, 20), {0: "batch", 2: "height", 3: "width"}, ((1, 8, 9, 9), (3, 8, 31, 8), (4, 8, 64, 64))
    ),
    "recurrent": Exported(Recurrent, (2, 12, 8), {0: "batch"}, ((1, 12, 8), (3, 12, 8), (7, 12, 8))),
    "encoder": Exported(Encoder, (2, 1, 4, 6, 6), {0: "batch"}, ((1, 1, 4, 6, 6), (3, 1, 4, 6, 6), (5, 1, 4, 6, 6))),
}

"""Models that tests export to files, with inputs, and their variants in other sizes."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import sepcost
from sepcost import Network
from sepcost.errors import SepcostError
from sepcost.network.liveness import Peak, peak


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


def totals(network: Network) -> tuple[int, int]:
    costs = [node.cost for node in network]
    return sum(cost.macs for cost in costs), sum(cost.params for cost in costs)


def traffic_and_peak(network: Network) -> tuple[int, Peak | None]:
    assert network.schedule is not None
    return sum(node.cost.touched for node in network), peak(network.schedule, own=True)


def traced(each: Exported, shape: tuple[int, ...]) -> Network:
    return sepcost.load(each.model().eval(), inputs=each.inputs(shape))


class Measured(NamedTuple):
    """What a process says of a file, its MACs and params or why it is refused, and what it needs at most for that."""

    said: str
    seconds: float
    kilobytes: int

    @property
    def totals(self) -> list[int]:
        return [int(each) for each in self.said.split()]


def measured(file: Path) -> Measured:
    """Count a file in a process of its own, which has twenty seconds."""
    code = (
        "import resource, sys, time, sepcost\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n"
        "try:\n"
        "    costs = [node.cost for node in sepcost.load(sys.argv[1])]\n"
        "    print(sum(cost.macs for cost in costs), sum(cost.params for cost in costs))\n"
        "except sepcost.SepcostError as error:\n"
        "    print(error)\n"
        "print(time.process_time())\n"
        "print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    said, seconds, kilobytes = done.stdout.splitlines()
    return Measured(said, float(seconds), int(kilobytes))


def spoiled(data: bytes, number: int) -> bytes:
    """One of many corrupt forms: some bytes changed, cut off, put in, or moved."""
    chance = random.Random(number)
    place, many = chance.randrange(len(data)), chance.choice([1, 4, 64])
    noise = bytes(chance.randrange(256) for _ in range(many))
    return [
        data[:place] + noise + data[place + many :],
        data[:place],
        data[:place] + noise + data[place:],
        data[:place] + data[place + many :],
    ][number % 4]


LONGEST = 5
"""The seconds of work that no small file may take."""


def assert_counted_or_refused(file: Path) -> None:
    start = process_time()
    try:
        assert sepcost.load(file).nodes
        said = "one line"
    except SepcostError as error:
        said = str(error)
    assert len(said.splitlines()) == 1
    assert len(said) < 400
    assert process_time() - start < LONGEST

"""Small networks, trained in a second on images that are made."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.pytorch.learning import images


def block(inputs: int, outputs: int, *, norm: bool) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=not norm)
    return [conv, nn.BatchNorm2d(outputs), nn.ReLU()] if norm else [conv, nn.ReLU()]


def small_images(number: int) -> tuple[Tensor, Tensor]:
    """A corner of each image, and its class."""
    made, classes = images(number)
    return made[..., :8, :8], classes


@cache
def trained(*, norm: bool) -> Any:
    """Four convolutions that tell stripes from noise; nobody may change it."""
    torch.manual_seed(0)
    channels = (3, 8, 12, 12, 12)
    body = [each for sizes in pairwise(channels) for each in block(*sizes, norm=norm)]
    net = nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 4))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(60):
        inputs, classes = small_images(16)
        optimizer.zero_grad()
        functional.cross_entropy(net(inputs), classes).backward()
        optimizer.step()
    net.zero_grad()
    return net.eval()


@cache
def batches() -> list[Tensor]:
    """Eight of eight images, without their classes."""
    torch.manual_seed(1)
    return [small_images(8)[0] for _ in range(8)]


@cache
def unseen() -> Tensor:
    """Images that nothing was fitted to."""
    torch.manual_seed(2)
    return small_images(64)[0]


def missed(small: nn.Module, model: nn.Module, inputs: Tensor, among: Tensor | None = None) -> float:
    """The share of the variance of the model's outputs, by channels, that the other one misses."""
    with torch.no_grad():
        given, wanted = small(inputs).double(), model(inputs).double()
        every = wanted if among is None else model(among).double()
    means = every.transpose(0, 1).flatten(1).mean(1).reshape(1, -1, *[1] * (every.dim() - 2))
    variance = (every - means).square().sum() * len(wanted) / len(every)
    return float((given - wanted).square().sum() / variance)


def state(model: nn.Module) -> dict[str, Tensor]:
    """Copies of its weights and buffers."""
    return {name: each.clone() for name, each in model.state_dict().items()}

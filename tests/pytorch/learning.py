"""A deep network without norms, and a task on which it learns quickly: what a replaced one must still do."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

STEPS, BATCH, RATE = 150, 32, 1e-3


def without_norms() -> nn.Sequential:
    """Eight convolutions with ReLU, initialised as He et al. do (2015, arXiv:1502.01852)."""
    layers: list[nn.Module] = []
    channels = 3
    for outputs in (16, 32, 32, 64, 64, 64, 64, 64):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.ReLU()]
        channels = outputs
    net = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, 4))
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return net


def images(number: int) -> tuple[Tensor, Tensor]:
    """Images of 16×16 and their classes: stripes along either axis, one bright channel, or noise."""
    classes = torch.randint(4, (number,))
    made = 0.3 * torch.randn(number, 3, 16, 16)
    stripes = 2.0 * (torch.arange(16) // 2 % 2) - 1
    made[classes == 0] += stripes[:, None]
    made[classes == 1] += stripes
    made[classes == 2, 0] += 1.5
    return made, classes


def accuracy_after_training(net: nn.Module, steps: int = STEPS) -> float:
    """Of 256 fresh images, after this many steps of Adam."""
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    for _ in range(steps):
        inputs, classes = images(BATCH)
        optimizer.zero_grad()
        functional.cross_entropy(net(inputs), classes).backward()
        optimizer.step()
    inputs, classes = images(256)
    with torch.no_grad():
        return float((net(inputs).argmax(1) == classes).float().mean())


def variances(net: nn.Sequential, inputs: Tensor) -> list[float]:
    """Of the outputs of each convolution, or of what has replaced it."""
    found: list[float] = []
    with torch.no_grad():
        for module in net:
            inputs = module(inputs)
            if isinstance(module, (nn.Conv2d, nn.Sequential)):
                found.append(inputs.var().item())
    return found


def seeded(seed: int, make: Callable[[], nn.Sequential]) -> tuple[nn.Sequential, Tensor]:
    """The network of a seed, and standard normal inputs for it."""
    torch.manual_seed(seed)
    return make(), torch.randn(8, 3, 16, 16)

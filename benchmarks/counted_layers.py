"""The layers that conventions.py has counted: as torch modules, as sepcost's layers, and as closed forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.functional import conv2d, scaled_dot_product_attention

from sepcost import Conv, Linear, Pool
from sepcost.layers import Layer

IN, OUT, SIDE, TOKENS = 16, 32, 28, 10
AREA = SIDE * SIDE
OUTPUTS = OUT * AREA
IMAGE = (1, IN, SIDE, SIDE)
TEXT = (1, TOKENS, IN)


@dataclass(frozen=True)
class Case:
    """One layer: ``macs`` is the closed form for one sample; ``ours`` is None where sepcost has no such layer."""

    name: str
    build: Callable[[], nn.Module]
    macs: int
    ours: tuple[Layer, ...] | None
    shape: tuple[int, ...] = IMAGE

    def module(self) -> nn.Module:
        return self.build().eval()

    def input(self) -> torch.Tensor:
        return torch.zeros(self.shape)


class Twice(nn.Module):
    """The same convolution, used twice in one pass."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(IN, IN, 5, padding=2, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(self.conv(x))  # type: ignore[no-any-return]


class Functional(nn.Module):
    """A function of the input and a weight, called directly: there is no module for a hook to see."""

    def __init__(self, function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], *shape: int) -> None:
        super().__init__()
        self.function = function
        self.weight = nn.Parameter(torch.zeros(shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x, self.weight)


class Attention(nn.Module):
    """Self-attention with one head and no projections; one parameter, since calflops asks for one."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        head = x.unsqueeze(1)
        return scaled_dot_product_attention(head, head, head)


def convolve(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return nn.functional.conv2d(x, weight, padding=1)


def convolve_by_name(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return conv2d(x, weight, padding=1)


def product(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return x @ weight


def conv(kernel: int = 3, outputs: int = OUT, **options: Any) -> Callable[[], nn.Module]:
    return lambda: nn.Conv2d(IN, outputs, kernel, **{"padding": kernel // 2, "bias": False, **options})


def then(*makers: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*(make() for make in makers))


def ours(kernel: int = 3, outputs: int = OUT, **options: Any) -> Conv:
    return Conv((SIDE, SIDE), IN, outputs, kernel, **options)


DENSE = 9 * IN * OUT * AREA
DEPTHWISE, POINTWISE = 9 * IN * AREA, IN * OUT * AREA
UPSAMPLED = Conv((SIDE, SIDE), IN, OUT, 4, stride=2, padding=1, transposed=True)
UPSAMPLED_IN_GROUPS = Conv((SIDE, SIDE), IN, OUT, 4, stride=2, padding=1, transposed=True, groups=4)
SEPARABLE = (ours(3, IN, groups=IN), ours(1))

PLAIN = Case("3×3, `padding=1`", conv(), DENSE, (ours(padding=1),))
CASES = (
    PLAIN,
    Case("with a bias", conv(bias=True), DENSE, (ours(bias=True),)),
    Case("`padding='same'`", conv(padding="same"), DENSE, (ours(),)),
    Case("4×4, `padding='same'`", conv(4, padding="same"), 16 * IN * OUT * AREA, (ours(4),)),
    Case("stride 2", conv(stride=2), DENSE // 4, (ours(stride=2),)),
    Case("dilation 2", conv(dilation=2, padding=2), DENSE, (ours(dilation=2),)),
    Case("4 groups", conv(groups=4), DENSE // 4, (ours(groups=4),)),
    Case("depthwise", conv(outputs=IN, groups=IN), DEPTHWISE, SEPARABLE[:1]),
    Case("pointwise", conv(1), POINTWISE, SEPARABLE[1:]),
    Case("separable: depthwise, pointwise", then(conv(3, IN, groups=IN), conv(1)), DEPTHWISE + POINTWISE, SEPARABLE),
    Case(
        "transposed 4×4, stride 2",
        lambda: nn.ConvTranspose2d(IN, OUT, 4, stride=2, padding=1, bias=False),
        16 * IN * OUT * AREA,
        (UPSAMPLED,),
    ),
    Case(
        "the same in 4 groups",
        lambda: nn.ConvTranspose2d(IN, OUT, 4, stride=2, padding=1, groups=4, bias=False),
        16 * IN * OUT * AREA // 4,
        (UPSAMPLED_IN_GROUPS,),
    ),
    Case(
        "1-D, K = 3",
        lambda: nn.Conv1d(IN, OUT, 3, padding=1, bias=False),
        3 * IN * OUT * 100,
        (Conv((100,), IN, OUT, 3),),
        (1, IN, 100),
    ),
    Case(
        "3-D, 3×3×3",
        lambda: nn.Conv3d(IN, OUT, 3, padding=1, bias=False),
        27 * IN * OUT * 8**3,
        (Conv((8, 8, 8), IN, OUT, 3),),
        (1, IN, 8, 8, 8),
    ),
    Case("a batch of 2", conv(), DENSE, (ours(),), (2, *IMAGE[1:])),
    Case("5×5, one module used twice", Twice, 2 * 25 * IN * IN * AREA, (ours(5, IN), ours(5, IN))),
    Case("`nn.Linear`", lambda: nn.Linear(IN, OUT, bias=False), IN * OUT, (Linear(IN, OUT),), (1, IN)),
    Case(
        "`nn.Linear` on 10 tokens",
        lambda: nn.Linear(IN, OUT, bias=False),
        TOKENS * IN * OUT,
        (Conv.pointwise((TOKENS,), IN, OUT),),
        TEXT,
    ),
    Case("`F.conv2d(…)`", lambda: Functional(convolve, OUT, IN, 3, 3), DENSE, (ours(),)),
    Case("`conv2d(…)`, imported by name", lambda: Functional(convolve_by_name, OUT, IN, 3, 3), DENSE, (ours(),)),
    Case(
        "`x @ weight`",
        lambda: Functional(product, IN, OUT),
        TOKENS * IN * OUT,
        (Conv.pointwise((TOKENS,), IN, OUT),),
        TEXT,
    ),
    Case("`scaled_dot_product_attention`", Attention, 2 * TOKENS * TOKENS * IN, None, TEXT),
)
BEHIND = (
    Case("its bias", conv(bias=True), DENSE, (ours(bias=True),)),
    Case("`BatchNorm2d`", then(conv(), lambda: nn.BatchNorm2d(OUT)), DENSE, (ours(norm="batch"),)),
    Case("`ReLU`", then(conv(), nn.ReLU), DENSE, None),
    Case(
        "`MaxPool2d(2)`", then(conv(), lambda: nn.MaxPool2d(2)), DENSE, (ours(), Pool((OUT, SIDE, SIDE), kernel_size=2))
    ),
    Case(
        "`AdaptiveAvgPool2d(1)`",
        then(conv(), lambda: nn.AdaptiveAvgPool2d(1)),
        DENSE,
        (ours(), Pool((OUT, SIDE, SIDE), global_pool=True)),
    ),
)
ALONE = Case("`ReLU` alone", nn.ReLU, 0, None)
"""A module without parameters."""

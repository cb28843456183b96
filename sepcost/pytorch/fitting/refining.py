"""Refining: kernels of parts, changed until the error of their outputs, or of their product, is least."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from sepcost.pytorch.fitting.kernels import composed, dense
from sepcost.pytorch.fitting.moments import Moments

Error: TypeAlias = Callable[[Sequence[Tensor]], Tensor]
STEPS = 100
"""More steps hardly lower the error; each costs about as much as one evaluation of it."""
REMEMBERED = 20
SMALL = 1e-13
"""An error that is no more than what float64 loses."""
RIDGE = 1e-4
"""How much of the inputs' mean square every input gets besides, through the kernel as it was."""


class OutputError:
    """The mean square of what the outputs of convolutions miss, as a share of the wanted outputs' (around their means).

    ``kernel`` is the convolution's own: through it every input gets a little more variance (``RIDGE``), which keeps
    the weights that the data does not decide near those that they replace.
    """

    def __init__(self, groups: Sequence[int], moments: Moments, kernel: Tensor | None = None) -> None:
        self.groups, self.xx, self.yx = groups, moments.xx, moments.yx
        self.constant = float(moments.yy.sum())
        self.scale = self.constant or 1.0
        if kernel is not None:
            wanted = kernel.double().flatten(1)
            ridge = RIDGE * float(moments.xx.diagonal().mean())
            self.xx = moments.xx + ridge * torch.eye(len(moments.xx), dtype=torch.float64, device=moments.xx.device)
            self.yx = moments.yx + ridge * wanted
            self.constant += ridge * float(wanted.square().sum())

    def __call__(self, kernels: Sequence[Tensor]) -> Tensor:
        xx, yx = self.xx, self.yx
        first, groups = kernels[0], self.groups[0]
        if groups > 1 and len(kernels) == 2 and kernels[1][0, 0].numel() == 1:
            xx, yx = _through(first, groups, xx, yx)
            weights = dense(kernels[1], self.groups[1]).flatten(1)
        else:
            weights = composed(kernels, self.groups).flatten(1)
        return ((torch.mm(weights, xx) - 2 * yx) * weights).sum() / self.scale + self.constant / self.scale


class KernelError:
    """The squared norm of what the kernel of convolutions misses of another, as a share."""

    def __init__(self, groups: Sequence[int], kernel: Tensor) -> None:
        self.groups, self.kernel = groups, kernel.double()
        self.scale = float(self.kernel.square().sum()) or 1.0

    def __call__(self, kernels: Sequence[Tensor]) -> Tensor:
        return (composed(kernels, self.groups) - self.kernel).square().sum() / self.scale


def _through(kernel: Tensor, groups: int, xx: Tensor, yx: Tensor) -> tuple[Tensor, Tensor]:
    """The moments behind a grouped convolution, of which each group reads a part of the patch."""
    own = kernel.flatten(1).unflatten(0, (groups, -1))  # g, h/g, n/g
    half = torch.bmm(own, xx.unflatten(0, (groups, -1)))
    both = torch.einsum("ghfj,fkj->ghfk", half.unflatten(2, (groups, -1)), own)
    hidden = groups * own.shape[1]
    return both.reshape(hidden, hidden), torch.einsum("ogj,gkj->ogk", yx.unflatten(1, (groups, -1)), own).flatten(1)


def refined(kernels: Sequence[Tensor], error: Error, steps: int = STEPS) -> list[Tensor]:
    """Kernels with the least error that steps from these ones find: never with more.

    All parts change together, by L-BFGS (Nocedal 1980) with a line search. Parts in turn, each by least squares, needed
    twice as many evaluations.
    """
    start = [kernel.double() for kernel in kernels]
    with torch.no_grad():
        least = float(error(start))
    if least <= SMALL:
        return start
    found = [kernel.clone(memory_format=torch.contiguous_format).requires_grad_() for kernel in start]
    search = torch.optim.LBFGS(
        found, max_iter=steps, history_size=REMEMBERED, line_search_fn="strong_wolfe", tolerance_grad=0
    )

    def evaluated() -> Tensor:
        value = error(found)
        for kernel, gradient in zip(found, torch.autograd.grad(value, found)):
            kernel.grad = gradient.contiguous()
        return value.detach()

    with torch.enable_grad():
        search.step(evaluated)
    after = [kernel.detach() for kernel in found]
    with torch.no_grad():
        return after if float(error(after)) < least else start

"""Distilling: replaced layers are trained, briefly, until a network gives what the original gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from math import ceil
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from sepcost.errors import ModelError, SepcostError
from sepcost.pytorch.replacing.data import Batch, batches_of, evaluated, lost, outputs, spreads

HELD_OUT = 5
"""One batch of this many is held out."""
CHECKS = 20
"""How often the held-out batches are looked at."""
PATIENCE = 5
"""It stops after this many looks in a row with a larger loss each: in the second half, once the rate falls."""


class Distilled(NamedTuple):
    """The loss on the held-out batches before and after, and the steps that were made.

    A loss is the share of the variance of the original's outputs that is missed (``lost``).
    """

    before: float
    after: float
    steps: int


def distil(
    small: nn.Module,
    model: nn.Module,
    data: Any,
    *,
    steps: int = 200,
    learning_rate: float = 2e-3,
    whole: bool = False,
    seed: int = 0,
    done: Callable[[int], None] = lambda step: None,
) -> Distilled:
    """Train what is replaced in ``small`` so that its outputs come closer to the model's; no labels are needed.

    >>> from sepcost.pytorch import replace_convolutions
    >>> model, data = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten()), list(torch.randn(10, 4, 3, 6, 6))
    >>> small = replace_convolutions(model, weights="fit")
    >>> before, after, steps = distil(small, model, data, steps=20)
    >>> after < before
    True

    ``small`` is changed, ``model`` is not. What is trained are the parameters that the model has not under the same
    name; with ``whole``, all that require gradients. Norms and dropout are as at inference. ``data`` is as
    ``replace_convolutions`` takes it: one of five batches (of a single batch, a fifth of its samples) is held out. If
    their loss only rises, it stops early; ``small`` then has the weights that were best on them, which may be
    those that it had. Hinton et al. 2015 (arXiv:1503.02531) with Adam (arXiv:1412.6980), whose learning rate
    rises and falls once (arXiv:1708.07120). Raises SepcostError for bad arguments, ModelError if a model does not run.
    """
    if type(steps) is not int or steps < 1:
        raise SepcostError(f"steps must be a whole number from 1, got {steps!r:.60}")
    known = dict(model.named_parameters())
    named = [(name, each) for name, each in small.named_parameters() if each.is_floating_point()]
    trained = [each for name, each in named if (each.requires_grad if whole else name not in known)]
    if not trained:
        why = "no parameter requires gradients" if whole else "nothing is replaced in this model"
        raise SepcostError(f"{why}, so that there is nothing to distil")
    if any(each.dtype.itemsize < torch.float32.itemsize for each in trained):
        raise SepcostError("distilling takes steps too small for half precision: distil model.float()")
    batches = list(islice(batches_of(data, model), ceil(steps * HELD_OUT / (HELD_OUT - 1))))
    with evaluated(model, small), _only(trained, small):
        course = _Course(model, small, *_split(batches))
        return course.run(trained, steps, learning_rate, torch.Generator().manual_seed(seed), done)


class _Course:
    """The original and the copy that is to give what it gives, with the batches of both kinds."""

    def __init__(self, model: nn.Module, small: nn.Module, train: Sequence[Batch], held: Sequence[Batch]) -> None:
        self.model, self.small, self.train, self.held = model, small, train, held
        pieces = [*train, *held]
        self.scales = [each / len(pieces) for each in spreads(model, pieces)]

    def loss(self, batch: Batch) -> Tensor:
        """The square that is missed, as a share of the variance of the outputs."""
        with torch.no_grad():
            wanted = outputs(self.model, batch)
        several = zip(outputs(self.small, batch), wanted, self.scales)
        shares = [(ours - right).float().square().sum() / scale for ours, right, scale in several]
        loss = torch.stack(shares).mean()
        if not loss.requires_grad:
            raise ModelError(
                "the model's outputs have no gradients, so that it cannot be distilled: is it under no_grad?"
            )
        return loss

    def held_loss(self) -> float:
        """The share on what is held out."""
        return lost(self.model, self.small, self.held, [each * len(self.held) for each in self.scales])

    def run(
        self,
        trained: Sequence[nn.Parameter],
        steps: int,
        learning_rate: float,
        generator: torch.Generator,
        done: Callable[[int], None],
    ) -> Distilled:
        """Train; the parameters then have the values with the least loss on what is held out."""
        optimizer = torch.optim.Adam(trained, lr=learning_rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
        before = least = last = self.held_loss()
        best, worse, order = _values(trained), 0, list[int]()
        for step in range(1, steps + 1):
            order = order or torch.randperm(len(self.train), generator=generator).tolist()
            optimizer.zero_grad()
            with torch.enable_grad():
                self.loss(self.train[order.pop()]).backward()
            optimizer.step()
            schedule.step()
            done(step)
            if step % ceil(steps / CHECKS) == 0 or step == steps:
                loss = self.held_loss()
                worse, last = (0 if loss < last else worse + 1), loss
                if loss < least:
                    least, best = loss, _values(trained)
                if worse >= PATIENCE and step > steps / 2:
                    break
        optimizer.zero_grad()
        for parameter, value in zip(trained, best):
            parameter.copy_(value)
        return Distilled(before, least, step)


def _values(parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    return [each.detach().clone() for each in parameters]


@contextmanager
def _only(trained: Sequence[nn.Parameter], model: nn.Module) -> Iterator[None]:
    """In here only these parameters of the model require gradients."""
    required = [(each, each.requires_grad) for each in model.parameters()]
    for each, _ in required:
        each.requires_grad_(False)
    for each in trained:
        each.requires_grad_(True)
    try:
        yield
    finally:
        for each, was in required:
            each.requires_grad_(was)


def _split(batches: Sequence[Batch]) -> tuple[list[Batch], list[Batch]]:
    """Those to train on, and those that are held out; a single batch is cut into pieces first."""
    pieces = list(batches) if len(batches) > 1 else batches[0].cut(HELD_OUT)
    held = pieces[HELD_OUT - 1 :: HELD_OUT] or pieces[-1:]
    train = [each for each in pieces if not any(each is other for other in held)]
    if not train:
        raise SepcostError("data: has one sample, and distilling needs two: one is held out")
    return train, held

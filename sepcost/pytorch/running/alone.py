"""Alone: each layer of a trained model fitted and replaced by itself, while all others stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from math import isfinite
from typing import Any

import torch
from torch import nn

from sepcost.blocks.replacements import Replacement
from sepcost.errors import ReplacementError
from sepcost.measured.fits import Alone, Fit
from sepcost.pytorch.fitting.layer import fit_kernel, reason_not_to_fit
from sepcost.pytorch.fitting.moments import KINDS
from sepcost.pytorch.private import ConvModule
from sepcost.pytorch.replacing.data import Batches, evaluated, lost
from sepcost.pytorch.replacing.fitted import fit
from sepcost.pytorch.replacing.network import Layers, LayerTask, counterparts
from sepcost.pytorch.replacing.replacing import Replaced, copied

NEVER_RUNS = "it does not run on the first batch of the data"
OVERFLOWS = "the model's output would have NaN or infinite values"
"""Why layers are kept that could be replaced."""


def fitted_alone(
    model: nn.Module,
    replaced: Mapping[str, Replaced],
    batches: Batches | None,
    *,
    norms: bool = True,
    done: Callable[[], None] = lambda: None,
) -> Iterator[Alone]:
    """Each convolution under each replacement, whose texts are the keys, fitted on what reaches it in the model.

    Then the model runs on the batches, with that layer alone replaced: what its output loses.
    """
    names = {conv: name for each in replaced.values() for conv, name in each.names.items()}
    holder = nn.Sequential(copied(model, {}))  # the model may be a convolution itself
    with evaluated(model, holder):
        layers = Layers.of(model, names, batches.first) if batches else Layers({}, {})
        copies = counterparts(model, holder[0])
        for conv, name in names.items():
            norm = layers.norms.get(conv)
            runs = layers.runs.get(conv, 0)
            task = LayerTask(model, holder[0], conv, batches, runs, norm) if batches else None
            for text, each in replaced.items():
                if conv in each.parts:
                    yield Alone(name, text, *_alone(conv, each.parts[conv], task, holder, copies, norms=norms))
                    done()


def _alone(
    conv: ConvModule,
    parts: nn.Sequential,
    task: LayerTask | None,
    holder: nn.Sequential,
    copies: Mapping[nn.Module | None, nn.Module],
    *,
    norms: bool,
) -> tuple[Fit | None, float | None, str | None]:
    if reason := reason_not_to_fit(conv, parts):
        return None, None, reason
    if task and not task.runs:
        return None, None, NEVER_RUNS
    fit = fit_kernel(conv, parts)
    if task is None:
        return fit, None, None
    norm = copies.get(task.norm)
    with _in_place(holder, copies[conv], parts, norm):
        task.small = holder[0]
        fit = fit._replace(output_error=task.fit(parts, norm, norms=norms))
        loss = lost(task.model, task.small, task.batches)
    return (fit, loss, None) if isfinite(loss) else (None, None, OVERFLOWS)


@contextmanager
def _in_place(work: nn.Module, conv: nn.Module, parts: nn.Module, norm: nn.Module | None) -> Iterator[None]:
    """In here parts are in the place of a convolution; afterwards all is as it was, with its norm."""
    places = [name for name, module in work.named_modules(remove_duplicate=False) if module is conv]
    known: Any = deepcopy(norm.state_dict()) if norm is not None else None
    for name in places:
        work.set_submodule(name, parts)
    try:
        yield
    finally:
        for name in places:
            work.set_submodule(name, conv)
        if norm is not None:
            norm.load_state_dict(known)


def kernels_alone(
    kernels: Mapping[str, torch.Tensor],
    names: Iterable[str],
    replacements: Sequence[Replacement],
    done: Callable[[], None],
) -> Iterator[Alone]:
    """The kernels of these names under each replacement, each as a convolution by itself."""
    for name in names:
        kernel = kernels[name]
        out_channels, in_channels, *size = kernel.shape
        conv: Any = KINDS[False, len(size)](in_channels, out_channels, tuple(size), bias=False, device="meta")
        conv.weight = nn.Parameter(kernel, requires_grad=False)
        for replacement in replacements:
            try:
                yield Alone(name, replacement.text, fit(conv, replacement)[1])
            except ReplacementError as error:
                yield Alone(name, replacement.text, None, kept=str(error))
            done()

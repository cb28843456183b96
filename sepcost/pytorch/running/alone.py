"""Alone: each layer of a trained model fitted and replaced by itself, while all others stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
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
from sepcost.pytorch.replacing.replacing import Replaced


def fitted_alone(
    model: nn.Module,
    replaced: Mapping[str, Replaced],
    batches: Batches | None,
    *,
    with_loss: bool,
    done: Callable[[], None] = lambda: None,
) -> Iterator[Alone]:
    """Each convolution under each replacement, whose texts are the keys, fitted on what reaches it in the model.

    ``with_loss``: the model then runs on the batches, with that layer alone replaced.
    """
    names = {conv: name for each in replaced.values() for conv, name in each.names.items()}
    work = deepcopy(model)
    with evaluated(model, work):
        layers = Layers.of(model, names, batches.first) if batches else Layers({}, {})
        copies = counterparts(model, work)
        for conv, name in names.items():
            norm = layers.norms.get(conv)
            task = batches and LayerTask(model, work, conv, batches, layers.runs.get(conv, 0), norm)
            for text, each in replaced.items():
                if conv in each.parts:
                    found = _alone(conv, each.parts[conv], task or None, copies, with_loss=with_loss)
                    yield Alone(name, text, *found)
                done()


def _alone(
    conv: ConvModule,
    parts: nn.Sequential,
    task: LayerTask | None,
    copies: Mapping[nn.Module | None, nn.Module],
    *,
    with_loss: bool,
) -> tuple[Fit | None, float | None, str | None]:
    if reason := reason_not_to_fit(conv, parts):
        return None, None, reason
    fit = fit_kernel(conv, parts)
    if task is None or not task.runs:
        return fit, None, None
    norm = copies.get(task.norm)
    with _in_place(task.small, copies[conv], parts, norm):
        fit = fit._replace(output_error=task.fit(parts, norm, norms=True))
        return fit, lost(task.model, task.small, task.batches) if with_loss else None, None


@contextmanager
def _in_place(work: nn.Module, conv: nn.Module, parts: nn.Module, norm: nn.Module | None) -> Iterator[None]:
    """In here parts are in the place of a convolution; afterwards the model is as it was, with its norm."""
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

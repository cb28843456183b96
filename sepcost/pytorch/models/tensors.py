"""Tensors: those that a value or a model holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from sepcost.pytorch.private import memory_of


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in a value, or in what it holds, that have memory."""
    if isinstance(value, torch.Tensor):
        if memory_of(value) is not None:
            yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from tensors_in(each)
    elif isinstance(value, Mapping):
        yield from tensors_in(list(value.values()))


def tensors_of(model: nn.Module) -> Iterator[torch.Tensor]:
    """Parameters and buffers, and the tensors among the plain attributes and in their lists and dicts."""
    yield from model.parameters()
    yield from model.buffers()
    for module in model.modules():
        for value in vars(module).values():
            several = value.values() if isinstance(value, dict) else value
            held = several if isinstance(value, (dict, list, tuple)) else [value]
            yield from (each for each in held if isinstance(each, torch.Tensor))

"""Placement: a model on the meta device, where nothing is allocated, or on the CPU."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from sepcost.errors import SepcostError
from sepcost.pytorch.models.tensors import tensors_of
from sepcost.pytorch.private import NAMES_META, is_lazy
from sepcost.text.model_text import Device
from sepcost.text.wording import in_one_line

T = TypeVar("T")

META: Device = "meta"
CPU: Device = "cpu"
LONGEST = 160
ALLOCATING = {torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn}
"""The functions that make weights; a model may ask for the values of other tensors."""


class WeightsOnMeta(TorchFunctionMode):
    """Weights are made on the meta device; small computed tensors (``arange``, ``linspace``) have values.

    >>> with WeightsOnMeta():
    ...     nn.Linear(10**6, 10**6).weight.device.type, torch.linspace(0, 1, 3)[1].item()
    ('meta', 0.5)
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        options = dict(kwargs or {})
        if func in ALLOCATING and options.get("device") is None:
            options["device"] = META
        return func(*args, **options)


class Copies(TorchFunctionMode):
    """In here ``copy.deepcopy`` copies tensors to this device; for the meta device, it reads none."""

    def __init__(self, device: Device) -> None:
        super().__init__()
        self._device = device

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is torch.Tensor.__deepcopy__:
            original, memo = args
            return memo[id(original)] if id(original) in memo else memo.setdefault(id(original), self._copy(original))
        return self._copy(args[0]) if func is torch.Tensor.clone else func(*args, **(kwargs or {}))

    def _copy(self, tensor: torch.Tensor) -> torch.Tensor:
        empty = torch.empty_like(tensor, device=self._device)
        return empty if self._device == META else empty.copy_(tensor.detach())


def built(build: Callable[[], T], device: Device) -> T:
    """What the function builds, on this device unless it chooses another.

    On meta, a function that asks for the value of a tensor is called again, with only the weights on meta.
    """
    with _reproducible():
        return build() if device != META else _tried(build, torch.device(META), WeightsOnMeta())


def run(forward: Callable[[], T], device: Device) -> T:
    """What the function returns; tensors that it makes are on this device unless it chooses another.

    On meta, a function that asks for the values of its own tensors is called again, with those on the CPU.
    """
    with _reproducible():
        return forward() if device != META else _tried(forward, torch.device(META), ExitStack())


@contextmanager
def _reproducible() -> Iterator[None]:
    """In here random numbers are the same each time; afterwards they go on as if none had been drawn."""
    numpy = sys.modules.get("numpy")
    torchs, pythons, numpys = torch.get_rng_state(), random.getstate(), numpy.random.get_state() if numpy else None
    torch.default_generator.manual_seed(0)
    random.seed(0)
    if numpy:
        numpy.random.seed(0)
    try:
        yield
    finally:
        torch.set_rng_state(torchs)
        random.setstate(pythons)
        if numpy:
            numpy.random.set_state(numpys)


def misses_values(error: BaseException) -> bool:
    """Whether the meta device raised it because values or another device are needed."""
    return isinstance(error, (RuntimeError, ValueError, TypeError)) and NAMES_META.search(str(error)) is not None


def is_on(model: nn.Module, device: Device) -> bool:
    """Whether every tensor that the model's modules hold is on this device."""
    return all(tensor.device.type == device for tensor in tensors_of(model))


def copied_to(model: nn.Module, device: Device) -> nn.Module:
    """A copy of the model on this device, which shares what the model shares; the model stays as it is.

    >>> encoder = nn.Linear(3, 3)
    >>> copied = copied_to(nn.Sequential(encoder, encoder), "meta")
    >>> copied[0].weight is copied[1].weight, copied[0].weight.device.type, encoder.weight.device.type
    (True, 'meta', 'cpu')
    """
    lazy = [tensor for tensor in tensors_of(model) if is_lazy(tensor)]
    with Copies(device):
        return copy.deepcopy(model, {id(tensor): uninitialized(tensor, device) for tensor in lazy})


def _tried(call: Callable[[], T], first: Any, second: Any) -> T:
    """What the call returns in the first context or, if values are missing there, in the second."""
    try:
        with first:
            return call()
    except Exception as error:
        if not misses_values(error):
            raise
        missing = error
    try:
        with second:
            return call()
    except Exception:
        raise missing from None


def uninitialized(tensor: Any, device: torch.device | str | None = None) -> Any:
    """Another lazy parameter or buffer like this one: its shape comes from the first input."""
    return type(tensor)(tensor.requires_grad, torch.device(device or tensor.device), tensor.dtype)


def moved(model: nn.Module, device: str) -> nn.Module:
    """The model on a device of torch's, such as ``cuda:0``; a SepcostError where that is not possible.

    >>> moved(nn.Conv2d(3, 8, 3), "cpu").weight.device
    device(type='cpu')
    """
    try:
        return model.to(device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise SepcostError(f"--device {device}: {in_one_line(str(error), LONGEST)}") from None

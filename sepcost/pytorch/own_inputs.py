"""Inputs of one's own: what a user's function returns, or what a caller gives."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from sepcost.errors import ModelError
from sepcost.guests.apart import apart
from sepcost.pytorch.loading import check_arguments, described, importable, named_by
from sepcost.pytorch.own_code import RAISED, told
from sepcost.pytorch.placement import CPU, Copies, built
from sepcost.text.model_text import Device, ModelText

FORMS = "return a tuple of those by position, a dict of those by name, or both as (args, kwargs)"


@dataclass(frozen=True)
class OwnInputs:
    """What a model is called with, as somebody made it; ``source`` says who.

    >>> OwnInputs.of((torch.ones(2, 3), 5), "nets.py:inputs").args
    (tensor([[1., 1., 1.],
            [1., 1., 1.]]), 5)
    """

    source: str
    args: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Any, source: str) -> OwnInputs:
        """Inputs in the form in which functions return them; raises ModelError for anything else.

        A tuple or a list has those by position, a mapping those by name; a tuple of exactly two, a tuple and a mapping
        whose keys are texts, has both. A tensor by itself is the only input.

        >>> OwnInputs.of(((1, 2), {"mask": 3}), "f"), OwnInputs.of([[1, 2]], "f")
        (OwnInputs(source='f', args=(1, 2), named={'mask': 3}), OwnInputs(source='f', args=([1, 2],), named={}))
        """
        if isinstance(given, torch.Tensor):
            return cls(source, (given,))
        if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], tuple) and _has_names(given[1]):
            return cls(source, given[0], dict(given[1]))
        if isinstance(given, (tuple, list)):
            return cls(source, tuple(given))
        if _has_names(given):
            return cls(source, named=dict(given))
        raise ModelError(f"{source}: gives {described(given)}, not inputs: {FORMS}")

    def on(self, device: Device, model: nn.Module) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Copies of them, with every tensor on this device; raises ModelError where ``forward`` does not take them."""
        try:
            inspect.signature(model.forward).bind(*self.args, **self.named)
        except TypeError as error:
            many = f"{len(self.args)} inputs by position" if len(self.args) > 1 else ""
            hint = f"; {self.source} gives {many}: one that is a list goes in a tuple, (images,)" if many else ""
            raise ModelError(f"forward does not take the inputs of {self.source}: {error}{hint}") from None
        except ValueError:  # it says nothing about what it takes
            pass
        try:
            with Copies(device):
                return copy.deepcopy((self.args, dict(self.named)))
        except RAISED as error:
            raise ModelError(f"the inputs of {self.source} cannot be copied to {device}: {told(error)}") from None


def load_inputs(text: ModelText) -> OwnInputs:
    """What the function that the text names returns, on the CPU; it runs apart, and in the same way each time.

    Raises ModelError: with the line of the function's own code where that is what failed.
    """
    with importable(text), apart():
        function = named_by(text)
        if not callable(function) or isinstance(function, nn.Module):
            raise ModelError(f"{text}: is {described(function)}, not a function that returns inputs")
        check_arguments(text, function)
        try:
            returned = built(lambda: function(*text.arguments, **text.options), CPU)
        except RAISED as error:
            raise ModelError(f"{text}: {told(error)}") from None
    return OwnInputs.of(returned, str(text))


def _has_names(given: Any) -> bool:
    return isinstance(given, Mapping) and all(isinstance(name, str) for name in given)

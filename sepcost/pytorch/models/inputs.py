"""Inputs: what a model's ``forward`` is called with: zeros in a batch of one, or the user's own inputs."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import Parameter
from typing import Any, TypeAlias

import torch
from torch import nn

from sepcost.errors import ModelError
from sepcost.guests.apart import apart
from sepcost.pytorch.models.loading import check_arguments, described, importable, named_by
from sepcost.pytorch.models.own_code import RAISED, error_line
from sepcost.pytorch.models.placement import CPU, META, Copies, built
from sepcost.text.input_text import InputText
from sepcost.text.model_text import Device, ModelText
from sepcost.text.wording import did_you_mean, listed

SHAPES = "as in 3x224x224 or 77:int64, without the batch"
Inputs: TypeAlias = "Sequence[InputText] | OwnInputs"
HOW_TO_RETURN = "return a tuple of those by position, a dict of those by name, or both as (args, kwargs)"
BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class OwnInputs:
    """Inputs that a user's function returns, or that a caller gives; ``source`` names it.

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

        A tuple or a list has inputs by position, a mapping has inputs by name. A tuple of exactly two, a tuple and a
        mapping whose keys are texts, has both. A single tensor is the only input.

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
        raise ModelError(f"{source}: gives {described(given)}, not inputs: {HOW_TO_RETURN}")

    def on(self, device: Device, model: nn.Module) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Copies of them, with every tensor on this device; raises ModelError where ``forward`` does not take them."""
        try:
            inspect.signature(model.forward).bind(*self.args, **self.named)
        except TypeError as error:
            many = f"{len(self.args)} inputs by position" if len(self.args) > 1 else ""
            hint = f"; {self.source} gives {many}: one that is a list goes in a tuple, (images,)" if many else ""
            raise ModelError(f"forward does not take the inputs of {self.source}: {error}{hint}") from None
        except ValueError:  # it does not say what it takes
            pass
        try:
            with Copies(device):
                return copy.deepcopy((self.args, dict(self.named)))
        except RAISED as error:
            raise ModelError(f"the inputs of {self.source} cannot be copied to {device}: {error_line(error)}") from None


def load_inputs(text: ModelText) -> OwnInputs:
    """What the function that the text names returns, on the CPU; it returns the same each time.

    Raises ModelError, with the line of the function's own code if that failed.
    """
    with importable(text), apart():
        return OwnInputs.of(returned(text, function_named(text, "a function that returns inputs")), str(text))


def function_named(text: ModelText, what: str) -> Callable[..., Any]:
    """The function that the text names, inside of ``importable``; a ModelError for anything else."""
    function: Callable[..., Any] = named_by(text)
    if not callable(function) or isinstance(function, nn.Module):
        raise ModelError(f"{text}: is {described(function)}, not {what}")
    return function


def returned(text: ModelText, function: Callable[..., Any]) -> Any:
    """What a function returns for the arguments of the text, inside of ``importable``; ModelError if it fails."""
    check_arguments(text, function)
    try:
        return built(lambda: function(*text.arguments, **text.options), CPU)
    except RAISED as error:
        raise ModelError(f"{text}: {error_line(error)}") from None


def make_inputs(model: nn.Module, inputs: Inputs, *, device: Device = META) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What the model is called with, by position and by name: copies of the user's own inputs, or zeros.

    For each text there is a tensor of zeros, a batch of one.

    >>> args, named = make_inputs(nn.Conv2d(3, 8, 3), [InputText.parse("3x224x224")])
    >>> [tuple(tensor.shape) for tensor in args], named
    ([(1, 3, 224, 224)], {})

    Raises ModelError if ``forward`` does not take them, or needs others.
    """
    if isinstance(inputs, OwnInputs):
        return inputs.on(device, model)
    parameters = _parameters(model)
    _check_names(parameters, inputs)
    _check_number(parameters, inputs)
    _check_missing(parameters, model, inputs)
    args = tuple(_zeros(text, device) for text in inputs if text.name is None)
    return args, {text.name: _zeros(text, device) for text in inputs if text.name is not None}


def _parameters(model: nn.Module) -> dict[str, Parameter]:
    """The parameters of forward; if it does not say which, any number with any name."""
    try:
        return dict(inspect.signature(model.forward).parameters)
    except ValueError:
        kinds = {"inputs": Parameter.VAR_POSITIONAL, "named": Parameter.VAR_KEYWORD}
        return {name: Parameter(name, kind) for name, kind in kinds.items()}


def _check_names(parameters: dict[str, Parameter], texts: Sequence[InputText]) -> None:
    names = [text.name for text in texts if text.name is not None]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ModelError(f"input {twice[0]} is given twice")
    if _takes(parameters, Parameter.VAR_KEYWORD):
        return
    known = [name for name, parameter in parameters.items() if parameter.kind is not Parameter.VAR_POSITIONAL]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or (f"; it takes {listed(known)}" if known else "")
            raise ModelError(f"forward takes no input called {name}{hint}")


def _check_number(parameters: dict[str, Parameter], texts: Sequence[InputText]) -> None:
    places = _places(parameters)
    given = sum(text.name is None for text in texts)
    if given > len(places) and not _takes(parameters, Parameter.VAR_POSITIONAL):
        takes = f"{len(places)} ({', '.join(places)})" if places else "none"
        raise ModelError(f"{given} inputs are given without a name, and forward takes {takes}")
    for text in texts:
        if text.name in places[:given]:
            raise ModelError(f"input {text.name} is given twice: by its name, and by its place")


def _check_missing(parameters: dict[str, Parameter], model: nn.Module, texts: Sequence[InputText]) -> None:
    given = sum(text.name is None for text in texts)
    needed = _needed(parameters, model)
    missing = [name for name in needed if name not in {*_places(parameters)[:given], *(text.name for text in texts)}]
    if not missing and (texts or needed or not _takes(parameters, Parameter.VAR_POSITIONAL)):
        return
    if not texts and len(missing) < 2:
        takes = f"forward takes {missing[0]}" if missing else "forward takes inputs"
        raise ModelError(f"{takes}: give --input SHAPE, {SHAPES}")
    give = " ".join(f"--input {name}=SHAPE" for name in missing)
    raise ModelError(f"forward needs {listed(missing)}: give {give}, {SHAPES}")


def _needed(parameters: dict[str, Parameter], model: nn.Module) -> list[str]:
    """The parameters without a default; if all have one, the main input of a transformers model."""
    needed = [
        name
        for name, parameter in parameters.items()
        if parameter.default is Parameter.empty
        and parameter.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    ]
    main = getattr(model, "main_input_name", None)
    return needed or [name for name in parameters if name == main]


def _places(parameters: dict[str, Parameter]) -> list[str]:
    return [name for name, parameter in parameters.items() if parameter.kind in BY_POSITION]


def _takes(parameters: dict[str, Parameter], kind: Any) -> bool:
    return any(parameter.kind is kind for parameter in parameters.values())


def _zeros(text: InputText, device: Device) -> torch.Tensor:
    try:
        return torch.zeros((1, *text.shape), dtype=getattr(torch, text.dtype), device=device)
    except (RuntimeError, TypeError, OverflowError):  # it cannot count the elements, or has no room for them
        raise ModelError(f"input {text} is too large for torch") from None


def _has_names(given: Any) -> bool:
    return isinstance(given, Mapping) and all(isinstance(name, str) for name in given)

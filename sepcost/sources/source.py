"""Source: whatever a caller in Python compares, as a network or as a model that ran."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

from sepcost.errors import ModelError, SepcostError
from sepcost.layers import Layer
from sepcost.network.network import Network
from sepcost.sources.models import LoadedModel, run_model
from sepcost.sources.yaml import load_one, load_value
from sepcost.text.input_text import InputTexts, read_inputs, shape_text
from sepcost.text.model_text import Device, ModelText, is_model_text
from sepcost.text.units import as_text
from sepcost.text.wording import did_you_mean, in_one_line

if TYPE_CHECKING:
    from torch import nn

    from sepcost.pytorch.models.inputs import Inputs

Source: TypeAlias = "Layer | Network | nn.Module | str | PathLike[str] | Mapping[str, Any] | Sequence[Any]"
DEVICES: tuple[Device, ...] = ("meta", "cpu")
CALLER = "the caller"
"""Whose inputs they are that are no texts."""


def read_source(source: Source, inputs: Any = None, device: str = "meta") -> Network | LoadedModel:
    """A layer, a network, a file's name, a config's form, a model or its name; raises SepcostError for anything else.

    ``inputs`` and ``device`` are for models.
    """
    if device not in DEVICES:
        raise SepcostError(f"device: must be meta or cpu, got {device!r}{did_you_mean(str(device), DEVICES)}")
    if isinstance(source, str) and is_model_text(source):
        return run_model(ModelText.parse(source), _inputs(inputs), "cpu" if device == "cpu" else "meta")
    if _is_module(source):
        return _run(source, _inputs(inputs), "cpu" if device == "cpu" else "meta")
    if inputs is not None:
        raise SepcostError(f"inputs are for a model, and {_shown(source)} is none")
    if isinstance(source, Network):
        return source
    if isinstance(source, Layer):
        return Network.of(source)
    if isinstance(source, (str, PathLike)):
        return load_one(source)
    if isinstance(source, (Mapping, list, tuple)):
        return load_value(source)
    forms = "a Conv, a Network, a file's name, a dict as in YAML, a torch.nn.Module, or a model's name"
    raise SepcostError(f"nothing to compare: give {forms}, got {_shown(source)}")


def _inputs(given: Any) -> InputTexts | Inputs:
    """Texts and shapes as ``--input`` has them, or what a function of ``--input`` may return."""
    if given is None:
        return ()
    several = list(given) if isinstance(given, (tuple, list)) else [given]
    if _is_shape(given):
        several = [given]
    if several and all(isinstance(each, str) or _is_shape(each) for each in several):
        return _described([each if isinstance(each, str) else shape_text(each) for each in several])
    from sepcost.pytorch.models.inputs import OwnInputs

    return OwnInputs.of(given, CALLER)


def _described(texts: Sequence[str]) -> InputTexts:
    try:
        return read_inputs(texts)
    except ModelError as error:
        raise ModelError(f"inputs: {error}") from None


def _is_shape(given: Any) -> bool:
    return isinstance(given, (tuple, list)) and bool(given) and all(type(size) is int for size in given)


def _is_module(source: Any) -> bool:
    """Whether it is a model of torch's, which nobody can have who has not imported torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.nn.Module)


def _run(model: Any, inputs: InputTexts | Inputs, device: Device) -> LoadedModel:
    from sepcost.pytorch.running.running import as_network, copy_and_trace

    name = type(model).__name__
    ran = copy_and_trace(model, inputs, name=name, device=device)
    return LoadedModel(as_network(ran, name, device), ran.model, ran.inputs, device)


def _shown(source: Any) -> str:
    return in_one_line(as_text(source, repr), 60)

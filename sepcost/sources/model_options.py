"""How models are run and networks are read, as it was typed, or as a caller in Python gives it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from sepcost.errors import ModelError, SepcostError
from sepcost.text.input_text import InputTexts, read_inputs, shape_text
from sepcost.text.model_text import HOLDS_WEIGHTS, Device, ModelText, is_model_text, is_program, is_weights
from sepcost.text.quantities import read_bytes
from sepcost.text.units import NumberError, as_text, read_as, read_whole, shortened
from sepcost.text.wording import did_you_mean, listed

if TYPE_CHECKING:
    from sepcost.pytorch.models.inputs import Inputs

T = TypeVar("T")
DEVICES: tuple[Device, ...] = get_args(Device)
GRAPH_LIMIT = 8 * 2**20
NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?(e-?[0-9]{1,2})?", re.ASCII)
CALLER = "the caller"
"""The name of inputs that are not texts."""


@dataclass(frozen=True)
class ProgramOptions:
    """How programs in files are read: the sizes of symbols, the values of scalar inputs.

    ``limit`` is the most bytes that a graph may have, its weights apart; ``typed`` is the first option that was typed.
    """

    dims: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    limit: int = GRAPH_LIMIT
    typed: str = ""

    @classmethod
    def read(cls, dims: Sequence[str] | None, values: Sequence[str] | None, limit: str | None) -> ProgramOptions:
        """Read the options; a ModelError names the one that is wrong.

        >>> ProgramOptions.read(["width=320"], ["sr=16000"], None).dims
        {'width': 320}
        """
        sizes = _pairs("--dim", dims or (), read_whole)
        numbers = _pairs("--value", values or (), _number)
        most = GRAPH_LIMIT if limit is None else read_as("--graph-limit", read_bytes, limit)
        typed = [*(f"--dim {text}" for text in dims or ()), *(f"--value {text}" for text in values or ())]
        return cls(sizes, numbers, most, (typed or [f"--graph-limit {limit}" if limit is not None else ""])[0])

    @classmethod
    def of(
        cls, dims: Mapping[str, Any] | None, values: Mapping[str, Any] | None, limit: int | str | None
    ) -> ProgramOptions:
        """As a caller in Python gives them; a ModelError for what is no number."""
        for what, given, example in (("dims", dims, {"width": 320}), ("values", values, {"sr": 16000})):
            if given is not None and not isinstance(given, Mapping):
                raise ModelError(f"{what} must be a mapping such as {example}, got {as_text(given, repr)}")
        sizes = {name: read_as(f"dims[{name!r}]", read_whole, str(size)) for name, size in (dims or {}).items()}
        numbers = {name: read_as(f"values[{name!r}]", _number, str(value)) for name, value in (values or {}).items()}
        most = GRAPH_LIMIT if limit is None else read_as("graph_limit", read_bytes, str(limit))
        return cls(sizes, numbers, most, "dims" if dims else "values" if values else "")


USUAL = ProgramOptions()
"""Nothing is given."""


def _pairs(option: str, texts: Sequence[str], read: Callable[[str], T]) -> dict[str, T]:
    """The names and the values of NAME=VALUE."""
    found: dict[str, T] = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not equals or not name:
            raise ModelError(f"{option} {shortened(text)}: must be NAME=NUMBER, as in {option} width=320")
        if name in found:
            raise ModelError(f"{option} {shortened(name)} is given twice")
        found[name] = read_as(f"{option} {shortened(name)}", read, value)
    return found


def _number(text: str) -> float:
    if not NUMBER.fullmatch(text):
        raise NumberError(f"must be a number such as 16000 or 0.5, got {shortened(text)}")
    return float(text) if {".", "e"} & set(text) else int(text)


@dataclass(frozen=True)
class ModelOptions:
    """How models are run: on which inputs, on which device, and whether configs may name them.

    ``refusal`` is what is said of a config that names one and may not. With ``fold_norms`` norms are folded into their
    convolutions, in any network. ``file`` is for programs in files.
    """

    inputs: InputTexts | Inputs = ()
    device: Device = "meta"
    from_configs: bool = False
    refusal: str = "names code to run: give --run-models if you trust it"
    fold_norms: bool = False
    file: ProgramOptions = USUAL

    @classmethod
    def read(
        cls,
        inputs: Sequence[str] | None,
        device: Device,
        from_configs: bool,
        sources: Sequence[str],
        batch: str = "1",
        *,
        fold_norms: bool = False,
        file: ProgramOptions = USUAL,
    ) -> ModelOptions:
        """Read the options; raises ModelError for a wrong input, or one that no source would take."""
        are_programs = any(map(is_program, sources))
        try:
            read = read_inputs(inputs or (), any_name=are_programs)
        except ModelError as error:
            raise ModelError(f"--input {error}") from None
        what = f"{sources[0]} is not one" if sources else "none is given"
        if inputs and not from_configs and not are_programs and not any(map(is_model_text, sources)):
            runs = " (--run-models runs those that configs name)" * bool(sources)
            what = f"{sources[0]} {HOLDS_WEIGHTS}" if sources and is_weights(sources[0]) else f"{what}{runs}"
            raise ModelError(f"--input {inputs[0]} is for a model, and {what}")
        has_header = not (file.dims or file.values) and any(map(is_weights, sources))
        if file.typed and not are_programs and not has_header:
            raise ModelError(f"{file.typed} is for a program in a file, such as .onnx or .pt2, and {what}")
        if isinstance(read, ModelText) and batch != "1":
            raise SepcostError(f"--input {read} and --batch {batch} contradict each other: its inputs have their batch")
        return cls(read, device, from_configs, fold_norms=fold_norms, file=file)

    @classmethod
    def of(
        cls,
        inputs: Any = None,
        device: str = "meta",
        *,
        run_models: bool = False,
        fold_norms: bool = False,
        file: ProgramOptions = USUAL,
        any_name: bool = False,
    ) -> ModelOptions:
        """As a caller in Python gives them: texts, shapes, or whatever a function of ``--input`` may return.

        >>> ModelOptions.of((3, 224, 224)) == ModelOptions.of("3x224x224")
        True

        Raises SepcostError.
        """
        device = as_text(device)  # torch has objects for devices
        if device not in DEVICES:
            hint = did_you_mean(device, DEVICES)
            raise SepcostError(f"device: must be {listed(DEVICES, 'or')}, got {device!r}{hint}")
        return cls(_inputs(inputs, any_name), device, run_models, fold_norms=fold_norms, file=file)


def _inputs(given: Any, any_name: bool) -> InputTexts | Inputs:
    """Texts and shapes as ``--input`` has them, or what a function of ``--input`` may return."""
    if given is None:
        return ()
    several = list(given) if isinstance(given, (tuple, list)) and not _is_shape(given) else [given]
    names = [""] * len(several)
    if isinstance(given, Mapping):
        names, several = [f"{name}=" for name in given], list(given.values())
    if all(isinstance(each, str) or _is_shape(each) for each in several):
        texts = (each if isinstance(each, str) else shape_text(each) for each in several)
        return _described([f"{name}{text}" for name, text in zip(names, texts)], any_name)
    from sepcost.pytorch.models.inputs import OwnInputs

    try:
        return OwnInputs.of(given, CALLER)
    except ModelError:
        what = "a shape such as (3, 224, 224), a text such as '3x224x224', a tensor, or several"
        raise ModelError(f"inputs: must be {what}, got {as_text(given, repr)}") from None


def _described(texts: Sequence[str], any_name: bool) -> InputTexts:
    try:
        return read_inputs(texts, any_name=any_name)
    except ModelError as error:
        raise ModelError(f"inputs: {error}") from None


def _is_shape(given: Any) -> bool:
    return isinstance(given, (tuple, list)) and bool(given) and all(type(size) is int for size in given)

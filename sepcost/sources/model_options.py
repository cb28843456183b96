"""How models are run and networks are read, as it was typed, or as a caller in Python gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from sepcost.errors import ModelError, SepcostError
from sepcost.text.input_text import InputTexts, read_inputs, shape_text
from sepcost.text.model_text import Device, ModelText, is_model_text
from sepcost.text.units import as_text
from sepcost.text.wording import did_you_mean, listed

if TYPE_CHECKING:
    from sepcost.pytorch.models.inputs import Inputs

DEVICES: tuple[Device, ...] = get_args(Device)
GRAPH_LIMIT = 8 * 2**20
CALLER = "the caller"
"""The name of inputs that are not texts."""


@dataclass(frozen=True)
class ModelOptions:
    """How models are run: on which inputs, on which device, and whether configs may name them.

    ``refusal`` is what is said of a config that names one and may not. With ``fold_norms`` norms are folded into their
    convolutions, in any network. ``dims`` are the sizes of symbols in files, ``values`` those of scalar inputs,
    ``graph_limit`` the most bytes that a file's graph may have, its weights apart.
    """

    inputs: InputTexts | Inputs = ()
    device: Device = "meta"
    from_configs: bool = False
    refusal: str = "names code to run: give --run-models if you trust it"
    fold_norms: bool = False
    dims: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    graph_limit: int = GRAPH_LIMIT

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
    ) -> ModelOptions:
        """Read the options; raises ModelError for a wrong input, or one that no source would take."""
        try:
            read = read_inputs(inputs or ())
        except ModelError as error:
            raise ModelError(f"--input {error}") from None
        if inputs and not from_configs and not any(map(is_model_text, sources)):
            what = (
                f"{sources[0]} is not one (--run-models runs those that configs name)" if sources else "none is given"
            )
            raise ModelError(f"--input {inputs[0]} is for a model, and {what}")
        if isinstance(read, ModelText) and batch != "1":
            raise SepcostError(f"--input {read} and --batch {batch} contradict each other: its inputs have their batch")
        return cls(read, device, from_configs, fold_norms=fold_norms)

    @classmethod
    def of(
        cls, inputs: Any = None, device: str = "meta", *, run_models: bool = False, fold_norms: bool = False
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
        return cls(_inputs(inputs), device, run_models, fold_norms=fold_norms)


def _inputs(given: Any) -> InputTexts | Inputs:
    """Texts and shapes as ``--input`` has them, or what a function of ``--input`` may return."""
    if given is None:
        return ()
    several = list(given) if isinstance(given, (tuple, list)) and not _is_shape(given) else [given]
    names = [""] * len(several)
    if isinstance(given, Mapping):
        names, several = [f"{name}=" for name in given], list(given.values())
    if all(isinstance(each, str) or _is_shape(each) for each in several):
        texts = (each if isinstance(each, str) else shape_text(each) for each in several)
        return _described([f"{name}{text}" for name, text in zip(names, texts)])
    from sepcost.pytorch.models.inputs import OwnInputs

    try:
        return OwnInputs.of(given, CALLER)
    except ModelError:
        what = "a shape such as (3, 224, 224), a text such as '3x224x224', a tensor, or several"
        raise ModelError(f"inputs: must be {what}, got {as_text(given, repr)}") from None


def _described(texts: Sequence[str]) -> InputTexts:
    try:
        return read_inputs(texts)
    except ModelError as error:
        raise ModelError(f"inputs: {error}") from None


def _is_shape(given: Any) -> bool:
    return isinstance(given, (tuple, list)) and bool(given) and all(type(size) is int for size in given)

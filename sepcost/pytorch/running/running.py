"""Running: a user's model traced on its inputs, as a network; errors of its own code in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import NamedTuple

from torch import nn

from sepcost.count.figure import BY_NAME, HEADLINES
from sepcost.errors import MiscountError, ModelError
from sepcost.guests.apart import apart
from sepcost.network.network import Network
from sepcost.pytorch.compiler import without_compiler
from sepcost.pytorch.models.inputs import Inputs, OwnInputs, load_inputs, make_inputs
from sepcost.pytorch.models.loading import copy_of, importable, loaded, why_not_meta
from sepcost.pytorch.models.own_code import RAISED, error_line, own_line, raised, running_layer
from sepcost.pytorch.models.placement import META, misses_values, run
from sepcost.pytorch.private import NOT_IN_MODES
from sepcost.pytorch.tracing.trace import Trace, trace
from sepcost.text.input_text import InputText, InputTexts
from sepcost.text.model_text import Device, ModelText
from sepcost.text.wording import listed


class Ran(NamedTuple):
    """A model, what it ran, and its inputs."""

    model: nn.Module
    trace: Trace
    inputs: Inputs


def load_and_trace(text: ModelText, inputs: InputTexts | Inputs, *, device: Device = META) -> Ran:
    """The model that the text names, and what it runs on these inputs.

    >>> text, inputs = ModelText.parse("torch.nn:Conv2d(3, 8, 3, bias=False)"), [InputText.parse("3x10x10")]
    >>> traced = load_and_trace(text, inputs).trace
    >>> traced.macs, traced.params
    (13824, 216)

    Raises ModelError, with the line of the model's own code if that failed.
    """
    with importable(text):
        return _ran(loaded(text, device), inputs, str(text), device)


def copy_and_trace(model: nn.Module, inputs: InputTexts | Inputs, *, name: str, device: Device = META) -> Ran:
    """What a copy of a model runs on these inputs; the model itself stays as it is.

    >>> model = nn.Conv2d(3, 8, 3, bias=False)
    >>> copy_and_trace(model, [InputText.parse("3x10x10")], name="net").trace.macs, model.weight.device.type
    (13824, 'cpu')

    Raises ModelError.
    """
    with apart():
        copied = copy_of(model, name, device)
    return _ran(copied, inputs, name, device)


def _ran(model: nn.Module, inputs: InputTexts | Inputs, name: str, device: Device) -> Ran:
    if not isinstance(inputs, ModelText):
        return Ran(model, trace_model(model, inputs, name=name, device=device), inputs)
    with importable(inputs):  # the model may look for its classes while it runs
        own = load_inputs(inputs)
        return Ran(model, trace_model(model, own, name=name, device=device), own)


def trace_model(model: nn.Module, inputs: Inputs, *, name: str, device: Device = META) -> Trace:
    """What a model on the device runs on these inputs; ``name`` is its name in errors.

    It initialises lazy modules.
    """
    try:
        with apart(), without_compiler():
            try:
                return _traced(model, inputs, name, device)
            except RAISED as error:
                if isinstance(error, ModelError):
                    raise
                raise ModelError(_refusal(model, inputs, device, error)) from None
    except ModelError as error:
        raise ModelError(f"{name}: {error}") from None


def as_network(ran: Ran, name: str, device: Device) -> Network:
    """What ran, as a network of this name, with its inputs and what is not counted.

    Raises ModelError if nothing of it counts, and MiscountError if the layers don't add up to torch's own count.
    """
    traced, own = ran.trace, ran.inputs.source if isinstance(ran.inputs, OwnInputs) else None
    if not traced.network.nodes:
        raise ModelError(f"{name}: {_nothing(sorted(unknown for _, unknown in traced.uncounted))}")
    if not traced.agrees:
        raise MiscountError(f"{name}: {_difference(traced)}: please report it")
    return replace(
        traced.network,
        name=name,
        uncounted={_where(*place): many for place, many in traced.uncounted.items()},
        inputs=own,
        given=ran.inputs.source if isinstance(ran.inputs, OwnInputs) else " ".join(map(str, ran.inputs)),
        read_zeros=traced.reads_values and own is None and device != META,
    )


def _nothing(uncounted: Sequence[str]) -> str:
    """Why a model has no layers."""
    if uncounted:
        return f"runs nothing that can be counted: the cost of {', '.join(dict.fromkeys(uncounted))} is not known"
    return "runs nothing that counts: no operator with MACs, and it has no params"


def _difference(traced: Trace) -> str:
    """The sums of the layers that differ from torch's."""
    ours = reduce(add, (node.cost for node in traced.network))
    both = ((name, getattr(ours, name), getattr(traced, name)) for name in reversed(HEADLINES))
    differences = [
        f"{mine:,} {BY_NAME[name].header}, and torch counts {its:,}" for name, mine, its in both if mine != its
    ]
    return f"the layers have {'; '.join(differences)}"


def _where(path: str, operator: str) -> str:
    return f"{operator} in {path}" if path else operator


def _traced(model: nn.Module, inputs: Inputs, name: str, device: Device) -> Trace:
    def forward() -> Trace:
        args, named = make_inputs(model, inputs, device=device)
        return trace(model, args, named, name=name)

    return run(forward, device)


def _refusal(model: nn.Module, inputs: Inputs, device: Device, error: BaseException) -> str:
    """Why the forward pass failed, as far as that is known."""
    if device == META and misses_values(error):
        return why_not_meta(error)
    if any(said in str(error) for said in NOT_IN_MODES):
        instead = "; --device cpu runs some of them" if device == META else ""
        return f"runs an operator that torch's counter cannot run, such as while_loop or map{own_line(error)}{instead}"
    why = f"{raised(error)}{running_layer(error, model)}{own_line(error)}"
    if isinstance(inputs, OwnInputs):
        return f"does not run on the inputs of {inputs.source}: {why}"
    if not inputs:
        return f"needs inputs, it seems: give --input NAME=SHAPE: {error_line(error)}"
    if batched := _batch_hint(model, inputs, device):
        return batched
    return f"does not run on {listed([str(each) for each in inputs])}: {why}{_dtype_hint(model, inputs, device)}"


def _batch_hint(model: nn.Module, inputs: Sequence[InputText], device: Device) -> str:
    """What to give if the model runs without the 1 that its inputs begin with; or nothing."""
    wrong = [each for each in inputs if len(each.shape) > 1 and each.shape[0] == 1]
    right = [replace(each, shape=each.shape[1:]) if each in wrong else each for each in inputs]
    if not wrong or not _runs(model, right, device):
        return ""
    return f"{_given(wrong)} has the batch in it, which --batch sets: give {_given(right)}"


def _dtype_hint(model: nn.Module, inputs: Sequence[InputText], device: Device) -> str:
    """What to give if the model runs on inputs of another dtype, its weights' or int64; or nothing."""
    own = {str(each.dtype).removeprefix("torch.") for each in model.parameters() if each.is_floating_point()}
    for dtype in (*sorted(own), "int64"):
        for others in _with_dtype(inputs, dtype):
            if others != list(inputs) and _runs(model, others, device):
                return f"; it runs on {_given(others)}"
    return ""


def _with_dtype(inputs: Sequence[InputText], dtype: str) -> Iterator[list[InputText]]:
    """One of them with this dtype, or all."""
    for number in range(len(inputs)):
        yield [replace(each, dtype=dtype) if number == place else each for place, each in enumerate(inputs)]
    yield [replace(each, dtype=dtype) for each in inputs]


def _runs(model: nn.Module, inputs: Sequence[InputText], device: Device) -> bool:
    try:
        _traced(model, inputs, "", device)
    except RAISED:
        return False
    return True


def _given(inputs: Sequence[InputText]) -> str:
    return " ".join(f"--input {each}" for each in inputs)

"""Running: the model that a text names, traced on its inputs; what its own code raises is told in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from torch import nn

from sepcost.errors import ModelError
from sepcost.input_text import InputText
from sepcost.model_text import Device, ModelText
from sepcost.pytorch.compiler import without_compiler
from sepcost.pytorch.inputs import make_inputs
from sepcost.pytorch.loading import importable, load_model, why_not_meta
from sepcost.pytorch.own_code import RAISED, apart, own_line, raised, running_layer, told
from sepcost.pytorch.placement import META, misses_values, run
from sepcost.pytorch.tracing import Trace, trace
from sepcost.wording import listed


def load_and_trace(text: ModelText, inputs: Sequence[InputText], *, device: Device = META) -> tuple[nn.Module, Trace]:
    """The model that the text names, and what it runs on these inputs.

    >>> text, inputs = ModelText.parse("torch.nn:Conv2d(3, 8, 3, bias=False)"), [InputText.parse("3x10x10")]
    >>> model, traced = load_and_trace(text, inputs)
    >>> traced.macs, traced.params
    (13824, 216)

    Raises ModelError: with the line of the model's own code where that is what failed.
    """
    with importable(text):
        model = load_model(text, device=device)
        return model, trace_model(model, inputs, name=str(text), device=device)


def trace_model(model: nn.Module, inputs: Sequence[InputText], *, name: str, device: Device = META) -> Trace:
    """What a model that is on the device runs on these inputs; ``name`` is how errors call it.

    Lazily initialised modules are initialised for it.
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


def _traced(model: nn.Module, inputs: Sequence[InputText], name: str, device: Device) -> Trace:
    args, named = make_inputs(model, inputs, device=device)
    return run(lambda: trace(model, args, named, name=name), device)


def _refusal(model: nn.Module, inputs: Sequence[InputText], device: Device, error: BaseException) -> str:
    """Why the forward pass failed, as far as that can be found out."""
    if device == META and misses_values(error):
        return why_not_meta(error)
    if "NotImplementedType" in str(error) or "torch.ops.higher_order." in str(error):
        instead = "; --device cpu runs some of them" if device == META else ""
        return f"runs an operator that torch's counter cannot run, such as while_loop or map{own_line(error)}{instead}"
    if not inputs:
        return f"needs inputs, it seems: give --input NAME=SHAPE: {told(error)}"
    batched = _batch_hint(model, inputs, device)
    if batched:
        return batched
    why = f"{raised(error)}{running_layer(error, model)}{own_line(error)}"
    return f"does not run on {listed([str(each) for each in inputs])}: {why}{_dtype_hint(model, inputs, device)}"


def _batch_hint(model: nn.Module, inputs: Sequence[InputText], device: Device) -> str:
    """What to give where the model runs without the 1 that its inputs begin with; or nothing."""
    wrong = [each for each in inputs if len(each.shape) > 1 and each.shape[0] == 1]
    right = [replace(each, shape=each.shape[1:]) if each in wrong else each for each in inputs]
    if not wrong or not _runs(model, right, device):
        return ""
    return f"{_given(wrong)} has the batch in it, which --batch sets: give {_given(right)}"


def _dtype_hint(model: nn.Module, inputs: Sequence[InputText], device: Device) -> str:
    """What helps where the model runs on inputs of another dtype, its own weights' or whole numbers; or nothing."""
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

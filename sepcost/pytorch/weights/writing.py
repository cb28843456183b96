"""Writing: a model's weights, or the model itself as a program that runs without its code."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from sepcost.errors import ModelError
from sepcost.guests.apart import apart
from sepcost.pytorch.models.inputs import Inputs, OwnInputs, make_inputs
from sepcost.pytorch.models.loading import copy_of
from sepcost.pytorch.models.own_code import RAISED, error_line, raised
from sepcost.pytorch.models.tensors import tensors_in, tensors_of
from sepcost.pytorch.private import memory_of
from sepcost.text.wording import in_one_line

SAFETENSORS, PROGRAM, ONNX = ".safetensors", ".pt2", ".onnx"
BATCH = "batch"
TOLERANCE = 1e-4
"""By how much an output of a file may be off, as a share of the largest one; in half precision 8 of its last digits."""
LARGEST = 1536 << 20
"""Bytes of weights that torch writes into one .onnx file; it puts others into a second file."""
LONGEST = 160


class Sample(NamedTuple):
    """What a model is called with."""

    args: tuple[Any, ...]
    named: dict[str, Any]


def write_weights(model: nn.Module, path: Path) -> None:
    """Write the model's state dict: ``load_state_dict`` takes it as it is. What has two names is written twice."""
    from safetensors.torch import save_file

    tensors, written = {}, set[int | None]()
    try:
        for name, each in model.state_dict().items():
            tensor = each.detach().cpu().contiguous()
            tensors[name] = tensor.clone() if memory_of(tensor) in written else tensor
            written.add(memory_of(tensor))
        save_file(tensors, path, {"format": "pt"})
    except RAISED as error:
        raise ModelError(f"the weights cannot be saved as {SAFETENSORS}: {error_line(error)}") from None


def write_model(model: nn.Module, inputs: Inputs, path: Path) -> list[str]:
    """Write what the model computes as a program, by the end of the path's name; what is to be said of that.

    It is for batches of any size where torch can export that. The file is then run on the inputs (random ones where
    only shapes are given): ModelError where its output is not the model's. The model itself stays as it is.
    """
    copied = copy_of(model, "the model", "cpu").eval()
    if path.suffix.lower() == ONNX and sum(each.nbytes for each in tensors_of(copied)) > LARGEST:
        raise ModelError(f"the model has more weights than an {ONNX} file holds: save it as {PROGRAM}")
    sample = _sample(copied, inputs)
    notes = [] if _can_run(path) else ["the file was not run: onnxruntime is not installed"]
    with apart(), _no_logs(), torch.no_grad():
        try:
            _write_and_run(copied, sample, path, any_batch=True)
        except RAISED as error:
            reason = in_one_line(raised(error), LONGEST)
        else:
            return notes
        try:
            _write_and_run(copied, sample, path, any_batch=False)
        except RAISED as error:
            raise ModelError(f"the model cannot be saved as {path.suffix}: {error_line(error)}") from None
    return [*notes, f"the file runs with a batch of this size only: {reason}"]


def _can_run(path: Path) -> bool:
    return path.suffix.lower() != ONNX or find_spec("onnxruntime") is not None


def _sample(model: nn.Module, inputs: Inputs) -> Sample:
    """The user's own inputs, or random ones of these shapes."""
    sample, random = Sample(*make_inputs(model, inputs, device="cpu")), torch.Generator("cpu").manual_seed(0)
    for each in [] if isinstance(inputs, OwnInputs) else tensors_in(sample):
        if each.is_floating_point():
            each.normal_(generator=random)
    return sample


def _write_and_run(model: nn.Module, sample: Sample, path: Path, *, any_batch: bool) -> None:
    """Write the file, for any batch if that is wanted, and hold what it gives against what the model gives."""
    tensors = [each for each in tensors_in(sample) if each.dim()]
    doubled = {id(each): torch.cat([each, each]) for each in tensors if any_batch and len(each) == len(tensors[0])}
    given = deepcopy(sample, dict(doubled))  # from a batch of one, torch makes a program for a batch of one
    axes, names = (_axes(model, given, doubled.values(), kind) for kind in (torch.export.Dim(BATCH), BATCH))
    program = torch.export.export(model, *given, dynamic_shapes=axes)
    if path.suffix.lower() == ONNX:
        torch.onnx.export(program, (), path, dynamo=True, external_data=False, verbose=False, dynamic_shapes=names)
    else:
        torch.export.save(program, path)
    for each in (sample, given) if _can_run(path) else ():
        expected = list(tensors_in(model(*each.args, **each.named)))
        _compare(expected, _onnx_outputs(path, each) if path.suffix.lower() == ONNX else _outputs(path, each))


def _axes(model: nn.Module, given: Sample, batched: Collection[torch.Tensor], batch: Any) -> Any:
    """What torch calls dynamic shapes: this for the first axis of these inputs; None if there are none."""
    collection: Any = torch.export.ShapesCollection  # torch has no types for it
    axes = collection()
    for each in batched:
        axes[each] = {0: batch}
    return axes.dynamic_shapes(model, *given) if batched else None


def _outputs(path: Path, sample: Sample) -> list[torch.Tensor]:
    return list(tensors_in(torch.export.load(path).module()(*sample.args, **sample.named)))


def _onnx_outputs(path: Path, sample: Sample) -> list[torch.Tensor]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    arrays = (each.numpy() for each in tensors_in(sample))
    given = {put.name: array for put, array in zip(session.get_inputs(), arrays)}
    return [torch.from_numpy(each) for each in session.run(None, given)]


def _compare(expected: Sequence[torch.Tensor], found: Sequence[torch.Tensor]) -> None:
    shapes, ours = ([tuple(each.shape) for each in outputs] for outputs in (found, expected))
    if shapes != ours or not ours:
        raise ModelError(f"the file gives tensors of the shapes {shapes}, the model {ours}")
    for each, other in zip(expected, found):
        most = each.abs().nan_to_num(0, 0).max().item() if each.numel() else 0
        share = max(TOLERANCE, 8 * torch.finfo(each.dtype).eps) if each.is_floating_point() else 0
        if not torch.allclose(other.double(), each.double(), rtol=0, atol=share * most, equal_nan=True):
            raise ModelError("the file gives other outputs than the model: does it draw random numbers?")


@contextmanager
def _no_logs() -> Iterator[None]:
    """In here nothing is logged: exporters log what they try."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)

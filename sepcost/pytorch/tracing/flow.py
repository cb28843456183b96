"""Flow of torch: the maps that the operators of a forward pass read and write."""

from __future__ import annotations

import gc
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import torch

from sepcost.graphs.flow import Effect, Event, Flow, Tensor, fresh
from sepcost.pytorch.models.tensors import tensors_in
from sepcost.pytorch.private import Memory, memory_key, memory_of, packet_of, written

aten, quantized = torch.ops.aten, torch.ops.quantized

IN_PLACE = {
    aten._softmax, aten._safe_softmax, aten._log_softmax, aten.native_layer_norm, aten.native_group_norm,
    aten.native_batch_norm, aten.cudnn_batch_norm, aten._native_batch_norm_legit,
    aten._native_batch_norm_legit_no_training, aten._fused_rms_norm, aten.hardswish, aten.hardsigmoid,
    aten._prelu_kernel, aten._to_copy, quantized.add_relu, quantized.add_scalar, quantized.add_scalar_relu,
    quantized.batch_norm, quantized.batch_norm_relu, quantized.batch_norm1d, quantized.batch_norm1d_relu,
    quantized.batch_norm2d, quantized.batch_norm2d_relu, quantized.batch_norm3d, quantized.batch_norm3d_relu,
    quantized.celu, quantized.clamp, quantized.elu, quantized.group_norm, quantized.hardswish,
    quantized.instance_norm, quantized.layer_norm, quantized.leaky_relu, quantized.mul, quantized.mul_relu,
    quantized.mul_scalar, quantized.mul_scalar_relu, quantized.prelu, quantized.relu6, quantized.sigmoid,
    quantized.softmax, quantized.threshold,
}  # fmt: skip
"""Operators that can write over their input; those that torch tags as pointwise can, too."""
COPIES = {aten.clone}
"""Pointwise operators whose result is a map of its own."""
SUMS = {aten.add, aten.add_, quantized.add}
PRODUCTS = {aten.mul, aten.mul_, quantized.mul}
JOINS = {aten.cat, aten.stack, quantized.cat}
"""Operators whose parts' producers can write into the result."""


class TorchFlow(Flow):
    """The operators of a pass, as torch's dispatcher sees them; ``held`` are weights, which are no maps."""

    def __init__(self, held: Iterable[torch.Tensor] = ()) -> None:
        super().__init__()
        self._held = set(map(memory_of, held))
        self._known: dict[int, tuple[Memory, Tensor]] = {}

    def begin(self, inputs: Any) -> None:
        """Note what the model is given."""
        self.inputs = list(map(self._new, tensors_in(inputs)))

    def end(self, outputs: Any) -> None:
        """Note what the model returns and keeps: a map that is still there lives to the end."""
        returned = {each.memory: each for each in self._seen(tensors_in(outputs))}
        if self._kept().keys() - returned:
            gc.collect()  # what this frees is not kept
        self.outputs = list((returned | self._kept()).values())

    def add(
        self,
        name: str,
        func: Any,
        args: Sequence[Any],
        options: Mapping[str, Any],
        out: Any,
        call: Hashable | None = None,
    ) -> None:
        """Note an operator that ran.

        A constant is what the model was not given and no operator made. What an operator computes from constants
        alone is one too, unless the operator is a layer.
        """
        read, made = list(tensors_in((args, options))), list(tensors_in(out))
        over = list(tensors_in(written(func, args, options)))
        reads = self._seen(read)
        if read and not reads and call is None:
            return
        theirs = set(map(memory_of, read))
        new = [self._new(each) for each in made if not self.is_map(each) and memory_of(each) not in theirs]
        makes = [each for each in new if each.elements]
        changes = [self._new(each) for each in over if memory_of(each) not in self._held]
        kind = _kind(func) if makes or _kind(func) is not Effect.JOINS else Effect.MAKES
        if packet_of(func) is aten._to_copy and made[0].stride() != read[0].stride():
            kind = Effect.MAKES  # it has another layout
        copied = fresh(_tensor(made[0]), reads) if kind is Effect.JOINS else 0
        if makes or changes or (reads and (over or not made)):
            self.events.append(Event(name, reads, makes, changes, call, kind, copied))

    def is_map(self, tensor: torch.Tensor) -> bool:
        """Whether its memory was given to the model, or made by an operator of that: no constant."""
        return memory_of(tensor) in self._known

    def _new(self, tensor: torch.Tensor) -> Tensor:
        """The tensor, noted; its memory keeps its number, although it may be freed before the pass ends."""
        found = _tensor(tensor)
        self._known.setdefault(found.memory, (Memory(tensor), found))
        return found

    def _seen(self, tensors: Iterable[torch.Tensor]) -> list[Tensor]:
        return [_tensor(each) for each in tensors if self.is_map(each)]

    def _kept(self) -> dict[int, Tensor]:
        """The maps that were made and are still there."""
        given = {each.memory for each in self.inputs}
        return {
            memory: made
            for memory, (storage, made) in self._known.items()
            if memory not in given and not storage.is_gone
        }


@cache
def _kind(func: Any) -> Effect:
    packet = packet_of(func)
    if packet in JOINS:
        return Effect.JOINS
    if packet in SUMS:
        return Effect.ADDS
    if packet in PRODUCTS:
        return Effect.MULTIPLIES
    if packet in IN_PLACE or (torch.Tag.pointwise in func.tags and packet not in COPIES):
        return Effect.OVER
    return Effect.MAKES


def _tensor(tensor: torch.Tensor) -> Tensor:
    size, width = tensor.untyped_storage().nbytes(), tensor.element_size()
    lies = (tensor.storage_offset(), tensor.shape, tensor.stride())
    return Tensor(memory_key(tensor), size // width, width, tensor.numel(), lies)

"""Flow: which maps the operators of a forward pass read and write."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

import torch

from sepcost.network.schedule import Schedule, Step
from sepcost.pytorch.calls import Call
from sepcost.pytorch.ledger import memory_of
from sepcost.pytorch.private import Memory, memory_key, packet_of

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
"""What can write over its input beside the operators that torch tags as pointwise."""
COPIES = {aten.clone}
"""What is tagged as pointwise, and made to be a map of its own."""
SUMS = {aten.add, aten.add_, quantized.add}
JOINS = {aten.cat, aten.stack, quantized.cat}
"""What a producer can write into."""


class Tensor(NamedTuple):
    """A tensor that an operator reads or writes: in whose memory, how much that is, and where it lies in it."""

    memory: int
    elements: int
    width: int
    numel: int
    lies: tuple[Any, ...]

    @property
    def bytes(self) -> int:
        return self.elements * self.width

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its memory, each number once."""
        _, shape, strides = self.lies
        is_expanded = any(size > 1 and not stride for size, stride in zip(shape, strides))
        return self.numel * self.width == self.bytes and not is_expanded


class Kind(Enum):
    """What an operator does with the maps that it reads."""

    MAKES = "makes another map"
    OVER = "writes over one, if nobody reads it later"
    ADDS = "writes their sum over one, if nobody reads it later"
    JOINS = "puts them side by side, where they are"


@dataclass(frozen=True, slots=True)
class Event:
    """An operator that ran: what it read, what it made, and what it wrote over.

    ``fresh`` are elements of a concatenation that no operator has made: constants, and what is there several times.
    """

    name: str
    reads: Sequence[Tensor]
    makes: Sequence[Tensor]
    changes: Sequence[Tensor]
    call: Call | None
    kind: Kind
    fresh: int


class Flow:
    """The operators of a pass as they come; ``schedule`` says what becomes of their maps.

    ``unknown`` says which operator hides what it reads and writes: then nobody knows.
    """

    def __init__(self, held: Iterable[torch.Tensor] = ()) -> None:
        self.events: list[Event] = []
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.unknown: str | None = None
        self._held = set(map(memory_of, held))
        self._known: dict[int, tuple[Memory, Tensor]] = {}

    def begin(self, inputs: Any) -> None:
        """What the model is given."""
        self.inputs = list(map(self._new, tensors_in(inputs)))

    def end(self, outputs: Any) -> None:
        """What the model gives back, and what it keeps: whatever is still there lives to the end."""
        returned = {each.memory: each for each in self._seen(tensors_in(outputs))}
        if self._kept().keys() - returned:
            gc.collect()  # what only waits for that is not kept
        self.outputs = list((returned | self._kept()).values())

    def add(self, name: str, func: Any, given: Any, out: Any, call: Call | None = None) -> None:
        """An operator that ran.

        What neither the model was given nor an operator has made is a constant; so is what an operator computes from
        constants alone, unless it is a layer.
        """
        read, made = list(tensors_in(given)), list(tensors_in(out))
        reads, is_written = self._seen(read), _writes(func)
        if read and not reads and call is None:
            return
        theirs = set(map(memory_of, read))
        new = [self._new(each) for each in made if not self.is_map(each) and memory_of(each) not in theirs]
        makes = [each for each in new if each.elements]
        changes = [self._new(each) for each in made if memory_of(each) not in self._held] if is_written else []
        kind = _kind(func) if makes or _kind(func) is not Kind.JOINS else Kind.MAKES
        if packet_of(func) is aten._to_copy and made[0].stride() != read[0].stride():
            kind = Kind.MAKES  # it has another layout
        fresh = self._copied(read, made[0]) if kind is Kind.JOINS else 0
        if makes or changes or (reads and (is_written or not made)):
            self.events.append(Event(name, reads, makes, changes, call, kind, fresh))

    def schedule(self, nodes: Mapping[Call, tuple[int, str]]) -> Schedule | None:
        """Every map and the steps that read and write it; None where an operator hides it.

        ``nodes`` are the numbers and the names of the layers that calls are.
        """
        return None if self.unknown else _Plan(self, nodes).schedule()

    def is_map(self, tensor: torch.Tensor) -> bool:
        """Whether it is in memory that the model was given or an operator has made of that: no constant."""
        return memory_of(tensor) in self._known

    def _new(self, tensor: torch.Tensor) -> Tensor:
        """Its memory keeps its name, though it may be freed before the pass ends."""
        found = _tensor(tensor)
        self._known.setdefault(found.memory, (Memory(tensor), found))
        return found

    def _seen(self, tensors: Iterable[torch.Tensor]) -> list[Tensor]:
        return [_tensor(each) for each in tensors if self.is_map(each)]

    def _kept(self) -> dict[int, Tensor]:
        """What has been made and is still there."""
        given = {each.memory for each in self.inputs}
        return {
            memory: made
            for memory, (storage, made) in self._known.items()
            if memory not in given and not storage.is_gone
        }

    def _copied(self, parts: Sequence[torch.Tensor], whole: torch.Tensor) -> int:
        """How much of a concatenation no producer can write there: constants, other dtypes, and what is there twice."""
        wanted, distinct = Counter[int](), set[Tensor]()
        there: dict[int, int] = {}
        for part in map(_tensor, parts):
            wanted[part.memory] += part.numel
            distinct.add(part)
            there[part.memory] = (
                part.elements if part.memory in self._known and part.width == whole.element_size() else 0
            )
        once = Counter[int]()
        for part in distinct:
            once[part.memory] += part.numel
        return sum(many - min(there[memory], once[memory]) for memory, many in wanted.items())


class _Plan:
    """The events once more, now that it is known who reads what last."""

    def __init__(self, flow: Flow, nodes: Mapping[Call, tuple[int, str]]) -> None:
        self.flow = flow
        self.nodes = nodes
        self.direct = _direct_reads(flow)
        self.last = _last_reads(flow, self.direct)
        self.wholes = _wholes(flow)
        self.maps: dict[int, tuple[int, ...]] = {}
        self.holders: list[set[int]] = []
        self.sizes: list[int] = []
        self.widths: list[int] = []
        self.steps: list[Step] = []

    def schedule(self) -> Schedule:
        for each in self.flow.inputs:
            if each.memory not in self.maps:
                self._place_anew(each)
        inputs = tuple(range(len(self.sizes)))
        for number, event in enumerate(self.flow.events):
            if event.kind is Kind.JOINS:
                self._join(event)
            else:
                self._run(number, event)
        return Schedule(tuple(self.steps), tuple(self.sizes), inputs, self._of(self.flow.outputs), tuple(self.widths))

    def _join(self, event: Event) -> None:
        """Its parts are where the whole is, since their producers write there; what nobody produced is copied."""
        fresh = self._map(event.fresh, event.makes[0].width) if event.fresh else ()
        self._place(event.makes[0], self._of(event.reads) + fresh)
        if fresh:
            self.steps.append(Step(event.name, (), fresh))

    def _run(self, number: int, event: Event) -> None:
        reads: tuple[int, ...] = self._of(event.reads)
        writes: tuple[int, ...] = ()
        for each in event.changes:
            writes += self._of([each]) if self._has_room(number, each) else self._place_anew(each)
        makes = self._wanted(event)
        over = self._written_over(number, event, makes[0]) if makes and not event.changes else None
        if over is not None:
            writes += self._place(makes.pop(0), self.maps[over.memory])
        for each in makes:
            writes += self._place_anew(each)
        node, name = self.nodes.get(event.call, (None, event.name)) if event.call else (None, event.name)
        self.steps.append(Step(name, reads, writes, node, event.kind is Kind.ADDS))

    def _wanted(self, event: Event) -> list[Tensor]:
        """What somebody reads of what it makes; if nobody reads anything, the first of it."""
        wanted = [each for each in event.makes if each.memory in self.last]
        return wanted or list(event.makes[:1])

    def _written_over(self, number: int, event: Event, made: Tensor) -> Tensor | None:
        """What it reads for the last time, all of it and in one way, and has the size of what it makes."""
        if event.kind not in (Kind.OVER, Kind.ADDS):
            return None
        ways = Counter(memory for memory, _ in {(each.memory, each.lies) for each in event.reads})
        same = (each for each in event.reads if each.is_whole and made.is_whole and each.bytes == made.bytes)
        return next((each for each in same if ways[each.memory] == 1 and self._is_last(number, each)), None)

    def _has_room(self, number: int, tensor: Tensor) -> bool:
        """Whether it can be written where it is: in memory as large, which nobody reads later as something else."""
        room = sum(self.sizes[map_] * self.widths[map_] for map_ in self.maps.get(tensor.memory, ()))
        return 0 < tensor.bytes <= room and self._is_last(number, tensor, but=tensor.memory)

    def _is_last(self, number: int, tensor: Tensor, but: int | None = None) -> bool:
        """Whether nobody reads these maps later, except through one memory."""
        holders = {holder for map_ in self.maps[tensor.memory] for holder in self.holders[map_]}
        return all(self._last_read(holder, but) <= number for holder in holders - {but})

    def _last_read(self, memory: int, but: int | None) -> int:
        """The last read of a memory that is not one of a concatenation in this one."""
        wholes = self.wholes.get(memory, set())
        if but not in wholes:
            return self.last.get(memory, -1)
        others = (self.last.get(whole, -1) for whole in wholes - {but})
        return max(self.direct.get(memory, -1), *others, -1)

    def _map(self, elements: int, width: int) -> tuple[int]:
        self.sizes.append(elements)
        self.widths.append(width)
        self.holders.append(set())
        return (len(self.sizes) - 1,)

    def _place_anew(self, tensor: Tensor) -> tuple[int, ...]:
        return self._place(tensor, self._map(tensor.elements, tensor.width))

    def _place(self, tensor: Tensor, maps: tuple[int, ...]) -> tuple[int, ...]:
        self.maps[tensor.memory] = maps
        for map_ in maps:
            self.holders[map_].add(tensor.memory)
        return maps

    def _of(self, tensors: Iterable[Tensor]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(map_ for each in tensors for map_ in self.maps.get(each.memory, ())))


def _direct_reads(flow: Flow) -> dict[int, int]:
    """The last event that reads each memory itself."""
    last: dict[int, int] = {}
    for number, event in enumerate(flow.events):
        if event.kind is not Kind.JOINS:
            last |= dict.fromkeys((each.memory for each in event.reads), number)
    return last | dict.fromkeys((each.memory for each in flow.outputs), len(flow.events))


def _last_reads(flow: Flow, direct: Mapping[int, int]) -> dict[int, int]:
    """The last event that reads each memory; that of a concatenation reads its parts."""
    last = dict(direct)
    for event in reversed(flow.events):
        if event.kind is Kind.JOINS and event.makes[0].memory in last:
            for each in event.reads:
                last[each.memory] = max(last.get(each.memory, -1), last[event.makes[0].memory])
    return last


def _wholes(flow: Flow) -> dict[int, set[int]]:
    """The concatenations that each memory is a part of."""
    wholes: dict[int, set[int]] = {}
    for event in flow.events:
        if event.kind is Kind.JOINS:
            for each in event.reads:
                wholes.setdefault(each.memory, set()).add(event.makes[0].memory)
    return wholes


@cache
def _kind(func: Any) -> Kind:
    packet = packet_of(func)
    if packet in JOINS:
        return Kind.JOINS
    if packet in SUMS:
        return Kind.ADDS
    if packet in IN_PLACE or (torch.Tag.pointwise in func.tags and packet not in COPIES):
        return Kind.OVER
    return Kind.MAKES


def _writes(func: Any) -> bool:
    """Whether it writes over what it is given: as ``relu_`` does, or into its ``out``."""
    return bool(func.__name__.partition(".")[0].endswith("_") or func.__name__.endswith("out"))


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in a value, or in what it holds, that have memory."""
    if isinstance(value, torch.Tensor):
        if memory_of(value) is not None:
            yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from tensors_in(each)
    elif isinstance(value, Mapping):
        yield from tensors_in(list(value.values()))


def _tensor(tensor: torch.Tensor) -> Tensor:
    size, width = tensor.untyped_storage().nbytes(), tensor.element_size()
    lies = (tensor.storage_offset(), tensor.shape, tensor.stride())
    return Tensor(memory_key(tensor), size // width, width, tensor.numel(), lies)

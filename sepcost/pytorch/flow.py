"""Flow: which maps the operators of a forward pass read and write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from sepcost.pytorch.calls import Call
from sepcost.pytorch.ledger import memory_of
from sepcost.schedule import Schedule, Step

aten = torch.ops.aten

IN_PLACE = {
    aten._softmax, aten._safe_softmax, aten._log_softmax, aten.native_layer_norm, aten.native_group_norm,
    aten.native_batch_norm, aten.cudnn_batch_norm, aten._native_batch_norm_legit,
    aten._native_batch_norm_legit_no_training, aten._fused_rms_norm, aten.hardswish, aten.hardsigmoid,
    aten._prelu_kernel, aten._to_copy,
}  # fmt: skip
"""What can write over its input beside the operators that torch tags as pointwise."""
COPIES = {aten.clone}
"""What is tagged as pointwise, and made to be a map of its own."""
SUMS = {aten.add, aten.add_}
JOINS = {aten.cat, aten.stack}
"""What a producer can write into."""


class Tensor(NamedTuple):
    """A tensor that an operator reads or writes: in whose memory, how much that is, and whether it is all of it."""

    memory: int
    elements: int
    width: int
    is_whole: bool


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

    ``unknown`` is an operator that hides what it reads and writes: then nobody knows.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.unknown: str | None = None
        self._known: dict[int, StorageWeakRef] = {}

    def begin(self, inputs: Any) -> None:
        """What the model is given."""
        self.inputs = list(map(self._new, tensors_in(inputs)))

    def end(self, outputs: Any) -> None:
        """What the model gives back."""
        self.outputs = self._seen(tensors_in(outputs))

    def add(self, name: str, func: Any, given: Any, out: Any, call: Call | None = None) -> None:
        """An operator that ran. What neither the model was given nor an operator has made is a constant."""
        read, made = list(tensors_in(given)), list(tensors_in(out))
        reads = self._seen(read)
        theirs = set(map(memory_of, read))
        makes = [self._new(each) for each in made if not self._knows(each) and memory_of(each) not in theirs]
        kind = _kind(func) if makes or _kind(func) is not Kind.JOINS else Kind.MAKES
        fresh, changes = 0, []
        if kind is Kind.JOINS:
            fresh = sum(each.numel() for each in read if not self._knows(each) or each.numel() > _elements(each))
        if func.__name__.partition(".")[0].endswith("_") or func.__name__.endswith("out"):
            changes = self._seen(made)
        if makes or changes or (reads and not made):
            self.events.append(Event(name, reads, makes, changes, call, kind, fresh))

    def schedule(self, nodes: Mapping[Call, tuple[int, str]]) -> Schedule | None:
        """Every map and the steps that read and write it; None where an operator hides it.

        ``nodes`` are the numbers and the names of the layers that calls are.
        """
        return None if self.unknown else _Plan(self, nodes).schedule()

    def _knows(self, tensor: torch.Tensor) -> bool:
        return memory_of(tensor) in self._known

    def _new(self, tensor: torch.Tensor) -> Tensor:
        """Its memory keeps its name, though it may be freed before the pass ends."""
        found = _tensor(tensor)
        self._known.setdefault(found.memory, StorageWeakRef(tensor.untyped_storage()))  # type: ignore[no-untyped-call]
        return found

    def _seen(self, tensors: Iterable[torch.Tensor]) -> list[Tensor]:
        return [_tensor(each) for each in tensors if self._knows(each)]


class _Plan:
    """The events once more, now that it is known who reads what last."""

    def __init__(self, flow: Flow, nodes: Mapping[Call, tuple[int, str]]) -> None:
        self.flow = flow
        self.nodes = nodes
        self.last = _last_reads(flow)
        self.maps: dict[int, tuple[int, ...]] = {}
        self.holders: list[set[int]] = []
        self.sizes: list[int] = []
        self.widths: list[int] = []
        self.steps: list[Step] = []

    def schedule(self) -> Schedule:
        for each in self.flow.inputs:
            if each.memory not in self.maps:
                self._place(each, self._map(each.elements, each.width))
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
            others_read_it = not self._is_last(number, each, but=each.memory)
            writes += self._place(each, self._map(each.elements, each.width)) if others_read_it else self._of([each])
        makes = self._wanted(event)
        over = self._written_over(number, event, makes[0]) if makes and not event.changes else None
        if over is not None:
            writes += self._place(makes.pop(0), self.maps[over.memory])
        for each in makes:
            writes += self._place(each, self._map(each.elements, each.width))
        node, name = self.nodes.get(event.call, (None, event.name)) if event.call else (None, event.name)
        self.steps.append(Step(name, reads, writes, node, event.kind is Kind.ADDS))

    def _wanted(self, event: Event) -> list[Tensor]:
        """What somebody reads of what it makes; if nobody reads anything, the first of it."""
        wanted = [each for each in event.makes if each.memory in self.last]
        return wanted or list(event.makes[:1])

    def _written_over(self, number: int, event: Event, made: Tensor) -> Tensor | None:
        """What it reads for the last time, all of it, and has the size of what it makes."""
        if event.kind not in (Kind.OVER, Kind.ADDS):
            return None
        same = (each for each in event.reads if each.is_whole and made.is_whole and _bytes(each) == _bytes(made))
        return next((each for each in same if self._is_last(number, each)), None)

    def _is_last(self, number: int, tensor: Tensor, but: int | None = None) -> bool:
        """Whether nobody reads these maps later, except through one memory."""
        holders = {holder for map_ in self.maps[tensor.memory] for holder in self.holders[map_]}
        return all(self.last.get(holder, -1) <= number for holder in holders - {but})

    def _map(self, elements: int, width: int) -> tuple[int]:
        self.sizes.append(elements)
        self.widths.append(width)
        self.holders.append(set())
        return (len(self.sizes) - 1,)

    def _place(self, tensor: Tensor, maps: tuple[int, ...]) -> tuple[int, ...]:
        self.maps[tensor.memory] = maps
        for map_ in maps:
            self.holders[map_].add(tensor.memory)
        return maps

    def _of(self, tensors: Iterable[Tensor]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(map_ for each in tensors for map_ in self.maps[each.memory]))


def _last_reads(flow: Flow) -> dict[int, int]:
    """The last event that reads each memory; that of a concatenation reads its parts."""
    last: dict[int, int] = {}
    for number, event in enumerate(flow.events):
        if event.kind is not Kind.JOINS:
            last |= dict.fromkeys((each.memory for each in event.reads), number)
    last |= dict.fromkeys((each.memory for each in flow.outputs), len(flow.events))
    for event in reversed(flow.events):
        if event.kind is Kind.JOINS and event.makes[0].memory in last:
            for each in event.reads:
                last[each.memory] = max(last.get(each.memory, -1), last[event.makes[0].memory])
    return last


@cache
def _kind(func: Any) -> Kind:
    packet = func._overloadpacket
    if packet in JOINS:
        return Kind.JOINS
    if packet in SUMS:
        return Kind.ADDS
    if packet in IN_PLACE or (torch.Tag.pointwise in func.tags and packet not in COPIES):
        return Kind.OVER
    return Kind.MAKES


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in a value, or in what it holds, that take any memory."""
    if isinstance(value, torch.Tensor):
        if value.numel() and memory_of(value) is not None:
            yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from tensors_in(each)
    elif isinstance(value, Mapping):
        yield from tensors_in(list(value.values()))


def _tensor(tensor: torch.Tensor) -> Tensor:
    size, width = tensor.untyped_storage().nbytes(), tensor.element_size()
    return Tensor(tensor.untyped_storage()._cdata, size // width, width, tensor.numel() * width == size)


def _elements(tensor: torch.Tensor) -> int:
    return _tensor(tensor).elements


def _bytes(tensor: Tensor) -> int:
    return tensor.elements * tensor.width

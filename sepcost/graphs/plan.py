"""Plan: which operators write over which maps of a recorded program, and where each map is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import prod
from typing import Any

from sepcost.graphs.flow import Effect, Event, Flow, Tensor
from sepcost.network.schedule import Combined, Schedule, Step

MOST_PARTS = 128
"""The most parts that are put where their whole is: each reader of that reads them all."""
COMBINED = {Effect.OVER: None, Effect.ADDS: Combined.SUM, Effect.MULTIPLIES: Combined.PRODUCT}
"""The operators that can write over what they read, and what some make of two maps."""


def schedule(flow: Flow, nodes: Mapping[Any, tuple[int, str]]) -> Schedule | None:
    """Every map and the steps that read and write it; None if an operator hides it.

    ``nodes`` are the numbers and the names of the layers, by their calls.
    """
    joined = Flow(list(_joined(flow.events)), flow.inputs, flow.outputs)
    return None if flow.unknown else _Plan(joined, nodes).schedule()


class _Plan:
    """The events once more, now that the last read of each map is known."""

    def __init__(self, flow: Flow, nodes: Mapping[Any, tuple[int, str]]) -> None:
        self.flow = flow
        self.nodes = nodes
        self.direct = _direct_reads(flow)
        self.last = _last_reads(flow, self.direct)
        self.wholes = _wholes(flow)
        self.maps: dict[int, tuple[int, ...]] = {}
        self.joined: dict[int, dict[int, int]] = {}
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
            if event.kind is Effect.JOINS:
                self._join(event)
            else:
                self._run(number, event)
        return Schedule(tuple(self.steps), tuple(self.sizes), inputs, self._of(self.flow.outputs), tuple(self.widths))

    def _join(self, event: Event) -> None:
        """Put the parts where the whole is: their producers write there. What no operator produced is copied."""
        fresh = self._map(event.fresh, event.makes[0].width) if event.fresh else ()
        self._place(event.makes[0], self._of(event.reads) + fresh)
        self.joined[event.makes[0].memory] = dict(self._parts(event))
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
            for map_ in self.maps[over.memory]:
                self.holders[map_].clear()  # none of them is read again
            writes += self._place(makes.pop(0), self.maps[over.memory])
        for each in makes:
            writes += self._place_anew(each)
        node, name = self.nodes.get(event.call, (None, event.name)) if event.call else (None, event.name)
        self.steps.append(Step(name, reads, writes, node, COMBINED.get(event.kind), dict(self._parts(event))))

    def _parts(self, event: Event) -> Iterator[tuple[int, int]]:
        """The maps of which it reads a range of channels, and the first of these."""
        for each in event.reads:
            yield from self.joined.get(each.memory, {}).items()
            start, (map_, *more) = _start(each), self.maps[each.memory]
            if start is not None and not more:
                yield map_, start

    def _wanted(self, event: Event) -> list[Tensor]:
        """The maps that it makes and that are read later; if none is, the first."""
        wanted = [each for each in event.makes if each.memory in self.last]
        return wanted or list(event.makes[:1])

    def _written_over(self, number: int, event: Event, made: Tensor) -> Tensor | None:
        """A whole map of the size of the made one, which it reads in one way and for the last time."""
        if event.kind not in COMBINED:
            return None
        ways = Counter(memory for memory, _ in {(each.memory, each.lies) for each in event.reads})
        same = (each for each in event.reads if each.is_whole and made.is_whole and each.bytes == made.bytes)
        return next((each for each in same if ways[each.memory] == 1 and self._is_last(number, each)), None)

    def _has_room(self, number: int, tensor: Tensor) -> bool:
        """Whether it can be written where it is: the memory is large enough, and is not read later as another map."""
        room = sum(self.sizes[map_] * self.widths[map_] for map_ in self.maps.get(tensor.memory, ()))
        return 0 < tensor.bytes <= room and self._is_last(number, tensor, but=tensor.memory)

    def _is_last(self, number: int, tensor: Tensor, but: int | None = None) -> bool:
        """Whether these maps are not read later, except through one memory."""
        holders = {holder for map_ in self.maps[tensor.memory] for holder in self.holders[map_]}
        return all(self._last_read(holder, but) <= number for holder in holders - {but})

    def _last_read(self, memory: int, but: int | None) -> int:
        """The last read of a memory, apart from reads of the concatenation ``but``."""
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


def _start(tensor: Tensor) -> int | None:
    """The first channel of a tensor that is a range of a map's channels."""
    offset, shape, strides = tensor.lies
    is_range = len(shape) > 2 and not tensor.is_whole and strides[1] == prod(shape[2:]) > 0
    return offset // strides[1] if is_range else None


def _joined(events: Iterable[Event]) -> Iterator[Event]:
    """The events, of which a concatenation of too many parts is a copy."""
    parts: dict[int, int] = {}
    for event in events:
        if event.kind is Effect.JOINS:
            many = sum(parts.get(each.memory, 1) for each in event.reads)
            if many > MOST_PARTS:
                event = replace(event, kind=Effect.MAKES, fresh=0)
            else:
                parts[event.makes[0].memory] = many
        yield event


def _direct_reads(flow: Flow) -> dict[int, int]:
    """The last event that reads each memory itself."""
    last: dict[int, int] = {}
    for number, event in enumerate(flow.events):
        if event.kind is not Effect.JOINS:
            last |= dict.fromkeys((each.memory for each in event.reads), number)
    return last | dict.fromkeys((each.memory for each in flow.outputs), len(flow.events))


def _last_reads(flow: Flow, direct: Mapping[int, int]) -> dict[int, int]:
    """The last event that reads each memory; a read of a concatenation reads its parts."""
    last = dict(direct)
    for event in reversed(flow.events):
        if event.kind is Effect.JOINS and event.makes[0].memory in last:
            for each in event.reads:
                last[each.memory] = max(last.get(each.memory, -1), last[event.makes[0].memory])
    return last


def _wholes(flow: Flow) -> dict[int, set[int]]:
    """The concatenations that each memory is a part of."""
    wholes: dict[int, set[int]] = {}
    for event in flow.events:
        if event.kind is Effect.JOINS:
            for each in event.reads:
                wholes.setdefault(each.memory, set()).add(event.makes[0].memory)
    return wholes

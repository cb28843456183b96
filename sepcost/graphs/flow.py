"""Flow: a record of the maps that operators read and write, in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple


class Tensor(NamedTuple):
    """A tensor that an operator reads or writes: its memory, how large that is, and where the tensor is in it."""

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
        """Whether it has all numbers of its memory, each once."""
        _, shape, strides = self.lies
        is_expanded = any(size > 1 and not stride for size, stride in zip(shape, strides))
        return self.numel * self.width == self.bytes and not is_expanded


class Effect(Enum):
    """What an operator does with the maps that it reads."""

    MAKES = "makes another map"
    OVER = "writes over one, if no operator reads it later"
    ADDS = "writes their sum over one, if no operator reads it later"
    MULTIPLIES = "writes their product over one, if no operator reads it later"
    JOINS = "puts them side by side, where they are"
    VIEWS = "shows the first, or a part of it, in another shape"


@dataclass(frozen=True, slots=True)
class Event:
    """An operator that ran: what it read, what it made, and what it wrote over.

    ``call`` is the layer that it is, if it is one; ``plan.schedule`` looks it up. ``fresh`` are elements of a
    concatenation that no operator has made: constants, and what is there several times.
    """

    name: str
    reads: Sequence[Tensor]
    makes: Sequence[Tensor]
    changes: Sequence[Tensor]
    call: Hashable | None
    kind: Effect
    fresh: int


@dataclass(slots=True)
class Flow:
    """The operators in their order; ``plan.schedule`` decides where their maps are.

    ``unknown`` says which operator hides what it reads and writes: then no map is known.
    """

    events: list[Event] = field(default_factory=list)
    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)
    unknown: str | None = None


def fresh(whole: Tensor, parts: Iterable[Tensor]) -> int:
    """How much of a concatenation no producer can write: constants, other dtypes, and what is in it twice."""
    once, there = Counter[int](), {}
    for part in set(parts):
        once[part.memory] += part.numel
        there[part.memory] = part.elements if part.width == whole.width else 0
    return whole.numel - sum(min(there[memory], many) for memory, many in once.items())

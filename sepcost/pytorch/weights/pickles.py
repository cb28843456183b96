"""Pickles: what is in one is weighed before torch reads it; nothing is made of it here."""

from __future__ import annotations

from dataclasses import dataclass
from pickletools import OpcodeInfo, genops, markobject, opcodes
from typing import IO, Any

from sepcost.errors import ModelError

TOO_LARGE = "its pickle is too large: save the state dict alone, or as .safetensors"
LOOP = "holds a dict or a list that is in itself: save the state dict alone"
MOST, STEP = 2**23, 8
"""What a pickle may weigh: a step for each opcode, and the letters and objects of what it repeats."""
MAKES_MORE = ("bytearray", "_rebuild_device_tensor_from_cpu_tensor")
"""What makes more of its arguments than there is in the file."""
ENCODE, LATIN = "_codecs encode", "latin1"
"""How pickles write bytes; other encodings take the square of a text's length."""
PUTS, GETS = ("BINPUT", "LONG_BINPUT"), ("BINGET", "LONG_BINGET")
GROWS = ("APPEND", "APPENDS", "SETITEM", "SETITEMS", "BUILD")
READ = {
    *PUTS, *GETS, *GROWS, "PROTO", "MARK", "STOP", "GLOBAL", "REDUCE", "NEWOBJ", "BINPERSID", "TUPLE", "TUPLE1",
    "TUPLE2", "TUPLE3", "NONE", "NEWFALSE", "NEWTRUE", "EMPTY_TUPLE", "EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET", "BININT",
    "BININT1", "BININT2", "BINFLOAT", "BINUNICODE", "SHORT_BINSTRING", "LONG1",
}  # fmt: skip
"""The opcodes that torch reads as data: those of protocol 2."""
BEFORE = {each.name: each.stack_before for each in opcodes}
MARKED = {name for name, before in BEFORE.items() if markobject in before}
TAKES = {name: before.index(markobject) if name in MARKED else len(before) for name, before in BEFORE.items()}
"""How many things an opcode takes from the stack, below the last mark if it is one of ``MARKED``."""
LEAVES = READ & {each.name for each in opcodes if not each.stack_before and each.stack_after} - {*GETS, "MARK"}
"""What puts something on the stack and takes nothing."""


@dataclass(slots=True)
class _Thing:
    """Something on the stack of a pickle: how large it would be when all in it is written out."""

    weight: int = 1
    text: str = ""
    is_repeated: bool = False


class _Stack:
    """The stack of a pickle, and what it has noted to repeat it."""

    def __init__(self) -> None:
        self.things: list[_Thing] = []
        self.outer: list[list[_Thing]] = []
        self.memo: dict[Any, _Thing] = {}
        self.left = MOST

    def run(self, opcode: OpcodeInfo, arg: Any) -> None:
        name = opcode.name
        if name in PUTS:
            self.memo[arg] = self.things[-1]
        elif name in GETS:
            thing = self.memo[arg]
            thing.is_repeated = True
            self._spend(thing.weight)
            self.things.append(thing)
        elif name in LEAVES:
            text = arg if isinstance(arg, str) else ""
            self.things.append(_Thing(1 + len(text), text))
            self._spend(len(text))
        elif name == "MARK":
            self.outer.append(self.things)
            self.things = []
        elif opcode.stack_before:  # PROTO has none, and leaves the stack as it is
            self._make(name, self._taken(name))
        self._spend(STEP)

    def _spend(self, weight: int) -> None:
        self.left -= weight
        if self.left < 0:
            raise ModelError(TOO_LARGE)

    def _taken(self, name: str) -> list[_Thing]:
        """What the opcode takes."""
        marked: list[_Thing] = []
        if name in MARKED:
            marked, self.things = self.things, self.outer.pop()
        first = max(len(self.things) - TAKES[name], 0)
        taken = self.things[first:] + marked
        del self.things[first:]
        return taken

    def _make(self, name: str, parts: list[_Thing]) -> None:
        """Put on the stack what an opcode makes of its parts: the first of these, if that grows."""
        _check_encoding(name, parts)
        weight = sum([each.weight for each in parts])
        if name in GROWS and parts:
            if parts[0].is_repeated:  # what it is in already was weighed without what is put into it now
                raise ModelError(LOOP)
            parts[0].weight = weight
            self.things.append(parts[0])
        else:
            self.things.append(_Thing(1 + weight, parts[1].text if name == "TUPLE2" and len(parts) > 1 else ""))


def weigh(file: IO[bytes] | bytes) -> None:
    """Read one pickle; a ModelError if torch would make much more of it than there is."""
    stack = _Stack()
    for opcode, arg, _ in genops(file):
        if opcode.name not in READ:
            raise ModelError(f"its pickle has {opcode.name}, which torch.save does not write")
        if opcode.name == "GLOBAL" and str(arg).endswith(MAKES_MORE):
            raise ModelError(f"needs {str(arg).replace(' ', '.')}, which takes memory that no file limits")
        stack.run(opcode, arg)


def _check_encoding(name: str, parts: list[_Thing]) -> None:
    """A ModelError if something is encoded otherwise than pickles encode bytes."""
    if ENCODE in [each.text for each in parts] and (name, parts[-1].text) != ("REDUCE", LATIN):
        raise ModelError("its pickle has an encoding other than that of bytes")

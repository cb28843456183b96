"""Sizes: how large the inputs of a program in a file are, and the symbols in their shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import NamedTuple

from sepcost.errors import ModelError
from sepcost.sources.model_options import ModelOptions
from sepcost.text.input_text import USUAL_DTYPE, InputText, shape_text
from sepcost.text.model_text import ModelText
from sepcost.text.units import exact
from sepcost.text.wording import counted, did_you_mean, named

BATCH = re.compile(r"(\w+[_ -])?(mini)?batch([_ -]?(size|dim))?", re.IGNORECASE)
"""What the size of a batch is called, wherever it is."""
FIRST = re.compile(r"n|nb|b|bs|none|s\d+|unk__\d+|(p2o\.)?dynamicdimension\.\d+|", re.IGNORECASE)
"""Symbols that say little, or nothing: one that begins the first shape is the batch."""
NUMBERED = re.compile(r"s\d+")
"""Symbols that torch numbers: titles say that one is taken as the batch."""
LONGEST_NAME = 250
LARGEST = 2**31 - 1


class Declared(NamedTuple):
    """An input as its file declares it: a size is a number, a symbol, or an empty text where it has no name."""

    name: str
    shape: tuple[int | str, ...]
    dtype: str = "float32"

    @property
    def shown(self) -> str:
        """The shape as people write it: batchx3xheightxwidth."""
        return "x".join(str(size) or "?" for size in self.shape)


class Sized(NamedTuple):
    """The shapes of all inputs with their batch, the sizes of all symbols, and what was given, for titles.

    ``batch`` is the first size of the first input.
    """

    shapes: Mapping[str, tuple[int, ...]]
    symbols: Mapping[str, int]
    given: str
    batch: int


def sizes(declared: Sequence[Declared], options: ModelOptions, usual: Mapping[str, int] | None = None) -> Sized:
    """What each size is; ``usual`` are examples of the symbols, for messages.

    >>> image = Declared("image", ("batch", 3, "height", "width"))
    >>> sized = sizes([image], ModelOptions((InputText("image", (3, 320, 256)),)))
    >>> sized.shapes["image"], sized.given
    ((1, 3, 320, 256), 'image=3x320x256')

    A symbol has the size that is given, as ``--dim`` or in an ``--input``; that of the batch is 1 unless it is given.
    Raises ModelError for what is not given, does not fit, or is none of the file's, and for an input without numbers;
    only the state of an earlier step may be empty.
    """
    if any(len(str(text)) > LONGEST_NAME for each in declared for text in (each.name, *each.shape)):
        raise ModelError(f"has an input with a name of more than {LONGEST_NAME} characters")
    typed = _typed(declared, options)
    found = _of_dims(declared, options.file.dims)
    whole: dict[str, list[int | str]] = {each.name: list(each.shape) for each in declared}
    for each in declared:
        if each.name in typed:
            _match(each, typed[each.name], whole[each.name], found)
    examples = _Examples(usual or {}, _batches(declared))
    assumed = [f" ({symbol}=1)" for symbol in examples.batches if NUMBERED.fullmatch(symbol) and symbol not in found]
    found = {symbol: 1 if symbol else _first(declared, whole) for symbol in examples.batches} | found
    for each in declared:
        for axis, size in enumerate(whole[each.name]):
            whole[each.name][axis] = _known(each, axis, size, found, examples)
    shapes = {name: tuple(int(size) for size in shape) for name, shape in whole.items()}
    _check(shapes, typed)
    first = next((shape for shape in shapes.values() if shape), (1,))
    given = " ".join(_given(each, shapes[each.name]) for each in declared)
    return Sized(shapes, found, "".join([given, *assumed]), first[0])


def _first(declared: Sequence[Declared], whole: Mapping[str, Sequence[int | str]]) -> int:
    """The size of a batch without a name: as it was typed for the first input, else one."""
    first = next((whole[each.name][0] for each in declared if len(each.shape) > 1), 1)
    return first if isinstance(first, int) else 1


def _check(shapes: Mapping[str, tuple[int, ...]], typed: Mapping[str, InputText]) -> None:
    for number, (name, shape) in enumerate(shapes.items()):
        given = f"--input {typed[name]}" if name in typed else f"its input {name} is {shape_text(shape)}"
        if 0 in shape and not (number and shape[0]):
            raise ModelError(f"{given}: every size must be at least 1")
        if max(shape, default=0) > LARGEST:
            raise ModelError(f"{given}: no size may be larger than {exact(LARGEST)}")


def _typed(declared: Sequence[Declared], options: ModelOptions) -> Mapping[str, InputText]:
    """The texts by the inputs that they describe: by name, or in order."""
    example = _Examples({}, _batches(declared)).option(declared[0]) if declared else "--input NAME=SHAPE"
    if isinstance(options.inputs, ModelText):
        raise ModelError(f"is a file, which runs no code: give shapes, as in {example}, not a function")
    by_name = {each.name: each for each in declared}
    if not isinstance(options.inputs, tuple):
        raise ModelError(f"is a file: give shapes, as in {example}, not what a model is called with")
    texts: Sequence[InputText] = options.inputs
    free = iter([each.name for each in declared if each.name not in {text.name for text in texts}])
    found: dict[str, InputText] = {}
    for text in texts:
        name = text.name or next(free, None)
        if name is None:
            raise ModelError(f"has {counted(len(declared), 'input')}; --input {text} is one too many")
        if name not in by_name:
            raise _unknown(name, by_name)
        if name in found:
            raise ModelError(f"--input {name} is given twice")
        found[name] = text
    for name in options.file.values:
        if name not in by_name:
            raise _unknown(name, by_name)
    return found


def _unknown(name: str, known: Mapping[str, Declared]) -> ModelError:
    return ModelError(f"has no input {name}; its inputs are {named(list(known))}{did_you_mean(name, known)}")


def _of_dims(declared: Sequence[Declared], dims: Mapping[str, int]) -> dict[str, int]:
    known = list(dict.fromkeys(size for each in declared for size in each.shape if isinstance(size, str) and size))
    for symbol in dims:
        if symbol not in known:
            there = f"its symbols are {named(known)}" if known else "no size of its inputs is one"
            raise ModelError(f"has no symbol {symbol}; {there}{did_you_mean(symbol, known)}")
    return dict(dims)


def _match(declared: Declared, text: InputText, whole: list[int | str], found: dict[str, int]) -> None:
    """Put the sizes of a text into the shape, and note those of symbols."""
    if text.dtype not in (USUAL_DTYPE, declared.dtype):
        raise ModelError(f"--input {text}: {declared.name} is {declared.dtype}")
    missing = len(declared.shape) - len(text.shape)
    if missing not in (0, 1):
        axes = f"{len(declared.shape)} axes ({declared.shown}), the batch included"
        raise ModelError(f"--input {text}: the file has {axes}, got {len(text.shape)}")
    for axis, size in enumerate(text.shape, start=missing):
        wanted = declared.shape[axis]
        before = found.get(wanted, size) if isinstance(wanted, str) else wanted
        if before != size:
            what = "is fixed, at" if isinstance(wanted, int) else f"({wanted}) is already"
            raise ModelError(f"--input {text}: axis {axis} of {declared.name} {what} {before:,}, got {size:,}")
        whole[axis] = size
        if isinstance(wanted, str) and wanted:
            found[wanted] = size


def _batches(declared: Sequence[Declared]) -> list[str]:
    """The symbols of the batch: those that are called so; if there are none, that which begins the first shape."""
    first = next((each.shape[0] for each in declared if len(each.shape) > 1), 0)
    symbols = [size for each in declared for size in each.shape if isinstance(size, str) and BATCH.fullmatch(size)]
    return symbols or [size for size in [first] if isinstance(size, str) and FIRST.fullmatch(size)]


class _Examples(NamedTuple):
    """Sizes for messages: those that are usual, by their symbols; and which symbols are a batch."""

    usual: Mapping[str, int]
    batches: Sequence[str]

    def size(self, declared: Declared, axis: int) -> int:
        """A size of a batch of images, of an image, or of a sequence."""
        rank = len(declared.shape)
        usually = (1 if rank > 3 else 128) if axis == 0 else 224 if rank == 4 else 128
        return self.usual.get(str(declared.shape[axis]), usually)

    def option(self, declared: Declared) -> str:
        """An --input that fits, without its batch."""
        given = enumerate(declared.shape)
        sizes = tuple(size if isinstance(size, int) else self.size(declared, axis) for axis, size in given)
        has_batch = len(sizes) > 1 and declared.shape[0] in (1, *self.batches)
        return f"--input {quote(f'{declared.name}={shape_text(sizes[has_batch:])}')}"


def _known(declared: Declared, axis: int, size: int | str, found: Mapping[str, int], examples: _Examples) -> int:
    if isinstance(size, int):
        return size
    if size in found and (size or (axis == 0 and len(declared.shape) > 1)):
        return found[size]
    what = f"the size {size} (axis {axis} of {declared.name})" if size else f"axis {axis} of {declared.name}"
    dim = f"--dim {quote(f'{size}={examples.size(declared, axis)}')} or " if size else ""
    raise ModelError(f"{what} is not known: give {dim}{examples.option(declared)}")


def _given(declared: Declared, shape: tuple[int, ...]) -> str:
    """The input as it would be typed: without a batch of one."""
    has_batch = len(shape) > 1 and shape[0] == 1
    return str(InputText(declared.name, shape[1:] if has_batch else shape, declared.dtype))

"""Sizes: how large the inputs of a program in a file are, and the symbols in their shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sepcost.errors import ModelError
from sepcost.sources.model_options import ModelOptions
from sepcost.text.input_text import InputText, shape_text
from sepcost.text.model_text import ModelText
from sepcost.text.wording import counted, did_you_mean, named

BATCH = re.compile(r"(\w+_)?batch(_?(size|dim))?|bs|b|n", re.IGNORECASE)
"""What the size of a batch is called."""
MADE_UP = re.compile(r"s\d+|unk__\d+|(p2o\.)?DynamicDimension\.\d+")
"""Symbols to which an exporter gave a number: one that begins the first shape is the batch."""


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
    typed = _typed(declared, options)
    found = _of_dims(declared, options.file.dims)
    whole: dict[str, list[int | str]] = {each.name: list(each.shape) for each in declared}
    for each in declared:
        if each.name in typed:
            _match(each, typed[each.name], whole[each.name], found)
    for symbol in _batches(declared):
        found.setdefault(symbol, 1)
    for each in declared:
        whole[each.name] = [_known(each, axis, size, found, usual or {}) for axis, size in enumerate(whole[each.name])]
    shapes = {name: tuple(int(size) for size in shape) for name, shape in whole.items()}
    for number, (name, shape) in enumerate(shapes.items()):
        if 0 in shape and not (number and shape[0]):
            raise ModelError(f"--input {name}={shape_text(shape)}: every size must be at least 1")
    first = next((shape for shape in shapes.values() if shape), (1,))
    return Sized(shapes, found, " ".join(_given(each, shapes[each.name]) for each in declared), first[0])


def _typed(declared: Sequence[Declared], options: ModelOptions) -> Mapping[str, InputText]:
    """The texts by the inputs that they describe: by name, or in order."""
    if isinstance(options.inputs, ModelText):
        raise ModelError(f"is a file, which runs no code: give shapes, as in {_example(declared)}, not a function")
    by_name = {each.name: each for each in declared}
    if not isinstance(options.inputs, tuple):
        raise ModelError(f"is a file: give shapes, as in {_example(declared)}, not what a model is called with")
    texts: Sequence[InputText] = options.inputs
    free = iter([each.name for each in declared if each.name not in {text.name for text in texts}])
    found: dict[str, InputText] = {}
    for text in texts:
        name = text.name or next(free, None)
        if name is None:
            raise ModelError(f"takes {counted(len(declared), 'input')}, and --input {text} is one more")
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
    return ModelError(f"has no input {name}; there is {named(list(known))}{did_you_mean(name, known)}")


def _of_dims(declared: Sequence[Declared], dims: Mapping[str, int]) -> dict[str, int]:
    known = list(dict.fromkeys(size for each in declared for size in each.shape if isinstance(size, str) and size))
    for symbol in dims:
        if symbol not in known:
            there = f"there is {named(known)}" if known else "no size of its inputs is a symbol"
            raise ModelError(f"has no size {symbol}: {there}{did_you_mean(symbol, known)}")
    return dict(dims)


def _match(declared: Declared, text: InputText, whole: list[int | str], found: dict[str, int]) -> None:
    """Put the sizes of a text into the shape, and note those of symbols."""
    missing = len(declared.shape) - len(text.shape)
    if missing not in (0, 1):
        axes = f"{len(declared.shape)} axes ({declared.shown}), the batch included"
        raise ModelError(f"--input {text}: the file has {axes}, got {len(text.shape)}")
    for axis, size in enumerate(text.shape, start=missing):
        wanted = declared.shape[axis]
        before = found.get(wanted, size) if isinstance(wanted, str) else wanted
        if before != size:
            reason = "is fixed" if isinstance(wanted, int) else f"({wanted}) is given already"
            raise ModelError(f"--input {text}: axis {axis} of {declared.name} {reason}, at {before:,}, got {size:,}")
        whole[axis] = size
        if isinstance(wanted, str) and wanted:
            found[wanted] = size


def _batches(declared: Sequence[Declared]) -> list[str]:
    """The symbols of the batch: those that are called so, or a made-up one that begins the first shape."""
    first = next((each.shape[0] for each in declared if len(each.shape) > 1), 0)
    symbols = [size for each in declared for size in each.shape if isinstance(size, str) and BATCH.fullmatch(size)]
    return symbols or [size for size in [first] if isinstance(size, str) and MADE_UP.fullmatch(size)]


def _known(declared: Declared, axis: int, size: int | str, found: Mapping[str, int], usual: Mapping[str, int]) -> int:
    if isinstance(size, int):
        return size
    if size in found:
        return found[size]
    if not size and axis == 0 and len(declared.shape) > 1:
        return 1  # a batch without a name
    example = usual.get(size, _usual(declared))
    what = f"the size {size} (axis {axis} of {declared.name})" if size else f"axis {axis} of {declared.name}"
    dim = f"--dim {size}={example} or " if size else ""
    raise ModelError(f"{what} is not known: give {dim}{_example([declared], usual)}")


def _example(declared: Sequence[Declared], usual: Mapping[str, int] | None = None) -> str:
    """An --input that fits, with the sizes that were usual."""
    if not declared:
        return "--input NAME=SHAPE"
    first, batches = declared[0], [1, "", *_batches(declared)]
    sizes = tuple(size if isinstance(size, int) else (usual or {}).get(size, _usual(first)) for size in first.shape)
    has_batch = len(sizes) > 1 and first.shape[0] in batches
    return f"--input {first.name}={shape_text(sizes[has_batch:])}"


def _usual(declared: Declared) -> int:
    """A size for messages: of an image, or of a sequence."""
    return 224 if len(declared.shape) == 4 else 128


def _given(declared: Declared, shape: tuple[int, ...]) -> str:
    """The input as it would be typed: without a batch of one."""
    has_batch = len(shape) > 1 and shape[0] == 1
    return str(InputText(declared.name, shape[1:] if has_batch else shape, declared.dtype))

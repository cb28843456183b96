"""Sizes: how large the inputs of a program in a file are, and the symbols in their shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sepcost.errors import ModelError
from sepcost.sources.model_options import ModelOptions
from sepcost.text.input_text import InputText, shape_text
from sepcost.text.model_text import ModelText
from sepcost.text.wording import counted, did_you_mean, named


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
    Raises ModelError for what is not given, does not fit, or is none of the file's.
    """
    typed = _typed(declared, options)
    found = _of_dims(declared, options.file.dims)
    whole: dict[str, list[int | str]] = {each.name: list(each.shape) for each in declared}
    for each in declared:
        if each.name in typed:
            _match(each, typed[each.name], whole[each.name], found)
    batch = _batch(declared)
    if batch is not None:
        found.setdefault(batch, 1)
    for each in declared:
        whole[each.name] = [_known(each, axis, size, found, usual or {}) for axis, size in enumerate(whole[each.name])]
    shapes = {name: tuple(int(size) for size in shape) for name, shape in whole.items()}
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


def _batch(declared: Iterable[Declared]) -> str | None:
    """The symbol of the batch: one that is called so, else the first axis of the first input with several."""
    symbols = [size for each in declared for size in each.shape if isinstance(size, str)]
    called = next((symbol for symbol in symbols if "batch" in symbol.lower()), None)
    first = next((each.shape[0] for each in declared if len(each.shape) > 1), None)
    return called or (first if isinstance(first, str) and first else None)


def _known(declared: Declared, axis: int, size: int | str, found: Mapping[str, int], usual: Mapping[str, int]) -> int:
    if isinstance(size, int):
        return size
    if size in found:
        return found[size]
    if not size and axis == 0 and len(declared.shape) > 1:
        return 1  # a batch without a name
    example = usual.get(size, 224)
    what = f"the size {size} (axis {axis} of {declared.name})" if size else f"axis {axis} of {declared.name}"
    dim = f"--dim {size}={example} or " if size else ""
    raise ModelError(f"{what} is not known: give {dim}{_example([declared], usual)}")


def _example(declared: Sequence[Declared], usual: Mapping[str, int] | None = None) -> str:
    """An --input that fits, with the sizes that were usual."""
    if not declared:
        return "--input NAME=SHAPE"
    first = declared[0]
    usually = 224 if len(first.shape) == 4 else 128
    sizes = tuple(size if isinstance(size, int) else (usual or {}).get(size, usually) for size in first.shape)
    is_open = not isinstance(first.shape[0], int) or first.shape[0] == 1 if first.shape else False
    return f"--input {first.name}={shape_text(sizes[1:] if is_open and len(sizes) > 1 else sizes)}"


def _given(declared: Declared, shape: tuple[int, ...]) -> str:
    """The input as it would be typed: without a batch of one."""
    has_batch = len(shape) > 1 and shape[0] == 1
    return str(InputText(declared.name, shape[1:] if has_batch else shape, declared.dtype))

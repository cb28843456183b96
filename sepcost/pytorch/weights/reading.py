"""Reading: the state dict in a file, as data; no code in the file is run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import BufferedReader, FileIO
from pathlib import Path
from struct import unpack_from
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import torch

from sepcost.errors import ModelError
from sepcost.guests.apart import apart
from sepcost.pytorch.models.loading import described
from sepcost.pytorch.models.own_code import raised
from sepcost.pytorch.private import plain_name
from sepcost.pytorch.weights.pickles import TOO_LARGE, weigh
from sepcost.pytorch.weights.weights import Weights
from sepcost.text.foreign import FOREIGN_FORMATS, HEAD, foreign_head
from sepcost.text.model_text import halves, is_program
from sepcost.text.wording import did_you_mean, in_one_line, named

SUFFIX = ".safetensors"
INSTALL = "pip install 'sepcost[safetensors]'"
SAVE = "torch.save(model.state_dict(), …) writes what is read here"
OF_SCRIPT = 'torch.onnx.export(torch.jit.load(FILE), inputs, "net.onnx", dynamo=False) writes an .onnx, which is read'
LARGEST_PICKLE, LARGEST_DIRECTORY, LONGEST_LINE = 2 * 2**20, 4 * 2**20, 4096
"""Bytes: what a pickle or a directory holds takes many times its size."""
PICKLES = 5
"""How many pickles a file of the older form has, before the values of its tensors."""
END = 22 + 20 + 56
"""The bytes of the three records that end an archive."""
ZIP = b"PK\x03\x04"
"""How a file begins that torch.save writes."""
PREFIXES = ("module.", "model.")
"""What data-parallel and other wrappers put before all names."""
AVERAGED = "n_averaged"
"""What torch's AveragedModel has beside the model."""
DEEPEST = 8
CLASS = re.compile(r"GLOBAL (\S+)")
LONGEST = 120


def read_weights(text: str, *, as_saved: bool = False) -> Weights:
    """The state dict in such a file: ``w.pt``, ``model.safetensors``, ``ckpt.pth:ema``, ``ckpt.pth:state.ema``.

    After the colon is a key in it, or a prefix of the names. Without one it is the only state dict in the file, where
    that may be. A prefix that all names share (``module.``) is taken off, unless they should be ``as_saved``. Raises
    ModelError for what is no state dict, and for a pickle that needs more than tensors and plain data: its code is not
    run.
    """
    source, _, key = (text, "", "") if os.path.lexists(text) else halves(text)
    contents = _contents(source)
    found = _under(contents, key) if key else contents
    if found is None:
        there = [*dict.fromkeys(str(name).partition(".")[0] for name in contents)]
        raise ModelError(f"{source}: has nothing under {key}; there is {named(there)}{did_you_mean(key, there)}")
    several = _state_dicts(found)
    if not several:
        raise ModelError(f"{text}: holds {described(found)}, and no state dict with weights in it")
    if len(several) > 1:
        typed = [f"{source}:{'.'.join(filter(None, (key, *path)))}" for path in several]
        raise ModelError(f"{text}: has {len(several)} state dicts: type {named(typed)}")
    (path, state), *_ = several.items()
    looked = [f'under "{".".join(path)}"'] if path else []
    tensors = {name: each for name, each in state.items() if isinstance(each, torch.Tensor)}
    if nested := [name for name, each in tensors.items() if each.is_nested]:
        raise ModelError(f"{text}: {nested[0]} is a nested tensor, which has no one shape")
    weights = Weights(source, tensors, ".".join(filter(None, (key, *path))))
    return weights if as_saved else _plain(weights, looked)


def _contents(source: str) -> Any:
    """What is in a file: tensors, and what holds them. Their values are read from the file when they are needed."""
    path = Path(source)
    try:
        if path.exists() and not path.is_file():
            raise ModelError(f"{source}: is {'a folder' if path.is_dir() else 'a device or a pipe'}, not a file")
        with path.open("rb") as file:
            head = file.read(HEAD)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else None
        raise ModelError(f"{source}: cannot be read: {(said or str(error)).lower()}") from None
    is_what, *_ = ("is a program",) if is_program(source) else FOREIGN_FORMATS.get(path.suffix.lower(), ("",))
    if is_what:
        raise ModelError(f"{source}: {is_what}: weights are read from .safetensors, .pt and .pth")
    if what := foreign_head(head):
        raise ModelError(f"{source}: {what}")
    try:
        with apart():
            is_safe = path.suffix.lower() == SUFFIX or head[8:10] == b'{"'
            return dict(_safetensors(path)) if is_safe else _pickled(path, head)
    except Exception as error:  # a damaged file makes torch raise KeyError, EOFError and others
        raise ModelError(f"{source}: {_why(error)}") from None


def _safetensors(path: Path) -> Iterator[tuple[str, torch.Tensor]]:
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        for name in file.keys():  # noqa: SIM118 (it is no dict)
            yield name, file.get_tensor(name)


def _pickled(path: Path, head: bytes) -> Any:
    if not head.startswith(ZIP):
        with _Pickle(FileIO(path)) as file:
            for _ in range(PICKLES):
                weigh(file)
        with _Pickle(FileIO(path)) as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    with _Archive(path) as opened, ZipFile(opened) as archive:
        entries = archive.infolist()
        _check_sizes(opened, entries)
        for each in entries:
            if each.filename.lower().endswith("data.pkl"):
                weigh(archive.read(each))
    mapped = all(each.compress_type == ZIP_STORED for each in entries)
    return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)


def _check_sizes(file: FileIO, entries: Sequence[ZipInfo]) -> None:
    if sum(each.file_size for each in entries if each.filename.lower().endswith(".pkl")) > LARGEST_PICKLE:
        raise ModelError(TOO_LARGE)
    size = file.seek(0, os.SEEK_END)
    if sum(each.file_size for each in entries) > 2 * size + LARGEST_PICKLE:
        raise ModelError("is compressed, and more than twice as large without that")
    file.seek(max(0, size - END))
    if not _ends_once(file.read(END), size):
        raise ModelError("is an archive with two directories, or with a comment")


def _ends_once(end: bytes, size: int) -> bool:
    """Whether an archive of this size has one directory, right before its end, so that all read the same one."""
    long, place, short = end[:56], end[56:76], end[-22:]
    if not place.startswith(b"PK\6\7"):
        many, start = unpack_from("<LL", short, 12)
        return short.startswith(b"PK\5\6") and start + many == size - 22
    many, start = unpack_from("<QQ", long, 40)
    return long.startswith(b"PK\6\6") and start + many == size - END == unpack_from("<Q", place, 8)[0]


class _Archive(FileIO):
    """A file whose directory is read only if it is small."""

    def read(self, size: int | None = -1) -> bytes:
        if size and size > LARGEST_DIRECTORY:
            raise ModelError("is an archive of too many files: save the state dict as .safetensors")
        return super().read(size) or b""


class _Pickle(BufferedReader):
    """A file of which little is read, as a pickle is; the values of tensors are read by its number."""

    left = LARGEST_PICKLE // 8

    def read(self, size: int | None = -1) -> bytes:
        self.left -= max(size or 0, 0)
        if self.left < 0:
            raise ModelError(TOO_LARGE)
        return super().read(size)

    def readline(self, size: int | None = -1) -> bytes:
        return super().readline(LONGEST_LINE)


def _why(error: Exception) -> str:
    """Why torch or safetensors cannot read a file."""
    said = str(error)
    if isinstance(error, ModelError):
        return said
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed: {INSTALL}"
    if "TorchScript" in said:
        return f"is TorchScript: {OF_SCRIPT}"
    if "data.pkl" in said:
        return f"is a program (TorchScript, torch.export) or another archive: {SAVE}"
    needed = CLASS.search(said)
    if needed:
        return f"needs {in_one_line(needed[1], LONGEST)}, and no code of a file is run: {SAVE}"
    said = said.partition("WeightsUnpickler error:")[2].strip() or raised(error)
    return f"is no state dict, or is cut off or damaged: {in_one_line(said, LONGEST)}"


def _under(contents: Any, key: str) -> Any:
    """What has this key, or this path of keys; else what has names that begin with it; None if nothing has."""
    if not isinstance(contents, Mapping):
        return None
    if key in contents:
        return contents[key]
    for name in (name for name in contents if isinstance(name, str) and key.startswith(f"{name}.")):
        found = _under(contents[name], key[len(name) + 1 :])
        if found is not None:
            return found
    begins = f"{key}."
    by_name = {name: each for name, each in contents.items() if isinstance(name, str)}
    return {name[len(begins) :]: each for name, each in by_name.items() if name.startswith(begins)} or None


def _state_dicts(contents: Any) -> dict[tuple[str, ...], Mapping[str, Any]]:
    """The mappings that hold weights themselves (tensors of more than one axis), by the keys that lead there."""
    found: dict[tuple[str, ...], Mapping[str, Any]] = {}
    seen: set[int] = set()
    waiting: list[tuple[tuple[str, ...], Any]] = [((), contents)]
    for path, each in waiting:
        if not isinstance(each, Mapping) or id(each) in seen:
            continue
        seen.add(id(each))
        by_name = {name: value for name, value in each.items() if isinstance(name, str)}
        if any(isinstance(value, torch.Tensor) and value.dim() > 1 for value in by_name.values()):
            found[path] = by_name
        elif len(path) < DEEPEST:
            waiting += [((*path, name), value) for name, value in by_name.items()]
    return found


def _plain(weights: Weights, said: list[str]) -> Weights:
    """The same without what wrappers put into all names, and what is said of that."""
    tensors = {name: each for name, each in weights.tensors.items() if name != AVERAGED}
    plain = {plain_name(name): each for name, each in tensors.items()}
    if len(plain) == len(tensors) and list(plain) != list(tensors):
        tensors = plain
        said = [*said, "without what torch.compile or FSDP puts into names"]
    prefix = ""
    while first := next((each for each in PREFIXES if all(name.startswith(each) for name in tensors)), None):
        prefix, tensors = prefix + first, {name[len(first) :]: each for name, each in tensors.items()}
    said = [*said, f'without the prefix "{prefix}"'] if prefix else said
    notes = (f"weights: read {', '.join(said)}",) if said else ()
    return replace(weights, tensors=tensors, prefix=prefix, notes=notes)

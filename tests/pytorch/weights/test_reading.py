"""Weights are read from files as data, and nothing in a file is run."""

from __future__ import annotations

import argparse
import io
import json
import os
import pickle
import re
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel

from sepcost.errors import ModelError
from sepcost.pytorch.weights.reading import read_weights
from tests.cases.models import small

jit: Any = torch.jit  # torch has no types for it


@pytest.fixture(autouse=True)
def _in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def state(model: nn.Module | None = None) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return dict((model or small()).state_dict())


STATE = state()


def saved(contents: Any, name: str = "w.pt", **options: Any) -> str:
    torch.save(contents, name, **options)
    return name


def refusal(text: str) -> str:
    with pytest.raises(ModelError) as caught:
        read_weights(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def deflated(name: str) -> str:
    """The same archive, compressed, so that no tensor can be read where it lies."""
    with ZipFile(saved(STATE)) as before, ZipFile(name, "w", ZIP_DEFLATED) as after:
        for each in before.namelist():
            after.writestr(each, before.read(each))
    return name


WAYS: dict[str, Callable[[], str]] = {
    "zip": lambda: saved(STATE),
    "older": lambda: saved(STATE, "w.ckpt", _use_new_zipfile_serialization=False),
    "compressed": lambda: deflated("again.pth"),
    "parameters": lambda: saved({name: nn.Parameter(each, False) for name, each in STATE.items()}),
    "safetensors": lambda: save_file(STATE, "w.safetensors") or "w.safetensors",
    "safetensors by another name": lambda: save_file(STATE, "w.pt") or "w.pt",
    "with a colon": lambda: saved(STATE, "run:3.pt"),
    "under a key": lambda: f"{saved({'epoch': 3, 'ema': STATE, 'state': {'w': STATE}})}:ema",
    "under two keys": lambda: f"{saved({'epoch': 3, 'ema': STATE, 'state': {'w': STATE}})}:state.w",
    "under a part of the names": lambda: (
        f"{saved({**{f'net.{name}': each for name, each in STATE.items()}, 'head': STATE['0.bias']})}:net"
    ),
    "averaged": lambda: saved(
        AveragedModel(small()).state_dict() | {f"module.{name}": each for name, each in STATE.items()}
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_saved_is_read(way: str) -> None:
    weights = read_weights(WAYS[way]())
    assert list(weights.tensors) == list(STATE) or way.startswith("safetensors")  # those are sorted
    assert weights.tensors.keys() == STATE.keys()
    assert all(torch.equal(weights.tensors[name], each) for name, each in STATE.items())


@pytest.mark.parametrize(
    ("contents", "note"),
    [
        (STATE, ()),
        (
            {"epoch": 3, "model": STATE, "optimizer": torch.optim.Adam(small().parameters()).state_dict()},
            'under "model"',
        ),
        ({"model": {"state_dict": STATE}}, 'under "model.state_dict"'),
        ({f"module.{name}": each for name, each in STATE.items()}, 'without the prefix "module."'),
        (
            {"ema": {f"module.model.{name}": each for name, each in STATE.items()}},
            'under "ema", without the prefix "module.model."',
        ),
        (
            {f"_orig_mod.{name}": each for name, each in STATE.items()},
            "without what torch.compile or FSDP puts into names",
        ),
    ],
)
def test_wrappers_are_looked_through_and_said(contents: Any, note: str) -> None:
    weights = read_weights(saved(contents))
    assert weights.tensors.keys() == STATE.keys()
    assert weights.notes == ((f"weights: read {note}",) if note else ())


def test_a_prefix_that_one_name_has_not_stays() -> None:
    weights = read_weights(saved({"model.conv.weight": torch.ones(8, 3, 3, 3), "head.weight": torch.ones(2, 8)}))
    assert list(weights.tensors) == ["model.conv.weight", "head.weight"]
    assert not weights.notes


def test_several_state_dicts_are_listed_with_what_to_type() -> None:
    file = saved({"model": STATE, "runs": {"ema": dict(STATE)}})
    assert refusal(file) == "w.pt: has 2 state dicts: type w.pt:model, w.pt:runs.ema"
    assert refusal(f"{file}:modle") == "w.pt: has nothing under modle; there is model, runs; did you mean `model`?"


def test_a_state_dict_under_two_keys_is_one() -> None:
    assert read_weights(saved({"model": STATE, "ema": STATE})).notes == ('weights: read under "model"',)


def test_a_dict_that_holds_itself_ends() -> None:
    contents: dict[str, Any] = {"epoch": 1}
    contents["self"] = contents
    assert refusal(saved(contents)) == "w.pt: holds a dict or a list that is in itself: save the state dict alone"


class Creates:
    """A pickle of it makes a file where it is run."""

    def __reduce__(self) -> Any:
        return (os.mkdir, ("it-was-run",))


def written(data: bytes, name: str = "w.pt") -> str:
    Path(name).write_bytes(data)
    return name


def pickled_by_python() -> str:
    return written(pickle.dumps(Creates()))


CODE: dict[str, Callable[[], str]] = {
    "alone": lambda: saved(Creates()),
    "beside weights": lambda: saved({"state_dict": STATE, "args": Creates()}),
    "older": lambda: saved(Creates(), _use_new_zipfile_serialization=False),
    "of Python": pickled_by_python,
    "of Python, as safetensors": lambda: written(pickle.dumps(Creates()), "w.safetensors"),
    "a model": lambda: saved(small()),
    "options": lambda: saved({"state_dict": STATE, "args": argparse.Namespace(lr=1)}),
}


@pytest.mark.parametrize("way", CODE)
def test_code_in_a_file_is_never_run(way: str) -> None:
    file = CODE[way]()
    said = refusal(file)
    assert not Path("it-was-run").exists()
    if "Python" not in way:
        assert re.fullmatch(
            r"w.pt: needs [\w.]+, and no code of a file is run: "
            r"torch.save\(model.state_dict\(\), …\) writes what is read here",
            said,
        )
    if way == "alone":  # it would have run
        torch.load(file, weights_only=False)
        assert Path("it-was-run").exists()


def folder() -> str:
    Path("w.pt").mkdir()
    return "w.pt"


def archive() -> str:
    with ZipFile("w.pt", "w") as file:
        file.writestr("w/readme", "nothing")
    return "w.pt"


def scripted() -> str:
    jit.script(nn.Conv2d(3, 8, 3)).save("w.pt")
    return "w.pt"


UNREADABLE: dict[str, Callable[[], str]] = {
    "is a folder, not a file": folder,
    "is empty": lambda: written(b""),
    "is no state dict, or is cut off or damaged: KeyError: 101": lambda: written(b"hello, these are weights"),
    "is a pointer to the file: git lfs pull fetches it": lambda: written(
        b"version https://git-lfs.github.com/spec/v1\n"
    ),
    'is TorchScript: torch.onnx.export(torch.jit.load(FILE), inputs, "net.onnx", dynamo=False) writes an .onnx, which '
    "is read": scripted,
    "is a Keras model, or another HDF5 file, and no weights of torch": lambda: written(b"\x89HDF\r\n\x1a\n"),
    "holds a tensor of shape (3,), and no state dict with weights in it": lambda: saved(torch.ones(3)),
    "holds a list, and no state dict with weights in it": lambda: saved([STATE]),
    "cannot be read: no such file or directory": lambda: "w.pt",
    "cannot be read: embedded null byte": lambda: "w.pt\0",
}


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("reason", UNREADABLE)
def test_what_is_no_state_dict_is_one_line(reason: str) -> None:
    file = UNREADABLE[reason]()
    assert refusal(file) == f"{file}: {reason}"


@pytest.mark.parametrize("name", ["net.h5", "net.keras", "net.onnx", "net.tflite"])
def test_files_of_other_frameworks_are_named(name: str) -> None:
    assert re.fullmatch(
        rf"{name}: is an? [\w ]+: weights are read from .safetensors, .pt and .pth", refusal(written(b"data", name))
    )


def test_an_archive_of_something_else_is_one_line() -> None:
    assert refusal(archive()).startswith("w.pt: is no state dict, or is cut off or damaged: ")
    torch.export.save(torch.export.export(nn.ReLU(), (torch.ones(3),)), "w.pt2")
    assert refusal("w.pt2") == "w.pt2: is a program: weights are read from .safetensors, .pt and .pth"
    Path("w.pt2").rename("w.pt")
    assert refusal("w.pt").startswith("w.pt: is a program (TorchScript, torch.export) or another archive: ")


@pytest.mark.parametrize("way", ["zip", "older", "safetensors"])
def test_files_that_are_cut_off_anywhere_are_one_line(way: str) -> None:
    contents = {"weight": torch.arange(12.0).view(2, 2, 3)}
    data = io.BytesIO()
    if way == "safetensors":
        save_file(contents, "whole")
        data = io.BytesIO(Path("whole").read_bytes())
    else:
        torch.save(contents, data, _use_new_zipfile_serialization=way == "zip")
    whole = data.getvalue()
    file = "w.safetensors" if way == "safetensors" else "w.pt"
    assert list(read_weights(written(whole, file)).kernels) == ["weight"]
    for length in reversed(range(len(whole))):
        os.truncate(file, length)
        refusal(file)


def test_without_safetensors_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    save_file(STATE, "w.safetensors")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    assert refusal("w.safetensors") == (
        "w.safetensors: safetensors is not installed: pip install 'sepcost[safetensors]'"
    )


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux says how much memory is in use")
def test_what_is_no_kernel_is_not_read_into_memory() -> None:
    """A file of 4 GiB, with a hole where the values are."""
    size = 1 << 32
    header = json.dumps(
        {
            "embed.weight": {"dtype": "F32", "shape": [size >> 12, 1 << 10], "data_offsets": [0, size]},
            "conv.weight": {"dtype": "F32", "shape": [4, 3, 3], "data_offsets": [size, size + 144]},
        }
    ).encode()
    with Path("large.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + size + 144)
    before = in_use()
    assert read_weights("large.safetensors").kernels["conv"].shape == (4, 3, 3)
    assert in_use() - before < 100 << 20


def in_use() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

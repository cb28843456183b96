"""Open sizes of ONNX models: which of them is the batch, and which have to be given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

import pytest
from onnx import TensorProto, helper

from tests.commands import sepcost as command

FLOAT = TensorProto.FLOAT
FEATURES, CLASSES = 8, 5


def linear(path: Path, *shapes: Sequence[int | str | None]) -> str:
    """A linear layer on the first input; the others are added to its result."""
    names = "xyz"[: len(shapes)]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["out0"], name="fc")]
    nodes += [
        helper.make_node("Concat", [f"out{number}", name], [f"out{number + 1}"], axis=-2)
        for number, name in enumerate(names[1:])
    ]
    inputs = [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in zip(names, shapes)]
    outputs = [helper.make_tensor_value_info(f"out{len(shapes) - 1}", FLOAT, None)]
    weight = helper.make_tensor("w", FLOAT, [FEATURES, CLASSES], [0.0] * FEATURES * CLASSES)
    path.write_bytes(helper.make_model(helper.make_graph(nodes, "g", inputs, outputs, [weight])).SerializeToString())
    return str(path)


@pytest.mark.parametrize("first", ["batch", "batch size", "N", "b", "image_batch", "minibatch", "s53", "unk__12", None])
def test_a_batch_is_one(first: str | None, tmp_path: Path) -> None:
    run = command("check", linear(tmp_path / "net.onnx", [first, FEATURES]), "--max-macs", str(FEATURES * CLASSES))
    assert (run.code, run.err) == (0, "")


@pytest.mark.parametrize("first", ["frames", "seq_len", "height_batchnormed", "batch_size*heads"])
def test_what_is_not_called_a_batch_is_asked_for(first: str, tmp_path: Path) -> None:
    path = linear(tmp_path / "net.onnx", [first, FEATURES])
    run = command("compare", path)
    assert (run.code, run.out) == (2, "")
    dim = quote(f"{first}=128")
    said = f"{path}: the size {first} (axis 0 of x) is not known: give --dim {dim} or --input x=128x8\n"
    assert run.err == said
    assert command("check", path, "--dim", f"{first}=100", "--max-macs", str(100 * FEATURES * CLASSES)).code == 0
    assert command("check", path, "--input", "x=100x8", "--max-macs", str(100 * FEATURES * CLASSES)).code == 0


def test_a_batch_may_come_later(tmp_path: Path) -> None:
    path = linear(tmp_path / "net.onnx", ["frames", "batch", FEATURES])
    assert command("check", path, "--dim", "frames=100", "--max-macs", str(100 * FEATURES * CLASSES)).code == 0


@pytest.mark.parametrize("symbol", ["N", "b", "s7"])
def test_only_the_first_axis_is_a_batch_by_a_letter(symbol: str, tmp_path: Path) -> None:
    """N is also the number of points, or of tokens."""
    path = linear(tmp_path / "net.onnx", ["batch", symbol, FEATURES])
    run = command("compare", path)
    assert run.code == 2
    assert f"the size {symbol} (axis 1 of x) is not known: give --dim {symbol}=128 or --input x=128x8" in run.err


def test_an_axis_without_a_name_is_the_batch_of_the_first_input(tmp_path: Path) -> None:
    """Where that has one; boxes of one image are no batch."""
    path = linear(tmp_path / "net.onnx", [None, FEATURES], [None, CLASSES])
    assert "input x=8 y=5" in command("compare", path).out
    assert "on inputs of x=2x8 y=2x5" in command("compare", path, "--input", "x=2x8").out
    boxes = linear(tmp_path / "boxes.onnx", [1, FEATURES], [None, CLASSES])
    assert "axis 0 of y is not known: give --input y=128x5" in command("compare", boxes).err


def test_names_are_not_endless(tmp_path: Path) -> None:
    run = command("compare", linear(tmp_path / "net.onnx", ["N" * 100_000, FEATURES]))
    assert (run.code, run.err.count("\n")) == (2, 1)
    assert run.err.endswith("has an input with a name of more than 250 characters\n")


def test_what_is_typed_fits_the_input_that_is_asked_for(tmp_path: Path) -> None:
    """The first axis of another input is no batch: it is in the example."""
    path = linear(tmp_path / "net.onnx", ["s5", FEATURES], ["s17", CLASSES])
    assert "give --dim s17=128 or --input y=128x5" in command("compare", path).err
    assert command("compare", path, "--input", "y=128x5").code == 0


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (["--input", "x=0x8"], "--input x=0x8: every size must be at least 1"),
        (["--dim", "frames=0"], "its input x is 0x8: every size must be at least 1"),
        (["--input", "x=99999999999x8"], "--input x=99999999999x8: no size may be larger than 2,147,483,647"),
        (["--input", "x=9x8:float16"], "--input x=9x8:float16: x is float32"),
    ],
)
def test_sizes_that_cannot_be(size: list[str], said: str, tmp_path: Path) -> None:
    path = linear(tmp_path / "net.onnx", ["frames", FEATURES])
    run = command("compare", path, *size)
    assert (run.code, run.out, run.err) == (2, "", f"{path}: {said}\n")


def test_a_state_may_be_empty(tmp_path: Path) -> None:
    """As what a network remembers of earlier steps is, before the first one."""
    path = linear(tmp_path / "net.onnx", ["batch", 1, FEATURES], ["batch", "past", CLASSES])
    assert command("compare", path, "--dim", "past=0").code == 0

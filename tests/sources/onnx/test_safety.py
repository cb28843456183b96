"""Files from strangers: a count or one clear line, whatever is in them; nothing runs, no other file is opened."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper

import sepcost
from tests.commands import sepcost as command
from tests.sources.programs import assert_counted_or_refused, spoiled

EXAMPLE = Path(__file__).parents[3] / "docs/examples/unet.onnx"
FLOAT = TensorProto.FLOAT


def model_of(nodes: list[NodeProto], weights: list[TensorProto] = [], **more: Any) -> ModelProto:  # noqa: B006
    """A model of these nodes, from x to y."""
    inputs = [helper.make_tensor_value_info("x", FLOAT, [1, 3, 8, 8])]
    outputs = [helper.make_tensor_value_info("y", FLOAT, None)]
    return helper.make_model(helper.make_graph(nodes, "g", inputs, outputs, weights), **more)


def kernel(*shape: int) -> TensorProto:
    many = 1
    for size in shape:
        many *= size
    return helper.make_tensor("w", FLOAT, shape, [0.0] * many)


def conv(reads: str = "x", made: str = "y") -> NodeProto:
    return helper.make_node("Conv", [reads, "w"], [made], name=f"conv_{made}")


def said(model: ModelProto, path: Path, *arguments: str) -> str:
    """The one line that the command says of a model that it refuses."""
    path.write_bytes(model.SerializeToString())
    run = command("compare", str(path), *arguments)
    assert (run.code, run.out) == (2, "")
    assert len(run.err.splitlines()) == 1
    return run.err


def bomb() -> ModelProto:
    """Functions that call two of the next, 25 deep: 2 kB, and 33 million nodes."""
    model = model_of([helper.make_node("f0", ["x"], ["y"], domain="own")])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    for depth in range(25):
        domain, kind = ("own", f"f{depth + 1}") if depth < 24 else ("", "Relu")
        nodes = [
            helper.make_node(kind, ["a"], ["b"], domain=domain),
            helper.make_node(kind, ["b"], ["c"], domain=domain),
        ]
        model.functions.append(helper.make_function("own", f"f{depth}", ["a"], ["c"], nodes, opsets))
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    return model


def endless() -> ModelProto:
    model = bomb()
    model.functions[-1].node[0].CopyFrom(helper.make_node("f0", ["a"], ["b"], domain="own"))
    return model


REFUSED: dict[str, tuple[Callable[[], ModelProto], str]] = {
    "empty": (lambda: model_of([]), "has no operators in it"),
    "bomb": (bomb, "has 33,554,432 nodes, and 20,971 are read: --graph-limit takes more"),
    "endless": (endless, "its function f0 calls itself"),
    "cycle": (
        lambda: model_of([conv("b", "a"), conv("a", "b"), conv("b", "y")], [kernel(3, 3, 1, 1)]),
        "its nodes are no sequence: conv_a reads b before it is made",
    ),
    "twice": (lambda: model_of([conv(), conv()], [kernel(3, 3, 1, 1)]), "conv_y makes y again"),
    "negative": (
        lambda: model_of([conv()], [TensorProto(name="w", dims=[4, -3, 1, 1], data_type=FLOAT)]),
        "its tensor w has the shape [4, -3, 1, 1]",
    ),
    "nothing": (lambda: model_of([helper.make_node("Relu", ["x"], ["y"])]), "has nothing that can be counted"),
    "blocked": (
        lambda: model_of(
            [helper.make_node("Conv", ["x", "w"], ["y"], domain="com.microsoft.nchwc")], [kernel(3, 3, 1, 1)]
        ),
        "is optimised for one machine (nchwc)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    make, expected = REFUSED[name]
    assert expected in said(make(), tmp_path / "net.onnx")


def test_sizes_on_which_a_model_does_not_run() -> None:
    run = command("compare", str(EXAMPLE), "--input", "image=3x33x32")
    assert (run.code, run.out) == (2, "")
    assert run.err.endswith("does not run on image=3x33x32: /Concat cannot read 1×8×34×32 and 1×8×33×32\n")


def test_the_bomb_is_small() -> None:
    assert len(bomb().SerializeToString()) < 3000


@pytest.mark.parametrize(
    "node",
    [
        helper.make_node("ConstantOfShape", ["large"], ["big"]),
        helper.make_node("Expand", ["one", "large"], ["big"]),
        helper.make_node("Range", ["zero", "many", "step"], ["big"]),
    ],
    ids=lambda node: node.op_type,
)
def test_no_large_constant_is_made(node: NodeProto, tmp_path: Path) -> None:
    numbers: dict[str, tuple[list[int], list[int]]] = {
        "large": ([2], [10**6, 10**6]), "one": ([1], [1]), "zero": ([], [0]), "many": ([], [10**12]), "step": ([], [1]),
    }  # fmt: skip
    constants = [helper.make_tensor(name, TensorProto.INT64, *each) for name, each in numbers.items()]
    path = tmp_path / "net.onnx"
    last = helper.make_node("Where", ["big", "a", "a"], ["y"])
    model = model_of([node, conv("x", "a"), last], [kernel(4, 3, 1, 1), *constants])
    path.write_bytes(model.SerializeToString())
    assert sum(layer.cost.macs for layer in sepcost.load(path)) == 4 * 3 * 64


def test_loops_and_unknown_operators_are_listed(tmp_path: Path) -> None:
    unknown = helper.make_node("Mystery", ["a"], ["y"], name="strange", domain="com.example")
    (tmp_path / "net.onnx").write_bytes(model_of([conv("x", "a"), unknown], [kernel(4, 3, 1, 1)]).SerializeToString())
    network = sepcost.load(tmp_path / "net.onnx")
    assert network.uncounted == {"com.example.Mystery in strange": 1}
    assert command("check", str(tmp_path / "net.onnx"), "--max-macs", "1k").code == 2
    assert command("check", str(tmp_path / "net.onnx"), "--max-macs", "1k", "--allow", "uncounted").code == 0


def test_what_no_output_needs_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(model_of([conv(), conv("x", "dead")], [kernel(4, 3, 1, 1)]).SerializeToString())
    assert [node.name for node in sepcost.load(tmp_path / "net.onnx")] == ["conv_y"]


def test_external_data_are_not_opened(tmp_path: Path) -> None:
    weight = TensorProto(name="w", dims=[4, 3, 1, 1], data_type=FLOAT, data_location=TensorProto.EXTERNAL)
    weight.external_data.add(key="location", value="../../../../etc/passwd")
    (tmp_path / "net.onnx").write_bytes(model_of([conv()], [weight]).SerializeToString())
    network = sepcost.load(tmp_path / "net.onnx")
    assert [(node.cost.params, node.cost.macs) for node in network] == [(12, 12 * 64)]


def test_corrupt_files_are_counted_or_refused(tmp_path: Path) -> None:
    static = model_of([conv("x", "a"), conv("a", "y")], [kernel(3, 3, 3, 3)])
    for number in range(300):
        whole = EXAMPLE.read_bytes() if number % 2 else static.SerializeToString()
        (tmp_path / "net.onnx").write_bytes(spoiled(whole, number))
        assert_counted_or_refused(tmp_path / "net.onnx")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says how much memory a process had at most")
def test_weights_are_not_read(tmp_path: Path) -> None:
    """A file of a gigabyte, whose weights are a hole: hardly anything of it is in memory."""
    many = 2**30
    weight = TensorProto(name="w", dims=[many // 12, 3, 1, 1], data_type=FLOAT).SerializeToString()
    weight += bytes([9 << 3 | 2]) + varint(many)
    model = model_of([conv()])
    graph = model.graph.SerializeToString() + bytes([5 << 3 | 2]) + varint(len(weight) + many) + weight
    model.ClearField("graph")
    path = tmp_path / "net.onnx"
    with path.open("wb") as file:
        file.write(model.SerializeToString() + bytes([7 << 3 | 2]) + varint(len(graph) + many) + graph)
        file.truncate(file.tell() + many)
    code = (
        "import sys, sepcost\n"
        "print(sum(node.cost.params for node in sepcost.load(sys.argv[1])))\n"
        "print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    params, kilobytes = map(int, done.stdout.split())
    assert params == many // 12 * 3
    assert kilobytes < 150_000


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    return bytes([number & 127 | 128]) + varint(number >> 7) if number > 127 else bytes([number])

"""Files from strangers: a count or one clear line, whatever is in them; nothing runs, no other file is opened."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper

import sepcost
from tests.commands import sepcost as command
from tests.sources.programs import assert_counted_or_refused, measured, spoiled

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


def called(times: int, **inside: Any) -> ModelProto:
    """A model that calls a function of one node that many times."""
    model = model_of([helper.make_node("f", ["x"], [f"y{number}"], domain="own") for number in range(times)])
    node = helper.make_node("Relu", ["a"], ["b"], **inside)
    model.functions.append(helper.make_function("own", "f", ["a"], ["b"], [node], [helper.make_opsetid("", 17)]))
    return model


def overloaded() -> ModelProto:
    """The bomb, beside harmless functions of the same names: which one a node calls, its overload says."""
    model = bomb()
    for function in list(model.functions):
        small = helper.make_function("own", function.name, ["a"], ["c"], [helper.make_node("Relu", ["a"], ["c"])], [])
        model.functions.append(small)
        function.overload = "large"
        for node in function.node:
            node.overload = "large" if node.domain else ""
    model.graph.node[0].overload = "large"
    return model


def under_another_name() -> ModelProto:
    """The bomb as functions of the standard, whose domain has two names."""
    model = bomb()
    for function in model.functions:
        function.domain = "ai.onnx"
    for node in (*model.graph.node, *(each for function in model.functions for each in function.node)):
        node.domain = ""
    return model


def endless() -> ModelProto:
    model = bomb()
    model.functions[-1].node[0].CopyFrom(helper.make_node("f0", ["a"], ["b"], domain="own"))
    return model


REFUSED: dict[str, tuple[Callable[[], ModelProto], str]] = {
    "empty": (lambda: model_of([]), "has no operators in it"),
    "bomb": (bomb, "its graph is larger than the limit, 8,388,608 bytes: --graph-limit "),
    "overloaded": (overloaded, "its graph is larger than the limit, 8,388,608 bytes: --graph-limit "),
    "under another name": (under_another_name, "its graph is larger than the limit, 8,388,608 bytes"),
    "long": (
        lambda: called(5000, text="x" * 10**6),
        "its graph is larger than the limit, 8,388,608 bytes: --graph-limit ",
    ),
    "endless": (endless, "its function f0 calls itself"),
    "cycle": (
        lambda: model_of([conv("b", "a"), conv("a", "b"), conv("b", "y")], [kernel(3, 3, 1, 1)]),
        "its nodes are not in order: each reads what the next makes, conv_",
    ),
    "twice": (lambda: model_of([conv(), conv()], [kernel(3, 3, 1, 1)]), "conv_y makes y again"),
    "negative": (
        lambda: model_of([conv()], [TensorProto(name="w", dims=[4, -3, 1, 1], data_type=FLOAT)]),
        "its tensor w has the shape [4, -3, 1, 1]",
    ),
    "lost": (lambda: model_of([conv()]), "its conv_y reads w, which nothing makes"),
    "lines": (
        lambda: model_of([helper.make_node("Conv", ["x", "w\nv\u2028u"], ["y"], name="c\n1")]),
        "its c 1 reads w v u, which nothing makes",
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


def growing(kind: str, reads: list[str], **attributes: Any) -> ModelProto:
    """Hundreds of nodes, each of which would make millions of numbers of few."""
    sizes: dict[str, list[int]] = {"many": [4096], "row": [1, 4096], "column": [4096, 1]}
    constants = [helper.make_tensor(name, TensorProto.INT64, [len(each)], each) for name, each in sizes.items()]
    zero = helper.make_tensor("zero", TensorProto.INT64, [1], [0])
    first = [helper.make_node("ConstantOfShape", ["many"], ["zeros"], value=zero)]
    first += [helper.make_node("Reshape", ["zeros", name], [f"in_{name}"]) for name in ("row", "column")]
    nodes = [helper.make_node(kind, reads, [f"made{number}"], **attributes) for number in range(300)]
    return model_of([*first, *nodes, conv()], [kernel(4, 3, 1, 1), *constants])


def deep() -> ModelProto:
    """Thousands of tensors of 4,096 axes."""
    sizes = helper.make_tensor("many", TensorProto.INT64, [1], [4096])
    one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    nodes = [helper.make_node("ConstantOfShape", ["many"], ["ones"], value=one)]
    nodes += [helper.make_node("ConstantOfShape", ["ones"], ["deep0"])]
    nodes += [helper.make_node("Relu", [f"deep{number}"], [f"deep{number + 1}"]) for number in range(10_400)]
    return model_of([*nodes, conv()], [kernel(4, 3, 1, 1), sizes])


def choosing() -> ModelProto:
    """Thousands of nodes with two branches, whose condition is not known."""
    made = helper.make_tensor_value_info("o", FLOAT, None)
    branch = helper.make_graph([helper.make_node("Relu", ["x"], ["o"])], "b", [], [made])
    options: Any = {"then_branch": branch, "else_branch": branch}
    nodes = [helper.make_node("If", ["unknown"], [f"o{number}"], **options) for number in range(3000)]
    model = model_of([*nodes, conv()], [kernel(4, 3, 1, 1)])
    model.graph.input.append(helper.make_tensor_value_info("unknown", TensorProto.BOOL, []))
    return model


def absurd() -> ModelProto:
    """An axis at which onnx itself crashes."""
    norm = helper.make_node("LayerNormalization", ["x", "w"], ["n", "m"], axis=2**31)
    return model_of([norm, conv()], [kernel(4, 3, 1, 1)])


GREEDY: dict[str, Callable[[], ModelProto]] = {
    "broadcast": lambda: growing("Add", ["in_row", "in_column"]),
    "gather": lambda: growing("Gather", ["in_row", "zeros"]),
    "concat": lambda: growing("Concat", ["zeros"] * 300, axis=0),
    "axes": deep,
    "branches": choosing,
    "absurd": absurd,
    "negative axes": lambda: model_of(
        [helper.make_node("GatherND", ["x", "i"], ["e"], batch_dims=-100), conv()],
        [kernel(4, 3, 1, 1), helper.make_tensor("i", TensorProto.INT64, [1, 1], [0])],
    ),
    "fewer parts": lambda: model_of(
        [helper.make_node("Split", ["x"], ["a", "b", "c"], num_outputs=2), conv()], [kernel(4, 3, 1, 1)]
    ),
    "einsum": lambda: model_of(
        [helper.make_node("Einsum", ["x", "x"], ["e"], equation="".join(map(chr, range(20_000, 50_000)))), conv()],
        [kernel(4, 3, 1, 1)],
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says how much memory a process had at most")
@pytest.mark.parametrize("name", GREEDY)
def test_a_small_file_takes_no_hours_and_no_gigabytes(name: str, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(GREEDY[name]().SerializeToString())
    found = measured(tmp_path / "net.onnx")
    assert found.totals[0] == 4 * 3 * 64
    assert found.kilobytes < 300_000


def filled(field: int, body: bytes, size: int) -> bytes:
    """A message in protobuf, most of which may be a hole in the file."""
    return bytes([field << 3 | 2]) + varint(size) + body


@pytest.mark.parametrize("what", ["text", "nodes", "numbers"])
def test_no_more_of_a_large_graph_is_read_than_the_limit(what: str, tmp_path: Path) -> None:
    """A long text, many nodes, or numbers that are written one by one."""
    model = model_of([conv()], [kernel(4, 3, 1, 1)])
    node = helper.make_node("Relu", ["x"], ["z"]).SerializeToString()
    part, field = {"text": (b"", 2), "nodes": (filled(1, node, len(node)), 1), "numbers": (b"\x25\0\0\0\0", 5)}[what]
    many = 2**30 if what == "text" else len(part) * 10**6
    inner = part * 10**6 if what == "nodes" else filled(field, part * 10**6, many)
    size = len(inner) if what == "nodes" else len(inner) - len(part) * 10**6 + many
    graph = model.graph.SerializeToString()
    model.ClearField("graph")
    with (tmp_path / "net.onnx").open("wb") as file:
        file.write(model.SerializeToString() + filled(7, graph + inner, len(graph) + size))
        file.truncate(file.tell() + (many if what == "text" else 0))
    run = command("compare", str(tmp_path / "net.onnx"))
    assert (run.code, run.err.count("\n")) == (2, 1)
    assert "its graph is larger than the limit, 8,388,608 bytes: --graph-limit " in run.err


def branch_of(kernel: str, shape: list[int], reads: str) -> Any:
    nodes = [helper.make_node("Conv", [reads, kernel], ["inner"]), helper.make_node("Relu", ["inner"], ["out"])]
    weight = helper.make_tensor(kernel, FLOAT, shape, [0.0] * (shape[0] * shape[1]))
    return helper.make_graph(nodes, "b", [], [helper.make_tensor_value_info("out", FLOAT, None)], [weight])


def test_branches_may_use_the_same_names(tmp_path: Path) -> None:
    first, second = branch_of("w", [4, 3, 1, 1], "x"), branch_of("w", [16, 4, 1, 1], "a")
    nodes = [
        helper.make_node("If", ["yes"], [made], then_branch=branch, else_branch=branch)
        for made, branch in (("a", first), ("y", second))
    ]
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    (tmp_path / "net.onnx").write_bytes(model_of(nodes, [yes]).SerializeToString())
    costs = [node.cost for node in sepcost.load(tmp_path / "net.onnx")]
    assert [(cost.macs, cost.params) for cost in costs] == [(12 * 64, 12), (64 * 64, 64)]


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_what_only_a_branch_reads_is_needed(depth: int, tmp_path: Path) -> None:
    """A branch may give what was made outside, or read it, at any depth."""
    graph = helper.make_graph([], "b", [], [helper.make_tensor_value_info("a", FLOAT, None)])
    for _ in range(depth):
        node = helper.make_node("If", ["unknown"], ["o"], then_branch=graph, else_branch=graph)
        graph = helper.make_graph([node], "b", [], [helper.make_tensor_value_info("o", FLOAT, None)])
    last = helper.make_node("If", ["unknown"], ["y"], then_branch=graph, else_branch=graph)
    model = model_of([conv("x", "a"), last], [kernel(4, 3, 1, 1)])
    model.graph.input.append(helper.make_tensor_value_info("unknown", TensorProto.BOOL, []))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    network = sepcost.load(tmp_path / "net.onnx")
    assert ([node.cost.macs for node in network], network.uncounted) == ([12 * 64], {})


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
    found = measured(path)
    assert found.totals[1] == many // 12 * 3
    assert found.kilobytes < 150_000


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    return bytes([number & 127 | 128]) + varint(number >> 7) if number > 127 else bytes([number])


def test_a_constant_in_another_file_is_not_opened(tmp_path: Path) -> None:
    """The value of a filled tensor may name a file, too: a pipe would block whoever opens it."""
    os.mkfifo(tmp_path / "secret.bin")
    value = helper.make_tensor("value", FLOAT, [1], [0.0])
    value.ClearField("float_data")
    value.data_location = TensorProto.EXTERNAL
    value.external_data.add(key="location", value="secret.bin")
    size = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    filled = helper.make_node("ConstantOfShape", ["one"], ["z"], value=value)
    (tmp_path / "net.onnx").write_bytes(model_of([filled, conv()], [kernel(4, 3, 1, 1), size]).SerializeToString())
    code = "import sys, sepcost; print(sum(node.cost.macs for node in sepcost.load(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", code, "net.onnx"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert int(done.stdout) == 4 * 3 * 64


def test_texts_do_not_grow(tmp_path: Path) -> None:
    """Each node doubles a text."""
    texts: Any = [b"x" * 100]
    text = helper.make_tensor("s0", TensorProto.STRING, [1], texts)
    nodes = [helper.make_node("Add", [f"s{number}"] * 2, [f"s{number + 1}"]) for number in range(24)]
    (tmp_path / "net.onnx").write_bytes(model_of([*nodes, conv()], [kernel(4, 3, 1, 1), text]).SerializeToString())
    found = measured(tmp_path / "net.onnx")
    assert found.totals[0] == 4 * 3 * 64
    assert found.kilobytes < 300_000


def crowded() -> bytes:
    """Nodes of two kilobytes, each of which has a thousand empty attributes."""
    node = helper.make_node("Relu", ["x"], ["z"]).SerializeToString() + filled(5, b"", 0) * 1000
    model = model_of([conv()], [kernel(4, 3, 1, 1)])
    graph = model.graph.SerializeToString() + filled(1, node, len(node)) * 4000
    model.ClearField("graph")
    return bytes(model.SerializeToString() + filled(7, graph, len(graph)))


def nested() -> bytes:
    """Branches within branches, the innermost of which has a long comment and many names that are taken."""
    made = helper.make_tensor_value_info("o", FLOAT, None)
    nodes = [helper.make_node("Relu", ["x"], [f"o{number}"]) for number in range(9000)]
    graph = helper.make_graph(
        [*nodes, helper.make_node("Relu", ["x"], ["o"])], "b", [], [made], doc_string="x" * 7_000_000
    )
    for _ in range(20):
        other = helper.make_graph([], "e", [], [helper.make_tensor_value_info("x", FLOAT, None)])
        graph = helper.make_graph(
            [helper.make_node("If", ["yes"], ["o"], then_branch=graph, else_branch=other)], "b", [], [made]
        )
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    graph.node[0].output[0] = "last"
    nodes = [helper.make_node("Relu", ["x"], ["o"]), *graph.node, conv()]
    return bytes(model_of(nodes, [kernel(4, 3, 1, 1), yes]).SerializeToString())


def named_alike() -> bytes:
    """Thousands of layers without names of their own."""
    nodes = [helper.make_node("Conv", ["x", f"w{number}"], [f"y{number}"]) for number in range(10_400)]
    weights = [TensorProto(name=f"w{number}", dims=[4, 3, 1, 1], data_type=FLOAT) for number in range(10_400)]
    model = model_of(nodes, weights)
    model.graph.output.extend(helper.make_tensor_value_info(f"y{number}", FLOAT, None) for number in range(10_400))
    return bytes(model.SerializeToString())


def joining() -> bytes:
    """Thousands of concatenations, each of the one before and one map more."""
    nodes = [helper.make_node("Relu", ["x"], [f"r{number}"]) for number in range(5000)]
    nodes += [
        helper.make_node("Concat", [f"c{number}" if number else "x", f"r{number}"], [f"c{number + 1}"], axis=1)
        for number in range(5000)
    ]
    nodes += [helper.make_node("Relu", ["c5000"], ["y"]), conv("x", "z")]
    model = model_of(nodes, [kernel(4, 3, 1, 1)])
    model.graph.output.append(helper.make_tensor_value_info("z", FLOAT, None))
    return bytes(model.SerializeToString())


def unfolding() -> bytes:
    """Thousands of constants of as many numbers as one may have."""
    size = helper.make_tensor("many", TensorProto.INT64, [1], [4096])
    nodes = [helper.make_node("ConstantOfShape", ["many"], [f"o{number}"]) for number in range(10_000)]
    nodes += [helper.make_node("Neg", [f"o{number}"], [f"n{number}"]) for number in range(100)]
    return bytes(model_of([*nodes, conv()], [kernel(4, 3, 1, 1), size]).SerializeToString())


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says how much memory a process had at most")
@pytest.mark.parametrize("make", [crowded, nested, named_alike, unfolding, joining])
def test_a_large_graph_takes_seconds_at_most(make: Callable[[], bytes], tmp_path: Path) -> None:
    """A count or one line: the bounds are far above what is needed, and far below what a blow-up takes."""
    (tmp_path / "net.onnx").write_bytes(make())
    found = measured(tmp_path / "net.onnx")
    assert found.seconds < 5
    assert found.kilobytes < 200_000


def test_notes_of_exporters_are_left_out(tmp_path: Path) -> None:
    """Torch's newer exporter writes kilobytes to each node, of which the names of modules are read."""
    nodes = [helper.make_node("Relu", [f"r{number}" if number else "x"], [f"r{number + 1}"]) for number in range(3000)]
    last = helper.make_node("Conv", ["r3000", "w"], ["y"])
    for node in (*nodes, last):
        node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value="x" * 4000)
        node.metadata_props.add(key="pkg.torch.onnx.name_scopes", value="['', 'stem.conv', 'conv2d']")
    (tmp_path / "net.onnx").write_bytes(model_of([*nodes, last], [kernel(4, 3, 1, 1)]).SerializeToString())
    assert [(node.name, node.cost.macs) for node in sepcost.load(tmp_path / "net.onnx")] == [("stem.conv", 64 * 12)]

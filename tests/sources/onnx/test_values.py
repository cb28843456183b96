"""Values of scalar inputs, by which an ``If`` chooses what runs; and loops, whose number of steps is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import GraphProto, NodeProto, TensorProto, helper

import sepcost
from sepcost.errors import SepcostError
from tests.commands import sepcost as command

FLOAT, BOOL, INT32, INT64 = TensorProto.FLOAT, TensorProto.BOOL, TensorProto.INT32, TensorProto.INT64
POINTWISE = 8 * 8 * 3 * 3


def info(name: str, dtype: int = FLOAT, shape: Any = None) -> Any:
    return helper.make_tensor_value_info(name, dtype, shape)


def saved(path: Path, nodes: list[NodeProto], *inputs: Any, output: str = "y") -> str:
    """A model with a 1×1 and a 3×3 kernel, on an image x and further inputs."""
    weights = [helper.make_tensor(f"w{k}", FLOAT, [3, 3, k, k], [0.0] * 9 * k * k) for k in (1, 3)]
    given = [info("x", FLOAT, [1, 3, 8, 8]), *inputs]
    graph = helper.make_graph(nodes, "g", given, [info(output)], weights)
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return str(path)


def branch(k: int) -> GraphProto:
    pads = [k // 2] * 4
    return helper.make_graph([helper.make_node("Conv", ["x", f"w{k}"], ["o"], pads=pads)], "b", [], [info("o")])


def choosing(path: Path, dtype: int = INT32, shape: tuple[int, ...] = ()) -> str:
    """The 1×1 kernel where u is 16000, else the 3×3 one."""
    nodes = [
        helper.make_node("Constant", [], ["rate"], value=helper.make_tensor("rate", dtype, [], [16000])),
        helper.make_node("Equal", ["u", "rate"], ["is"]),
        helper.make_node("If", ["is"], ["y"], name="choice", then_branch=branch(1), else_branch=branch(3)),
    ]
    return saved(path, nodes, info("u", dtype, shape))


@pytest.mark.parametrize(("value", "macs"), [("16000", POINTWISE), ("8000", 9 * POINTWISE), ("-1", 9 * POINTWISE)])
@pytest.mark.parametrize("dtype", [INT32, INT64, FLOAT])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_value_chooses(value: str, macs: int, dtype: int, shape: tuple[int, ...], tmp_path: Path) -> None:
    path = choosing(tmp_path / "net.onnx", dtype, shape)
    limits = ["--max-macs", str(macs)]
    assert command("check", path, "--value", f"u={value}", *limits).code == 0
    assert command("check", path, "--value", f"u={value}", "--max-macs", str(macs - 1)).code == 1
    assert sum(node.cost.macs for node in sepcost.load(path, values={"u": float(value)})) == macs


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("u=100000000000", "--value u=100000000000: the input is int32, which has no such number"),
        ("u=0.5", "--value u=0.5: the input is int32, which has no such number"),
        ("u=nan", "--value u: must be a number such as 16000 or 0.5, got nan"),
        ("u=1e400", "--value u: must be a number such as 16000 or 0.5, got 1e400"),
        ("x=3", "--value x=3: the input is 1×3×8×8, and one number is given: give it to a scalar"),
        ("v=3", "has no input v; its inputs are x, u"),
    ],
)
def test_a_value_that_cannot_be(value: str, said: str, tmp_path: Path) -> None:
    run = command("compare", choosing(tmp_path / "net.onnx"), "--value", value)
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
    assert said in run.err


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, "many", None, [1]])
def test_a_value_in_python_that_is_no_number(value: Any, tmp_path: Path) -> None:
    with pytest.raises(SepcostError, match=r"values\['u'\]: must be a number"):
        sepcost.load(choosing(tmp_path / "net.onnx"), values={"u": value})


@pytest.mark.parametrize("limit", [-1, "64M", "much"])
def test_a_limit_in_python_that_is_no_number_of_bytes(limit: Any, tmp_path: Path) -> None:
    with pytest.raises(SepcostError, match="graph_limit: must be bytes such as"):
        sepcost.load(choosing(tmp_path / "net.onnx"), values={"u": 1}, graph_limit=limit)


def test_a_limit_in_python_may_be_a_text(tmp_path: Path) -> None:
    assert sepcost.load(choosing(tmp_path / "net.onnx"), values={"u": 1}, graph_limit="16MiB").nodes


def test_a_value_that_is_not_given_is_named(tmp_path: Path) -> None:
    network = sepcost.load(choosing(tmp_path / "net.onnx"))
    assert network.uncounted == {"If (--value u=NUMBER may choose its branch) in choice": 1}
    assert sum(node.cost.params for node in network) == 9 + 81  # both branches' kernels, which are outside of them


def body(nodes: list[NodeProto], kind: str) -> NodeProto:
    """A loop, or a scan of one step, with these nodes, which make o of m, in its body."""
    if kind == "Scan":
        graph = helper.make_graph(nodes, "b", [info("m", FLOAT, [3, 8, 8])], [info("o")])
        return helper.make_node("Scan", ["x"], ["y"], name="again", body=graph, num_scan_inputs=1)
    head = [info("i", INT64, []), info("c", BOOL, []), info("m", FLOAT, [1, 3, 8, 8])]
    graph = helper.make_graph([helper.make_node("Identity", ["c"], ["d"]), *nodes], "b", head, [info("d"), info("o")])
    return helper.make_node("Loop", ["times", "", "x"], ["y"], name="again", body=graph)


def looping(path: Path, nodes: list[NodeProto], kind: str) -> str:
    first = helper.make_node("Conv", ["x", "w1"], ["first"], name="conv")
    last = helper.make_node("Add", ["y", "first"], ["z"])
    inputs = [info("times", INT64, [])] * (kind == "Loop")
    return saved(path, [first, body(nodes, kind), last], *inputs, output="z")


@pytest.mark.parametrize("kind", ["Loop", "Scan"])
def test_loops_with_products_are_listed(kind: str, tmp_path: Path) -> None:
    product = [helper.make_node("MatMul", ["m", "m"], ["o"])]
    network = sepcost.load(looping(tmp_path / "net.onnx", product, kind))
    assert (sum(node.cost.macs for node in network), network.uncounted) == (POINTWISE, {f"{kind} in again": 1})
    assert command("check", str(tmp_path / "net.onnx"), "--max-macs", "1M").code == 2


@pytest.mark.parametrize("kind", ["Loop", "Scan"])
def test_loops_without_products_cost_nothing(kind: str, tmp_path: Path) -> None:
    network = sepcost.load(looping(tmp_path / "net.onnx", [helper.make_node("Relu", ["m"], ["o"])], kind))
    assert (sum(node.cost.macs for node in network), network.uncounted) == (POINTWISE, {})


def test_weights_in_a_loop(tmp_path: Path) -> None:
    """A loop that has weights of its own is listed, what its body reads from outside is in the remainder."""
    scaled = [helper.make_node("Mul", ["m", "w1"], ["o"])]
    path = looping(tmp_path / "net.onnx", scaled, "Loop")
    network = sepcost.load(path)
    assert (sum(node.cost.params for node in network), network.uncounted) == (9, {})
    model = onnx.load(path)
    inner = next(each.g for node in model.graph.node for each in node.attribute if each.name == "body")
    inner.initializer.append(helper.make_tensor("own", FLOAT, [3, 3], [0.0] * 9))
    onnx.save(model, path)
    assert sepcost.load(path).uncounted == {"Loop in again": 1}


@pytest.mark.parametrize(("what", "given"), [("dims", "width=3"), ("values", "u=16000")])
def test_what_is_given_in_python_is_a_mapping(what: str, given: str, tmp_path: Path) -> None:
    options: Any = {what: given}
    with pytest.raises(SepcostError, match=f"{what} must be a mapping such as "):
        sepcost.load(choosing(tmp_path / "net.onnx"), **options)


def test_an_archive_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"PK\x03\x04 and more")
    run = command("compare", str(tmp_path / "net.onnx"))
    said = "is an archive, as exported programs are: the name of one should end in .pt2"
    assert (run.code, run.err) == (2, f"{tmp_path / 'net.onnx'}: {said}\n")


def test_what_another_domain_calls_gelu_is_not_free(tmp_path: Path) -> None:
    """In a branch, too."""
    inner = helper.make_graph([helper.make_node("Gelu", ["x"], ["o"], domain="own.ops")], "b", [], [info("o")])
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["first"]),
        helper.make_node("If", ["is"], ["y"], name="choice", then_branch=inner, else_branch=inner),
        helper.make_node("Add", ["first", "y"], ["z"]),
    ]
    network = sepcost.load(saved(tmp_path / "net.onnx", nodes, info("is", BOOL, [1]), output="z"))
    assert network.uncounted == {"If in choice": 1}

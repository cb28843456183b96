"""Operators that cannot read what they are given: such a model is refused, or they are listed; never counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, helper
from onnx.numpy_helper import from_array

import sepcost
from tests.commands import sepcost as command
from tests.sources.onnx.test_operators import Shape, saved

SHAPES: Sequence[tuple[str, Any]] = (("x", [1, 3, 16, 16]), ("y", None))
OPEN = ["batch", "channels", "height", "width"]
CASES: Mapping[str, tuple[NodeProto, Mapping[str, Shape], Sequence[Any], str]] = {
    "conv": (helper.make_node("Conv", ["x", "w"], ["y"], name="c"), {"w": (8, 3, 3, 3)}, OPEN, "4x9x9"),
    "grouped": (helper.make_node("Conv", ["x", "w"], ["y"], group=2), {"w": (8, 3, 3, 3)}, OPEN, "3x9x9"),
    "transposed": (helper.make_node("ConvTranspose", ["x", "w"], ["y"]), {"w": (3, 8, 3, 3)}, OPEN, "4x9x9"),
    "channels last": (helper.make_node("Conv", ["x", "w"], ["y"]), {"w": (8, 3, 3, 3)}, OPEN, "32x32x3"),
    "too small": (helper.make_node("Conv", ["x", "w"], ["y"]), {"w": (8, 3, 3, 3)}, OPEN, "3x2x2"),
    "too small a pool": (helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[3, 3]), {}, OPEN, "3x2x2"),
    "lstm": (
        helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=2),
        {"w": (1, 8, 4), "r": (1, 8, 2)},
        ["steps", "batch", "features"],
        "5x1x6",
    ),
    "gemm": (helper.make_node("Gemm", ["x", "w"], ["y"]), {"w": (4, 8)}, ["batch", "features"], "6"),
}


def held(weights: Mapping[str, Shape]) -> list[TensorProto]:
    return [from_array(np.zeros(shape, np.float32), name) for name, shape in weights.items()]


@pytest.mark.parametrize("name", CASES)
def test_sizes_on_which_it_does_not_run(name: str, tmp_path: Path) -> None:
    node, weights, shape, given = CASES[name]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    model = helper.make_model(helper.make_graph([node], "g", inputs, outputs, held(weights)))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    run = command("compare", str(tmp_path / "net.onnx"), "--input", f"x={given}")
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
    assert f"does not run on x={given}: {node.name or node.op_type} cannot read " in run.err


@pytest.mark.parametrize(
    ("node", "weights"),
    [
        (helper.make_node("Conv", ["x", "w"], ["y"]), {"w": (8, 4, 3, 3)}),
        (helper.make_node("Conv", ["x", "w", "b"], ["y"]), {"w": (8, 3, 3, 3), "b": (4,)}),
        (helper.make_node("MatMul", ["x", "w"], ["y"]), {"w": (5, 5)}),
        (helper.make_node("Einsum", ["x", "w"], ["y"], equation="bchi,ik->bchk"), {"w": (8, 5)}),
    ],
)
def test_an_operator_that_never_fits_is_listed(node: NodeProto, weights: Mapping[str, Shape], tmp_path: Path) -> None:
    network = saved([node], held(weights), {"x": (1, 3, 9, 9)}, tmp_path / "net.onnx")
    assert sum(layer.cost.macs for layer in network) == 0
    assert network.uncounted == {node.op_type: 1}


def test_nodes_in_another_order_are_sorted(tmp_path: Path) -> None:
    """As converters to float16 leave them; ONNX Runtime sorts them, too."""
    nodes = [
        helper.make_node("Conv", ["a", "w"], ["y"], name="last"),
        helper.make_node("Conv", ["x", "w"], ["a"], name="first"),
    ]
    network = saved(nodes, held({"w": (3, 3, 1, 1)}), {"x": (1, 3, 8, 8)}, tmp_path / "net.onnx")
    assert [(node.name, node.cost.macs) for node in network] == [("first", 9 * 64), ("last", 9 * 64)]


def test_bfloat16_before_operators_know_it(tmp_path: Path) -> None:
    """Convolutions take bfloat16 since version 22 of the standard; exporters write it before."""
    weight = helper.make_tensor("w", TensorProto.BFLOAT16, [4, 3, 3, 3], [0.0] * 108)
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    last = helper.make_node("Conv", ["y", "v"], ["z"], pads=[1] * 4)
    other = helper.make_tensor("v", TensorProto.BFLOAT16, [2, 4, 1, 1], [0.0] * 8)
    given = helper.make_tensor_value_info("x", TensorProto.BFLOAT16, [1, 3, 8, 8])
    made = helper.make_tensor_value_info("z", TensorProto.BFLOAT16, None)
    graph = helper.make_graph([node, last], "g", [given], [made], [weight, other])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    network = sepcost.load(tmp_path / "net.onnx")
    assert [node.cost.macs for node in network] == [36 * 4 * 27, 64 * 8]
    assert network.dtype == "bfloat16"


def test_an_embedding_of_runtime_gives_floats(tmp_path: Path) -> None:
    weights = held({"words": (10, 8), "places": (6, 8), "gamma": (8,), "beta": (8,), "w": (8, 4)})
    reads = ["ids", "", "words", "places", "", "gamma", "beta"]
    nodes = [
        helper.make_node("Cast", ["x"], ["ids"], to=TensorProto.INT32),
        helper.make_node("EmbedLayerNormalization", reads, ["e", "mask"], domain="com.microsoft"),
        helper.make_node("MatMul", ["e", "w"], ["y"]),
    ]
    network = saved(nodes, weights, {"x": (1, 6)}, tmp_path / "net.onnx")
    assert sum(node.cost.macs for node in network) == 6 * 8 * 4
    assert not network.uncounted


def test_what_an_unknown_operator_makes_is_as_declared(tmp_path: Path) -> None:
    """So that what comes after it counts; it is listed itself."""
    nodes = [
        helper.make_node("Mystery", ["x"], ["m"], domain="com.example", name="odd"),
        helper.make_node("Conv", ["m", "w"], ["y"]),
    ]
    given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in SHAPES)
    declared = helper.make_tensor_value_info("m", TensorProto.FLOAT, [1, 3, 8, 8])
    graph = helper.make_graph(nodes, "g", [given], [made], held({"w": (4, 3, 1, 1)}), value_info=[declared])
    (tmp_path / "net.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    network = sepcost.load(tmp_path / "net.onnx")
    assert [node.cost.macs for node in network] == [64 * 12]
    assert network.uncounted == {"com.example.Mystery in odd": 1}

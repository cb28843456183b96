"""What operators make of constants decides sizes: the sizes are those that ONNX Runtime has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper
from onnx.numpy_helper import from_array

import sepcost

WHOLE, FEATURES, CLASSES = TensorProto.INT64, 8, 4
ROW, COLUMN, TABLE = [2, 3, 5], [[4], [1]], [[2, 3, 5], [7, 6, 4]]
CASES: Mapping[str, tuple[str, Sequence[Any], Mapping[str, Any]]] = {
    "add": ("Add", [ROW, COLUMN], {}),
    "sub": ("Sub", [9, ROW], {}),
    "mul": ("Mul", [ROW, COLUMN], {}),
    "div": ("Div", [[7, 9], 2], {}),
    "div, towards zero": ("Div", [[19, -7], 2], {}),
    "mod": ("Mod", [[7, -7], 4], {}),
    "fmod": ("Mod", [[19, -2], 12], {"fmod": 1}),
    "min": ("Min", [ROW, COLUMN, 3], {}),
    "max": ("Max", [ROW, COLUMN, 3], {}),
    "where": ("Where", [np.array([True, False, True]), ROW, COLUMN], {}),
    "neg": ("Neg", [[-7, 3]], {}),
    "abs": ("Abs", [[-7, 3]], {}),
    "gather": ("Gather", [TABLE, [1, 0, -1]], {"axis": 1}),
    "concat": ("Concat", [COLUMN, TABLE], {"axis": 1}),
    "slice": ("Slice", [TABLE, [-1], [-9], [1], [-2]], {}),
    "slice, to the end": ("Slice", [TABLE, [1], [2**62], [1]], {}),
    "squeeze": ("Squeeze", [COLUMN, [1]], {}),
    "unsqueeze": ("Unsqueeze", [ROW, [0, -1]], {}),
    "reshape": ("Reshape", [TABLE, [0, -1]], {}),
    "transpose": ("Transpose", [TABLE], {"perm": [1, 0]}),
    "range": ("Range", [1, 9, 3], {}),
    "expand": ("Expand", [COLUMN, [2, 3]], {}),
    "reduce max": ("ReduceMax", [TABLE], {}),
    "reduce max, an axis": ("ReduceMax", [TABLE, [0]], {"keepdims": 0}),
    "reduce min": ("ReduceMin", [TABLE], {}),
    "reduce min, an axis": ("ReduceMin", [TABLE, [-1]], {}),
    "reduce sum, an axis": ("ReduceSum", [TABLE, [1]], {}),
    "reduce sum, no axis": ("ReduceSum", [TABLE], {"noop_with_empty_axes": 1}),
    "reduce prod": ("ReduceProd", [ROW], {}),
    "reduce prod, an axis": ("ReduceProd", [TABLE, [0]], {"keepdims": 0}),
}


def model(kind: str, constants: Sequence[Any], attributes: Mapping[str, Any]) -> bytes:
    """A linear layer on as many rows as the sum of what an operator makes of these constants."""
    held = [
        from_array(np.asarray(each, bool if np.asarray(each).dtype == bool else np.int64), f"c{number}")
        for number, each in enumerate(constants)
    ]
    held += [from_array(np.array([FEATURES]), "features"), from_array(np.array([1]), "one")]
    held += [from_array(np.zeros((FEATURES, CLASSES), np.float32), "w")]
    nodes = [
        helper.make_node(kind, [each.name for each in held[: len(constants)]], ["made"], **attributes),
        helper.make_node("ReduceSum", ["made"], ["sum"], keepdims=0),
        helper.make_node("Reshape", ["sum", "one"], ["rows"]),
        helper.make_node("Concat", ["rows", "features"], ["shape"], axis=0),
        helper.make_node("Expand", ["x", "shape"], ["map"]),
        helper.make_node("MatMul", ["map", "w"], ["y"]),
    ]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, FEATURES])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [given], [made], held)
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()
    )


@pytest.mark.parametrize("name", CASES)
def test_as_onnx_runtime(name: str, tmp_path: Path) -> None:
    data = model(*CASES[name])
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    (made,) = session.run(None, {"x": np.zeros((1, FEATURES), np.float32)})
    (tmp_path / "net.onnx").write_bytes(data)
    network = sepcost.load(tmp_path / "net.onnx")
    assert made.shape[0] > 1
    assert sum(node.cost.macs for node in network) == made.shape[0] * FEATURES * CLASSES
    assert not network.uncounted

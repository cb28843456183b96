"""An independent count: the shapes that ONNX Runtime has when it runs a model, and the closed forms of products."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import ModelProto, NodeProto, helper

CONVOLUTIONS = ("Conv", "FusedConv", "ConvInteger")
PRODUCTS = ("MatMul", "Gemm", "MatMulInteger")
OTHERS = ("ConvTranspose", "LSTM", "DynamicQuantizeLSTM")
SHAPE = "shape of "
Shapes = dict[str, tuple[int, ...]]


def macs(path: Path, given: str) -> int:
    """The MACs of a model, run on zeros of these shapes without any optimisation."""
    model = onnx.load(path)
    nodes = [node for node in model.graph.node if node.op_type in (*CONVOLUTIONS, *PRODUCTS, *OTHERS)]
    names = dict.fromkeys(name for node in nodes for name in (*node.input[:3], node.output[0]) if name)
    shapes = _run(model, list(names), given)
    return sum(_macs(node, shapes) for node in nodes)


def _macs(node: NodeProto, shapes: Shapes) -> int:
    left, right, *rest = (shapes.get(name, ()) for name in node.input[:3])
    made = shapes[node.output[0]]
    if node.op_type in CONVOLUTIONS:
        return prod(made) * prod(right[1:])
    if node.op_type == "ConvTranspose":
        return prod(left) * prod(right[1:])
    if node.op_type in OTHERS:
        return prod(left[:2]) * (prod(right) + prod(rest[0]))
    turned = any(each.name == "transA" and each.i for each in node.attribute)
    return prod(made) * left[0 if turned else -1]


def _run(model: ModelProto, names: list[str], given: str) -> Shapes:
    """The shapes of these tensors, which the model gives as outputs."""
    model.graph.node.extend(helper.make_node("Shape", [name], [SHAPE + name]) for name in names)
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=SHAPE + name) for name in names)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return dict(zip(names, (tuple(map(int, shape)) for shape in session.run(None, _zeros(given)))))


def _zeros(given: str) -> dict[str, Any]:
    zeros = {}
    for text in given.split():
        name, _, described = text.rpartition("=")
        shape, _, dtype = described.partition(":")
        zeros[name] = np.zeros((1, *map(int, shape.split("x"))), dtype or "float32")
    return zeros

"""Layers as an ONNX model: written node by node, so that no torch is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from sepcost.layers import Conv, Layer, Linear
from sepcost.layers.torch_padding import torch_padding
from sepcost.timing.runtime import bare
from sepcost.version import __version__

INPUT, OUTPUT = "input", "output"
OPSET, IR_VERSION = 17, 8
"""Of 2022: runtimes on phones read no newer ones for years."""


def onnx_model(layers: Sequence[Layer], batch: int = 1, seed: int = 0) -> onnx.ModelProto:
    """A model of layers that follow each other: Conv, ConvTranspose and Gemm nodes with random float32 weights.

    >>> model = onnx_model([Conv((112, 112), 3, 32, 3, stride=2, norm="batch"), Conv.pointwise((56, 56), 32, 64)])
    >>> [(node.op_type, len(node.input)) for node in model.graph.node]
    [('Conv', 3), ('Conv', 2)]

    The input is named ``input``, of shape (batch, C, *size), and the output ``output``. They are without activations,
    and norms are folded into them. Raises SepcostError for layers of other kinds.
    """
    random = np.random.default_rng(seed)
    timed = list(map(bare, layers))
    names = [INPUT, *(f"map{number}" for number in range(1, len(timed))), OUTPUT]
    nodes, weights = [], []
    for number, layer in enumerate(timed):
        tensors = [numpy_helper.from_array(*each) for each in _weights(layer, number, random)]
        inputs = [names[number], *(each.name for each in tensors)]
        kind, attributes = _node(layer)
        nodes.append(helper.make_node(kind, inputs, [names[number + 1]], **attributes))
        weights += tensors
    shapes = {INPUT: timed[0].input_shape, OUTPUT: timed[-1].output_shape}
    first, last = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, (batch, *shape)) for name, shape in shapes.items()
    )
    graph = helper.make_graph(nodes, "layers", [first], [last], weights)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(
        graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="sepcost", producer_version=__version__
    )


def _weights(layer: Conv | Linear, number: int, random: np.random.Generator) -> Iterator[tuple[Any, str]]:
    """Its weights, and its bias where it has one, as torch has them: as large as keeps the output's size."""
    shape: tuple[int, ...]
    if isinstance(layer, Linear):
        shape, has_bias = (layer.out_features, layer.in_features), layer.bias
    else:
        channels = (layer.out_channels, layer.in_channels)
        own, others = reversed(channels) if layer.transposed else channels
        shape = (own, others // layer.groups, *layer.kernel_size)
        has_bias = layer.bias or layer.norm == "folded"
    scale = np.prod(shape[1:], dtype=float) ** -0.5
    yield (random.random(shape, np.float32) * 2 - 1) * np.float32(scale), f"weight{number}"
    if has_bias:
        yield random.random(layer.out_channels, np.float32) - np.float32(0.5), f"bias{number}"


def _node(layer: Conv | Linear) -> tuple[str, dict[str, Any]]:
    if isinstance(layer, Linear):
        return "Gemm", {"transB": 1}
    front, back = zip(*_pads(layer))
    attributes = {
        "kernel_shape": layer.kernel_size,
        "strides": layer.stride,
        "dilations": layer.dilation,
        "group": layer.groups,
        "pads": (*front, *back),
    }
    if not layer.transposed:
        return "Conv", attributes
    return "ConvTranspose", {**attributes, "output_padding": torch_padding(layer).output_padding}


def _pads(layer: Conv) -> list[tuple[int, int]]:
    """Zeros in front of and after each axis, as torch's modules add them; transposed, what is cut off."""
    padding = torch_padding(layer)
    if padding.around:
        return list(padding.around)
    if padding.padding == "same":
        reaches = (dilation * (kernel - 1) for dilation, kernel in zip(layer.dilation, layer.kernel_size))
        return [(reach // 2, reach - reach // 2) for reach in reaches]
    crop = padding.crop or (0,) * len(padding.padding)
    return [(each, each + cut) for each, cut in zip(padding.padding, crop)]

"""Operators of ONNX and of ONNX Runtime, one by one, against closed forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, helper
from onnx.numpy_helper import from_array

import sepcost
from sepcost import Network
from sepcost.sources.onnx import kinds
from tests.commands import sepcost as command
from tests.sources.onnx.runtime import macs

RUNTIME = "com.microsoft"
Shape = Sequence[int]


class Case(NamedTuple):
    """An operator on maps and weights of these shapes, its MACs and its params."""

    kind: str
    maps: Sequence[Shape]
    weights: Sequence[Shape]
    macs: int
    params: int
    attributes: Mapping[str, Any] = {}
    domain: str = ""
    order: str = ""
    """What it reads: m for the next map, w for the next weight, - for nothing; maps first, unless given."""


def network(case: Case, path: Path, dtype: int = TensorProto.FLOAT) -> Network:
    maps = [f"m{number}" for number in range(len(case.maps))]
    weights = [f"w{number}" for number in range(len(case.weights))]
    waiting = {"m": iter(maps), "w": iter(weights)}
    order = case.order or "m" * len(maps) + "w" * len(weights)
    reads = ["" if each == "-" else next(waiting[each]) for each in order]
    node = helper.make_node(case.kind, reads, ["y"], domain=case.domain, name="layer", **case.attributes)
    inputs = [helper.make_tensor_value_info(name, dtype, shape) for name, shape in zip(maps, case.maps)]
    held = [from_array(np.zeros(shape, np.float32), name) for name, shape in zip(weights, case.weights)]
    outputs = [helper.make_tensor_value_info("y", dtype, None)]
    graph = helper.make_graph([node], "g", inputs, outputs, held)
    opsets = [helper.make_opsetid("", 23), helper.make_opsetid(RUNTIME, 1)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets).SerializeToString())
    return sepcost.load(path)


TWICE: dict[str, Any] = {"strides": [2, 2]}
BOTH_WAYS = {"hidden_size": 5, "direction": "bidirectional"}
HEADS = {"q_num_heads": 4, "kv_num_heads": 2}
MAP, DEEP = (2, 8, 10, 12), (1, 4, 6, 8, 8)
CASES = {
    "conv": Case("Conv", [MAP], [(16, 8, 3, 3), (16,)], 2 * 8 * 10 * 16 * 72, 16 * 72 + 16),
    "conv, padded": Case("Conv", [MAP], [(16, 8, 3, 3)], 2 * 120 * 16 * 72, 16 * 72, {"pads": [1, 1, 1, 1]}),
    "conv, strides and dilations": Case(
        "Conv", [MAP], [(16, 8, 3, 3)], 2 * 3 * 4 * 16 * 72, 16 * 72, {"strides": [2, 2], "dilations": [2, 2]}
    ),
    "conv, groups": Case("Conv", [MAP], [(16, 1, 3, 3)], 2 * 80 * 16 * 9, 16 * 9, {"group": 8}),
    "conv, uneven pads": Case(
        "Conv", [MAP], [(16, 8, 3, 3)], 2 * 5 * 6 * 16 * 72, 16 * 72, {"pads": [0, 0, 1, 1], "strides": [2, 2]}
    ),
    "conv, pads that are no same": Case(
        "Conv", [MAP], [(16, 8, 1, 1)], 2 * 13 * 12 * 16 * 8, 128, {"pads": [1, 0, 2, 0]}
    ),
    "conv, same": Case(
        "Conv", [MAP], [(16, 8, 4, 4)], 2 * 4 * 4 * 16 * 128, 16 * 128, {"auto_pad": "SAME_UPPER", "strides": [3, 3]}
    ),
    "conv, 1-D": Case("Conv", [(1, 3, 100)], [(8, 3, 5)], 96 * 8 * 15, 120),
    "conv, 3-D": Case("Conv", [DEEP], [(8, 4, 3, 3, 3)], 4 * 6 * 6 * 8 * 108, 8 * 108),
    "transposed": Case("ConvTranspose", [MAP], [(8, 16, 2, 2)], 2 * 120 * 8 * 16 * 4, 512, {"strides": [2, 2]}),
    "transposed, a given output": Case(
        "ConvTranspose",
        [MAP],
        [(8, 16, 3, 3)],
        2 * 120 * 8 * 16 * 9,
        1152,
        {**TWICE, "output_shape": [20, 24]},
    ),
    "transposed, same": Case(
        "ConvTranspose",
        [MAP],
        [(8, 16, 3, 3)],
        2 * 120 * 8 * 16 * 9,
        1152,
        {**TWICE, "auto_pad": "SAME_UPPER"},
    ),
    "transposed, one side": Case(
        "ConvTranspose",
        [MAP],
        [(8, 16, 3, 3)],
        2 * 120 * 8 * 16 * 9,
        1152,
        {**TWICE, "pads": [1, 0, 1, 1], "output_padding": [1, 0]},
    ),
    "transposed, groups": Case(
        "ConvTranspose", [MAP], [(8, 2, 3, 3)], 2 * 120 * 8 * 2 * 9, 144, {"group": 4, "output_padding": [0, 0]}
    ),
    "fused conv": Case(
        "FusedConv", [MAP], [(16, 8, 3, 3), (16,)], 2 * 80 * 16 * 72, 1168, {"activation": "Relu"}, RUNTIME
    ),
    "deformable": Case(
        "DeformConv",
        [MAP, (2, 18, 8, 10)],
        [(16, 8, 3, 3)],
        2 * 80 * 16 * 72,
        1152,
        {"kernel_shape": [3, 3]},
        "",
        "mwm",
    ),
    "gemm": Case("Gemm", [(5, 8)], [(8, 4), (4,)], 160, 36),
    "gemm, transposed": Case("Gemm", [(5, 8)], [(4, 8), (4,)], 160, 36, {"transB": 1}),
    "gemm, weights first": Case("Gemm", [(8, 5)], [(4, 8)], 160, 32, {}, "", "wm"),
    "matmul": Case("MatMul", [(2, 5, 8)], [(8, 4)], 320, 32),
    "matmul, weights first": Case("MatMul", [(2, 8, 5)], [(4, 8)], 320, 32, {}, "", "wm"),
    "matmul, a stack of weights": Case("MatMul", [(3, 5, 8)], [(3, 8, 4)], 480, 96),
    "matmul of maps": Case("MatMul", [(2, 3, 5, 8), (3, 8, 4)], [], 960, 0),
    "fused matmul": Case("FusedMatMul", [(2, 5, 8), (2, 4, 8)], [], 320, 0, {"transB": 1}, RUNTIME),
    "fused matmul, batches in the middle": Case(
        "FusedMatMul", [(5, 2, 8), (4, 2, 8)], [], 320, 0, {"transB": 1, "transBatchA": 1, "transBatchB": 1}, RUNTIME
    ),
    "einsum": Case("Einsum", [(2, 5, 8)], [(8, 4)], 320, 32, {"equation": "bik,kj->bij"}),
    "einsum, ellipsis": Case("Einsum", [(2, 3, 5, 8), (2, 3, 7, 8)], [], 1680, 0, {"equation": "...ik,...jk->...ij"}),
    "lstm": Case(
        "LSTM", [(6, 2, 4)], [(1, 20, 4), (1, 20, 5), (1, 40)], 12 * (80 + 100), 80 + 100 + 40, {"hidden_size": 5}
    ),
    "gru, both directions": Case(
        "GRU",
        [(6, 2, 4)],
        [(2, 15, 4), (2, 15, 5)],
        12 * 2 * (60 + 75),
        270,
        BOTH_WAYS,
    ),
    "attention": Case("Attention", [(2, 4, 6, 8), (2, 4, 7, 8), (2, 4, 7, 10)], [], 2 * 4 * 6 * 7 * 18, 0),
    "attention, fewer heads of keys": Case(
        "Attention",
        [(2, 6, 32), (2, 7, 16), (2, 7, 16)],
        [],
        2 * 4 * 6 * 7 * 16,
        0,
        HEADS,
    ),
    "runtime's attention": Case(
        "Attention", [(2, 6, 16)], [(16, 48), (48,)], 2 * 6 * (16 * 48 + 6 * 32), 816, {"num_heads": 4}, RUNTIME
    ),
    "multi-head attention": Case(
        "MultiHeadAttention", [(2, 6, 16), (2, 7, 16), (2, 7, 16)], [], 2 * 6 * 7 * 32, 0, {"num_heads": 4}, RUNTIME
    ),
    "multi-head attention, packed": Case(
        "MultiHeadAttention", [(2, 6, 4, 3, 8)], [], 2 * 6 * 6 * 64, 0, {"num_heads": 4}, RUNTIME
    ),
    "multi-head attention, wider values by head": Case(
        "MultiHeadAttention",
        [(2, 6, 32), (2, 4, 7, 8), (2, 4, 7, 16)],
        [],
        2 * 6 * 7 * (32 + 64),
        0,
        {"num_heads": 4},
        RUNTIME,
    ),
    "average pool": Case("AveragePool", [MAP], [], 0, 0, {"kernel_shape": [2, 2], "strides": [2, 2]}),
}


@pytest.mark.parametrize("name", CASES)
def test_operator(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    found = network(case, tmp_path / "net.onnx")
    costs = [node.cost for node in found]
    assert (sum(cost.macs for cost in costs), sum(cost.params for cost in costs)) == (case.macs, case.params)
    assert not found.uncounted


def test_a_deformable_convolution_is_kept(tmp_path: Path) -> None:
    (layer,) = network(CASES["deformable"], tmp_path / "net.onnx")
    assert layer.keep == "it is deformable"


def chain(nodes: Sequence[NodeProto], maps: Mapping[str, Shape], weights: Mapping[str, Shape], path: Path) -> Network:
    """The network of several nodes, the last of which makes y; its weights are zeros."""
    return saved(nodes, [from_array(np.zeros(shape, np.float32), name) for name, shape in weights.items()], maps, path)


def saved(nodes: Sequence[NodeProto], held: Sequence[TensorProto], maps: Mapping[str, Shape], path: Path) -> Network:
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in maps.items()]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("y", *nodes[-1].output)]
    graph = helper.make_graph(nodes, "g", inputs, outputs, held)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(RUNTIME, 1)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets).SerializeToString())
    return sepcost.load(path)


@pytest.mark.parametrize(
    ("maps", "features"),
    [
        ({"q": (2, 6, 4, 3, 8)}, 32),
        ({"q": (2, 6, 32), "k": (2, 7, 4, 2, 8)}, 32),
        ({"q": (2, 6, 32), "k": (2, 7, 32), "v": (2, 7, 64)}, 64),
        ({"q": (2, 6, 32), "k": (2, 4, 7, 8), "v": (2, 4, 7, 16)}, 64),
    ],
)
def test_attention_makes_as_many_features_as_values_have(
    maps: Mapping[str, Shape], features: int, tmp_path: Path
) -> None:
    nodes = [
        helper.make_node("MultiHeadAttention", list(maps), ["a"], domain=RUNTIME, num_heads=4),
        helper.make_node("MatMul", ["a", "w"], ["y"]),
    ]
    network = chain(nodes, maps, {"w": (features, 10)}, tmp_path / "net.onnx")
    assert network.nodes[-1].cost.macs == 2 * 6 * features * 10
    assert not network.uncounted


def test_the_sum_of_a_skipped_norm(tmp_path: Path) -> None:
    """The fourth result of ONNX Runtime's norms is the sum that they normalise: the next block reads it."""
    nodes = [
        helper.make_node("SkipSimplifiedLayerNormalization", ["x", "x", "g"], ["", "", "", "s"], domain=RUNTIME),
        helper.make_node("MatMul", ["s", "w"], ["y"]),
    ]
    network = chain(nodes, {"x": (2, 6, 32)}, {"g": (32,), "w": (32, 10)}, tmp_path / "net.onnx")
    assert [node.cost.macs for node in network if node.layer.type == "linear"] == [2 * 6 * 32 * 10]
    assert not network.uncounted


def test_a_product_of_unknown_size_is_listed(tmp_path: Path) -> None:
    """Its matrices do not fit, so nothing says what it makes."""
    nodes = [helper.make_node("MatMul", ["x", "v"], ["z"]), helper.make_node("MatMul", ["z", "w"], ["y"], name="fc")]
    network = chain(nodes, {"x": (6, 32)}, {"v": (32, 4), "w": (5, 10)}, tmp_path / "net.onnx")
    assert network.uncounted == {"MatMul in fc": 1}


@pytest.mark.parametrize("kind", ["MaxPool", "GlobalAveragePool"])
def test_a_pool_of_unknown_size_has_no_products(kind: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"kernel_shape": [2, 2]} if kind == "MaxPool" else {}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["map"]),
        helper.make_node("Cast", ["map"], ["chosen"], to=TensorProto.BOOL),
        helper.make_node("Compress", ["map", "chosen"], ["some"], axis=3),
        helper.make_node(kind, ["some"], ["y"], **options),
    ]
    network = chain(nodes, {"x": (1, 3, 6, 6)}, {"w": (4, 3, 3, 3)}, tmp_path / "net.onnx")
    assert not network.uncounted


def test_a_text_is_no_number(tmp_path: Path) -> None:
    """Constants may be texts; they hinder nothing."""
    nodes = [
        helper.make_node("Constant", [], ["text"], value_strings=["one", "two"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    network = chain(nodes, {"x": (6, 32)}, {"w": (32, 4)}, tmp_path / "net.onnx")
    assert [node.cost.macs for node in network] == [6 * 32 * 4]


@pytest.mark.parametrize(("given", "bits"), [({"bits": 4}, 4), ({"bits": 3}, 3), ({"bits": 5}, 5), ({}, 4)])
def test_few_bits(given: dict[str, int], bits: int, tmp_path: Path) -> None:
    """The params of packed weights follow from K and N, their bytes from the bits."""
    packed = from_array(np.zeros((16, 1, 4 * bits), np.uint8), "packed")
    scales = from_array(np.zeros(16, np.float32), "scales")
    options: dict[str, Any] = {"K": 32, "N": 16, "block_size": 32, **given}
    node = helper.make_node("MatMulNBits", ["x", "packed", "scales"], ["y"], domain=RUNTIME, name="fc", **options)
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 5, 32])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    model = helper.make_model(helper.make_graph([node], "g", [image], [made], [packed, scales]))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    (layer,) = sepcost.load(tmp_path / "net.onnx")
    assert (layer.cost.macs, layer.cost.params) == (5 * 32 * 16, 32 * 16)
    assert layer.cost.stored is not None
    assert layer.cost.stored.weights == 32 * 16 * bits // 8


def dequantised(dtype: type, scale: Shape, *, turned: bool = False) -> tuple[list[NodeProto], list[TensorProto]]:
    """A matrix of whole numbers that operators turn into floating-point numbers: shifted, and scaled."""
    held: list[tuple[str, Any]] = [
        ("q", np.zeros((16, 8) if turned else (8, 16), dtype)),
        ("z", np.zeros(scale, dtype)),
    ]
    nodes = [helper.make_node("Cast", [name], [f"{name}f"], to=TensorProto.FLOAT) for name, _ in held]
    nodes += [helper.make_node("Sub", ["qf", "zf"], ["d"]), helper.make_node("Mul", ["s", "d"], ["k"])]
    nodes += [helper.make_node("Transpose", ["k"], ["kt"])] * turned
    nodes += [helper.make_node("MatMul", ["x", "kt" if turned else "k"], ["y"], name="fc")]
    return nodes, [from_array(array, name) for name, array in (*held, ("s", np.zeros(scale, np.float32)))]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32])
@pytest.mark.parametrize(("scale", "turned"), [((), False), ((16,), False), ((8, 1), False), ((16, 1), True)])
def test_whole_numbers_that_are_cast_are_weights(dtype: type, scale: Shape, turned: bool, tmp_path: Path) -> None:
    """They count as the float twin; the bytes are those of the file."""
    nodes, held = dequantised(dtype, scale, turned=turned)
    (layer,) = saved(nodes, held, {"x": (2, 6, 8)}, tmp_path / "net.onnx")
    assert (layer.layer.type, layer.cost.macs, layer.cost.params) == ("linear", 2 * 6 * 8 * 16, 8 * 16)
    assert layer.cost.stored is None or layer.cost.stored.weights == 128 * np.dtype(dtype).itemsize
    assert layer.widths is not None
    assert layer.widths.weights == np.dtype(dtype).itemsize


def test_what_depends_on_no_input_counts_as_the_file_has_it(tmp_path: Path) -> None:
    """As in torch, and in ONNX Runtime where that optimises nothing."""
    nodes = [helper.make_node("MatMul", ["v", "w"], ["c"]), helper.make_node("MatMul", ["x", "c"], ["y"], name="fc")]
    network = chain(nodes, {"x": (1, 6, 32)}, {"v": (32, 4), "w": (4, 10)}, tmp_path / "net.onnx")
    assert sum(node.cost.macs for node in network) == macs(tmp_path / "net.onnx", "x=6x32") == 6 * 32 * 10 + 32 * 4 * 10
    assert sum(node.cost.params for node in network) == 32 * 4 + 4 * 10
    assert not network.uncounted


def test_random_numbers_are_drawn_each_time(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("RandomNormal", [], ["r"], shape=[3, 32]),
        helper.make_node("MatMul", ["r", "w"], ["m"], name="fc"),
        helper.make_node("Add", ["m", "x"], ["y"]),
    ]
    network = chain(nodes, {"x": (3, 8)}, {"w": (32, 8)}, tmp_path / "net.onnx")
    assert [(node.cost.macs, node.cost.params) for node in network] == [(3 * 32 * 8, 32 * 8)]


@pytest.mark.parametrize(("second", "params"), [((8, 16), [576, 576]), ((0, 8), [576, 0]), ((0, 16), [576, 0])])
def test_slices_of_a_kernel(second: tuple[int, int], params: list[int], tmp_path: Path) -> None:
    """Two of the same size are the same kernel only if they begin at the same place."""
    weights = [from_array(np.zeros((16, 8, 3, 3), np.float32), "w")]
    nodes = []
    for number, (start, end) in enumerate([(0, 8), second]):
        weights += [from_array(np.array([each]), f"{name}{number}") for name, each in (("s", start), ("e", end))]
        nodes += [helper.make_node("Slice", ["w", f"s{number}", f"e{number}"], [f"k{number}"])]
        nodes += [helper.make_node("Conv", [f"m{number}" if number else "x", f"k{number}"], ["y" if number else "m1"])]
    network = saved(nodes, weights, {"x": (1, 8, 12, 12)}, tmp_path / "net.onnx")
    found = [node.cost.params for node in network if node.layer.type == "conv"]
    assert found[: len(params)] == params[: len(found)]
    assert sum(node.cost.params for node in network) == 16 * 72


def test_a_kernel_that_is_an_input_is_no_param(tmp_path: Path) -> None:
    nodes = [helper.make_node("Conv", ["x", "kernel"], ["y"], name="conv")]
    (layer,) = chain(nodes, {"x": (1, 3, 8, 8), "kernel": (4, 3, 3, 3)}, {}, tmp_path / "net.onnx")
    assert (layer.cost.macs, layer.cost.params) == (36 * 4 * 27, 0)
    assert layer.keep == "its kernel is an input, or is computed"


def test_a_table_of_few_bits(tmp_path: Path) -> None:
    """Two numbers share a byte; the table is read, not multiplied."""
    held = [from_array(np.zeros((10, 16), np.uint8), "table"), from_array(np.zeros((10, 1), np.float32), "scales")]
    nodes = [
        helper.make_node("GatherBlockQuantized", ["table", "i", "scales"], ["rows"], domain=RUNTIME, block_size=32),
        helper.make_node("Constant", [], ["i"], value_ints=[1, 2]),
        helper.make_node("MatMul", ["x", "w"], ["z"]),
        helper.make_node("Add", ["z", "rows"], ["y"]),
    ]
    held.append(from_array(np.zeros((4, 32), np.float32), "w"))
    network = saved([nodes[1], nodes[0], *nodes[2:]], held, {"x": (2, 4)}, tmp_path / "net.onnx")
    assert [(node.cost.params, node.cost.macs) for node in network] == [(4 * 32, 2 * 4 * 32), (10 * 32, 0)]
    assert network.nodes[1].cost.stored is not None
    assert network.nodes[1].cost.stored.weights == 160


def test_an_operator_that_came_later_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """StringSplit came with version 20 of the standard."""
    assert kinds.is_free("StringSplit")
    monkeypatch.setattr(kinds, "LATEST", 19)
    assert not kinds.is_free("StringSplit")


def test_a_table_of_places_is_no_weight(tmp_path: Path) -> None:
    held = [from_array(np.zeros((1, 512), np.int64), "places"), from_array(np.array([0]), "i")]
    held.append(from_array(np.zeros((8, 4), np.float32), "w"))
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        helper.make_node("Shape", ["y"], ["s"]),
        helper.make_node("Gather", ["places", "i"], ["row"]),
        helper.make_node("Gather", ["row", "s"], ["z"]),
    ]
    network = saved(nodes, held, {"x": (2, 8)}, tmp_path / "net.onnx")
    assert sum(node.cost.params for node in network) == 32


def test_a_kernel_that_runs_again_has_a_bias_of_another(tmp_path: Path) -> None:
    """One bias is stored for all three, and the last two have one kernel: as YAML they still are convolutions."""
    weights = {"v": (8, 8, 3, 3), "w": (8, 8, 3, 3), "b": (8,)}
    reads = [["x", "v", "b"], ["m0", "w", "b"], ["m1", "w", "b"]]
    nodes = [helper.make_node("Conv", each, [f"m{number}"]) for number, each in enumerate(reads)]
    nodes.append(helper.make_node("Relu", ["m2"], ["y"]))
    network = chain(nodes, {"x": (1, 8, 12, 12)}, weights, tmp_path / "net.onnx")
    assert [node.cost.params for node in network] == [584, 576, 0]
    (tmp_path / "net.yaml").write_text(command("compare", str(tmp_path / "net.onnx"), "--format", "yaml").out)
    assert [node.cost for node in sepcost.load(tmp_path / "net.yaml")] == [node.cost for node in network]


def test_packed_numbers_are_no_more_than_are_stored(tmp_path: Path) -> None:
    options: dict[str, Any] = {"K": 2**40, "N": 2**40, "bits": 4, "block_size": 32}
    nodes = [helper.make_node("MatMulNBits", ["x", "q", "s"], ["y"], domain=RUNTIME, name="fc", **options)]
    held = [from_array(np.zeros((16, 1, 16), np.uint8), "q"), from_array(np.zeros(16, np.float32), "s")]
    network = saved(nodes, held, {"x": (1, 32)}, tmp_path / "net.onnx")
    assert network.uncounted == {"MatMulNBits in fc": 1}


def test_one_number_that_a_framework_named_is_a_param(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "fc.weight"], ["m"]),
        helper.make_node("Add", ["m", "fc.bias"], ["z"]),
        helper.make_node("Mul", ["z", "two"], ["y"]),
    ]
    weights = {"fc.weight": (8, 1), "fc.bias": (1,), "two": (1,)}
    assert sum(node.cost.params for node in chain(nodes, {"x": (2, 6, 8)}, weights, tmp_path / "net.onnx")) == 9


BEHIND = {
    "Slice": (["q", "zero", "eight"], [16, 8]),
    "Split": (["q"], [16, 8]),
    "Squeeze": (["q", "zero"], [1, 8, 8]),
    "Concat": (["q", "q"], [4, 8]),
    "Expand": (["q", "shape"], [1, 8]),
    "Reshape": (["q", "shape"], [64]),
    "Identity": (["q"], [8, 8]),
}


@pytest.mark.parametrize("kind", BEHIND)
@pytest.mark.parametrize("last", ["dequantised", "multiplied"])
def test_quantised_weights_behind_any_operator(kind: str, last: str, tmp_path: Path) -> None:
    """Each number of a quantised tensor counts once, whatever is done with it before the product."""
    reads, stored = BEHIND[kind]
    held = [from_array(np.ones(stored, np.int8), "q"), from_array(np.array([8, 8]), "shape")]
    held += [from_array(np.array([number]), name) for name, number in (("zero", 0), ("eight", 8))]
    held += [from_array(np.array(1.0, np.float32), "scale"), from_array(np.array(0, np.int8), "point")]
    options: dict[str, Any] = {"Concat": {"axis": 0}, "Split": {"num_outputs": 2}}.get(kind, {})
    nodes = [helper.make_node(kind, reads, ["k", "other"] if kind == "Split" else ["k"], **options)]
    if last == "dequantised":
        nodes += [helper.make_node("DequantizeLinear", ["k", "scale", "point"], ["w"])]
        nodes += [helper.make_node("MatMul", ["x", "w"], ["y"])]
    else:
        nodes += [helper.make_node("QuantizeLinear", ["x", "scale", "point"], ["i"])]
        nodes += [helper.make_node("MatMulInteger", ["i", "k"], ["y"])]
    network = saved(nodes, held, {"x": (4, 8)}, tmp_path / "net.onnx")
    assert sum(node.cost.macs for node in network) == 4 * 8 * 8
    assert sum(node.cost.params for node in network) == np.prod(stored)
    assert not network.uncounted


@pytest.mark.parametrize(
    ("kind", "reads", "constant"),
    [
        ("QLinearMatMul", ["c", "s", "z", "q", "s", "z", "s", "z"], (4, 8)),
        ("QLinearAdd", ["c", "s", "z", "q", "s", "z", "s", "z"], (8,)),
        ("QLinearConcat", ["s", "z", "c", "s", "z", "q", "s", "z"], (2, 8)),
    ],
)
def test_quantised_constants_in_any_place(kind: str, reads: list[str], constant: Shape, tmp_path: Path) -> None:
    held = [from_array(np.array(1.0, np.float32), "s"), from_array(np.array(0, np.int8), "z")]
    held += [from_array(np.ones(constant, np.int8), "c"), from_array(np.ones((8, 8), np.float32), "w")]
    options: dict[str, Any] = {"axis": 0} if kind == "QLinearConcat" else {}
    domain = "" if kind == "QLinearMatMul" else RUNTIME
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"]),
        helper.make_node("QuantizeLinear", ["m", "s", "z"], ["q"]),
        helper.make_node(kind, reads, ["r"], domain=domain, **options),
        helper.make_node("DequantizeLinear", ["r", "s", "z"], ["y"]),
    ]
    network = saved(nodes, held, {"x": (8, 8)}, tmp_path / "net.onnx")
    assert sum(node.cost.params for node in network) == 64 + np.prod(constant)


@pytest.mark.parametrize(("value", "params"), [(0.0, 220), (0.5, 230)])
def test_states_are_params_unless_they_are_zero(value: float, params: int, tmp_path: Path) -> None:
    """Learned ones are; exporters write zeros where a model is given none."""
    shapes: dict[str, Shape] = {"w": (1, 20, 4), "r": (1, 20, 5), "b": (1, 40), "h": (1, 1, 5), "c": (1, 1, 5)}
    held = [from_array(np.full(shape, value, np.float32), name) for name, shape in shapes.items()]
    nodes = [helper.make_node("LSTM", ["x", "w", "r", "b", "", "h", "c"], ["y"], hidden_size=5)]
    (layer,) = saved(nodes, held, {"x": (6, 1, 4)}, tmp_path / "net.onnx")
    assert layer.cost.params == params

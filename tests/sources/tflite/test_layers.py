"""Layers of TensorFlow Lite models, counted as torch counts them, or by closed forms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import sepcost
from sepcost import Network
from tests.sources.programs import totals, traffic_and_peak
from tests.sources.tflite.files import DENSE, SAME, VALID, File, Load, small_network


def counted(module: nn.Module, *shape: int) -> tuple[int, int]:
    """The MACs of torch's counter, and the params."""
    with FlopCounterMode(display=False) as counter:
        module(torch.zeros(shape))
    return counter.get_total_flops() // 2, sum(each.numel() for each in module.parameters())


def weight_bytes(network: Network) -> int:
    (compared,) = json.loads(sepcost.compare(network).to_json())["networks"]
    return int(compared["total"]["standard"]["weight_bytes"])


CONVOLUTIONS: dict[str, tuple[Sequence[int], Sequence[int], dict[str, Any], nn.Module]] = {
    "same": ((15, 20, 3), (8, 5, 3, 3), {"made": (15, 20, 8)}, nn.Conv2d(3, 8, (5, 3), padding=(2, 1))),
    "stride": (
        (15, 20, 3), (8, 3, 3, 3), {"made": (8, 7, 8), "stride": (2, 3)}, nn.Conv2d(3, 8, 3, (2, 3), padding=1),
    ),
    "valid": (
        (15, 20, 3), (8, 3, 3, 3), {"made": (7, 9, 8), "stride": (2, 2), "padding": VALID}, nn.Conv2d(3, 8, 3, 2),
    ),
    "dilated": (
        (15, 20, 3), (8, 3, 3, 3),
        {"made": (11, 14, 8), "padding": VALID, "DilationHFactor": 2, "DilationWFactor": 3},
        nn.Conv2d(3, 8, 3, dilation=(2, 3)),
    ),
    "grouped": ((15, 20, 6), (8, 3, 3, 3), {"made": (15, 20, 8)}, nn.Conv2d(6, 8, 3, padding=1, groups=2)),
    "depthwise": (
        (15, 20, 4), (1, 3, 3, 8), {"made": (15, 20, 8), "kind": "DEPTHWISE_CONV_2D"},
        nn.Conv2d(4, 8, 3, padding=1, groups=4),
    ),
    "deep": (
        (5, 6, 7, 3), (3, 3, 1, 3, 8), {"made": (5, 6, 7, 8), "kind": "CONV_3D", "stride": (1, 1, 1)},
        nn.Conv3d(3, 8, (3, 3, 1), padding=(1, 1, 0)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions(name: str, load: Load) -> None:
    shape, kernel, options, module = CONVOLUTIONS[name]
    file = File()
    x = file.tensor(2, *shape)
    made = options["made"]
    y = file.conv(x, kernel, 2, *made, **{key: value for key, value in options.items() if key != "made"})
    (node,) = load(file, [x], [y])
    expected = counted(module, 1, shape[-1], *shape[:-1])
    assert (node.cost.macs, node.times, node.cost.params) == (expected[0] * 2, 2, expected[1])
    assert node.layer.output_shape == (made[-1], *made[:-1])


@pytest.mark.parametrize(
    ("kind", "options", "size", "made", "stride", "padding", "module"),
    [
        ("TRANSPOSE_CONV", "TransposeConv", (7, 5), (14, 10), (2, 2), SAME, nn.ConvTranspose2d(3, 8, 4, 2, 1)),
        ("TRANSPOSE_CONV", "TransposeConv", (7, 5), (13, 9), (2, 2), SAME, nn.ConvTranspose2d(3, 8, 3, 2, 1)),
        ("TRANSPOSE_CONV", "TransposeConv", (7, 5), (15, 11), (2, 2), VALID, nn.ConvTranspose2d(3, 8, 3, 2)),
        ("TRANSPOSE_CONV", "TransposeConv", (7, 5), (14, 10), (2, 2), VALID, nn.ConvTranspose2d(3, 8, 1, 2, 0, 1)),
        (
            "CONV_3D_TRANSPOSE", "Conv3D", (3, 4, 5), (6, 8, 10), (2, 2, 2), SAME, nn.ConvTranspose3d(3, 8, 2, 2),
        ),
    ],
)  # fmt: skip
def test_transposed_convolutions(
    kind: str, options: str, size: Any, made: Any, stride: Any, padding: int, module: Any, load: Load
) -> None:
    file = File()
    x, kernel = file.tensor(1, *size, 3), module.kernel_size
    weights = file.weight(8, *kernel, 3) if len(size) == 2 else file.weight(*kernel, 8, 3)
    strides = dict(zip(("StrideD", "StrideH", "StrideW")[-len(size) :], stride))
    reads = [file.numbers(1, *made, 8), weights, x, file.weight(8)]
    y = file.run(kind, reads, file.tensor(1, *made, 8), options=options, Padding=padding, **strides)
    (node,) = load(file, [x], [y])
    assert (node.cost.macs, node.cost.params) == counted(module, 1, 3, *size)
    assert node.layer.output_shape == (8, *made)
    assert node.layer.transposed  # type: ignore[attr-defined]


def test_linear_layers_and_products(load: Load) -> None:
    file = File()
    x = file.tensor(1, 6, 4)
    y = file.run(
        "FULLY_CONNECTED", [x, file.weight(5, 4), file.weight(5)], file.tensor(1, 6, 5), KeepNumDims=True, **DENSE
    )
    z = file.run("FULLY_CONNECTED", [y, file.weight(7, 30), -1], file.tensor(1, 7), **DENSE)
    bmm = file.run("BATCH_MATMUL", [y, y], file.tensor(1, 6, 6), options="BatchMatMul", AdjY=True)
    mm = file.run("BATCH_MATMUL", [y, file.weight(9, 5)], file.tensor(1, 6, 9), options="BatchMatMul", AdjY=True)
    network = load(file, [x], [z, bmm, mm])
    assert [node.cost.macs for node in network] == [6 * 4 * 5, 30 * 7, 6 * 5 * 6, 6 * 5 * 9]
    assert [node.cost.params for node in network] == [25, 210, 0, 45]
    assert [node.times for node in network] == [6, 1, 1, 6]


def gates(file: File, inputs: int, units: int, *, first: bool = True) -> list[int]:
    """The matrices and the biases of an LSTM, with their places; without those of the input gate on demand."""
    four = [file.weight(units, inputs) for _ in range(3 + first)] + [
        file.weight(units, units) for _ in range(3 + first)
    ]
    biases = [file.weight(units) for _ in range(3 + first)]
    left_out = [-1] * (not first)
    many = 3 + first
    return [*left_out, *four[:many], *left_out, *four[many:], -1, -1, -1, *left_out, *biases]


def test_recurrent_layers(load: Load) -> None:
    """Matrices count in each step, of each sample; states are no weights."""
    file = File()
    x = file.tensor(2, 6, 5)
    states = [file.tensor(2, 7, variable=True) for _ in range(4)]
    lstm = file.run(
        "UNIDIRECTIONAL_SEQUENCE_LSTM", [x, *gates(file, 5, 7), -1, -1, *states[:2], -1, -1, -1, -1],
        file.tensor(2, 6, 7), options="UnidirectionalSequenceLSTM",
    )  # fmt: skip
    coupled = file.run(
        "UNIDIRECTIONAL_SEQUENCE_LSTM", [lstm, *gates(file, 7, 7, first=False), -1, -1, *states[2:]],
        file.tensor(2, 6, 7), options="UnidirectionalSequenceLSTM",
    )  # fmt: skip
    rnn = file.run(
        "UNIDIRECTIONAL_SEQUENCE_RNN",
        [coupled, file.weight(3, 7), file.weight(3, 3), file.weight(3), file.tensor(2, 3, variable=True)],
        file.tensor(2, 6, 3), options="SequenceRNN",
    )  # fmt: skip
    flat = file.run("RESHAPE", [rnn], file.tensor(2, 18), options="Reshape", NewShape=[2, 18])
    svdf = file.run(
        "SVDF", [flat, file.weight(8, 18), file.weight(8, 10), file.weight(4), file.tensor(2, 80, variable=True)],
        file.tensor(2, 4), options="SVDF", Rank=2,
    )  # fmt: skip
    network = load(file, [x], [svdf])
    steps = 2 * 6
    assert [node.cost.macs for node in network] == [
        steps * 4 * 7 * (5 + 7), steps * 3 * 7 * (7 + 7), steps * 3 * (7 + 3), 2 * 8 * (18 + 10),
    ]  # fmt: skip
    assert [node.cost.params for node in network] == [4 * 7 * 13, 3 * 7 * 15, 3 * 11, 8 * 28 + 4]


def test_computed_recurrent_weights_are_not_counted_as_nothing(load: Load) -> None:
    file = File()
    x, kernel, state = file.tensor(1, 5), file.tensor(12, 8), [file.tensor(1, 3), file.tensor(1, 3)]
    reads = [x, state[0], kernel, file.weight(12), state[1]]
    lstm = file.run("LSTM", reads, file.tensor(1, 3), file.tensor(1, 3), options="LSTM", KernelType=1)
    y = file.run("FULLY_CONNECTED", [lstm, file.weight(2, 3), -1], file.tensor(1, 2), **DENSE)
    assert load(file, [x, kernel, *state], [y]).uncounted == {"LSTM": 1}


def test_what_no_layer_is_like_is_not_counted(load: Load) -> None:
    """A kernel for three of eight channels, and an LSTM without the matrices of its gates."""
    file = File()
    x = file.tensor(1, 4, 4, 8)
    conv = file.conv(x, (6, 1, 1, 3), 1, 4, 4, 6)
    steps = file.run("RESHAPE", [conv], file.tensor(1, 16, 6), options="Reshape", NewShape=[1, 16, 6])
    reads = [steps, *[-1] * 5, *[file.weight(3, 3) for _ in range(3)]]
    lstm = file.run("UNIDIRECTIONAL_SEQUENCE_LSTM", reads, file.tensor(1, 16, 3), options="UnidirectionalSequenceLSTM")
    y = file.run("FULLY_CONNECTED", [lstm, file.weight(2, 3), -1], file.tensor(16, 2), **DENSE)
    network = load(file, [x], [y])
    assert network.uncounted == {"CONV_2D": 1, "UNIDIRECTIONAL_SEQUENCE_LSTM": 1}
    assert totals(network)[0] == 16 * 6


def test_a_basic_lstm(load: Load) -> None:
    file = File()
    x, before, cell = file.tensor(1, 5), file.tensor(1, 3), file.tensor(1, 3)
    made = [file.tensor(1, 3), file.tensor(1, 3)]
    file.run("LSTM", [x, before, file.weight(12, 8), file.weight(12), cell], *made, options="LSTM", KernelType=1)
    assert totals(load(file, [x, before, cell], made)) == (12 * 8, 12 * 8 + 12)


def test_maps(load: Load) -> None:
    """Pools, a mean over the whole map, and resizes are layers without MACs."""
    file = File()
    x = file.tensor(1, 12, 8, 4)
    window: dict[str, Any] = {"options": "Pool2D", "FilterHeight": 3, "FilterWidth": 2, "StrideH": 2, "StrideW": 2}
    pool = file.run("MAX_POOL_2D", [x], file.tensor(1, 6, 4, 4), Padding=SAME, **window)
    average = file.run("AVERAGE_POOL_2D", [x], file.tensor(1, 5, 4, 4), Padding=VALID, **window)
    size = file.numbers(12, 8)
    large = file.run("RESIZE_BILINEAR", [pool, size], file.tensor(1, 12, 8, 4), options="ResizeBilinear")
    small = file.run("RESIZE_BILINEAR", [large, file.numbers(6, 4)], file.tensor(1, 6, 4, 4), options="ResizeBilinear")
    mean = file.run("MEAN", [small, file.numbers(1, 2)], file.tensor(1, 4), options="Reducer")
    y = file.run("FULLY_CONNECTED", [mean, file.weight(2, 4, name="head/MatMul"), -1], file.tensor(1, 2), **DENSE)
    network = load(file, [x], [y, average])
    assert [node.layer.type for node in network] == ["pool", "pool", "upsample", "other", "pool", "linear"]
    assert [getattr(node.layer, "output_shape", None) for node in network][:3] == [(4, 6, 4), (4, 5, 4), (4, 12, 8)]
    assert [getattr(node.layer, "mode", "") for node in network][:3] == ["max", "average", "bilinear"]
    assert totals(network) == (8, 8)


def test_a_quantised_model_counts_as_its_float_twin(load: Load) -> None:
    networks = {dtype: load(*small_network(dtype)) for dtype in ("float32", "int8")}
    one, other = networks.values()
    assert totals(one) == totals(other) == (8 * 8 * 8 * 27 + 8 * 8 * 8 * 9 + 32, 8 * 28 + 8 * 10 + 36)
    weights = {dtype: weight_bytes(each) for dtype, each in networks.items()}
    params, biases = 340, 20
    assert weights == {"float32": 4 * params, "int8": params - biases + 4 * biases}
    assert [node.keep for node in other if node.layer.type == "conv"] == ["it is quantised"] * 2
    assert [node.keep for node in one if node.layer.type == "conv"] == [None] * 2


def test_names_are_those_of_kernels_where_an_author_gave_them(load: Load) -> None:
    assert [node.name for node in load(*small_network("float32"))] == [
        "net/stem",
        "net/deep",
        "MEAN_3",
        "FULLY_CONNECTED_4",
    ]


def test_weights_behind_other_operators_are_themselves(load: Load) -> None:
    """Stored as half floats, sparse or in another shape; read twice, they count once. Others are params."""
    file = File()
    x = file.tensor(1, 4, 4, 3)
    dense = file.run(
        "DENSIFY", [file.weight(8, 3, dtype="float16", name="conv/Conv2D")], file.tensor(8, 3, dtype="float16")
    )
    plain = file.run("DEQUANTIZE", [dense], file.tensor(8, 3))
    kernel = file.run("RESHAPE", [plain, file.numbers(8, 1, 1, 3)], file.tensor(8, 1, 1, 3), options="Reshape")
    once, again = (
        file.run("CONV_2D", [x, kernel, -1], file.tensor(1, 4 // by, 4, 8), options="Conv2D", StrideH=by, StrideW=1)
        for by in (1, 2)
    )
    alpha = file.run("DEQUANTIZE", [file.weight(1, 1, 8, dtype="float16")], file.tensor(1, 1, 8))
    y = file.run("PRELU", [once, alpha], file.tensor(1, 4, 4, 8))
    network = load(file, [x], [y, again])
    assert [(node.name, node.cost.params, node.weights_of) for node in network] == [
        ("conv", 24, None), ("conv#2", 0, "conv"), ("remainder", 8, None),
    ]  # fmt: skip
    assert [getattr(node.layer, "operator", "") for node in network][2:] == ["params of PRELU (8)"]
    assert weight_bytes(network) == 2 * 32


class Twin(nn.Module):
    """A sum, a product and a concatenation of maps."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.left, self.right = nn.Conv2d(3, 8, 3, 1, 1), nn.Conv2d(8, 8, 3, 1, 1), nn.Conv2d(8, 8, 1)
        self.head = nn.Conv2d(16, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x).relu()
        left = self.left(x) + x
        out: torch.Tensor = self.head(torch.cat([left, self.right(left) * left.sigmoid()], 1)).reshape(-1, 256)
        return out


def test_peak_and_traffic_are_those_of_the_same_model(load: Load) -> None:
    file = File()
    x = file.tensor(1, 8, 8, 3)
    stem = file.run("RELU", [file.conv(x, (8, 3, 3, 3), 1, 8, 8, 8, name="stem/Conv2D")], file.tensor(1, 8, 8, 8))
    left = file.conv(stem, (8, 3, 3, 8), 1, 8, 8, 8, name="left/Conv2D")
    left = file.run("ADD", [left, stem], file.tensor(1, 8, 8, 8))
    right, gate = file.conv(left, (8, 1, 1, 8), 1, 8, 8, 8, name="right/Conv2D"), file.tensor(1, 8, 8, 8)
    file.run("LOGISTIC", [left], gate)
    right = file.run("MUL", [right, gate], file.tensor(1, 8, 8, 8))
    both = file.run("CONCATENATION", [left, right], file.tensor(1, 8, 8, 16), options="Concatenation", Axis=3)
    head = file.conv(both, (4, 1, 1, 16), 1, 8, 8, 4, name="head/Conv2D")
    y = file.run("RESHAPE", [head, file.numbers(1, 256)], file.tensor(1, 256))
    network, model = load(file, [x], [y]), sepcost.load(Twin().eval(), inputs="3x8x8")
    assert totals(network) == totals(model)
    assert [node.name for node in network] == [node.name for node in model]
    (traffic, found), (expected, other) = traffic_and_peak(network), traffic_and_peak(model)
    assert traffic == expected
    assert found is not None
    assert other is not None
    assert found == replace(other, at=found.at)  # operators have other names


PARTS: dict[str, tuple[str, Sequence[Sequence[int]], Sequence[Sequence[int]], bool]] = {
    "halves": ("SLICE", [(0, 0), (8, 8)], [(4, 0), (8, 8)], False),
    "the same half": ("SLICE", [(4, 0), (4, 8)], [(4, 0), (-1, -1)], True),
    "halves with strides": ("STRIDED_SLICE", [(0, 0), (4, 8), (1, 1)], [(4, 0), (8, 8), (1, 1)], False),
    "each second": ("STRIDED_SLICE", [(0, 0), (4, 8), (1, 1)], [(0, 0), (8, 8), (2, 1)], False),
    "the same third": ("STRIDED_SLICE", [(0, 0), (3, 8), (1, 1)], [(0, 0), (3, 8), (1, 1)], True),
}
"""How two parts of a matrix of 8×8 are cut out of it, and whether these are the same."""


@pytest.mark.parametrize("name", PARTS)
def test_parts_of_a_weight_are_the_same_if_they_are_in_the_same_place(name: str, load: Load) -> None:
    kind, *cuts, same = PARTS[name]
    file = File()
    x, weight, made = file.tensor(1, 8), file.weight(8, 8, name="fc/MatMul"), []
    rows = 3 if name == "the same third" else 4
    for cut in cuts:
        reads = [weight, *(file.numbers(*each) for each in cut)]
        part = file.run(kind, reads, file.tensor(rows, 8), options="".join(map(str.title, kind.split("_"))))
        made.append(file.run("FULLY_CONNECTED", [x, part, -1], file.tensor(1, rows), **DENSE))
    nodes = [node for node in load(file, [x], made) if node.name != "remainder"]
    assert [node.cost.params for node in nodes] == [rows * 8] * (1 if same else 2)
    assert sum(node.cost.macs for node in nodes) == 2 * rows * 8


def test_parts_of_parts_of_a_weight_are_others(load: Load) -> None:
    """Where these are is not known: nothing is left out."""
    file = File()
    x, weight, made = file.tensor(1, 8), file.weight(8, 8), []
    halves = [file.tensor(4, 8), file.tensor(4, 8)]
    file.run("SPLIT", [file.numbers([0]), weight], *halves, options="Split", NumSplits=2)
    for half in halves:
        part = file.run("SLICE", [half, file.numbers(0, 0), file.numbers(2, 8)], file.tensor(2, 8), options="Slice")
        made.append(file.run("FULLY_CONNECTED", [x, part, -1], file.tensor(1, 2), **DENSE))
    assert [node.cost.params for node in load(file, [x], made)] == [16, 16, 32]


class Halves(nn.Module):
    """A convolution for each half of the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.left, self.right = nn.Conv2d(3, 8, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 1)
        self.head = nn.Conv2d(6, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = self.stem(x).chunk(2, 1)
        out: torch.Tensor = self.head(torch.cat([self.left(left), self.right(right)], 1))
        return out


@pytest.mark.parametrize("kind", ["SPLIT", "SLICE", "STRIDED_SLICE"])
def test_parts_of_a_map_are_where_they_are(kind: str, load: Load) -> None:
    file = File()
    x = file.tensor(1, 8, 8, 3)
    stem, halves = file.conv(x, (8, 1, 1, 3), 1, 8, 8, 8, name="stem/Conv2D"), [file.tensor(1, 8, 8, 4) for _ in "lr"]
    if kind == "SPLIT":
        file.run("SPLIT", [file.numbers(3), stem], *halves, options="Split")
    for half, start in zip(halves, (0, 4) if kind != "SPLIT" else ()):
        ends = [file.numbers(1, 8, 8, start + 4), file.numbers(1, 1, 1, 1)]
        ends = ends if kind == "STRIDED_SLICE" else [file.numbers(1, 8, 8, 4)]
        file.run(
            kind, [stem, file.numbers(0, 0, 0, start), *ends], half, options="".join(map(str.title, kind.split("_")))
        )
    left = file.conv(halves[0], (4, 1, 1, 4), 1, 8, 8, 4, name="left/Conv2D")
    right = file.conv(halves[1], (2, 1, 1, 4), 1, 8, 8, 2, name="right/Conv2D")
    both = file.run("CONCATENATION", [left, right], file.tensor(1, 8, 8, 6), options="Concatenation", Axis=3)
    y = file.conv(both, (4, 1, 1, 6), 1, 8, 8, 4, name="head/Conv2D")
    network, model = load(file, [x], [y]), sepcost.load(Halves().eval(), inputs="3x8x8")
    assert traffic_and_peak(network) == traffic_and_peak(model)
    written, expected = (sepcost.compare(each).to_yaml() for each in (network, model))
    expected = expected.replace(", padding: 0", "")  # of 1×1 kernels, the same
    assert written.partition("layers:")[2] == expected.partition("layers:")[2]
    assert "start: 4" in written

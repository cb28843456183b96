"""Quantised and optimised twins of a model: the MACs of the float model, and the bytes of the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from onnxruntime import quantization
from torch import nn

import sepcost
from sepcost import Network
from tests.commands import sepcost as command
from tests.sources.onnx.test_exported import exported
from tests.sources.programs import totals

Quantise = Callable[[Path, Path], None]


class Net(nn.Module):
    """Convolutions with and without groups, a sum, a linear layer on a map and on features."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.depthwise = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.last, self.on_map, self.fc = nn.Conv2d(8, 16, 1), nn.Linear(16, 6), nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.relu(self.first(x))
        x = torch.relu(self.last(self.depthwise(x) + x))
        return self.on_map(x.flatten(2).transpose(1, 2)), self.fc(x.mean((2, 3)))


class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
    """Two images for calibration."""

    def __init__(self) -> None:
        self.images = iter([{"x": np.full((1, 3, 32, 32), each, np.float32)} for each in (0.0, 1.0)])

    def get_next(self) -> Any:
        return next(self.images, None)


def dynamic(model: Path, to: Path) -> None:
    kinds, unsigned = ["MatMul", "Gemm", "Conv"], quantization.QuantType.QUInt8
    quantization.quantize_dynamic(model, to, op_types_to_quantize=kinds, weight_type=unsigned)


def qdq(model: Path, to: Path) -> None:
    quantization.quantize_static(model, to, Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=True)


def operators(model: Path, to: Path) -> None:
    quantization.quantize_static(model, to, Reader(), quant_format=quantization.QuantFormat.QOperator)


def optimised(model: Path, to: Path, level: str = "ORT_ENABLE_EXTENDED") -> None:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.optimized_model_filepath, options.log_severity_level = str(to), 4
    onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("quantised")
    return exported(folder / "net.onnx", Net(), (torch.zeros(1, 3, 32, 32),), dynamo=False)


def weights_in_bytes(network: Network) -> int:
    return sum(node.cost.stored.weights for node in network if node.cost.stored)


@pytest.mark.parametrize("quantise", [dynamic, qdq, operators])
@pytest.mark.filterwarnings("ignore")
def test_a_quantised_model_is_its_float_twin(
    quantise: Callable[[Path, Path], None], model: Path, tmp_path: Path
) -> None:
    twin = tmp_path / "twin.onnx"
    quantise(model, twin)
    before, after = sepcost.load(model), sepcost.load(twin)
    assert totals(after)[0] == totals(before)[0] == totals(sepcost.load(Net().eval(), inputs="3x32x32"))[0]
    assert not after.uncounted
    biases = 8 + 8 + 16 + 6 + 10
    assert totals(before)[1] - biases <= totals(after)[1] <= totals(before)[1]
    kernels = totals(before)[1] - biases
    assert kernels <= weights_in_bytes(after) <= kernels + 4 * biases
    assert {node.keep for node in after if node.layer.type == "conv"} == {"it is quantised"}


def test_what_differs_is_memory(model: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin.onnx"
    qdq(model, twin)
    whole = next(csv.DictReader(io.StringIO(command("diff", str(model), str(twin), "--format", "csv").out)))
    assert (whole["macs.difference"], whole["params.difference"]) == ("0", "0")
    assert int(whole["weight_bytes.difference"]) < 0


def test_an_optimised_model(model: Path, tmp_path: Path) -> None:
    optimised(model, tmp_path / "fused.onnx")
    assert totals(sepcost.load(tmp_path / "fused.onnx"))[0] == totals(sepcost.load(model))[0]


def test_one_that_is_optimised_for_a_machine_is_refused(model: Path, tmp_path: Path) -> None:
    optimised(model, tmp_path / "blocked.onnx", "ORT_ENABLE_ALL")
    run = command("compare", str(tmp_path / "blocked.onnx"))
    if run.code == 0:
        pytest.skip("on this machine ONNX Runtime does not block channels")
    assert "is optimised for one machine (nchwc): give the model from which it was made" in run.err


@pytest.mark.filterwarnings("ignore")
def test_one_whose_channels_are_last_is_refused(model: Path, tmp_path: Path) -> None:
    operators(model, tmp_path / "twin.onnx")
    optimised(tmp_path / "twin.onnx", tmp_path / "turned.onnx", "ORT_ENABLE_ALL")
    run = command("compare", str(tmp_path / "turned.onnx"))
    if run.code == 0:
        pytest.skip("on this machine ONNX Runtime does not turn maps")
    assert "is optimised for one machine (channels_last): give the model from which it was made" in run.err

"""The models that the onnx package ships for its own tests, whose weights are filled with one number."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

import sepcost
from tests.sources.onnx.runtime import macs

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
NAMES = (
    "bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19",
    "zfnet512",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_as_onnx_runtime(name: str) -> None:
    path = LIGHT / f"light_{name}.onnx"
    network = sepcost.load(path)
    assert sum(node.cost.macs for node in network) == macs(path, network.given or "")
    assert not network.uncounted


def test_params() -> None:
    networks = {name: sepcost.load(LIGHT / f"light_{name}.onnx") for name in ("resnet50", "vgg19", "squeezenet")}
    params = {name: sum(node.cost.params for node in network) for name, network in networks.items()}
    assert params == {"resnet50": 25_557_032, "vgg19": 143_667_240, "squeezenet": 1_235_496}  # torchvision's tables

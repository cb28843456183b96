"""The models that the onnx package ships for its own tests, whose weights are filled with one number."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

import sepcost

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
MACS = {
    "bvlc_alexnet": 654_560_384,
    "densenet121": 2_834_161_664,
    "inception_v1": 1_431_556_352,
    "inception_v2": 2_018_851_840,
    "resnet50": 4_089_184_256,
    "shufflenet": 124_664_528,
    "squeezenet": 349_151_936,
    "vgg19": 19_632_062_464,
    "zfnet512": 1_481_727_008,
}


@pytest.mark.parametrize("name", MACS)
def test_macs(name: str) -> None:
    network = sepcost.load(LIGHT / f"light_{name}.onnx")
    assert sum(node.cost.macs for node in network) == MACS[name]
    assert not network.uncounted


def test_params() -> None:
    networks = {name: sepcost.load(LIGHT / f"light_{name}.onnx") for name in ("resnet50", "vgg19", "squeezenet")}
    params = {name: sum(node.cost.params for node in network) for name, network in networks.items()}
    assert params == {"resnet50": 25_557_032, "vgg19": 143_667_240, "squeezenet": 1_235_496}  # torchvision's tables

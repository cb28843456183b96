"""Models of pytorchcv, exported: a .pt2 counts as the model that runs, an ONNX file has its MACs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import sepcost
from tests.pytorch.test_zoo import PYTORCHCV
from tests.pytorch.zoo import of_pytorchcv
from tests.sources.onnx.test_exported import exported
from tests.sources.programs import totals, traffic_and_peak
from tests.sources.pt2.test_pt2 import saved

pytestmark = pytest.mark.slow


def model_of(name: str) -> tuple[nn.Module, tuple[torch.Tensor]]:
    published = PYTORCHCV[name]
    model: nn.Module = getattr(of_pytorchcv(published.module), name)()
    return model.eval(), (torch.zeros(1, *published.shape),)


@pytest.mark.parametrize("name", PYTORCHCV)
def test_a_program_is_its_model(name: str, tmp_path: Path) -> None:
    model, inputs = model_of(name)
    network, traced = sepcost.load(saved(tmp_path / "net.pt2", model, inputs)), sepcost.load(model, inputs=inputs)
    assert totals(network) == totals(traced)
    assert totals(network)[1] == PYTORCHCV[name].params
    assert traffic_and_peak(network)[0] == traffic_and_peak(traced)[0]
    convolutions = [[node.name for node in each if node.layer.type == "conv"] for each in (network, traced)]
    assert convolutions[0] == convolutions[1]


@pytest.mark.parametrize("name", PYTORCHCV)
def test_onnx_has_its_macs(name: str, tmp_path: Path) -> None:
    model, inputs = model_of(name)
    network = sepcost.load(exported(tmp_path / "net.onnx", model, inputs, dynamo=False))
    assert totals(network)[0] == totals(sepcost.load(model, inputs=inputs))[0]
    assert not network.uncounted

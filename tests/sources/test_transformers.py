"""Vision models of transformers, as each exporter writes them with open sizes: the MACs of the model at three sizes."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn
from torch.export import Dim

import sepcost
from tests.sources.onnx.test_exported import exported
from tests.sources.programs import totals
from tests.sources.pt2.test_pt2 import saved

pytestmark = pytest.mark.slow


class Vision(NamedTuple):
    """A model and its configuration, the axes that are open, and three sizes of its input."""

    model: str
    config: str
    options: dict[str, Any]
    axes: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]


BATCHES = ((1, 3, 64, 64), (3, 3, 64, 64), (5, 3, 64, 64))
SIZES = ((1, 3, 64, 64), (3, 3, 96, 128), (2, 3, 160, 32))
ONE = {"num_hidden_layers": 1, "image_size": 64, "hidden_size": 48, "num_attention_heads": 3, "intermediate_size": 96}
STAGES = {"depths": [1, 1], "hidden_sizes": [16, 32], "num_stages": 2}
WINDOWS = {"depths": [2, 1], "num_heads": [2, 4], "embed_dim": 16, "image_size": 64, "window_size": 4}
MODELS = {
    "vit": Vision("ViTForImageClassification", "ViTConfig", ONE, (0,), BATCHES),
    "convnext": Vision("ConvNextV2ForImageClassification", "ConvNextV2Config", STAGES, (0, 2, 3), SIZES),
    "swin": Vision("Swinv2ForImageClassification", "Swinv2Config", WINDOWS, (0,), BATCHES),
}
FOLDED = {"swin": 150_528}
"""MACs of what depends on constants alone (here, biases of positions): the newer exporter calculates it once."""


class Logits(nn.Module):
    """A model that gives its logits alone."""

    def __init__(self, vision: Vision) -> None:
        super().__init__()
        transformers = import_module("transformers")
        self.model = getattr(transformers, vision.model)(getattr(transformers, vision.config)(**vision.options))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(x).logits
        return logits


@pytest.mark.parametrize("exporter", ["pt2", "script", "dynamo"])
@pytest.mark.parametrize("name", MODELS)
def test_macs(name: str, exporter: str, tmp_path: Path) -> None:
    vision = MODELS[name]
    model, inputs = Logits(vision).eval(), (torch.zeros(2, 3, 64, 64),)
    open_sizes = {"dynamic_shapes": [dict.fromkeys(vision.axes, Dim.AUTO)]}
    if exporter == "pt2":
        file = saved(tmp_path / "net.pt2", model, inputs, **open_sizes)
    elif exporter == "dynamo":
        file = exported(tmp_path / "net.onnx", model, inputs, dynamo=True, **open_sizes)
    else:
        axes = {"x": {axis: f"axis{axis}" for axis in vision.axes}}
        file = exported(tmp_path / "net.onnx", model, inputs, dynamo=False, dynamic_axes=axes)
    folded = FOLDED.get(name, 0) if exporter == "dynamo" else 0
    for shape in vision.shapes:
        network = sepcost.load(file, inputs=f"x={'x'.join(map(str, shape))}")
        assert totals(network)[0] == totals(sepcost.load(model, inputs=(torch.zeros(shape),)))[0] - folded
        assert not network.uncounted

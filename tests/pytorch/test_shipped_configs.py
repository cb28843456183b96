"""Configs that are made from models: each is what a trace of its model writes, to the letter.

``python -m tests.pytorch.test_shipped_configs`` makes them again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import nn

from sepcost import Network, compare, load
from sepcost.count.chaining import chained
from sepcost.formats.documents.config_yaml import written
from sepcost.pytorch.tracing.trace import trace
from tests.commands import ROOT
from tests.pytorch.models import (
    CrossStage,
    EfficientNetB0,
    MobileNetV2,
    RegNetX400MF,
    ResNet50,
    ShuffledByViews,
    ShuffleNetV2,
    SqueezedUNet,
    UNet,
)

SCHEMA = "../docs/config.schema.json"
MADE = "Written by sepcost from a forward pass of tests/pytorch/models.py."


class Shipped(NamedTuple):
    """A model that is shipped as a config: of what input, and what is said of it there."""

    build: Callable[[], nn.Module]
    input_shape: tuple[int, ...]
    name: str
    comment: str


SHIPPED = {
    "resnet50": Shipped(
        ResNet50,
        (3, 224, 224),
        "ResNet-50",
        "ResNet-50 v1.5 (He et al. 2015, arXiv:1512.03385), as torchvision builds it.",
    ),
    "mobilenet_v2": Shipped(
        MobileNetV2,
        (3, 224, 224),
        "MobileNet v2",
        "MobileNet v2 (Sandler et al. 2018, arXiv:1801.04381), as torchvision builds it.",
    ),
    "efficientnet_b0": Shipped(
        EfficientNetB0,
        (3, 224, 224),
        "EfficientNet-B0",
        "EfficientNet-B0 (Tan & Le 2019, arXiv:1905.11946), as torchvision builds it.",
    ),
    "regnet_x_400mf": Shipped(
        RegNetX400MF,
        (3, 224, 224),
        "RegNetX-400MF",
        "RegNetX-400MF (Radosavovic et al. 2020, arXiv:2003.13678), as torchvision builds it.",
    ),
    "unet_torch": Shipped(
        UNet,
        (3, 256, 256),
        "U-Net with norms",
        "U-Net (Ronneberger et al. 2015, arXiv:1505.04597), as mateuszbuda/brain-segmentation-pytorch builds it.",
    ),
}


def traced(model: nn.Module, input_shape: tuple[int, ...], name: str = "") -> Network:
    """The network of a forward pass on the meta device, which has neither weights nor maps."""
    result = trace(model.to("meta"), [torch.empty(1, *input_shape, device="meta")], name=name)
    assert result.agrees
    assert not result.uncounted
    return result.network


def config_of(shipped: Shipped) -> str:
    with torch.device("meta"):
        model = shipped.build()
    network = traced(model, shipped.input_shape, shipped.name)
    return written(chained(network), f"{shipped.comment}\n{MADE}", SCHEMA)


def file_of(name: str) -> Path:
    return ROOT / "configs" / f"{name}.yaml"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_config_is_what_its_model_runs(name: str) -> None:
    assert file_of(name).read_text(encoding="utf-8") == config_of(SHIPPED[name])


def test_a_traced_unet_costs_what_the_config_written_by_hand_does() -> None:
    """Layer by layer, pools included; and together, what the maps need at once."""
    by_hand = load("configs/unet.yaml")
    model = traced(UNet(1, norm=False), (1, 96, 96))
    assert [node.cost for node in model] == [node.cost for node in by_hand]
    assert [node.layer.output_shape for node in model] == [node.layer.output_shape for node in by_hand]
    ours, theirs = compare(model), compare(by_hand)
    for one, other in ((ours.standard, theirs.standard), (ours.totals["separable"], theirs.totals["separable"])):
        assert one.peak is not None
        assert other.peak is not None
        assert (one.peak.total, one.cost) == (other.peak.total, other.cost)


def test_a_shufflenet_written_by_hand_costs_what_a_model_of_it_does() -> None:
    """Its maps, too: split channels are views, and a shuffle writes another map."""
    by_hand, model = load("configs/shufflenet_v2.yaml"), traced(ShuffleNetV2(), (3, 224, 224))
    ours, theirs = compare(by_hand), compare(model)
    assert ours.standard.cost == theirs.standard.cost
    assert ours.standard.peak is not None
    assert theirs.standard.peak is not None
    assert ours.standard.peak.total == theirs.standard.peak.total
    small_ours, small_theirs = (
        compare(load("configs/shufflenet_v2.yaml", rho="0.5")),
        compare(traced(ShuffleNetV2(), (3, 112, 112))),
    )
    assert small_ours.standard.cost == small_theirs.standard.cost


@pytest.mark.parametrize("build", [SqueezedUNet, CrossStage, ShuffleNetV2, ShuffledByViews])
def test_a_traced_model_keeps_its_peak_as_a_config(build: Callable[[], nn.Module], tmp_path: Path) -> None:
    model = traced(build(), (3, 32, 32))
    config = tmp_path / "net.yaml"
    config.write_text(written(chained(model)), encoding="utf-8")
    ours, theirs = compare(load(config)), compare(model)
    for one, other in ((ours.standard, theirs.standard), (ours.totals["separable"], theirs.totals["separable"])):
        assert one.peak is not None
        assert other.peak is not None
        assert (one.peak.total, one.cost) == (other.peak.total, other.cost)
    verified = compare(load(config), verify=True).verified
    assert verified is not None
    assert verified.mismatches == ()


def rewrite() -> None:
    for name, shipped in SHIPPED.items():
        file_of(name).write_text(config_of(shipped), encoding="utf-8")


if __name__ == "__main__":
    rewrite()

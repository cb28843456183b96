"""Published architectures: the layers of each add up to what torch counts, and so they do once they are replaced."""

from __future__ import annotations

from glob import escape
from importlib import import_module
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sepcost import compare
from sepcost.pytorch import replace_convolutions, replacement_plan
from sepcost.pytorch.tracing.trace import Trace, trace
from tests.pytorch.models import MobileNetV2, ResNet50
from tests.pytorch.zoo import of_pytorchcv


class Published(NamedTuple):
    """A model of pytorchcv: its module, its params as published (its model table and docs), its input."""

    module: str
    params: int
    shape: tuple[int, ...] = (3, 224, 224)


PYTORCHCV = {
    "alexnet": Published("alexnet", 62_378_344),
    "bninception": Published("bninception", 11_295_240),
    "resnet50b": Published("resnet", 25_557_032),
    "airnet50_1x64d_r16": Published("airnet", 25_714_952),
    "cbam_resnet18": Published("cbamresnet", 11_779_392),
    "octresnet10_ad2": Published("octresnet", 5_423_016),
    "diaresnet18": Published("diaresnet", 12_568_072),
    "drnc26": Published("drn", 21_126_584),
    "dla34": Published("dla", 15_742_104),
    "peleenet": Published("peleenet", 2_802_248),
    "hardnet39ds": Published("hardnet", 3_488_228),
    "diracnet18v2": Published("diracnetv2", 11_511_784),
    "squeezenet_v1_1": Published("squeezenet", 1_235_496),
    "shufflenetv2_wd2": Published("shufflenetv2", 1_366_792),
    "mobilenet_w1": Published("mobilenet", 4_231_976),
    "mobilenetv3_small_w1": Published("mobilenetv3", 2_945_288),
    "ghostnet": Published("ghostnet", 5_180_840),
    "inceptionv3": Published("inceptionv3", 23_834_568, (3, 299, 299)),
    "efficientnet_b0b": Published("efficientnet", 5_288_548),
    "mixnet_s": Published("mixnet", 4_134_606),
    "regnety002": Published("regnet", 3_162_996),
    "espnetv2_wd2": Published("espnetv2", 1_241_092),
    "nin_cifar10": Published("nin_cifar", 966_986, (3, 32, 32)),
    "unet_cityscapes": Published("unet", 13_396_499, (3, 256, 256)),
}


class Configured(NamedTuple):
    """A model of transformers: its config is the default but for these arguments; and its input."""

    model: str
    config: str
    arguments: dict[str, Any] = {}  # noqa: RUF012
    shape: tuple[int, ...] = (3, 224, 224)
    input: str = "pixel_values"


SMALL = {"num_hidden_layers": 2}
B0 = {"width_coefficient": 1.0, "depth_coefficient": 1.0, "hidden_dim": 1280}
TRANSFORMERS = [
    Configured("MobileNetV1ForImageClassification", "MobileNetV1Config"),
    Configured("BitForImageClassification", "BitConfig", {"depths": [1, 1, 1, 1]}),
    Configured("ConvNextV2ForImageClassification", "ConvNextV2Config", {"depths": [1, 1, 2, 1]}),
    Configured("EfficientNetForImageClassification", "EfficientNetConfig", B0),
    Configured("SegformerForSemanticSegmentation", "SegformerConfig"),
    Configured("ViTForImageClassification", "ViTConfig", SMALL),
    Configured("BeitForImageClassification", "BeitConfig", SMALL),
    Configured("Swinv2ForImageClassification", "Swinv2Config", {"depths": [1, 1, 2, 1]}),
    Configured("Swin2SRForImageSuperResolution", "Swin2SRConfig", {"depths": [1, 1], "num_heads": [6, 6]}, (3, 64, 64)),
    Configured(
        "DPTForDepthEstimation",
        "DPTConfig",
        {"num_hidden_layers": 4, "backbone_out_indices": [0, 1, 2, 3], "image_size": 224},
    ),
    Configured("LevitForImageClassification", "LevitConfig", {"depths": [1, 1, 1]}),
    Configured("PoolFormerForImageClassification", "PoolFormerConfig"),
    Configured("CvtForImageClassification", "CvtConfig"),
    Configured("MobileViTForImageClassification", "MobileViTConfig", {}, (3, 256, 256)),
    Configured("MobileViTV2ForImageClassification", "MobileViTV2Config", {}, (3, 256, 256)),
    Configured("FocalNetForImageClassification", "FocalNetConfig", {"depths": [1, 1, 2, 1]}),
    Configured("PvtV2ForImageClassification", "PvtV2Config"),
    Configured("Dinov2ForImageClassification", "Dinov2Config", SMALL),
    Configured("CLIPVisionModel", "CLIPVisionConfig", SMALL),
    Configured("TextNetForImageClassification", "TextNetConfig", {}, (3, 224, 224)),
    Configured("Wav2Vec2ForCTC", "Wav2Vec2Config", SMALL, (16_000,), "input_values"),
    Configured("DacModel", "DacConfig", {}, (1, 16_384), "input_values"),
    Configured("GPT2LMHeadModel", "GPT2Config", {"n_layer": 2}, (12,), "input_ids"),
    Configured("BertForMaskedLM", "BertConfig", SMALL, (12,), "input_ids"),
]


def holds(model: nn.Module, inputs: dict[str, torch.Tensor] | list[torch.Tensor]) -> Trace:
    """What is true of every model's trace; the trace."""
    named = inputs if isinstance(inputs, dict) else {}
    positional = [] if isinstance(inputs, dict) else inputs
    found = trace(model, positional, named)
    costs = [node.cost for node in found.network]
    expected = counted(model, positional, named)
    assert (sum(cost.params for cost in costs), sum(cost.macs for cost in costs)) == expected
    assert found.agrees
    assert len({node.name for node in found.network}) == len(found.network)
    runs = {node.name for node in found.network if not node.keep}
    left = [escape(name) for name in replacement_plan(model) if name not in runs]
    replaced = replace_convolutions(model, exclude=left)
    total = compare(found.network, "separable").totals["separable"].cost
    assert counted(replaced, positional, named) == (total.params, total.macs)
    return found


def counted(model: nn.Module, inputs: list[torch.Tensor], named: dict[str, torch.Tensor]) -> tuple[int, int]:
    """Parameters and MACs as torch counts them; norms have no MACs, and are slow on meta."""
    without_norms = patch("torch.batch_norm", lambda maps, *_: maps)
    with torch.no_grad(), without_norms, FlopCounterMode(display=False) as counter:
        model.eval()(*inputs, **named)
    return sum(weight.numel() for weight in model.parameters()), counter.get_total_flops() // 2


@pytest.mark.parametrize("name", PYTORCHCV)
def test_pytorchcv(name: str) -> None:
    published = PYTORCHCV[name]
    with torch.device("meta"):
        model = getattr(of_pytorchcv(published.module), name)()
        inputs = [torch.empty(1, *published.shape)]
        found = holds(model, inputs)
    assert found.params == published.params


@pytest.mark.parametrize("model", TRANSFORMERS, ids=lambda configured: configured.model)
def test_transformers(model: Configured) -> None:
    transformers = import_module("transformers")
    config = getattr(transformers, model.config)(**model.arguments)
    with torch.device("meta"):
        built = getattr(transformers, model.model)(config)
        dtype = torch.long if model.input == "input_ids" else torch.float32
        holds(built, {model.input: torch.empty(1, *model.shape, dtype=dtype)})


def test_resnet_50_as_published() -> None:
    with torch.device("meta"):
        found = holds(ResNet50(), [torch.empty(1, 3, 224, 224)])
    assert (found.macs, found.params) == (4_089_184_256, 25_557_032)  # torchvision's table of ResNet50_Weights: 4.09 G


def test_mobilenet_v2_as_published() -> None:
    with torch.device("meta"):
        found = holds(MobileNetV2(), [torch.empty(1, 3, 224, 224)])
    assert (found.macs, found.params) == (300_774_272, 3_504_872)  # torchvision's MobileNet_V2_Weights: 0.30 G


def test_vgg_16_as_published() -> None:
    with torch.device("meta"):
        model = of_pytorchcv("vgg").vgg16()
        found = holds(model, [torch.empty(1, 3, 224, 224)])
    assert (found.macs, found.params) == (15_470_264_320, 138_357_544)  # torchvision's VGG16_Weights: 15.47 G

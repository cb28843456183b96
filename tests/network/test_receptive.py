"""Receptive fields, against published ones and against what really changes an output."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
import torch
from torch import nn

from sepcost import load
from sepcost.network.receptive import receptive_fields
from sepcost.pytorch.modules import built
from tests.commands import ROOT, sepcost


@pytest.mark.parametrize(
    ("config", "layer", "published"),
    [("vgg16", "pool5", 212), ("mobilenet_v1", "conv10", 315), ("alexnet", "pool5", 195)],
)
def test_published_ones(config: str, layer: str, published: int) -> None:
    """Araujo, Norris & Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks", Distill, table 1."""
    fields = receptive_fields(load(ROOT / "configs" / f"{config}.yaml"))
    assert fields[layer] == (published, published)


def test_a_lenet_sees_all_of_its_input() -> None:
    assert receptive_fields(load(ROOT / "configs" / "lenet5.yaml"))["fc7"] == (32, 32)


CHAINS: dict[str, list[dict[str, Any]]] = {
    "strides": [{"K": 3, "O": 1, "stride": 2}, {"K": 5, "O": 1, "dilation": 2}, {"K": 2, "O": 1, "padding": 0}],
    "pools": [{"K": 3, "O": 1}, {"type": "pool", "K": 3, "stride": 2, "mode": "average"}, {"K": 3, "O": 1}],
    "upsampled": [{"K": 3, "O": 1, "stride": 2}, {"type": "upsample", "scale_factor": 2}, {"K": 3, "O": 1}],
}


def averaging(module: nn.Module) -> nn.Module:
    """A max pool has a gradient at one position of its window only."""
    if not isinstance(module, nn.MaxPool1d):
        return module
    return nn.AvgPool1d(module.kernel_size, module.stride, module.padding)


@pytest.mark.parametrize("name", CHAINS)
def test_it_is_what_changes_an_output_in_the_middle(name: str) -> None:
    """The extent of the gradient of one position, through torch's modules with positive weights; at most the field."""
    network = load({"input": {"C": 1, "size": 64}, "layers": CHAINS[name]})
    model = nn.Sequential(*(averaging(built(node.layer)) for node in network))
    for parameter in model.parameters():
        nn.init.ones_(parameter)
    image = torch.ones(1, 1, 64, requires_grad=True)
    out = model(image)
    out[0, 0, out.shape[-1] // 2].backward()
    assert image.grad is not None
    changed = image.grad[0, 0].nonzero().flatten()
    extent = int(changed[-1] - changed[0]) + 1
    (field,) = receptive_fields(network)[network.nodes[-1].name]
    assert extent == field if name != "upsampled" else field - 1 <= extent <= field


def test_sums_and_concatenations_see_what_their_widest_term_sees() -> None:
    layers = [
        {"name": "a", "K": 3, "O": 4}, {"name": "b", "K": 7, "O": 4, "from": "input", "add": "a"},
        {"name": "c", "K": 1, "O": 4, "from": ["a", "b"]}, {"name": "d", "K": 3, "O": 4, "from": "a", "add": "c"},
    ]  # fmt: skip
    fields = receptive_fields(load({"input": {"C": 3, "H": 16}, "layers": layers}))
    assert fields == {"a": (3, 3), "b": (7, 7), "c": (7, 7), "d": (7, 7)}


def test_a_traced_model_has_them_where_its_layers_are_a_chain() -> None:
    run = sepcost(
        "compare", f"{ROOT / 'tests' / 'pytorch' / 'models.py'}:ResNet50", "--input", "3x224x224", "-r", "none",
        "--columns", "receptive_field", "--format", "csv",
    )  # fmt: skip
    fields = {row["layer"]: row["receptive_field"] for row in csv.DictReader(io.StringIO(run.out))}
    assert fields["layer4.2.conv3"] == "427x427"
    assert fields[""] == ""


def test_a_plain_list_has_none() -> None:
    assert receptive_fields(load([{"H": 8, "C": 3, "K": 3, "O": 8}, {"H": 8, "C": 3, "K": 3, "O": 8}])) == {}

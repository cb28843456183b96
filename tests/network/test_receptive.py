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
    "transposed": [{"K": 3, "O": 1, "stride": 2}, {"K": 5, "O": 1, "transposed": True}, {"K": 3, "O": 1}],
}


def averaging(module: nn.Module) -> nn.Module:
    """A max pool has a gradient at one position of its window only."""
    if not isinstance(module, nn.MaxPool1d):
        return module
    return nn.AvgPool1d(module.kernel_size, module.stride, module.padding)


@pytest.mark.parametrize("name", CHAINS)
def test_it_is_what_changes_an_output_in_the_middle(name: str) -> None:
    """The extent of the gradient of one position, through torch's modules with positive weights."""
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
    assert extent == field


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


def test_where_positions_see_different_amounts_none_is_known() -> None:
    layers = [{"K": 3, "O": 4, "stride": 2}, {"name": "up", "type": "upsample", "scale_factor": 2}, {"K": 3, "O": 4}]
    assert receptive_fields(load({"input": {"C": 3, "H": 16}, "layers": layers})) == {"conv1": (3, 3)}
    layers[1] = {"name": "up", "K": 2, "O": 4, "stride": 2, "transposed": True}
    assert receptive_fields(load({"input": {"C": 3, "H": 16}, "layers": layers})) == {"conv1": (3, 3)}


def test_what_is_scaled_by_all_of_a_map_sees_all_of_the_input() -> None:
    fields = receptive_fields(load(ROOT / "configs" / "efficientnet_b0.yaml"))
    assert fields["features.0.0"] == (3, 3)
    assert fields["features.1.0.block.0.0"] == (7, 7)
    assert {fields[name] for name in fields if not name.startswith(("features.0", "features.1.0.block.0"))} == {
        (224, 224)
    }


def test_split_channels_see_what_their_map_sees() -> None:
    layers = [
        {"name": "a", "K": 3, "O": 8}, {"name": "l", "type": "split", "O": 4},
        {"name": "r", "type": "split", "O": 4, "start": 4, "from": "a"},
        {"name": "s", "type": "shuffle", "from": ["l", "r"]}, {"name": "b", "K": 3, "O": 8},
    ]  # fmt: skip
    fields = receptive_fields(load({"input": {"C": 3, "H": 16}, "layers": layers}))
    assert fields == {"a": (3, 3), "l": (3, 3), "r": (3, 3), "s": (3, 3), "b": (5, 5)}

"""A network that is written as a config comes back with the same names and numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from sepcost import Conv, Network, Replacement, SepcostError, compare, load
from sepcost.blocks.blocks import Parts
from sepcost.count.comparison import Comparison
from sepcost.count.layer_comparison import LayerComparison
from sepcost.formats.documents.config_yaml import chunks, written
from sepcost.layers import Linear, Other
from sepcost.network.budget import Budget, Limit
from sepcost.network.network import Node
from sepcost.sources.yaml.configs import Loaded, read_networks
from sepcost.sources.yaml.schema.schema import json_schema
from tests.commands import ROOT
from tests.sources.yaml.strategies import networks

CONFIGS = [*(ROOT / "configs").glob("*.yaml"), *(ROOT / "tests/configs/valid").glob("*.yaml")]
CONV = Conv((8, 8), 4, 4, 3)
VALIDATOR = Draft202012Validator(json_schema())


def read(text: str) -> Network:
    (item,) = read_networks(text.encode().splitlines(keepends=True), "written.yaml")
    assert isinstance(item, Loaded), item
    return item.network


def variants(layer: LayerComparison) -> Any:
    return {text: (variant.cost, variant.kept is None) for text, variant in layer.variants.items()}


def numbers(result: Comparison) -> Any:
    """All that is counted of a network, and by what names."""
    layers = [
        (layer.name, layer.layer.type, layer.layer.output_shape, layer.standard, layer.kept is None, variants(layer))
        for layer in result.layers
    ]
    return layers, result.standard, {text: (total.cost, total.peak) for text, total in result.totals.items()}


def same_limits(budget: Budget | None) -> Any:
    return budget and (sorted(budget.limits), budget.replacement)


@given(networks())
def test_whatever_is_written_is_read_back(network: Network) -> None:
    again = read(written(network))
    assert numbers(compare(again)) == numbers(compare(network))
    assert numbers(compare(again, ["blueprint"])) == numbers(compare(network, ["blueprint"]))
    assert (again.name, again.independent, again.input_shape) == (
        network.name,
        network.independent,
        network.input_shape,
    )
    assert again.replacements == network.replacements
    assert same_limits(again.budget) == same_limits(network.budget)
    assert [(node.sources, node.add, node.round_to if node.has_weights else None) for node in again] == [
        (node.sources, node.add, node.round_to if node.has_weights else None) for node in network
    ]
    assert written(replace(again, budget=network.budget)) == written(network)


@settings(max_examples=50)
@given(networks())
def test_it_is_text_that_any_reader_of_yaml_takes(network: Network) -> None:
    text = written(network)
    assert all(letter == "\n" or letter.isprintable() for letter in text)
    document = yaml.safe_load(text)  # the other parser, too: it is not written in C
    assert document["name"] == network.name
    assert [layer["name"] for layer in document["layers"]] == [node.name for node in network]
    assert VALIDATOR.is_valid(document)


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_configs_come_back(file: Any) -> None:
    for item in read_networks(file.read_bytes().splitlines(keepends=True), file.name):
        assert isinstance(item, Loaded)
        assert numbers(compare(read(written(item.network)))) == numbers(compare(item.network))


def test_a_scaled_network_is_written_as_it_is_now() -> None:
    network = load("configs/mobilenet_v1.yaml", alpha="0.75", rho="0.714")
    text = written(network)
    assert text.splitlines()[1] == "# Written by sepcost. It is scaled: alpha 0.75, rho 0.714."
    assert numbers(compare(read(text))) == numbers(compare(network))


def test_a_line_for_each_layer() -> None:
    network = load("configs/unet.yaml")
    lines = list(chunks(network, "One.\nTwo\x1b[31m.", "../schema.json"))
    assert lines[:5] == [
        "# yaml-language-server: $schema=../schema.json\n",
        "# One.\n",
        "# Two\\x1b[31m.\n",
        "name: U-Net\n",
        "input: {C: 1, H: 96}\n",
    ]
    assert len(lines) == 6 + len(network)
    assert "  - {name: up4, transposed: true, K: 2, O: 256, stride: 2, padding: 0, bias: true}\n" in lines
    assert "  - {name: up4a, from: [up4, down4b], K: 3, O: 256, bias: true}\n" in lines


def test_independent_layers() -> None:
    nodes = (
        Node(
            "features.0", Conv((8, 6), 3, 8, (3, 1), padding=(1, 0), norm="batch"), keep="Conv2dSame has no replacement"
        ),
        Node("features.0#2", Conv((8, 8), 3, 8, (3, 1)), times=2, shared=True, weights_of="features.0"),
        Node("hyper", Conv((8, 8), 3, 8, 3), times=2, shared=True),
        Node("head", Linear(8, 4, bias=True), times=49),
        Node("scores", Other("bmm", macs=10**12)),
        Node("remainder", Other("remainder", params=64)),
    )
    text = written(Network("traced", nodes, independent=True))
    assert text.splitlines()[2:] == [
        "name: traced",
        "independent: true",
        "layers:",
        "  - {name: features.0, H: 8, W: 6, C: 3, K: 3x1, O: 8, padding: 1x0, norm: batch, keep: true}",
        "  - {name: features.0#2, H: 8, C: 3, K: 3x1, O: 8, times: 2, shared: features.0}",
        "  - {name: hyper, type: other, operator: conv, macs: 27648, reads: 384, writes: 1024}",
        "  - {name: head, type: linear, C: 8, O: 4, bias: true, times: 49}",
        "  - {name: scores, type: other, operator: bmm, macs: 1000000000000}",
        "  - {name: remainder, type: other, operator: remainder, params: 64}",
    ]


def test_other_layers_that_run_several_times_are_written_as_what_they_cost() -> None:
    layer = Other("bmm", params=3, macs=5, reads=7, writes=11)
    network = Network("n", (Node("a", layer, times=2, shared=True),), independent=True)
    again = read(written(network))
    assert numbers(compare(again)) == numbers(compare(network))
    (node,) = again
    assert node.layer == Other("bmm", macs=10, reads=14, writes=22)


@pytest.mark.parametrize("layer", [Conv((8, 8), 3, 8, 3, stride=2), Linear(12, 5)])
def test_weights_that_are_no_layers_leave_macs_and_traffic(layer: Conv | Linear) -> None:
    node = Node("hyper", layer, times=3, shared=True)
    cost = node.cost
    (again,) = read(written(Network("n", (node,), independent=True)))
    assert (again.cost.params, again.cost.macs, again.cost.touched) == (0, 3 * layer.cost.macs, cost.touched)
    assert cost.touched == 3 * (prod(layer.input_shape) + prod(layer.output_shape))


def test_a_network_without_a_name_is_called_after_its_file() -> None:
    network = Network("", (Node("a", CONV),), independent=True)
    assert read(written(network)).name == "written"


def ghost(conv: Conv) -> Parts:
    return (("ghost", conv),)


ONE = Network("one", (Node("a", CONV),), independent=True)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (
            replace(ONE, per_position=True),
            "a convolution without a map cannot be written as a config: give it one (-H)",
        ),
        (replace(ONE, name="\udcff"), r"the network's name, '\udcff', has half of a character in it"),
        (replace(ONE, nodes=(Node("", CONV),)), ": name: is missing: a config calls each layer by one"),
        (replace(ONE, nodes=(Node("\ud800", CONV),)), r"'\ud800': name: has half of a character in it"),
        (replace(ONE, nodes=ONE.nodes * 2), "a: name: is the name of an earlier layer already"),
        (
            Network("n", (Node("input", CONV), Node("b", Other("bmm"), index=1)), (4, 8, 8)),
            "input: name: is the name of the network's input",
        ),
        (
            replace(ONE, replacements=(Replacement("ghost", ghost),)),
            "replacement 'ghost' is not sepcost's own, and a config cannot name it",
        ),
        (
            replace(ONE, replacements=(Replacement("separable", ghost),)),
            "replacement 'separable' is not sepcost's own, and a config cannot name it",
        ),
        (
            replace(ONE, budget=Budget((Limit("reduction.macs", Fraction(1, 3)),))),
            "the limit of reduction.macs, 1/3, is no decimal that a config takes",
        ),
        (
            replace(ONE, budget=Budget((Limit("params", Fraction(1, 2)),))),
            "the limit of params, 1/2, is no decimal that a config takes",
        ),
        (replace(ONE, budget=Budget((Limit("macs", -1),))), "the limit of macs, -1, is no decimal that a config takes"),
    ],
)
def test_what_no_config_can_say_is_refused(network: Network, message: str) -> None:
    with pytest.raises(SepcostError) as caught:
        next(chunks(network))
    assert str(caught.value) == message


def test_a_large_network_does_not_take_long() -> None:
    network = Network(
        "large", tuple(Node(f"layer{number}", CONV, (number - 1,)) for number in range(20_000)), (4, 8, 8)
    )
    assert len(written(network).splitlines()) == 20_000 + 5

"""Every kind of layer has all that a kind must have; a new one needs an example here."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path

import pytest

import sepcost
from sepcost import Conv, Flatten, Linear, Network, Pool, SepcostError, load, scale
from sepcost.count.facts import FACTS, layer_facts, layer_of, usual_facts
from sepcost.formats.documents.config_yaml import written
from sepcost.layers import KINDS, Layer, Other, Scale, Shuffle, Split, Upsample
from sepcost.layers.sharing import could_share
from sepcost.network.network import Widths
from sepcost.pytorch.witness import TorchWitness
from sepcost.sources.yaml.schema.schema import json_schema

EXAMPLES: dict[str, list[tuple[Layer, int]]] = {
    "conv": [
        (
            Conv((9, 8), 4, 6, (3, 2), stride=2, padding=1, dilation=(1, 2), groups=2, bias=True, norm="batch"),
            4 * 9 * 8 + 6 * 5 * 4,
        ),
        (Conv((9,), 4, 6, 3, stride=2, padding=1, output_padding=1, transposed=True), 4 * 9 + 6 * 18),
    ],
    "linear": [(Linear(5, 3, bias=True), 5 + 3)],
    "pool": [
        (Pool((4, 9, 8), (3, 2), stride=1, padding=1, mode="average", ceil_mode=True), 4 * 9 * 8 + 4 * 9 * 9),
        (Pool((4, 6), global_pool=True), 4 * 6 + 4),
    ],
    "upsample": [
        (Upsample((4, 9, 8), (2, 3), mode="bilinear"), 4 * 9 * 8 + 4 * 18 * 24),
        (Upsample((4, 6), output_size=12, mode="linear"), 4 * 6 + 4 * 12),
        (Upsample((2, 3, 2, 1), 2), 2 * 3 * 2 * 1 + 2 * 6 * 4 * 2),
    ],
    "flatten": [(Flatten((4, 3, 2)), 0)],
    "split": [(Split((4, 3, 2), 2, 1), 0), (Split((5, 7), 3), 0)],
    "shuffle": [(Shuffle((4, 3, 2)), 0)],
    "scale": [(Scale((4, 3, 2)), 0)],
    "other": [(Other("bmm", params=2, macs=1000, reads=200, writes=50), 250)],
}
"""Layers of each kind, and the elements of maps that each must read and write, counted by hand."""
NUMBERED = [(f"{name}-{number}", *each) for name in KINDS for number, each in enumerate(EXAMPLES[name])]
EVERY = [pytest.param(layer, id=name) for name, layer, _ in NUMBERED]
every_kind = pytest.mark.parametrize("layer", EVERY)


def test_no_kind_is_forgotten() -> None:
    subclasses = {kind.__name__ for kind in Layer.__subclasses__() if kind.__module__.startswith("sepcost.")}
    assert {kind.__name__ for kind in KINDS.values()} == subclasses
    assert {name: {type(layer) for layer, _ in layers} for name, layers in EXAMPLES.items()} == {
        name: {kind} for name, kind in KINDS.items()
    }
    assert {kind.__name__ for kind in KINDS.values()} <= set(sepcost.__all__)


def test_a_kind_that_forgets_a_method_cannot_be_made() -> None:
    class Attention(Layer):
        type = "attention"

    with pytest.raises(TypeError, match="Can't instantiate abstract class Attention"):
        Attention()  # type: ignore[abstract]


@every_kind
def test_its_facts_are_those_of_the_contract(layer: Layer) -> None:
    facts = layer_facts(layer)
    assert list(facts) == [name for name in FACTS if name in facts]
    assert usual_facts(facts).keys() <= facts.keys()
    assert set(layer.facts.values()) <= {argument.name for argument in layer.arguments}


@every_kind
def test_its_facts_are_enough_to_make_it_again(layer: Layer) -> None:
    """The rest of a layer whose figures were given is figures."""
    read = layer_of(layer_facts(layer))
    assert (replace(read, params=2, macs=1000, reads=200, writes=50) if isinstance(read, Other) else read) == layer


@pytest.mark.parametrize(("layer", "touched"), [pytest.param(*each, id=name) for name, *each in NUMBERED])
def test_its_traffic_is_what_it_must_read_and_write(layer: Layer, touched: int) -> None:
    assert layer.cost.touched == touched


@every_kind
def test_its_traffic_in_two_dtypes_is_what_it_reads_in_one_and_writes_in_the_other(layer: Layer) -> None:
    read, written = (prod(layer.input_shape), prod(layer.output_shape)) if layer.cost.touched else (0, 0)
    if isinstance(layer, Other):
        read, written = layer.reads, layer.writes
    stored = Widths(1, 1, 1, input=8, output=2).applied(layer).stored
    assert stored is not None
    assert stored.touched == 8 * read + 2 * written


@every_kind
def test_the_schema_has_its_keys(layer: Layer) -> None:
    schema = json_schema()["$defs"][f"{layer.type.title()}Layer"]
    assert schema["description"] == layer.summary
    assert {argument.key for argument in layer.arguments} <= schema["properties"].keys()


@every_kind
def test_it_is_read_as_it_was_written(layer: Layer, tmp_path: Path) -> None:
    config = tmp_path / "net.yaml"
    config.write_text(written(Network.of(layer)), encoding="utf-8")
    assert [node.layer for node in load(config)] == [layer]


@every_kind
def test_it_scales_with_its_map_or_says_why_not(layer: Layer) -> None:
    network = Network.of(layer)
    if not layer.input_shape:
        with pytest.raises(SepcostError, match="cannot be scaled"):
            scale(network, alpha=2, rho=2)
        return
    (scaled,) = scale(network, alpha=2, rho=2)
    channels, *size = layer.input_shape
    assert scaled.layer.input_shape == (2 * channels, *(2 * extent for extent in size))
    assert replace(scaled, layer=layer) == network.nodes[0]


@every_kind
def test_torch_has_a_module_that_counts_the_same_or_there_is_none(layer: Layer) -> None:
    if not layer.torch_modules():
        assert not layer.output_shape
        return
    found = TorchWitness().counts(layer)
    assert found == (layer.cost.params, layer.cost.macs, layer.output_shape)


@every_kind
def test_it_has_weights_to_share_where_it_has_params_of_its_own(layer: Layer) -> None:
    assert could_share([layer], [layer]) == bool(layer.cost.params and layer.output_shape)

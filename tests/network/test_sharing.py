"""Layers with the weights of another: they count once, and are replaced alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sepcost import Conv, NetworkError, Replacement, compare, load
from sepcost.blocks.blocks import Parts
from sepcost.network.network import Network, Node
from sepcost.network.scaling import scale
from tests.commands import ROOT, Sepcost

CHAIN = """
input: {{C: 8, H: 32}}
layers:
  - {{name: stem, K: 3, O: 8{stem}}}
  - {{name: again, K: 3, O: 8, shared: true{again}}}
  - {{name: small, K: 3, O: 8, stride: 2, repeat: 2, shared: again}}
"""


def chain(tmp_path: Path, stem: str = "", again: str = "") -> Network:
    file = tmp_path / "net.yaml"
    file.write_text(CHAIN.format(stem=stem, again=again), encoding="utf-8")
    return load(file)


def test_each_knows_the_layer_that_has_the_weights(tmp_path: Path) -> None:
    network = chain(tmp_path)
    assert [node.weights_of for node in network] == [None, "stem", "stem", "stem"]
    result = compare(network, verify=True)
    assert [layer.standard.params for layer in result.layers] == [8 * 9 * 8, 0, 0, 0]
    assert result.standard.cost.macs == 8 * 9 * 8 * (2 * 32**2 + 16**2 + 8**2)
    assert result.totals["separable"].cost.params == 8 * 9 + 8 * 8
    assert result.verified
    assert not result.verified.mismatches


def test_an_earlier_layer_without_such_weights_is_no_owner(in_process: Sepcost, tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text("input: {C: 3, H: 32}\nlayers:\n  - {K: 3, O: 640, shared: true}\n", encoding="utf-8")
    run = in_process("compare", file)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"{file}:3:28: layers[0].shared: is true, but no earlier layer has such weights (K 3×3, ")


@pytest.mark.parametrize(("stem", "again", "why"), [(", keep: true", "", "stem"), ("", ", keep: true", "again")])
def test_all_are_kept_where_one_is(tmp_path: Path, stem: str, again: str, why: str) -> None:
    result = compare(chain(tmp_path, stem, again), ["separable", "blueprint"])
    reasons = {layer.name: layer.kept for layer in result.layers}
    assert reasons.pop(why) == "marked keep"
    assert set(reasons.values()) == {f"shares weights with {why}"}
    assert result.totals["separable"].cost == result.standard.cost


def test_globs_choose_them_together(in_process: Sepcost, tmp_path: Path) -> None:
    chain(tmp_path)
    run = in_process("compare", tmp_path / "net.yaml", "--exclude", "stem", "--format", "json")
    (network,) = json.loads(run.out)["networks"]
    assert {layer["kept"] for layer in network["layers"]} == {"excluded"}


def by_size(conv: Conv) -> Parts:
    """Other weights on large maps than on small ones."""
    hidden = conv.input_size[0]
    return (("squeeze", Conv.pointwise(conv.input_size, 8, hidden)), ("conv", Conv(conv.input_size, hidden, 8, 3)))


def test_parts_of_other_weights_replace_none_of_them() -> None:
    nodes = (Node("a", Conv((8, 8), 8, 8, 3)), Node("b", Conv((4, 4), 8, 8, 3), shared=True, weights_of="a"))
    result = compare(Network("net", nodes, independent=True), [Replacement("by_size", by_size), "separable"])
    kept = [layer.variants["by_size"].kept for layer in result.layers]
    assert kept == ["shares weights, and its parts would not"] * 2
    assert [layer.variants["separable"].kept for layer in result.layers] == [None, None]
    assert result.totals["by_size"].cost == result.standard.cost


def test_a_multiplier_that_would_part_them_is_refused(tmp_path: Path) -> None:
    """The network's input keeps its channels, so that the first layer's weights become others than the second's."""
    network = chain(tmp_path)
    with pytest.raises(NetworkError, match="again: shared: 'stem' has other weights: C is 8 there, and 4 here, scaled"):
        load(network.source or "", alpha="0.5")
    assert compare(load(network.source or "", rho="0.5")).standard.cost.params == 8 * 9 * 8


def test_they_are_scaled_where_they_stay_alike() -> None:
    conv = Conv((8, 8), 8, 8, 3)
    nodes = (Node("a", conv), Node("b", conv, shared=True, weights_of="a"))
    result = compare(Network("net", nodes, independent=True))
    scaled = compare(scale(result.network, alpha="0.5"))
    assert scaled.standard.cost.params == 4 * 9 * 4


def test_facts_name_the_owner(in_process: Sepcost) -> None:
    file = ROOT / "tests/configs/valid/shared.yaml"
    (network,) = json.loads(in_process("compare", file, "--format", "json").out)["networks"]
    owners = {layer["name"]: layer["weights_of"] for layer in network["layers"] if layer.get("shared")}
    assert owners == {"middle": "head", "block.1": "head", "block.2": "head", "linear7": "true"}

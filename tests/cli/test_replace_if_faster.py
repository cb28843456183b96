"""``--replace-if faster``: only what is predicted to be faster is replaced, and what that brings is said."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from sepcost import Conv, Network, SepcostError, compare
from sepcost.network.network import Node
from sepcost.sources.costs.schema import json_schema
from tests.commands import sepcost
from tests.targets.profiles import made, written

NET = """
name: Net
input: {C: 64, H: 56}
layers:
  - {name: faster, K: 3, O: 64}
  - {name: slower, K: 1x3, O: 2}
  - {name: between, K: 3, O: 4}
  - {name: pointwise, K: 1, O: 64}
"""


@pytest.fixture
def target(tmp_path: Path) -> str:
    return written(tmp_path)


def network_of(*arguments: str) -> Any:
    run = sepcost("compare", "-", "--format", "json", *arguments, stdin=NET)
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)["networks"][0]


def test_a_layer_is_replaced_where_the_whole_interval_says_that_it_is_faster(target: str) -> None:
    always = network_of("--target", target)
    some = network_of("--target", target, "--replace-if", "faster")
    kept = {layer["name"]: layer["replacements"]["separable"]["kept"] for layer in some["layers"]}
    lows = {layer["name"]: layer["replacements"]["separable"]["speedup_low"] for layer in always["layers"]}
    assert kept["faster"] is None
    assert lows["slower"] < 1 < lows["faster"]
    for name in ("faster", "slower", "between"):
        assert (kept[name] is None) == (lows[name] > 1)
        assert kept[name] in (None, "it is not predicted to be faster")
    assert kept["pointwise"] == "1×1"
    assert some["layers"][1]["replacements"]["separable"]["params"] == some["layers"][1]["standard"]["params"]


def test_totals_are_of_what_is_replaced_and_say_what_all_would_bring(target: str) -> None:
    always = network_of("--target", target)["total"]["replacements"]["separable"]
    network = network_of("--target", target, "--replace-if", "faster")
    some = network["total"]["replacements"]["separable"]
    replaced = [layer["replacements"]["separable"] for layer in network["layers"]]
    for name in ("params", "macs", "time"):
        assert some[name] == pytest.approx(sum(layer[name] for layer in replaced))
    assert some["if_all"] == {name: always[name] for name in ("speedup", "speedup_low", "speedup_high")}
    assert some["speedup"] > always["speedup"]
    table = sepcost("compare", "-", "--target", target, "--replace-if", "faster", stdin=NET).out
    assert "separable only where it is faster:" in table
    assert "separable in 1 of 3 layers" in table


def test_json_of_it_fits_the_schema_and_is_read_back(target: str, tmp_path: Path) -> None:
    arguments = ["compare", "-", "--target", target, "--replace-if", "faster"]
    text = sepcost(*arguments, "--format", "json", stdin=NET).out
    Draft202012Validator(json_schema()).validate(json.loads(text))
    earlier = tmp_path / "earlier.json"
    earlier.write_text(text)
    assert sepcost("compare", str(earlier), "--format", "json").out == text
    assert sepcost("compare", str(earlier)).out == sepcost(*arguments, stdin=NET).out


def test_what_has_no_time_is_kept(tmp_path: Path) -> None:
    target = written(tmp_path, kinds=("standard", "pointwise"))
    network = network_of("--target", target, "--replace-if", "faster")
    assert network["layers"][0]["replacements"]["separable"]["kept"] == "its time is not known"


def test_it_needs_a_target() -> None:
    for command in (["compare", "-"], ["check", "-", "--max-params", "1G", "--no-verify"]):
        run = sepcost(*command, "--replace-if", "faster", stdin=NET)
        assert (run.code, run.err) == (2, "sepcost: --replace-if faster is by predicted times: give --target\n")
    with pytest.raises(SepcostError, match='replace_if="faster" is by predicted times: give target'):
        compare(yaml.safe_load(NET), replace_if="faster")


def test_layers_of_the_same_weights_are_kept_together() -> None:
    """The second one is slower, on its small map, so that neither can be replaced."""
    one, other = Conv((56, 56), 4, 64, 3), Conv((1, 1), 4, 64, 3)
    apart = Network("two", (Node("one", one), Node("other", other, index=1)))
    shared = replace(apart.nodes[1], shared=True, weights_of="one")
    together = replace(apart, nodes=(apart.nodes[0], shared))
    for network, kept in ((apart, [False, True]), (together, [True, True])):
        result = compare(network, ["separable"], replace_if="faster", target=made())
        assert [layer.variants["separable"].kept is not None for layer in result.layers] == kept


def test_many_at_once_are_chosen_one_by_one(target: str) -> None:
    many = ["-H", "56", "-C", "64", "-K", "3", "-O", "1:600:1", "--target", target, "--format", "csv"]
    always = list(csv.DictReader(io.StringIO(sepcost("compare", *many).out)))
    some = list(csv.DictReader(io.StringIO(sepcost("compare", *many, "--replace-if", "faster").out)))
    assert len({row["kept"] for row in some}) == 2
    for one, other in zip(always, some):
        assert one["O"] == other["O"]
        assert other["kept"] == ("" if float(one["speedup_low"]) > 1 else "it is not predicted to be faster")
        assert other["speedup"] == (one["speedup"] if not other["kept"] else "1.0")


def test_as_yaml_the_others_are_marked(target: str) -> None:
    run = sepcost("compare", "-", "--target", target, "--replace-if", "faster", "--format", "yaml", stdin=NET)
    again = sepcost("compare", "-", "--target", target, "--format", "json", stdin=run.out)
    ours, theirs = network_of("--target", target, "--replace-if", "faster"), json.loads(again.out)["networks"][0]
    assert theirs["total"]["replacements"]["separable"]["macs"] == ours["total"]["replacements"]["separable"]["macs"]


def test_check_judges_what_is_replaced(target: str) -> None:
    figures = network_of("--target", target, "--replace-if", "faster")["total"]["replacements"]["separable"]
    arguments = ["check", "-", "--target", target, "--replace-if", "faster", "-r", "separable", "--no-verify"]
    run = sepcost(*arguments, "--max-time", "1s", "--format", "json", stdin=NET)
    assert json.loads(run.out)["networks"][0]["budget"][0]["value"] == figures["time"]


def test_python_takes_it() -> None:
    result = compare(yaml.safe_load(NET), replace_if="faster", target=made())
    assert [bool(layer.variants["separable"].parts) for layer in result.layers] == [True, False, False, False]
    assert "only where it is faster" in str(result)

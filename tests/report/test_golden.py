"""Every format prints what it printed before, and what it prints adds up."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from sepcost.formats.registry import ENDINGS
from tests.commands import ROOT, sepcost
from tests.golden.cases import CASES, printed

COUNTS = ("params", "macs", "flops", "activations", "weight_bytes", "activation_bytes", "traffic_bytes")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_output_is_golden(case: Path) -> None:
    assert printed(case) == case.with_suffix(".out").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_piped_output_has_no_control_characters(case: Path) -> None:
    text = case.with_suffix(".out").read_text(encoding="utf-8")
    assert {character for character in text if unicodedata.category(character) in {"Cc", "Cf"}} <= {"\n"}
    assert not any(line.endswith(" ") for line in text.splitlines())


def test_every_format_has_a_golden_case() -> None:
    arguments = [case.read_text(encoding="utf-8") for case in CASES]
    for name in ENDINGS:
        assert name == "table" or any(f"--format {name}" in text for text in arguments)


def json_of(*arguments: str) -> Any:
    return json.loads(sepcost("compare", *arguments, "--format", "json").out)


@pytest.mark.parametrize("config", sorted(file.name for file in (ROOT / "configs").glob("*.yaml")))
def test_json_adds_up(config: str) -> None:
    (network,) = json_of(f"configs/{config}", "-r", "separable", "-r", "blueprint", "--batch", "3")["networks"]
    for count in COUNTS:
        assert network["total"]["standard"][count] == sum(layer["standard"][count] for layer in network["layers"])
        for text, total in network["total"]["replacements"].items():
            assert total[count] == sum(layer["replacements"][text][count] for layer in network["layers"])
            for layer in network["layers"]:
                variant = layer["replacements"][text]
                parts = sum(part[count] for part in variant["parts"])
                assert variant[count] == (layer["standard"][count] if layer["kept"] else parts)


def test_csv_says_the_same_as_json() -> None:
    arguments = ["configs/xception.yaml", "configs/m5.yaml", "--batch", "2", "--dtype", "int8", "-r", "blueprint"]
    rows = list(csv.DictReader(io.StringIO(sepcost("compare", *arguments, "--format", "csv").out)))
    networks = json_of(*arguments)["networks"]
    for network in networks:
        ours = [row for row in rows if row["network"] == network["name"]]
        for layer in network["layers"]:
            mine = {(row["replacement"], row["part"]): row for row in ours if row["layer"] == layer["name"]}
            for text, variant in layer["replacements"].items():
                row = mine[text, ""]
                for name in COUNTS:
                    assert int(row[name]) == layer["standard"][name]
                    assert int(row[f"replacement.{name}"]) == variant[name]
                assert row["reduction.macs"] == str(
                    "" if variant["reduction"]["macs"] is None else variant["reduction"]["macs"]
                )
                for part in variant["parts"]:
                    assert int(mine[text, part["name"]]["replacement.macs"]) == part["macs"]
        (total,) = [row for row in ours if row["row"] == "total"]
        for name in (*COUNTS, "peak_activation_bytes"):
            assert int(total[name]) == network["total"]["standard"][name]
            assert int(total[f"replacement.{name}"]) == network["total"]["replacements"]["blueprint"][name]


def test_json_lines_say_the_same_as_json() -> None:
    arguments = ["configs/xception.yaml", "configs/m5.yaml", "-r", "blueprint"]
    document = json.loads(sepcost("compare", *arguments, "--format", "json").out)
    lines = sepcost("compare", *arguments, "--format", "jsonl").out.splitlines()
    head = {name: value for name, value in document.items() if name != "networks"}
    assert [json.loads(line) for line in lines] == [{**head, **network} for network in document["networks"]]


def test_counts_per_position_are_counts_on_a_large_map_divided() -> None:
    """Without a map, MACs are what each position of a large one costs: strides, blueprint and all."""
    options = ["-C", "6", "-K", "3", "-O", "10", "--stride", "2", "-r", "separable", "-r", "blueprint"]
    (alone,) = json_of(*options)["networks"]
    (mapped,) = json_of("-H", "400", *options)["networks"]
    assert alone["per"] == "output position"
    for text in ("separable", "blueprint"):
        there = mapped["layers"][0]["replacements"][text]
        here = alone["layers"][0]["replacements"][text]
        assert here["macs"] * 200 * 200 == there["macs"]
        assert here["params"] == there["params"]
        assert here["traffic_bytes"] is None
    assert alone["layers"][0]["output"] == [10, None, None]

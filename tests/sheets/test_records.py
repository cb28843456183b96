"""Records add up, and say the same in every format."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from typing import Any

import pytest
import yaml

from sepcost.blocks.replacements import REPLACEMENTS
from sepcost.formats.registry import format_named, names_of, writing
from tests.commands import ROOT, sepcost
from tests.formats.page_reader import SCRIPT

COUNTS = ("params", "macs", "flops", "activations", "weight_bytes", "activation_bytes", "traffic_bytes")
HOSTILE = "tests/configs/hostile.yaml"


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


def test_a_kept_convolution_costs_what_it_costs() -> None:
    (network,) = json_of("-H", "8", "-C", "4", "-K", "1", "-O", "8")["networks"]
    (layer,) = network["layers"]
    variant = layer["replacements"]["separable"]
    assert (layer["kept"], variant["kept"], variant["parts"]) == ("1×1", "1×1", [])
    assert {name: variant[name] for name in COUNTS} == {name: layer["standard"][name] for name in COUNTS}
    assert variant["costs_more"] is False


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "output"),
    [("16000", 80, 16, [32, 1000]), ("50", 3, 1, [32, 50, 50]), ("16x112x112", 3, 2, [32, 8, 56, 56])],
)
def test_convolutions_have_any_number_of_axes(size: str, kernel: int, stride: int, output: list[int]) -> None:
    options = ("--size", size if "x" in size or kernel == 80 else f"{size}x{size}", "--stride", str(stride))
    (network,) = json_of(*options, "-C", "3", "-K", str(kernel), "-O", "32")["networks"]
    (layer,) = network["layers"]
    positions, area = 1, 1
    for axis in output[1:]:
        positions, area = positions * axis, area * kernel
    assert layer["output"] == output
    assert layer["standard"]["macs"] == positions * area * 3 * 32
    assert layer["replacements"]["separable"]["macs"] == positions * 3 * (area + 32)


def test_a_transposed_convolution_without_a_map_is_counted_per_input_position() -> None:
    options = ("-C", "8", "-K", "4", "-O", "4", "--stride", "2", "--transposed", "-r", "separable", "-r", "blueprint")
    (network,) = json_of(*options)["networks"]
    (layer,) = network["layers"]
    assert (network["per"], layer["standard"]["macs"]) == ("input position", 8 * 4 * 16)
    parts = {text: [part["macs"] for part in each["parts"]] for text, each in layer["replacements"].items()}
    assert parts == {"separable": [8 * 16, 8 * 4 * 4], "blueprint": [8 * 4, 4 * 16]}
    assert sepcost("compare", *options).out.splitlines()[0].endswith("per input position (no bias)")


def test_columns_that_were_asked_for_are_those_of_a_table() -> None:
    options = ("configs/m5.yaml", "-r", "bottleneck", "-r", "separable", "--columns", "reduction.macs,params")
    markdown = sepcost("compare", *options, "--format", "markdown").out
    header = next(line for line in markdown.splitlines() if line.startswith("|"))
    names = ["layer", "standard params", "bottleneck reduction", "separable reduction"]
    assert [cell.strip() for cell in header.split("|")[1:-1]] == names


def test_replacements_are_rows_and_paragraphs() -> None:
    rows = [line for line in sepcost("replacements", "--format", "markdown").out.splitlines() if line[:1] == "|"][2:]
    assert [row.split("|")[1].strip().replace("\\", "") for row in rows] == list(REPLACEMENTS)
    lines = sepcost("replacements").out.splitlines()
    assert [line.split(":")[0] for line in lines if re.match(r"\w+: ", line)][: len(REPLACEMENTS)] == list(REPLACEMENTS)


# Names are data


@pytest.mark.parametrize("format_", names_of(lambda each: writing("comparisons")(each) and not each.is_binary))
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--rows", "totals"),
        ("-r", "none"),
    ],
    ids=str,
)
def test_no_name_steers_what_reads_a_comparison(format_: str, options: tuple[str, ...]) -> None:
    if not format_named(format_).one_convolution and (format_ != "yaml" or not options):
        assert_harmless("compare", HOSTILE, *options, "--format", format_)


@pytest.mark.parametrize("format_", names_of(writing("difference")))
def test_no_name_steers_what_reads_a_difference(format_: str) -> None:
    assert_harmless("diff", "tests/configs/diff/before.yaml", HOSTILE, "--format", format_)


def assert_harmless(*arguments: str) -> None:
    run = sepcost(*arguments)
    assert (run.code, run.err) == (0, "")
    out = SCRIPT.sub("", run.out)
    assert {character for character in out if unicodedata.category(character) in {"Cc", "Cf"}} <= {"\n"}
    assert not any(line.endswith(" ") for line in out.splitlines())


def test_programs_read_names_as_they_are() -> None:
    written = yaml.safe_load((ROOT / HOSTILE).read_text(encoding="utf-8"))
    names = [layer["name"] for layer in written["layers"]]
    (network,) = json_of(HOSTILE)["networks"]
    assert [network["name"], *(layer["name"] for layer in network["layers"])] == [written["name"], *names]
    again = yaml.safe_load(sepcost("compare", HOSTILE, "--format", "yaml").out)
    assert [again["name"], *(layer["name"] for layer in again["layers"])] == [written["name"], *names]

"""Subtotals by block and by type: they add up to the network."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT, sepcost

CONFIGS = [str(ROOT / "configs" / f"{name}.yaml") for name in ("resnet50", "mobilenet_v2", "shufflenet_v2", "c3d")]


def groups_of(config: str, rows: str, *arguments: str) -> list[dict[str, Any]]:
    run = sepcost("compare", config, "--rows", rows, "--format", "json", *arguments)
    assert (run.code, run.err) == (0, "")
    found = json.loads(run.out)["networks"][0]
    return [*found["layers"], found["total"]]


@pytest.mark.parametrize("rows", ["blocks", "types"])
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: Path(config).stem)
@pytest.mark.parametrize("figure", ["params", "macs", "activations", "traffic_bytes"])
def test_they_add_up(config: str, rows: str, figure: str) -> None:
    *groups, total = groups_of(config, rows)
    assert sum(group["standard"][figure] for group in groups) == total["standard"][figure]
    replaced = [group["replacements"]["separable"][figure] for group in (*groups, total)]
    assert sum(replaced[:-1]) == replaced[-1]
    assert sum(group["layers"] for group in groups) == len(groups_of(config, "layers")) - 1


def test_blocks_are_what_names_begin_with() -> None:
    names = [group["name"] for group in groups_of(CONFIGS[0], "blocks")[:-1]]
    assert names == ["conv1", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc"]


def test_a_block_with_most_of_the_layers_is_taken_apart() -> None:
    names = [group["name"] for group in groups_of(CONFIGS[1], "blocks")[:-1]]
    assert names[:3] == ["features.0", "features.1", "features.2"]


def test_types_tell_kinds_of_convolutions_apart() -> None:
    """MobileNet v2 (arXiv:1801.04381, table 2): a stem, 17 depthwise ones, the rest pointwise."""
    layers = {group["name"]: group["layers"] for group in groups_of(CONFIGS[1], "types")[:-1]}
    assert layers == {"convolution": 1, "depthwise": 17, "pointwise": 34, "pool": 1, "linear": 1}


def test_they_can_be_sorted_and_cut_and_have_their_share() -> None:
    arguments = ("--columns", "share,layers", "--sort", "share", "--top", "2", "--format", "csv")
    run = sepcost("compare", CONFIGS[0], "--rows", "blocks", *arguments)
    rows = list(csv.DictReader(io.StringIO(run.out)))
    assert [(row["row"], row["layer"]) for row in rows] == [("block", "layer3"), ("block", "layer2"), ("total", "")]
    assert float(rows[0]["share"]) == pytest.approx(35.81, abs=0.01)


def test_a_block_is_kept_if_all_its_layers_are() -> None:
    groups = {group["name"]: group["kept"] for group in groups_of(CONFIGS[0], "blocks")[:-1]}
    assert groups["maxpool"] == "no convolution"
    assert groups["layer1"] is None


def test_one_convolution_has_one_row() -> None:
    run = sepcost("compare", "-C", "3", "-K", "3", "-O", "3", "--rows", "types")
    assert (run.code, run.err) == (2, "sepcost: --rows types is for networks: one convolution has one row\n")

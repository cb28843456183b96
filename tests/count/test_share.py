"""A figure that is there only where it is asked for: the share that a layer has of the network's MACs."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO

import pytest

from tests.commands import sepcost

CONFIG = "configs/mobilenet_v1.yaml"


def rows(*arguments: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(sepcost("compare", CONFIG, *arguments, "--format", "csv").out)))


def test_shares_are_of_the_network_as_it_is() -> None:
    *layers, total = rows("--columns", "macs,share,replacement.macs,replacement.share")
    whole = int(total["macs"])
    for row in (*layers, total):
        assert float(row["share"]) == 100 * int(row["macs"]) / whole
        assert float(row["replacement.share"]) == 100 * int(row["replacement.macs"]) / whole
    assert sum(float(row["share"]) for row in layers) == pytest.approx(100)


def test_layers_are_sorted_by_their_share() -> None:
    shares = [float(row["share"]) for row in rows("--sort", "share") if row["row"] == "layer"]
    assert shares == sorted(shares, reverse=True)


def test_json_has_it_for_layers_parts_and_totals() -> None:
    (network,) = json.loads(sepcost("compare", CONFIG, "--sort", "share", "--format", "json").out)["networks"]
    layer = network["layers"][0]["replacements"]["separable"]
    assert layer["share"] == pytest.approx(sum(part["share"] for part in layer["parts"]))
    assert network["total"]["standard"]["share"] == 100


def test_it_is_not_there_unless_asked_for() -> None:
    for format_ in ("json", "csv", "table", "markdown"):
        assert not re.search(r"\bshare\b", sepcost("compare", CONFIG, "--format", format_).out)
    refused = sepcost("check", CONFIG, "--no-verify", "--max", "share=50")
    assert (refused.code, "share" in refused.err) == (2, True)


def test_of_many_convolutions_at_once_each_is_its_own_network() -> None:
    written = sepcost(
        "compare", "-H", "8", "-C", "8", "-K", "3", "-O", "1:600:1", "--columns", "share", "--format", "csv"
    ).out
    assert {row["share"] for row in csv.DictReader(StringIO(written))} == {"100.0"}

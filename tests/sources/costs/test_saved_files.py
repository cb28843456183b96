"""What released versions wrote stays readable, whatever figures later versions count."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import sepcost
from sepcost import load
from sepcost.count.evaluation import as_it_is
from sepcost.count.figure import COUNTS, HEADLINES, WHOLE
from sepcost.layers.cost import Convention
from tests.commands import ROOT, Sepcost

SAVED = ROOT / "tests" / "cases" / "saved"
NETWORK = SAVED / "small.yaml"
"""What the saved files are of, in int8 and under ``-r separable``."""
LATER = [name for name in WHOLE if name not in HEADLINES]
"""Figures that an earlier version might not have counted."""
CHECK = ("check", str(NETWORK), "-r", "separable", "--dtype", "int8", "--no-verify", "--format", "json", "--baseline")


def without(figure: str, value: Any) -> Any:
    """The same document as a version wrote it that did not count this figure."""
    if isinstance(value, dict):
        kept = {key: without(figure, each) for key, each in value.items() if key != figure or "figures" in value}
        if "figures" in value:
            number = value["figures"].index(figure)
            kept["figures"] = [name for name in value["figures"] if name != figure]
            for layer in (layer for network in kept["networks"] for layer in network["layers"]):
                layer["costs"] = {of: row[:number] + row[number + 1 :] for of, row in layer["costs"].items()}
        return kept
    return [without(figure, each) for each in value] if isinstance(value, list) else value


def written(folder: Path, document: Any) -> Path:
    path = folder / "costs.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("file", sorted(SAVED.glob("*.json")), ids=lambda file: file.name)
def test_what_a_version_wrote_is_what_is_counted_now(in_process: Sepcost, file: Path) -> None:
    difference = sepcost.diff(file, NETWORK, dtype="int8")
    assert difference.is_empty
    assert difference.before.total == as_it_is(load(NETWORK), Convention(dtype="int8")).total
    assert in_process(*CHECK, str(file)).code == 0


@pytest.mark.parametrize("figure", LATER)
@pytest.mark.parametrize("layout", ["table", "json", "csv", "markdown", "latex"])
def test_costs_without_a_figure_are_shown(in_process: Sepcost, tmp_path: Path, figure: str, layout: str) -> None:
    path = written(tmp_path, without(figure, json.loads((SAVED / "0.2.0.compare.json").read_text())))
    assert in_process("compare", str(path), "--dtype", "int8", "--format", layout).code == 0
    if layout == "json":
        path.write_text(in_process("compare", str(path), "--dtype", "int8", "--format", layout).out)
        (network,) = json.loads(path.read_text())["networks"]
        assert (network["total"]["standard"][figure], network["total"]["standard"]["macs"]) == (None, 87616)
        assert in_process("compare", str(path), "--dtype", "int8").code == 0


@pytest.mark.parametrize("figure", LATER)
@pytest.mark.parametrize("kind", ["compare", "baseline"])
def test_of_a_figure_that_one_side_lacks_nothing_is_said(
    in_process: Sepcost, tmp_path: Path, figure: str, kind: str
) -> None:
    if (kind == "baseline" and figure not in COUNTS) or (kind, figure) == ("baseline", "flops"):
        pytest.skip("not in the rows of a baseline")
    path = written(tmp_path, without(figure, json.loads((SAVED / f"0.2.0.{kind}.json").read_text())))
    difference = sepcost.diff(path, NETWORK, dtype="int8")
    assert difference.is_empty
    assert (difference.before.total[figure], difference.total[figure].difference) == (None, None)
    assert in_process("diff", str(path), str(NETWORK), "--dtype", "int8").code == 0
    done = in_process(*CHECK, str(path))
    grown = {each["figure"] for each in json.loads(done.out)["networks"][0]["growth"]}
    assert (done.code, figure in grown, "params" in grown) == (0, False, True)


def test_a_limit_of_a_figure_that_costs_lack_is_undecided(in_process: Sepcost, tmp_path: Path) -> None:
    path = written(tmp_path, without("weight_bytes", json.loads((SAVED / "0.2.0.compare.json").read_text())))
    done = in_process("check", str(path), "--dtype", "int8", "--no-verify", "--max", "weight_bytes=1MB")
    assert (done.code, "undecided, the costs from earlier do not have it" in done.err) == (2, True)


def test_a_row_may_have_a_figure_that_is_not_known_here(tmp_path: Path) -> None:
    document = json.loads((SAVED / "0.2.0.baseline.json").read_text())
    document["figures"].insert(4, "picojoules")
    for layer in document["networks"][0]["layers"]:
        layer["costs"] = {of: [*row[:4], None, *row[4:]] for of, row in layer["costs"].items()}
    assert sepcost.diff(written(tmp_path, document), NETWORK, dtype="int8").is_empty


def test_a_baseline_without_a_figure_is_renewed(in_process: Sepcost, tmp_path: Path) -> None:
    document = without("traffic_bytes", json.loads((SAVED / "0.2.0.baseline.json").read_text()))
    document["networks"][0]["source"] = str(ROOT / "configs" / "lenet5.yaml")
    path = written(tmp_path, document)
    assert in_process(*CHECK[:-1], "--update-baseline", str(path)).code == 0
    small, other = sorted(json.loads(path.read_text())["networks"], key=lambda network: "lenet5" in network["source"])
    assert (small["layers"][0]["costs"]["standard"][3], other["layers"][0]["costs"]["standard"][3]) == (1528, None)

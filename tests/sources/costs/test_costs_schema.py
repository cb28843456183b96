"""The JSON Schema of costs: fresh, right about every output that is whole, and of help with those that are not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sepcost import Convention, compare, load
from sepcost.count.evaluation import evaluated
from sepcost.formats.documents.baseline_json import baseline_chunks
from sepcost.formats.documents.comparison_json import json_lines
from sepcost.sources.costs.schema import json_schema
from tests.commands import ROOT, sepcost
from tests.sources.costs.documents import MISSING, edited

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
SCHEMA = Draft202012Validator(json_schema())
NET = ("networks", 0)
STEM = (*NET, "layers", 0)


def test_the_committed_schema_is_fresh() -> None:
    assert sepcost("schema", "costs").out == (ROOT / "docs" / "costs.schema.json").read_text(encoding="utf-8")


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.stem)
def test_it_accepts_what_is_written_of_a_config(config: Any) -> None:
    comparison = compare(load(config, alpha="0.75"), ["separable", "blueprint_subspace:ratio=0.5"], dtype="int8")
    convention = Convention(dtype="int8")
    (line,) = json_lines([evaluated(comparison)], convention)
    baseline = "".join(baseline_chunks([replace(evaluated(comparison), source=None)], convention, "costs.json"))
    for written in (comparison.to_json(), line, baseline):
        SCHEMA.validate(json.loads(written))


@pytest.mark.parametrize(
    "options",
    [
        ("-C", "3", "-K", "3", "-O", "8"),
        ("-C", "3", "-K", "3", "-O", "8", "--transposed"),
        ("configs/unet.yaml", "-r", "none", "--verify"),
        ("configs/vgg16.yaml", "--alpha", "0.5", "--rho", "0.5"),
    ],
)
def test_it_accepts_what_the_command_writes(options: Sequence[str]) -> None:
    for format_ in ("json", "jsonl"):
        SCHEMA.validate(json.loads(sepcost("compare", *options, "--format", format_).out))


@pytest.mark.parametrize(
    "options",
    [
        (
            "--rows",
            "totals",
        ),
        ("--top", "2"),
        ("--columns", "macs"),
        ("--alpha", "0.5,1", "--rows", "layers"),
    ],
)
def test_it_refuses_what_leaves_things_out(options: Sequence[str]) -> None:
    assert not SCHEMA.is_valid(json.loads(sepcost("compare", "configs/vgg16.yaml", *options, "--format", "json").out))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), 2),
        (("convention", "flops_per_mac"), 3),
        (("dtype",), "float9"),
        (("networks",), []),
        ((*NET, "alpha"), 0),
        ((*NET, "per"), "output position"),
        ((*STEM, "input"), MISSING),
        ((*STEM, "stride"), [1.5]),
        ((*STEM, "standard", "params"), -1),
        ((*STEM, "standard", "macs"), None),
        ((*STEM, "replacements", "separable", "macs"), MISSING),
        ((*NET, "total", "standard", "flops"), "1"),
    ],
)
def test_it_refuses_what_is_not_read(path: tuple[str | int, ...], value: Any) -> None:
    text = compare(load(ROOT / "tests" / "configs" / "diff" / "before.yaml")).to_json()
    assert not SCHEMA.is_valid(json.loads(edited(text, path, value)))

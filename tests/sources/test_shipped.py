"""Shipped networks are called by their name, from any folder, unless something there is called so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import sepcost
from tests.commands import ROOT, Sepcost

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.stem)
def test_a_name_is_the_shipped_config(in_process: Sepcost, config: Path) -> None:
    (network,) = json.loads(in_process("compare", config.stem, "--format", "json").out)["networks"]
    (expected,) = json.loads(in_process("compare", config, "--format", "json").out)["networks"]
    assert network == {**expected, "source": config.stem}


def test_python_has_the_names_too() -> None:
    assert sepcost.load("vgg16").name == "VGG-16"
    assert sepcost.compare("vgg16").to_json() == sepcost.compare(sepcost.load("vgg16")).to_json()


def test_a_file_or_a_folder_of_that_name_wins(in_process: Sepcost, elsewhere: Path) -> None:
    (elsewhere / "vgg16").write_text("{name: mine, layers: [{H: 8, C: 3, K: 3, O: 8}]}")
    (elsewhere / "m5").mkdir()
    assert sepcost.load("vgg16").name == "mine"
    assert in_process("compare", "m5").err == "m5: the folder has no .yaml or .yml file in it\n"


@pytest.mark.parametrize(("name", "hint"), [("VGG_16", "vgg16"), ("mobilenet", "mobilenet_v2"), ("xyz", None)])
def test_an_unknown_name_gets_the_names(in_process: Sepcost, name: str, hint: str | None) -> None:
    run = in_process("compare", name)
    match = re.fullmatch(
        r"(\w+): is no file, and no network that sepcost ships \((.*)\)(?:; did .* `(.*)`\?)?\n", run.err
    )
    assert match
    assert (run.code, match[1], match[3]) == (2, name, hint)
    assert re.split(", | and ", match[2]) == [config.stem for config in CONFIGS]


@pytest.mark.parametrize("source", ["./vgg16", "vgg16.yaml", "nets/vgg16"])
def test_what_has_a_folder_or_an_ending_is_a_file(in_process: Sepcost, source: str) -> None:
    assert in_process("compare", source).err == f"{source}: cannot be read: no such file or directory\n"


def test_help_has_a_name(in_process: Sepcost) -> None:
    assert "shipped networks (mobilenet_v1)" in " ".join(in_process("compare", "--help").out.replace("│", "").split())

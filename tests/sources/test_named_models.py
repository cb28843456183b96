"""Configs that name models: what is read from them is a description, and nothing is imported or run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from sepcost import ConfigError, Replacement, load, load_all
from sepcost.network.budget import Budget, Limit
from sepcost.network.lines import Lines
from sepcost.network.selection import Selection
from sepcost.sources.source import file_lines
from sepcost.sources.yaml.configs import Loaded, read_networks
from sepcost.sources.yaml.translating.named_model import NamedModel
from sepcost.text.input_text import InputText
from sepcost.text.model_text import ModelText
from tests.commands import ROOT, clean_environment
from tests.sources.yaml.test_configs import CONFIGS

MODELS = CONFIGS / "models"


def test_everything_that_a_config_says_of_a_model() -> None:
    (named,) = read_networks(file_lines(str(MODELS / "everything.yaml")), "everything.yaml")
    assert named == NamedModel(
        name="my net",
        source="everything.yaml",
        text=ModelText.parse("mynet.py:build(32, act='relu')"),
        inputs=(InputText("image", (1, 64, 64)), InputText("tokens", (77,), "int64"), InputText(None, (16,))),
        place=(2, 8),
        lines=Lines(1, {}, {"replacement": 9, "params": 10, "reduction": 11, "reduction.macs": 11}),
        device="cpu",
        replacements=(Replacement.parse("separable:inner_norm=false"), Replacement.parse("blueprint")),
        selection=Selection(("*",), ("stem.*", "0")),
        budget=Budget((Limit("params", 4_300_000), Limit("reduction.macs", Fraction(8))), "blueprint"),
    )


def test_the_least_that_it_may_say() -> None:
    (named,) = read_networks(file_lines(str(MODELS / "least.yaml")), "least.yaml")
    assert isinstance(named, NamedModel)
    assert (named.name, named.device, named.replacements, named.budget) == ("least", "meta", (), None)
    assert named.selection == Selection()


def test_streams_hold_models_and_networks() -> None:
    network, one, another = read_networks(file_lines(str(MODELS / "stream.yaml")), "stream.yaml")
    assert isinstance(network, Loaded)
    assert isinstance(one, NamedModel)
    assert isinstance(another, NamedModel)
    assert (one.name, one.place, one.lines.network) == ("stream#2", (4, 8), 4)
    assert one.inputs == (InputText(None, (3, 224, 224)),)
    assert (another.name, another.place, another.inputs) == ("stream#3", (7, 9), (InputText(None, (77,)),))


def test_json_lines_name_models() -> None:
    lines = [b'{"H": 8}\n', b'{"name": "a", "model": "pkg.nets:UNet", "input": ["3x8x8"]}\n']
    error, named = read_networks(lines, "nets.jsonl")
    assert isinstance(error, ConfigError)
    assert isinstance(named, NamedModel)
    assert (named.name, named.place) == ("a", (2, 24))


def all_of(file: str) -> None:
    raise ConfigError(
        [problem for item in load_all(file) if isinstance(item, ConfigError) for problem in item.problems]
    )


@pytest.mark.parametrize("read", [load, all_of])
def test_from_python_such_a_file_is_refused(
    read: Callable[[str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text("model: mynet.py:build\ninput: 3x8x8\n---\n- {H: 8}\n")
    Path("mynet.py").write_text("raise SystemExit('it was run')")
    with pytest.raises(ConfigError) as error:
        read("net.yaml")
    first, second = error.value.problems
    message = "net.yaml:1:8: model: names code, which is not run from here: sepcost.compare(…, run_models=True) runs it"
    assert str(first) == message
    assert second.line == 4


def test_reading_imports_nothing() -> None:
    code = (
        "import sys; from sepcost.sources.source import file_lines\n"
        "from sepcost.sources.yaml.configs import read_networks\n"
        f"items = list(read_networks(file_lines({str(MODELS / 'everything.yaml')!r}), 'net.yaml'))\n"
        "print(items[0].name, 'torch' in sys.modules, 'mynet' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=clean_environment()
    )
    assert done.stdout == "my net False False\n"

"""Models in dtypes of their own, as each command and format reports what their bytes are counted in."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.cases import models
from tests.commands import ROOT, Sepcost

NETS = """
import torch


class Net(torch.nn.Module):
    def __init__(self, dtype):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 3, dtype=dtype)
        self.head = torch.nn.Conv2d(8, 8, 3)
        self.dtype = dtype

    def forward(self, x):
        return self.head(self.conv(x.to(self.dtype)).float())


plain, mixed = Net(torch.float32), Net(torch.float16)
half = torch.nn.Conv2d(3, 8, 3, dtype=torch.float16)
"""
INPUT = ("--input", "3x8x8")
HALF_INPUT = ("--input", "3x8x8:float16")


@pytest.fixture
def nets(tmp_path: Path) -> str:
    file = tmp_path / "nets.py"
    file.write_text(NETS)
    return str(file)


def document(sepcost: Sepcost, *arguments: str) -> dict[str, Any]:
    done = sepcost(*arguments, "--format", "json")
    assert done.err == ""
    read = json.loads(done.out)
    assert isinstance(read, dict)
    return read


@pytest.mark.parametrize(
    ("options", "dtype", "own", "weights"),
    [
        ((), "float32", "float16", 448),
        (("--dtype", "float32"), "float32", None, 896),
        (("--dtype", "int8"), "int8", None, 248),
    ],
)
def test_compare_check_and_diff_say_the_same_of_a_dtype(
    in_process: Sepcost, nets: str, options: tuple[str, ...], dtype: str, own: str | None, weights: int
) -> None:
    half = f"{nets}:half"
    given = (*HALF_INPUT, *options)
    compared = document(in_process, "compare", half, *given)
    checked = document(in_process, "check", half, *given, "--max-params", "1M", "--no-verify")
    differing = document(in_process, "diff", half, half, *given)
    (network,), (judged,) = compared["networks"], checked["networks"]
    assert {each["dtype"] for each in (compared, checked, differing)} == {dtype}
    assert {each.get("own_dtype") for each in (network, judged, differing["before"], differing["after"])} == {own}
    assert judged["total"]["weight_bytes"] == differing["total"]["weight_bytes"]["before"] == weights


@pytest.mark.parametrize("model", ["Transformed", "quantised"])
@pytest.mark.parametrize(("command", "page"), [("compare", "json.md"), ("check", "check.md"), ("diff", "diff.md")])
def test_every_field_that_only_models_have_is_in_the_docs(
    in_process: Sepcost, command: str, page: str, model: str
) -> None:
    source = f"{models.__file__}:{model}"
    options = {"check": ("--max-params=1M", "--allow=uncounted"), "diff": (source,)}.get(command, ())
    read = document(in_process, command, source, *options, "--input", "3x16x16", "--device", "cpu")
    network = read["before"] if command == "diff" else read["networks"][0]
    assert {"own_dtype", "uncounted"} < set(network)
    documented = re.findall("`([a-z_]+)`", (ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert set(network) <= set(documented)


def test_each_side_of_a_difference_has_its_own_dtype(in_process: Sepcost, nets: str, tmp_path: Path) -> None:
    pair = (f"{nets}:mixed", f"{nets}:plain", *INPUT)
    read = document(in_process, "diff", *pair)
    assert (read["dtype"], read["before"]["own_dtype"], read["after"]["own_dtype"]) == ("float32", "mixed", "float32")
    total, layer = csv.DictReader(StringIO(in_process("diff", *pair, "--format", "csv").out))
    for row in (total, layer):
        assert (row["dtype"], row["own_dtype.before"], row["own_dtype.after"]) == ("float32", "mixed", "float32")
    earlier = tmp_path / "earlier.json"
    earlier.write_text(in_process("compare", f"{nets}:mixed", *INPUT, "--format", "json").out)
    assert document(in_process, "diff", str(earlier), f"{nets}:plain", *INPUT)["before"]["own_dtype"] == "mixed"


def test_a_network_that_is_gone_from_a_baseline_keeps_its_dtype(in_process: Sepcost, nets: str, tmp_path: Path) -> None:
    """The baseline has two networks of a file that has one by now."""
    file, baseline = tmp_path / "two.yaml", str(tmp_path / "costs.json")
    texts = [f"name: {name}\nmodel: {nets}:{name}\ninput: 3x8x8\n" for name in ("plain", "mixed")]
    file.write_text("---\n".join(texts))
    options = (str(file), "--run-models", "--no-verify")
    assert in_process("check", *options, "--update-baseline", baseline).code == 0
    file.write_text(texts[0])
    (gone,) = document(in_process, "check", *options, "--baseline", baseline, "--allow", "gone")["gone"]
    assert (gone["name"], gone["own_dtype"]) == ("mixed", "mixed")


def test_limits_of_bytes_name_every_dtype_that_they_are_counted_in(in_process: Sepcost, nets: str) -> None:
    pair = (f"{nets}:mixed", f"{nets}:plain", *INPUT)
    done = in_process("check", *pair, "--max", "weight_bytes=1MB", "--no-verify")
    assert "\nMemory is in the model's own dtypes and float32.\n" in done.out
    done = in_process("check", *pair, "--max", "weight_bytes=1MB", "--no-verify", "--dtype", "int8")
    assert "\nMemory is in int8.\n" in done.out
    done = in_process("check", f"{nets}:mixed", *INPUT, "--max", "macs_per_byte=100", "--no-verify")
    assert "\nMemory is in the model's own dtypes.\n" in done.out


def test_a_layer_whose_bytes_alone_changed_says_which(in_process: Sepcost, nets: str) -> None:
    done = in_process("diff", f"{nets}:plain", f"{nets}:mixed", *INPUT)
    _, layers = done.out.split("Layers: 1 changed\n")
    assert "\nconv    weights 896 B → 448 B " in layers
    assert "\n        activation memory 1,152 B → 576 B\n" in layers
    assert "\n        traffic 2,816 B → 1,408 B\n" in layers
    assert "Memory is in float32 before, and in the model's own dtypes after." in done.out


def test_two_models_of_several_dtypes_are_in_their_own(in_process: Sepcost, nets: str, tmp_path: Path) -> None:
    (tmp_path / "more.py").write_text(f"{NETS}mixed.head = torch.nn.Conv2d(8, 9, 3)\n")
    done = in_process("diff", f"{nets}:mixed", f"{tmp_path}/more.py:mixed", *INPUT)
    assert "\nMemory is in the model's own dtypes.\n" in done.out


def test_a_layer_of_one_dtype_is_derived_among_others(in_process: Sepcost, nets: str) -> None:
    done = in_process("compare", f"{nets}:mixed", *INPUT, "--explain", "--include", "head")
    assert " = 4·584 " in done.out
    assert "= 4·(6·6·8 + 4·4·8) + 4·584 = 4,000 B" in done.out
    assert "Memory is in the model's own dtypes: b = 4 bytes an element." in done.out
    done = in_process("compare", f"{nets}:mixed", *INPUT, "--explain", "--include", "conv")
    assert "= 2·224 " in done.out
    assert "Memory is in the model's own dtypes: b = 2 bytes an element." in done.out

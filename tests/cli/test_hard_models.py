"""Models that are hard to run, and operators that torch does not know."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cases import models
from tests.commands import ROOT, Sepcost, sepcost


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_a_traced_model_is_counted_or_the_message_says_how(
    in_process: Sepcost, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.chdir(ROOT)
    model = str(Path(models.__file__).relative_to(ROOT))
    done = in_process("compare", f"{model}:traced", "--input", "3x32x32", "--device", device, "--format", "json")
    if device == "meta":
        why = "is made by torch.jit, which compares values, and there are none on the meta device ("
        assert done.err.startswith(f"{model}:traced: {why}{model}:")
        assert done.err.endswith("): name what it is made of, or --device cpu runs it on real memory\n")
        assert done.code == 2
    else:
        (network,) = json.loads(done.out)["networks"]
        assert (network["total"]["standard"]["macs"], network["total"]["standard"]["params"]) == (194_400, 224)


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_an_operator_with_a_formula_counts_as_the_docs_say(tmp_path: Path, device: str) -> None:
    (code,) = re.findall(r"```python\n(# fused\.py.*?)```", (ROOT / "docs" / "models.md").read_text(), re.DOTALL)
    own = code.replace("fused::", f"fused_{device}::").replace("ops.fused", f"ops.fused_{device}")
    (tmp_path / "fused.py").write_text(own)  # a process knows an operator of a name once
    options = ("--input", "3x32x32", "--device", device, "--format", "json")
    done = sepcost("compare", "fused.py:Net", *options, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    (network,) = json.loads(done.out)["networks"]
    assert network["total"]["standard"]["macs"] == 30 * 30 * 3 * 3 * 3 * 8 == 194_400
    assert network["total"]["standard"]["params"] == 3 * 3 * 3 * 8
    assert network["uncounted"] == {}
    assert {layer["name"]: layer["standard"]["macs"] for layer in network["layers"] if layer["standard"]["macs"]} == {
        "conv_relu": 194_400
    }

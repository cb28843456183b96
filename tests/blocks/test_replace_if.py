"""Which layers are replaced: all, or those whose replacement has fewer MACs."""

from __future__ import annotations

import csv
import io
import json
import warnings
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from sepcost import Conv, SepcostError, compare
from sepcost.pytorch import GrowsWarning, replace_convolutions, replacement_plan
from tests.cases import models
from tests.commands import Sepcost

REASON = "it would not have fewer MACs"
TWO = "input: {C: 16, H: 8}\nlayers: [{K: 3, O: 64}, {K: 4, O: 1, padding: 0}]\n"


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A layer that gains by a separable one, and one that does not."""
    monkeypatch.chdir(tmp_path)
    Path("two.yaml").write_text(TWO, encoding="utf-8")
    return "two.yaml"


def test_a_layer_that_gains_nothing_is_kept_in_every_format(two: str, in_process: Sepcost) -> None:
    asked = ("compare", two, "--replace-if", "fewer-macs")
    table = in_process(*asked).out
    assert "separable in 1 of 2 layers" in table.splitlines()[0]
    assert f"Kept as they are: {REASON} (" in table
    (network,) = json.loads(in_process(*asked, "--format", "json").out)["networks"]
    assert [layer["replacements"]["separable"]["kept"] for layer in network["layers"]] == [None, REASON]
    rows = csv.DictReader(io.StringIO(in_process(*asked, "--format", "csv", "--columns", "layer,kept").out))
    assert REASON in [row["kept"] for row in rows]
    Path("kept.yaml").write_text(in_process(*asked, "--format", "yaml").out, encoding="utf-8")
    again = json.loads(in_process("compare", "kept.yaml", "--format", "json").out)["networks"][0]
    assert again["total"]["replacements"]["separable"]["macs"] == network["total"]["replacements"]["separable"]["macs"]


def test_always_says_what_it_said(two: str, in_process: Sepcost) -> None:
    usual, always = in_process("compare", two), in_process("compare", two, "--replace-if", "always")
    assert usual == always
    assert "separable costs more MACs than the standard in" in usual.out


def test_check_judges_what_is_replaced(two: str, in_process: Sepcost) -> None:
    most = 8 * 8 * 16 * (9 + 64) + 5 * 5 * 16 * 64
    asked = ("check", two, "-r", "separable", "--max-macs", str(most))
    assert in_process(*asked, "--replace-if", "fewer-macs").code == 0
    assert in_process(*asked).code == 1


def test_torch_confirms_a_model_that_is_replaced_in_part() -> None:
    model = nn.Sequential(nn.Conv2d(16, 64, 3, padding=1), nn.Conv2d(64, 1, 4))
    result = compare(model, ["inverted", "separable"], inputs=(16, 8, 8), verify=True, replace_if="fewer-macs")
    assert result.verified is not None
    assert not result.verified.mismatches
    assert result.totals["separable"].cost.params == 16 * 10 + 17 * 64 + 64 * 16 + 1


def test_a_module_that_would_grow_is_kept() -> None:
    assert replacement_plan(models.one_output(), replace_if="fewer-macs") == {"0": REASON}
    assert replacement_plan(models.one_output()) == {"0": None}
    assert isinstance(replace_convolutions(models.one_output(), replace_if="fewer-macs")[0], nn.Conv2d)  # type: ignore[index]


def grown(model: nn.Module, **options: Any) -> list[str]:
    """What a replaced model warns of, and where."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        replace_convolutions(model, **options)
    assert all(each.category is GrowsWarning and each.filename == __file__ for each in caught)
    return [str(each.message) for each in caught]


def test_what_grows_is_warned_of_by_name() -> None:
    """16·16 and a bias before; 16·16 and 16 biases, 16 and a bias after."""
    replaced = replace_convolutions(models.one_output())
    assert sum(parameter.numel() for parameter in replaced.parameters()) == 289
    advice = "(exclude keeps them, replace_if='fewer-macs' those without fewer MACs)"
    assert grown(models.one_output()) == [f"larger once they are replaced: 0 {advice}"]
    assert grown(nn.Conv2d(16, 1, 4)) == [f"larger once they are replaced: the model itself {advice}"]
    many = nn.Sequential(*(nn.Conv2d(8, 1, 3) for _ in range(6)))
    assert grown(many) == [f"larger once they are replaced: 0, 1, 2, 3 and 2 more {advice}"]
    assert grown(many, exclude=["[1-5]"]) == [f"larger once they are replaced: 0 {advice}"]


def test_more_params_alone_are_growth() -> None:
    """Of each position 8·(4 + 2) MACs, not 8·4·2; with biases 58 params, not 66, and 16 of a norm."""
    (message,) = grown(nn.Conv2d(8, 2, 2), inner_norm=True)
    assert "the model itself" in message
    assert grown(nn.Conv2d(8, 2, 2)) == []


def test_a_recount_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compare(models.one_output(), inputs=(16, 8, 8), verify=True).verified


def test_what_shrinks_or_is_kept_is_not_warned_of() -> None:
    assert grown(nn.Conv2d(16, 32, 3)) == []
    assert grown(models.one_output(), replace_if="fewer-macs") == []
    assert grown(models.one_output(), exclude="0") == []


def test_a_large_sweep_keeps_what_each_of_its_combinations_keeps(in_process: Sepcost) -> None:
    outputs, inputs = range(1, 41), range(2, 42)
    asked = ("compare", "-H", "8", "-C", "2:41:1", "-K", "4", "-O", "1:40:1", "--replace-if", "fewer-macs")
    done = in_process(*asked, "--rows", "totals", "--format", "csv", "--columns", "replacement.macs")
    assert done.code == 0
    macs = [int(row["replacement.macs"]) for row in csv.DictReader(io.StringIO(done.out))]
    by_hand = [64 * min(c * 16 * o, c * (16 + o)) for c, o in product(inputs, outputs)]
    assert macs == by_hand


def test_a_wrong_value_is_one_line() -> None:
    with pytest.raises(SepcostError, match="replace_if must be always, fewer-macs or faster, got 'fewer'"):
        compare(Conv((8, 8), 3, 8, 3), replace_if="fewer")
    with pytest.raises(SepcostError, match="replace_if must be always, fewer-macs or faster, got 3"):
        replace_convolutions(models.one_output(), replace_if=3)  # type: ignore[arg-type]


def test_a_model_is_not_replaced_by_times() -> None:
    with pytest.raises(SepcostError, match="replace_if='faster' is by predicted times"):
        replace_convolutions(models.one_output(), replace_if="faster")

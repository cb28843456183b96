"""Tasks in Python: they say what the commands say, as data, and print nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

import sepcost
from sepcost import Conv, SepcostError, load
from tests.commands import Sepcost

SMALL = "name: net\ninput: {C: 3, H: 16}\nlayers: [{K: 3, O: 8}]\n"


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "before.yaml").write_text(SMALL)
    (tmp_path / "after.yaml").write_text(SMALL.replace("O: 8", "O: 12"))
    return tmp_path


def test_check_says_what_the_command_says(in_process: Sepcost, nets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    in_process("check", "before.yaml", "--no-verify", "--update-baseline", "costs.json")
    (nets / "before.yaml").write_text((nets / "after.yaml").read_text())
    command = ("check", "before.yaml", "--no-verify", "--baseline", "costs.json", "--max-params", "300")
    said = json.loads(in_process(*command, "--format", "json").out)["networks"][0]
    judgement = sepcost.check(nets / "before.yaml", baseline="costs.json", at_most={"params": 300})
    (verdict,) = judgement.verdicts
    assert (judgement.holds, judgement.is_decided) == (False, True)
    assert [grown.after for grown in verdict.grown] == [grown["after"] for grown in said["growth"]]
    assert [limit.outcome.value for limit in verdict.limits] == [limit["outcome"] for limit in said["budget"]]
    assert sepcost.check(nets / "before.yaml", baseline="costs.json", growth="50%").holds
    assert capsys.readouterr() == ("", "")


RESULTS: dict[str, tuple[Callable[[], object], tuple[str, ...]]] = {
    "compare": (lambda: sepcost.compare("before.yaml"), ("compare", "before.yaml")),
    "check": (
        lambda: sepcost.check("before.yaml", at_most={"params": 100, "macs": "1M"}),
        ("check", "before.yaml", "--no-verify", "--max-params", "100", "--max-macs", "1M"),
    ),
    "diff": (lambda: sepcost.diff("before.yaml", "after.yaml"), ("diff", "before.yaml", "after.yaml")),
    "diff without a change": (
        lambda: sepcost.diff("before.yaml", "before.yaml"),
        ("diff", "before.yaml", "before.yaml"),
    ),
    "sweep": (
        lambda: next(iter(sepcost.sweep("after.yaml", alpha=["0.5"]))),
        ("compare", "after.yaml", "--alpha", "0.5"),
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_shows_itself_as_the_command_does(in_process: Sepcost, nets: Path, name: str) -> None:
    result, command = RESULTS[name][0](), RESULTS[name][1]
    assert str(result) == repr(result)
    assert str(result) == in_process(*command).out.rstrip("\n").replace("--flops-per-mac 2", "flops_per_mac=2")
    html: str = result._repr_html_()  # type: ignore[attr-defined]
    title = str(result).splitlines()[0]
    assert f"<caption>{title}</caption>" in html or f"<p>{title}</p>" in html


def test_a_judgement_shows_what_could_not_be_judged(nets: Path) -> None:
    judgement = sepcost.check(["before.yaml", "missing.yaml"], at_most={"macs": "1M"})
    assert "missing.yaml: cannot be read: no such file or directory" in str(judgement)


def test_names_are_shown_as_their_authors_wrote_them(nets: Path) -> None:
    (nets / "net.yaml").write_text(SMALL.replace("name: net", "name: net --alpha 0.5 run"))
    for result in (
        sepcost.compare("net.yaml"),
        sepcost.diff("net.yaml", "after.yaml"),
        next(iter(sepcost.sweep("net.yaml"))),
    ):
        assert "net --alpha 0.5 run" in str(result).splitlines()[0]
        assert "net --alpha 0.5 run" in result._repr_html_()  # type: ignore[union-attr]
        assert "(flops_per_mac=2)" in str(result)


def test_what_cannot_be_judged_is_a_problem_and_no_exception(nets: Path) -> None:
    (nets / "bad.yaml").write_text(SMALL.replace("K: 3", "K: 0"))
    judgement = sepcost.check([nets / "bad.yaml", "before.yaml", "missing.yaml"], at_most={"params": "1k"})
    assert [Path(problem.source).name for problem in judgement.problems] == ["bad.yaml", "missing.yaml"]
    assert (judgement.holds, len(judgement.verdicts)) == (False, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at_most": {"mac": 1}}, "at_most: no figure is called 'mac'; did you mean `macs`?"),
        ({"at_most": {"macs": "6B"}}, "macs: must be a count such as"),
        ({}, "nothing to check: give at_most, reductions, a baseline or verify=True"),
        ({"at_most": "macs=1"}, "at_most: must be a dict such as {'macs': 8}, got 'macs=1'"),
        ({"baseline": {}}, "baseline: must be a file's name, got {}"),
        ({"growth": "2%"}, "growth is by how much a baseline may be exceeded: give a baseline"),
        ({"growth": {"macs": "2"}, "baseline": "costs.json"}, "macs: must be per cent such as 2%"),
        ({"allow": ["gon"]}, "allow: must be uncounted, zeros or gone, got 'gon'; did you mean `gone`?"),
    ],
)
def test_limits_that_are_none_get_one_clear_line(nets: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(SepcostError) as raised:
        sepcost.check("before.yaml", **options)  # type: ignore[arg-type]
    assert str(raised.value).startswith(message)


def test_a_model_runs_on_one_input_or_several(nets: Path) -> None:
    (nets / "net.py").write_text("import torch\nnet = torch.nn.Conv2d(3, 8, 3)\n")
    for inputs in ("3x8x8", ["3x8x8"]):
        assert sepcost.check("net.py:net", at_most={"macs": 36 * 27 * 8}, inputs=inputs).holds


def test_diff_takes_whatever_compare_does(in_process: Sepcost, nets: Path) -> None:
    (nets / "costs.json").write_text(in_process("compare", "before.yaml", "--format", "json").out)
    layer = Conv((16, 16), 3, 12, 3)
    model = nn.Conv2d(3, 12, 3, padding=1, bias=False)
    written = {"input": {"C": 3, "H": 16}, "layers": [{"K": 3, "O": 8}]}
    for before in ("before.yaml", nets / "costs.json", load("before.yaml"), written):
        assert sepcost.diff(before, "after.yaml").total["params"].difference == 4 * 27
    assert sepcost.diff("before.yaml", layer).total["macs"].difference == 4 * 27 * 256
    assert sepcost.diff("before.yaml", model, inputs="3x16x16").total["params"].difference == 4 * 27

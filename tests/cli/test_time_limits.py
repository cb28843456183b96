"""Limits, growth and differences of predicted times: an interval decides, or it does not."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sepcost import SepcostError, check, compare, diff
from tests.commands import sepcost
from tests.targets.profiles import made, written

NET = """
name: Net
input: {C: 32, H: 56}
layers:
  - {name: first, K: 3, O: 64}
  - {name: second, K: 3, O: 64, stride: 2}
"""
WIDER = NET.replace("O: 64, stride", "O: 80, stride")


@pytest.fixture
def target(tmp_path: Path) -> str:
    return written(tmp_path)


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    return path


def total(text: str = NET) -> tuple[Any, Any]:
    """The figures of the network as it is, and replaced."""
    document = json.loads(compare(yaml.safe_load(text), target=made()).to_json())["networks"][0]["total"]
    return document["standard"], document["replacements"]["separable"]


@pytest.mark.parametrize(
    ("limit", "outcome", "code"),
    [("time_high", "held", 0), ("time", "undecided", 2), ("time_low", "broken", 1)],
)
@pytest.mark.parametrize("of", [[], ["-r", "separable"]])
def test_a_limit_is_judged_by_the_whole_interval(
    target: str, net: Path, limit: str, outcome: str, code: int, of: list[str]
) -> None:
    """Just above the interval it is held, just below it is broken."""
    figures = total()[bool(of)]
    bound = figures[limit] * {"time_high": 1.001, "time": 1, "time_low": 0.999}[limit]
    typed = f"{1000 * bound:.9f}ms"
    run = sepcost("check", str(net), "--target", target, "--max-time", typed, *of, "--no-verify", "--format", "json")
    (judged,) = json.loads(run.out)["networks"][0]["budget"]
    assert (run.code, judged["outcome"], judged["figure"]) == (code, outcome, "time")
    assert [judged[name] for name in ("value", "low", "high")] == [
        figures[f"time{end}"] for end in ("", "_low", "_high")
    ]
    assert ("in 80 % of cases it is between" in run.err) == (code == 2)


@pytest.mark.parametrize(
    ("limit", "factor", "outcome", "code"),
    [("speedup_low", 0.999, "held", 0), ("speedup", 1, "undecided", 2), ("speedup_high", 1.001, "broken", 1)],
)
def test_so_is_the_least_of_a_speed_up(
    target: str, net: Path, limit: str, factor: float, outcome: str, code: int
) -> None:
    bound = f"{total()[1][limit] * factor:.9f}"
    arguments = ["check", str(net), "--target", target, "-r", "separable", "--no-verify", "--format", "json"]
    run = sepcost(*arguments, "--min-speedup", bound)
    (judged,) = json.loads(run.out)["networks"][0]["budget"]
    assert (run.code, judged["outcome"], judged["figure"]) == (code, outcome, "speedup")
    assert judged["at_least"] == pytest.approx(float(bound))


def test_a_budget_has_both(target: str, net: Path) -> None:
    standard, replaced = total()
    slow, least = 2000 * standard["time"], replaced["speedup_low"] / 2
    net.write_text(
        f"{NET}budget: {{replacement: separable, time: {slow:.6f}ms, speedup: {least:.6f}, growth: {{time: 5%}}}}\n"
    )
    run = sepcost("check", str(net), "--target", target, "--no-verify", "--format", "json")
    assert run.code == 0
    budget = json.loads(run.out)["networks"][0]["budget"]
    assert [(limit["figure"], limit["replacement"], limit["line"]) for limit in budget] == [
        ("time", "separable", 7), ("speedup", "separable", 7)
    ]  # fmt: skip


def test_without_a_target_a_limit_of_time_is_undecided(net: Path) -> None:
    run = sepcost("check", str(net), "--max-time", "40ms", "--no-verify")
    assert run.code == 2
    assert "undecided, times are predicted for a target: give --target" in run.err


def test_a_time_that_is_not_known_is_undecided_with_the_reason(net: Path, tmp_path: Path) -> None:
    target = written(tmp_path, kinds=("standard",))
    run = sepcost("check", str(net), "--target", target, "--max-time", "40s", "-r", "separable", "--no-verify")
    assert run.code == 2
    assert "first.depthwise: no depthwise layers were measured" in run.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-time", "40"], "--max-time: must be a time above 0 such as 40ms, 250us or 1.5s, got 40"),
        (["--max-time", "0ms"], "--max-time: must be a time above 0 such as 40ms, 250us or 1.5s, got 0ms"),
        (["--max", "speedup=2"], "--max: speedup has a least, not a most: give --min-speedup"),
        (["--min-speedup", "2"], "speedup is of a replacement, and none is named: give -r separable"),
        (["--max-growth", "time=5%", "--baseline", "x.json"], "--max-growth time is of predicted times: give --target"),
    ],
)
def test_wrong_limits_of_time_are_one_line(net: Path, options: list[str], message: str) -> None:
    run = sepcost("check", str(net), *options, "--no-verify")
    assert (run.code, run.err.count("\n")) == (2, 1)
    assert message in run.err


def test_time_that_grew_is_found_and_allowed(target: str, net: Path, tmp_path: Path) -> None:
    arguments = ["check", "net.yaml", "--target", target, "--no-verify"]
    assert sepcost(*arguments, "--update-baseline", "base.json", cwd=tmp_path).code == 0
    same = sepcost(*arguments, "--baseline", "base.json", cwd=tmp_path)
    assert (same.code, "growth: none" in same.out) == (0, True)
    net.write_text(WIDER)
    run = sepcost(
        *arguments,
        "--baseline",
        "base.json",
        "--max-growth",
        "50%",
        "--max-growth",
        "time=1%",
        "--format",
        "json",
        cwd=tmp_path,
    )
    growth = {(each["of"], each["figure"]): each for each in json.loads(run.out)["networks"][0]["growth"]}
    assert run.code == 1
    assert [name for name, each in growth.items() if not each["holds"]] == [("standard", "time"), ("separable", "time")]
    before, after = total()[0]["time"], total(WIDER)[0]["time"]
    assert growth["standard", "time"]["before"] == pytest.approx(before, rel=1e-5)
    assert growth["standard", "time"]["after"] == pytest.approx(after, rel=1e-5)
    assert growth["standard", "time"]["at_most"] == pytest.approx(1.01 * before, rel=1e-5)
    allowed = sepcost(*arguments, "--baseline", "base.json", "--max-growth", "50%", cwd=tmp_path)
    assert allowed.code == 0
    amount = sepcost(
        *arguments, "--baseline", "base.json", "--max-growth", "50%", "--max-growth", "time=1s", cwd=tmp_path
    )
    assert amount.code == 0


def test_another_profile_is_no_growth_and_is_refused_in_one_line(target: str, net: Path, tmp_path: Path) -> None:
    arguments = ["check", "net.yaml", "--no-verify"]
    assert sepcost(*arguments, "--target", target, "--update-baseline", "base.json", cwd=tmp_path).code == 0
    other = written(tmp_path, name="other", factor=2)
    run = sepcost(*arguments, "--target", other, "--baseline", "base.json", cwd=tmp_path)
    assert (run.code, run.err.count("\n")) == (2, 1)
    assert f"has times for by-hand ({made().id}), net.yaml for other ({made(name='other', factor=2).id})" in run.err


def test_a_baseline_with_times_is_refused_without_a_target(target: str, net: Path, tmp_path: Path) -> None:
    arguments = ["check", "net.yaml", "--no-verify"]
    assert sepcost(*arguments, "--target", target, "--update-baseline", "base.json", cwd=tmp_path).code == 0
    run = sepcost(*arguments, "--baseline", "base.json", cwd=tmp_path)
    assert (run.code, run.err.count("\n")) == (2, 1)
    assert "base.json: has times for by-hand, and none are predicted here: give --target by-hand, or write" in run.err


def test_times_that_a_baseline_does_not_have_are_new(target: str, net: Path, tmp_path: Path) -> None:
    arguments = ["check", "net.yaml", "--no-verify"]
    assert sepcost(*arguments, "--update-baseline", "base.json", cwd=tmp_path).code == 0
    run = sepcost(*arguments, "--target", target, "--baseline", "base.json", "--format", "json", cwd=tmp_path)
    assert run.code == 0
    assert "base.json: has no times: they are new, and no growth of them is judged" in run.err
    assert "time" not in {each["figure"] for each in json.loads(run.out)["networks"][0]["growth"]}


def test_a_baseline_with_times_fits_the_schema_and_is_a_source(target: str, net: Path, tmp_path: Path) -> None:
    from jsonschema import Draft202012Validator

    from sepcost.sources.costs.schema import json_schema

    sepcost("check", "net.yaml", "--target", target, "--no-verify", "--update-baseline", "base.json", cwd=tmp_path)
    text = (tmp_path / "base.json").read_text()
    Draft202012Validator(json_schema()).validate(json.loads(text))
    read = json.loads(sepcost("compare", "base.json", "--format", "json", cwd=tmp_path).out)["networks"][0]
    standard, replaced = total()
    for name in ("time", "time_low", "time_high", "time_source", "bound"):
        assert read["total"]["standard"][name] == standard[name]
    assert read["total"]["replacements"]["separable"]["speedup_low"] == replaced["speedup_low"]
    judged = sepcost("check", "base.json", "--target", target, "--max-time", "1s", "--no-verify", cwd=tmp_path)
    assert judged.code == 0


def test_diff_shows_times(target: str, net: Path, tmp_path: Path) -> None:
    (tmp_path / "wider.yaml").write_text(WIDER)
    two = [str(net), str(tmp_path / "wider.yaml"), "--target", target]
    document = json.loads(sepcost("diff", *two, "--format", "json").out)
    before, after = total()[0]["time"], total(WIDER)[0]["time"]
    change = document["total"]["time"]
    assert [change["before"], change["after"]] == pytest.approx([before, after], rel=1e-5)
    assert change["percent"] == pytest.approx(100 * (after / before - 1), rel=1e-3)
    (layer,) = document["changes"]
    assert layer["figures"]["time"]["difference"] == pytest.approx(after - before, rel=1e-3)
    assert document["before"]["target"]["name"] == "by-hand"
    (row, _) = csv.DictReader(io.StringIO(sepcost("diff", *two, "--format", "csv").out))
    assert float(row["time.before"]) == change["before"]
    table = sepcost("diff", *two).out
    assert "Times are predicted for by-hand" in table
    assert "time" not in json.loads(sepcost("diff", *two[:2], "--format", "json").out)["total"]


@pytest.mark.parametrize("places", [(0, 1), (1, 0), (1, 1)])
def test_diff_has_a_row_for_a_total_that_is_not_known(places: tuple[int, int], net: Path, tmp_path: Path) -> None:
    grouped = tmp_path / "grouped.yaml"
    grouped.write_text(NET.replace("stride: 2", "stride: 2, groups: 4"))
    one, other = ((net, grouped)[number] for number in places)
    other = other if one != other else tmp_path / "wider.yaml"
    (tmp_path / "wider.yaml").write_text(grouped.read_text().replace("O: 64}", "O: 32}"))
    run = sepcost("diff", str(one), str(other), "--target", written(tmp_path))
    (row,) = (line for line in run.out.splitlines() if line.startswith("time "))
    assert row.split()[-2:] == ["–", "–"]
    assert "Without a time, as is the total: second (no grouped layers were measured)." in run.out


def test_diff_refuses_times_of_two_targets_and_of_none(target: str, net: Path, tmp_path: Path) -> None:
    other = written(tmp_path, name="other", factor=2)
    for path, arguments in (("timed.json", ["--target", other]), ("untimed.json", [])):
        (tmp_path / path).write_text(sepcost("compare", str(net), *arguments, "--format", "json").out)
    run = sepcost("diff", str(tmp_path / "timed.json"), str(net), "--target", target)
    assert (run.code, run.err.count("\n"), "another target is no change of a network" in run.err) == (2, 1, True)
    run = sepcost("diff", str(tmp_path / "untimed.json"), str(net), "--target", target)
    assert (run.code, run.err.count("\n"), "has no times: leave out --target" in run.err) == (2, 1, True)
    run = sepcost("diff", str(tmp_path / "timed.json"), str(net))
    assert (run.code, "time" in run.out) == (0, False)


def test_python_checks_and_compares_times(target: str, net: Path) -> None:
    network = yaml.safe_load(NET)
    judgement = check(network, at_most={"time": "10s"}, min_speedup=1.01, replacements="separable", target=target)
    assert [limit.outcome.value for limit in judgement.verdicts[0].limits] == ["held", "held"]
    assert not check(network, at_most={"time": "1us"}, target=made()).holds
    change = diff(network, yaml.safe_load(WIDER), target=made()).total["time"]
    assert change.after > change.before
    with pytest.raises(SepcostError, match="reductions are of a replacement"):
        check(network, min_speedup=2, target=target)
    with pytest.raises(SepcostError, match="no figure is called 'speedup'"):
        check(network, at_most={"speedup": 2}, target=target)

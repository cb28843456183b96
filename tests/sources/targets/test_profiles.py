"""Profiles are files: they come back as they were, and what is wrong with one is a line that says where."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sepcost import ConfigError, Conv, Linear, SepcostError
from sepcost.formats.documents.profile_json import profile_text
from sepcost.layers import Layer
from sepcost.sources.targets.kept import SHIPPED, read_target
from sepcost.sources.targets.profile_json import read_profile
from sepcost.targets.fitting import learned
from sepcost.targets.layer_grid import random_layers
from sepcost.targets.prediction import predicted
from sepcost.targets.profile import Point, Profile
from sepcost.targets.setup import Setup

OWN: list[Layer] = [
    Conv((56, 28), 8, 16, (3, 5), stride=(2, 1), padding=(1, 2), dilation=2, groups=4),
    Conv((9,), 8, 16, 3, stride=2, padding=1, output_padding=1, transposed=True),
    Linear(128, 10),
]


@pytest.fixture(scope="module")
def profile() -> Profile:
    setup = Setup(runtime="torch", version="2.13.0", processor="Chip × 2", threads=2, dtype="bfloat16", batch=8)
    points = [Point(layer, 1e-5 + 1e-11 * layer.cost.macs) for layer in random_layers(60) + OWN]
    return learned("here", setup, points, "2026-11-27")


def test_a_profile_comes_back_as_it_was(profile: Profile) -> None:
    again = read_profile(profile_text(profile).encode(), "here.json")
    assert again.points == profile.points
    assert (again.name, again.setup, again.learned, again.id) == ("here", profile.setup, "2026-11-27", profile.id)
    assert predicted(again, OWN) == predicted(profile, OWN)
    assert profile_text(again) == profile_text(profile)


def test_a_profile_that_was_indented_by_others_is_the_same(profile: Profile) -> None:
    indented = json.dumps(json.loads(profile_text(profile)), indent="\t")
    assert read_profile(indented.encode(), "here.json").id == profile.id


def test_each_point_is_a_line(profile: Profile) -> None:
    lines = profile_text(profile).splitlines()
    assert len(lines) == lines.index('"points": [') + 1 + len(profile.points) + 2
    assert '["linear",[],128,10,null,null,null,null,null,null,null,1.00128e-05]' in {line.rstrip(",") for line in lines}


def test_a_later_version_may_add_keys(profile: Profile) -> None:
    text = profile_text(profile).replace('"kind"', '"owner": "me",\n"kind"')
    assert read_profile(text.encode(), "here.json").id == profile.id


def changed(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """What puts a value at this path; None removes what is there."""

    def change(document: Any) -> None:
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("/"))
        for step in steps:
            document = document[step]
        if value is None:
            del document[last]
        else:
            document[last] = value

    return change


ROW = ["conv", [8, 8], 4, 8, 3, 1, "same", 1, 1, False, 0, 1e-4]


def row(number: int, value: Any) -> list[Any]:
    return [value if place == number else cell for place, cell in enumerate(ROW)]


BROKEN: dict[str, tuple[str, Any, str, str]] = {
    "a newer version": ("schema_version", 2, '"schema_version"', "2 is newer than this sepcost, which reads 1"),
    "no version": ("schema_version", None, "{", "missing key `schema_version`"),
    "a name with a path": ("name", "../x", '"name"', "has a form that it cannot have"),
    "no day": ("learned", "yesterday", '"learned"', "has a form that it cannot have"),
    "an unknown part of a setup": ("setup/clock", "4 GHz", '"clock"', "is not known"),
    "an unknown dtype": ("setup/dtype", "float31", '"dtype"', "must be float64, float32"),
    "no threads": ("setup/threads", 0, '"threads"', "must be at least 1, got 0"),
    "threads that are text": ("setup/threads", "2", '"threads"', 'must be a whole number, got "2"'),
    "no processor": ("setup/processor", None, '"setup"', "missing key `processor`"),
    "a negative constant": ("laws/standard/seconds_per_byte", -1e-9, '"seconds_per_byte"', "must be at least 0"),
    "an absurd constant": ("laws/standard/seconds_per_flop", 1e9, '"seconds_per_flop"', "must be at most 1"),
    "an infinite mean": ("laws/standard/mean", float("inf"), '"mean"', "must be a finite number, got Infinity"),
    "no noise": ("laws/standard/noise", 0, '"noise"', "must be at least 0.001"),
    "no mean": ("laws/standard/mean", None, '"standard": {', "missing key `mean`"),
    "an unknown feature": ("laws/standard/lengths/flop", 2.0, '"lengths"', 'feature "flop"; did you mean `flops`?'),
    "no features": ("laws/standard/lengths", {}, '"lengths"', "is empty"),
    "a length of zero": ("laws/standard/lengths/flops", 0.0, '"flops"', "must be at least 1e-09"),
    "an unknown kind": ("laws/winograd", {}, '"winograd"', "missing key `seconds_per_flop`"),
    "other columns": ("columns", ["type", "seconds"], '"columns"', "must be type, size, C, O"),
    "no points": ("points", [], '"points"', "is empty"),
    "too many points": ("points", [ROW] * 20_001, '"points"', "must be at most 20,000, got 20,001"),
    "a point without time": ("points/2", ROW[:-1], '["conv"', "must have 12 values, one for each column, got 11"),
    "a point that is no list": ("points/2", 5, "5", "must be a list, got 5"),
    "NaN": ("points/2", row(11, float("nan")), '["conv"', "seconds: must be a number from 1e-09 to 3600, got NaN"),
    "a negative time": ("points/2", row(11, -1e-3), '["conv"', "got -0.001"),
    "a time of zero": ("points/2", row(11, 0), '["conv"', "got 0"),
    "an absurd time": ("points/2", row(11, 1e9), '["conv"', "got 1000000000.0"),
    "a time that is text": ("points/2", row(11, "1"), '["conv"', 'got "1"'),
    "a pool": ("points/2", row(0, "pool"), '["pool"', 'type: must be conv or linear, got "pool"'),
    "no layer": ("points/2", row(7, 3), '["conv"', "groups: must divide in_channels, got 3 groups of 4 channels"),
    "a size of zero": ("points/2", row(1, [0, 8]), '["conv"', "size: must be at least 1, got 0"),
    "channels that are none": ("points/2", row(2, 4.5), '["conv"', "C: must be a whole number, got 4.5"),
    "a linear layer with a kernel": ("points/2", row(0, "linear"), '["linear"', "size: is for convolutions"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_profile_is_a_line_that_says_where(name: str, profile: Profile) -> None:
    path, value, begins, message = BROKEN[name]
    document = json.loads(profile_text(profile))
    changed(path, value)(document)
    text = json.dumps(document, indent=1)
    if path == "points/2":  # on a line of its own
        text = text.replace(json.dumps(document["points"][2], indent=1).replace("\n", "\n  "), json.dumps(value))
    with pytest.raises(ConfigError) as error:
        read_profile(text.encode(), "p.json")
    (problem,) = error.value.problems
    assert str(problem).startswith(f"p.json:{problem.line}:1: ") or problem.path == ""
    assert text.splitlines()[problem.line - 1].strip().startswith(begins)
    assert message in str(problem)
    assert "\n" not in str(problem)


def test_a_law_without_points_and_one_that_has_nothing_to_do_with_them_are_refused(profile: Profile) -> None:
    document = json.loads(profile_text(profile))
    document["laws"]["3-D standard"] = document["laws"]["standard"]
    with pytest.raises(ConfigError, match=r"laws.*3-D standard.*must have 1 to 4,000 points of this kind, .* are 0"):
        read_profile(json.dumps(document).encode(), "p.json")
    document = json.loads(profile_text(profile))
    document["laws"]["standard"] |= dict.fromkeys(("seconds_per_flop", "seconds_per_byte", "seconds_per_call"), 0)
    with pytest.raises(ConfigError, match=r"laws\.standard: its constants have nothing to do with its points"):
        read_profile(json.dumps(document).encode(), "p.json")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"kind": "target",', "p.json:1:19: is not whole JSON, it ends too early"),
        (b'{"kind": "target" "x"}', "p.json:1:19: is not JSON: expecting ',' delimiter"),
        (b'{"kind": "target", "kind": "target"}', "p.json: gives the key `kind` twice in one object"),
        (b'{"schema_version": 1, "networks": []}', "p.json: is no profile of a target: sepcost target learn"),
        (b"[1]", "p.json: is no profile of a target"),
        (b"\xff\xfe", "p.json: is no text, and so no profile of a target"),
        (b'{"kind": ' + b"[" * 100_000, "p.json: is nested too deep"),
        (b" " * (5 << 20), "p.json: is larger than 4 MiB, as no profile is"),
        (b'{"kind": "target", "schema_version": 1' + b"0" * 2000 + b"}", "p.json: has a number that no count can be"),
    ],
)
def test_what_is_no_profile_is_a_line(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_profile(data, "p.json")
    assert str(error.value).startswith(message)


def test_the_shipped_profile_is_read_by_its_name_and_by_its_path() -> None:
    by_name, by_path = read_target("example-cpu"), read_target(str(SHIPPED / "example-cpu.json"))
    assert by_name.id == by_path.id
    assert profile_text(by_name) == (SHIPPED / "example-cpu.json").read_text(encoding="utf-8")


def test_a_name_that_no_target_has_says_which_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path)
    with pytest.raises(SepcostError, match=r"no target 'local' \(there is example-cpu\); sepcost target learn learns"):
        read_target("local")
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets" / "pixel8.json").write_bytes((SHIPPED / "example-cpu.json").read_bytes())
    assert read_target("pixel8").name == "example-cpu"
    with pytest.raises(SepcostError, match=r"\(there are example-cpu and pixel8\); did you mean `pixel8`\?"):
        read_target("pixel")


def test_without_platformdirs_only_names_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    assert read_target("example-cpu").name == "example-cpu"
    assert read_target(str(SHIPPED / "example-cpu.json")).name == "example-cpu"
    with pytest.raises(SepcostError, match=r"pip install 'sepcost\[time\]', or give a path"):
        read_target("local")

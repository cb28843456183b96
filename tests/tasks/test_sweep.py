"""sepcost.sweep gives what the command writes, as data, one by one."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from sepcost import Conv, Network, SepcostError, sweep
from sepcost.count.snapshot import Snapshot
from tests.commands import ROOT, Sepcost


def of_snapshot(snapshot: Snapshot | SepcostError) -> tuple[Any, ...]:
    assert isinstance(snapshot, Snapshot)
    replaced = {text: each.figures["macs"] for text, each in snapshot.replaced.items()}
    swept = {name: list(value) if isinstance(value, tuple) else value for name, value in snapshot.swept.items()}
    return snapshot.name, swept, snapshot.total["macs"], replaced


def of_document(text: str) -> list[tuple[Any, ...]]:
    return [
        (
            network["name"],
            network.get("swept", {}),
            network["total"]["standard"]["macs"],
            {text: each["macs"] for text, each in network["total"]["replacements"].items()},
        )
        for network in json.loads(text)["networks"]
    ]


TYPED: dict[str, dict[str, Any]] = {
    "-H 56 -C 8:24:8 -K 3,3x5 -O 64": {"H": 56, "C": [8, 16, 24], "K": [3, (3, 5)], "O": 64},
    "-C 64 -K 3 -O 128,256": {"C": 64, "K": 3, "O": "128,256"},
    "-H 8 -C 4 -K 3 -O 8 --batch 1,8": {"H": 8, "C": 4, "K": 3, "O": 8, "batch": [1, 8]},
    "--size 64 -C 4 -K 7 -O 8 --bias": {"size": (64,), "C": 4, "K": 7, "O": 8, "bias": True},
}


@pytest.mark.parametrize("typed", TYPED)
def test_convolutions_are_those_of_the_command(in_process: Sepcost, typed: str) -> None:
    chosen = ["separable", "blueprint"]
    options = [word for text in chosen for word in ("-r", text)]
    written = of_document(in_process("compare", *typed.split(), *options, "--format", "json").out)
    assert [of_snapshot(each) for each in sweep(**TYPED[typed], replacements=chosen)] == written


def test_networks_are_those_of_the_command(in_process: Sepcost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    command = ("compare", "configs/mobilenet_v1.yaml", "--alpha", "0.5,1", "--rho", "0.75,1", "--format", "json")
    found = [of_snapshot(each) for each in sweep("configs/mobilenet_v1.yaml", alpha=["0.5", 1], rho="0.75,1")]
    assert found == of_document(in_process(*command).out)


def test_what_there_is_not_is_an_error_among_the_others(tmp_path: Path) -> None:
    first, bad, last = sweep(H=8, C=[4, 5, 8], K=3, O=8, groups=4)
    assert isinstance(bad, SepcostError)
    assert str(bad) == "groups: must divide in_channels, got 4 groups of 5 channels"
    assert [each.swept for each in (first, last) if isinstance(each, Snapshot)] == [{"C": 4}, {"C": 8}]
    file = tmp_path / "nets.yaml"
    file.write_text("- {H: 8, C: 3, K: 3, O: 8}\n---\n- {K: 0}\n---\n- {H: 8, C: 3, K: 3, O: 8}\n")
    kinds = [type(each) for each in sweep(file, alpha=["0.5", 1])]
    assert [issubclass(kind, SepcostError) for kind in kinds] == [False, False, True, False, False]


def test_combinations_come_as_they_are_wanted() -> None:
    many = sweep(H="1:100000:1", C=64, K=3, O=range(1, 100_000))
    assert [each.swept["O"] for each in islice(many, 3) if isinstance(each, Snapshot)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"C": 3, "K": 3}, "missing O: give a source, or one convolution's C, K and O (and H for a map)"),
        ({"C": 3, "K": 3, "O": None}, "missing O: give a source, or one convolution's C, K and O (and H for a map)"),
        ({"C": 3, "K": 3, "o": 3}, "no number of a convolution is called 'o'; did you mean `O`?"),
        ({"C": "3..", "K": 3, "O": 3}, "C: must be a whole number, got 3.."),
        ({"source": Network.of(Conv((8, 8), 3, 8, 3)), "K": 3}, "K: numbers of one convolution contradict a source"),
    ],
)
def test_what_is_no_value_is_said_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SepcostError) as caught:
        list(sweep(**options))
    assert str(caught.value) == message


def test_a_sweep_is_gone_over_again_and_has_a_length() -> None:
    many = sweep(H=8, C=[4, 5, 8], K=3, O=8, groups=4)
    assert len(many) == 3
    assert [type(each) for each in many] == [type(each) for each in many]
    several = sweep(["vgg16", "mobilenet_v1"], alpha=["0.5", 1])
    assert len([*several]) == len(several) == 4
    assert [*several] == [*several]
    chosen = sweep(H=8, C=64, K=3, O="8:64:8", filter="reduction.macs>=7")
    assert len(chosen) == len([*chosen]) == 5
    assert "Only rows with reduction.macs >= 7: 5 of 8." in str(chosen)
    assert str(chosen) == str(chosen)


def test_what_cannot_be_counted_is_a_warning_of_a_frame_and_an_error_of_nothing() -> None:
    with pytest.warns(UserWarning, match=r"^not counted: groups: must divide .* \(1 more: the sweep has each"):
        frame = sweep(H=8, C=[4, 5, 6, 8], K=3, O=8, groups=4).to_frame("polars")
    assert frame["C"].to_list() == [4, 8]
    with pytest.raises(SepcostError, match=r"^groups: must divide in_channels, got 4 groups of 5 channels$"):
        sweep(H=8, C=[5, 6], K=3, O=8, groups=4).to_frame()
    shown = str(sweep(H=8, C=[4, 5, 8], K=3, O=8, groups=4))
    assert "Not counted: groups: must divide in_channels, got 4 groups of 5 channels." in shown


def test_a_long_sweep_shows_its_beginning() -> None:
    shown = str(sweep(H="1:100000:1", C=64, K=3, O=range(1, 100_000))).splitlines()
    assert shown[-1] == "These are the first 60: to_frame() has all of them."
    assert shown[0].endswith("over H and O (no bias, padding same)")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sort": "mac"}, "sort: nothing is called 'mac'; did you mean `macs`? (docs/json.md has the names)"),
        ({"columns": ["mac"]}, "columns: nothing is called 'mac'; did you mean `macs`? (docs/json.md has the names)"),
        ({"top": 0}, "top: must be at least 1, got 0"),
        ({"rows": "total"}, "rows: must be layers, totals, blocks or types, got 'total'"),
        ({"rows": "layers", "pareto": "macs"}, 'pareto is for rows of networks: give rows="totals"'),
        ({"filter": "macs"}, "filter: must be a name, a comparison and a number, got macs"),
    ],
)
def test_what_is_no_view_is_said_in_words_of_python(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SepcostError) as caught:
        sweep(H=8, C=64, K=3, O=[8, 16], **options)
    assert str(caught.value) == message

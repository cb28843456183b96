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

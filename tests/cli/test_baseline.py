"""``sepcost check --baseline``: what grew, what is new and what is gone, and what cannot be compared."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from sepcost.count.figure import MULTIPLES, OWN
from sepcost.count.snapshot import Snapshot
from sepcost.layers import formulas
from sepcost.sources.costs.costs import read_costs
from tests.baselines import in_a_baseline
from tests.commands import ROOT, Run, Sepcost, Spoil

NET = """\
name: net
input: {C: 3, H: 32}
layers:
  - {name: stem, K: 3, O: 16}
  - {name: left, K: 3, O: 16}
  - {name: right, K: 3, O: 16}
  - {name: down, K: 3, O: 32, stride: 2}
  - {name: pool, type: pool, global: true}
  - {name: classes, type: linear, O: 10, bias: true}
"""
MODEL = """\
from torch import nn

def build():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 3))
"""
OTHER = NET.replace("name: net", "name: other").replace("C: 3", "C: 4")
CONFIGS = sorted(file.relative_to(ROOT).as_posix() for file in (ROOT / "configs").glob("*.yaml"))


@pytest.fixture
def sepcost_(in_process: Sepcost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sepcost:
    """The command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return in_process


@pytest.fixture
def check(sepcost_: Sepcost) -> Sepcost:
    return lambda *arguments: sepcost_("check", "--no-verify", *arguments)


def costs_in(file: str | Path) -> list[Snapshot]:
    """The networks of a file of costs, as a baseline has them, in its order."""
    networks = map(in_a_baseline, read_costs(Path(file).read_bytes(), str(file)) or [])
    return sorted(networks, key=lambda network: (network.source or "", network.name))


def write(text: str, name: str | Path = "net.yaml") -> str:
    """A file in the current folder."""
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return str(name)


def judged(done: Run) -> Any:
    """The networks of the JSON."""
    return json.loads(done.out)["networks"]


def grown(network: dict[str, Any]) -> set[tuple[str, str]]:
    return {(check["of"], check["figure"]) for check in network["growth"] if not check["holds"]}


# The round trip


@pytest.mark.parametrize("config", CONFIGS)
def test_a_baseline_holds_where_nothing_changed(
    sepcost_: Sepcost, check: Sepcost, config: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    costs = tmp_path / "costs.json"
    monkeypatch.chdir(ROOT)
    done = check(config, "--update-baseline", costs)
    assert (done.code, done.err) == (0, f"sepcost: {costs} is written: 1 network\n")
    assert costs_in(costs) == costs_in(
        write(sepcost_("compare", config, "--format", "json").out, tmp_path / "old.json")
    )
    (network,) = judged(check(config, "--baseline", costs, "--format", "json"))
    assert network["failures"] == len(grown(network)) == 0
    assert all(each["before"] == each["after"] == each["at_most"] for each in network["growth"])
    assert network["changes"] == []


def test_a_folder_is_one_baseline(
    sepcost_: Sepcost, check: Sepcost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    costs, options = tmp_path / "costs.json", ("--batch", "3", "--dtype", "int8", "-r", "blueprint", "--alpha", "0.5")
    monkeypatch.chdir(ROOT)
    sources = [config for config in CONFIGS if "unet" not in config]
    written = check(*sources, *options, "--update-baseline", costs).err
    assert written == f"sepcost: {costs} is written: {len(sources)} networks\n"
    done = check(*sources, *options, "--baseline", costs, "--format", "json")
    assert done.err == ""
    assert [grown(network) for network in judged(done)] == [set()] * len(sources)


def test_an_output_of_compare_is_a_baseline(sepcost_: Sepcost, check: Sepcost) -> None:
    write(NET)
    for name in ("costs.json", "costs.jsonl"):
        assert sepcost_("compare", "net.yaml", "--output", name).code == 0
        assert check("net.yaml", "--baseline", name).code == 0
    assert sepcost_("compare", "net.yaml", "--verify", "--output", "costs.json").code == 0
    assert check("net.yaml", "--baseline", "costs.json").code == 0


def test_a_baseline_does_not_remember_what_torch_said(sepcost_: Sepcost) -> None:
    write(NET)
    assert sepcost_("check", "net.yaml", "--update-baseline", "costs.json").code == 0
    assert "verified" not in Path("costs.json").read_text()


# What changed


def after(check: Sepcost, before: str, now: str, *options: str) -> dict[str, Any]:
    """The JSON of the network that was ``before`` and is ``now``."""
    write(before)
    assert check("net.yaml", "--update-baseline", "costs.json").code == 0
    write(now)
    (network,) = judged(check("net.yaml", "--baseline", "costs.json", "--format", "json", *options))
    found: dict[str, Any] = network
    return found


def test_a_layer_that_changed_is_named_with_its_figures(check: Sepcost) -> None:
    network = after(check, NET, NET.replace("{name: left, K: 3", "{name: left, K: 5"))
    (change,) = network["changes"]
    assert (change["status"], change["before"]["name"], change["after"]["name"]) == ("changed", "left", "left")
    assert change["facts"] == {"kernel": {"before": [3, 3], "after": [5, 5]}}
    assert (change["figures"]["params"]["before"], change["figures"]["params"]["after"]) == (2304, 6400)
    assert grown(network) == {
        (of, figure) for of in ("standard", "separable") for figure in ("params", "macs", "traffic_bytes")
    }
    assert [each["line"] for each in network["growth"] if not each["holds"]] == [5] * 6


def test_a_layer_that_was_added_is_named_with_its_figures(check: Sepcost) -> None:
    network = after(check, NET, NET.replace("  - {name: down", "  - {name: extra, K: 3, O: 16}\n  - {name: down"))
    (change,) = network["changes"]
    assert (change["status"], change["before"], change["after"]["name"]) == ("added", None, "extra")
    assert (change["figures"]["params"]["before"], change["figures"]["params"]["after"]) == (None, 2304)
    assert {each["line"] for each in network["growth"] if not each["holds"]} == {7}


def test_a_layer_that_was_removed_is_named_and_nothing_grew(check: Sepcost) -> None:
    network = after(check, NET, NET.replace("  - {name: right, K: 3, O: 16}\n", ""))
    (change,) = network["changes"]
    assert (change["status"], change["before"]["name"], change["after"]) == ("removed", "right", None)
    assert (change["figures"]["params"]["before"], change["figures"]["params"]["after"]) == (2304, None)
    assert network["failures"] == 0


def test_layers_that_were_renamed_or_moved_are_named_and_hold(check: Sepcost) -> None:
    renamed = after(check, NET, NET.replace("stem", "entry"))
    assert [(change["status"], change["before"]["name"], change["after"]["name"]) for change in renamed["changes"]] == [
        ("renamed", "stem", "entry")
    ]
    swapped = NET.replace("left", "x").replace("right", "left").replace("name: x", "name: right")
    moved = after(check, NET, swapped)
    assert [(change["status"], change["moved"]) for change in moved["changes"]] == [("moved", True)]
    assert (renamed["failures"], moved["failures"]) == (0, 0)


@pytest.mark.parametrize("format_", ["table", "markdown"])
def test_people_see_the_layers_that_changed(check: Sepcost, format_: str) -> None:
    write(NET)
    check("net.yaml", "--update-baseline", "costs.json")
    write(NET.replace("{name: left, K: 3", "{name: left, K: 5").replace("  - {name: right, K: 3, O: 16}\n", ""))
    done = check("net.yaml", "--baseline", "costs.json", "--format", format_)
    out = done.out
    assert done.code == 1
    assert "Layers of net: 1 removed, 1 changed" in out
    assert [line for line in out.splitlines() if "kernel 3×3 → 5×5" in line and "2,304" in line and "6,400" in line]
    assert [line for line in out.splitlines() if "removed: 3×3 conv" in line and "2,304" in line]


def test_a_network_that_is_new_fails_and_one_that_is_gone_is_named(check: Sepcost) -> None:
    write(f"{NET}---\n{OTHER}")
    assert check("net.yaml", "--update-baseline", "costs.json").code == 0
    write(NET)
    done = check("net.yaml", "--baseline", "costs.json", "--format", "json")
    document = json.loads(done.out)
    assert (done.code, document["holds"]) == (2, False)
    (gone,) = document["gone"]
    assert (gone["name"], gone["source"], gone["total"]["params"]) == ("other", "net.yaml", 10_122)
    assert (
        check("net.yaml", "--baseline", "costs.json").err
        == "net.yaml: other is gone, 10,122 params, 6,488,384 MACs: costs.json has it, from net.yaml "
        "(--update-baseline takes it out, --allow gone accepts it)\n"
    )
    assert check("net.yaml", "--baseline", "costs.json", "--allow", "gone").code == 0

    check("net.yaml", "--update-baseline", "costs.json")
    write(f"{NET}---\n{OTHER}")
    done = check("net.yaml", "--baseline", "costs.json", "--format", "json")
    known, new = judged(done)
    assert (done.code, known["failures"], known["new"]) == (1, 0, False)
    assert (new["failures"], new["new"], new["growth"], new["line"]) == (1, True, [], 11)
    assert (
        "other: new, 10,122 params, 6,488,384 MACs: costs.json does not have it"
        in check("net.yaml", "--baseline", "costs.json").out
    )


def test_a_network_that_was_renamed_in_place_is_the_same(check: Sepcost) -> None:
    write(f"{NET}---\n{OTHER}")
    check("net.yaml", "--update-baseline", "costs.json")
    write(f"{NET}---\n{OTHER}".replace("name: other", "name: another"))
    done = check("net.yaml", "--baseline", "costs.json", "--format", "json")
    assert (done.code, [network["new"] for network in judged(done)]) == (0, [False, False])
    assert json.loads(done.out)["gone"] == []


def test_networks_are_the_same_by_name_wherever_their_files_are(check: Sepcost) -> None:
    write(NET, "a/net.yaml")
    write(OTHER, "a/other.yaml")
    check("a", "--update-baseline", "costs.json")
    shutil.rmtree("a")
    write(OTHER, "b/one.yaml")
    write(NET, "b/two.yaml")
    assert check("b", "--baseline", "costs.json").code == 0
    assert check(Path("b").absolute(), "--baseline", "costs.json").code == 0
    assert check("b/one.yaml", "--baseline", "costs.json").code == 0


def test_networks_of_one_name_are_distinguished_by_their_files(check: Sepcost) -> None:
    write(NET, "a/1.yaml")
    write(NET.replace("C: 3", "C: 4"), "a/2.yaml")
    check("a", "--update-baseline", "costs.json")
    assert check("a", "--baseline", "costs.json").code == 0
    Path("a").rename("b")
    done = check("b", "--baseline", "costs.json", "--format", "json")
    assert (done.code, [network["new"] for network in judged(done)]) == (1, [True, True])


def test_a_name_and_a_file_together_say_the_most(check: Sepcost) -> None:
    write(f"{NET}---\n{OTHER}", "a/1.yaml")
    write(NET.replace("C: 3", "C: 5"), "a/2.yaml")
    check("a", "--update-baseline", "costs.json")
    write(f"{NET}---\n{OTHER.replace('name: other', 'name: renamed')}", "a/1.yaml")
    done = check("a", "--baseline", "costs.json", "--format", "json")
    assert (done.code, [network["new"] for network in judged(done)]) == (0, [False] * 3)


def test_a_file_is_the_same_however_it_is_named(check: Sepcost) -> None:
    write(NET, "a/net.yaml")
    check("a", "--update-baseline", "costs.json")
    write(NET.replace("name: net", "name: renamed"), "a/net.yaml")
    for source in ("a", "./a", "a/../a/net.yaml", Path("a").absolute()):
        done = check(source, "--baseline", "costs.json", "--format", "json")
        assert (done.code, judged(done)[0]["new"], source) == (0, False, source)


def test_what_is_gone_was_in_the_sources(check: Sepcost) -> None:
    write(NET, "a/net.yaml")
    write(OTHER, "b/other.yaml")
    write(NET.replace("name: net", "name: third"), "b/third.yaml")
    check("a", "b", "--update-baseline", "costs.json")
    Path("b/third.yaml").unlink()

    def gone(*sources: str) -> list[str]:
        document = json.loads(check(*sources, "--baseline", "costs.json", "--format", "json").out)
        return [network["name"] for network in document["gone"]]

    assert gone("a") == []
    assert gone("a", "b") == ["third"]
    assert gone(".") == ["third"]
    assert gone("./b/") == ["third"]
    assert gone("b/other.yaml") == []


def test_what_was_above_the_sources_is_not_gone(check: Sepcost, monkeypatch: pytest.MonkeyPatch) -> None:
    write(OTHER, "other.yaml")
    write(NET, "a/net.yaml")
    monkeypatch.chdir("a")
    check("net.yaml", "../other.yaml", "--update-baseline", "costs.json")
    done = check(".", "--baseline", "costs.json", "--format", "json")
    assert (done.code, json.loads(done.out)["gone"]) == (0, [])


def test_a_network_whose_file_has_a_mistake_is_not_gone(check: Sepcost) -> None:
    write(NET, "a/net.yaml")
    write(OTHER, "a/other.yaml")
    check("a", "--update-baseline", "costs.json")
    write(OTHER.replace("K: 3", "K: 0", 1), "a/other.yaml")
    for source in ("a", "./a", ".", "a/../a", Path("a").absolute()):
        done = check(source, "--baseline", "costs.json", "--format", "json")
        assert (done.code, json.loads(done.out)["gone"], source) == (2, [], source)


def test_a_network_alone_is_not_taken_for_another_one_that_is_alone(check: Sepcost) -> None:
    write(NET)
    check("net.yaml", "--update-baseline", "costs.json")
    write(OTHER, "other.yaml")
    done = check("other.yaml", "--baseline", "costs.json", "--format", "json")
    (other,) = judged(done)
    assert (done.code, other["new"], other["changes"]) == (1, True, [])
    assert check("other.yaml", "--baseline", "costs.json").out.splitlines()[0] == "1 network: 1 of 1 check fails"


def test_a_network_is_not_taken_for_one_whose_file_has_a_mistake(check: Sepcost) -> None:
    write(NET, "net.yaml")
    check("net.yaml", "--update-baseline", "costs.json")
    write(NET.replace("K: 3", "K: 0", 1), "net.yaml")
    write(OTHER, "other.yaml")
    done = check("net.yaml", "other.yaml", "--baseline", "costs.json", "--format", "json")
    (other,) = judged(done)
    assert (done.code, other["name"], other["new"]) == (2, "other", True)


# Growth


@pytest.mark.parametrize("figure", OWN)
def test_growth_by_exactly_the_allowance_holds_and_one_more_fails(check: Sepcost, figure: str) -> None:
    before, now = NET, NET.replace("O: 16}", "O: 17}")
    changes = {each["of"]: each for each in after(check, before, now)["growth"] if each["figure"] == figure}
    assert {*changes} == {"standard", "separable"}
    most = max(each["after"] - each["before"] for each in changes.values())
    assert most > 0
    for amount, holds in ((most, True), (most - 1, False)):
        text = f"{amount}B" if figure.endswith("_bytes") else f"{amount / 1000:.3f}k"
        network = after(check, before, now, "--max-growth", f"{figure}={text}")
        assert (figure not in {name for _, name in grown(network)}) == holds
        for each in network["growth"]:
            if each["figure"] == figure:
                assert each["at_most"] == each["before"] + amount


def test_growth_by_exactly_so_many_per_cent_holds(check: Sepcost) -> None:
    before = "{name: net, layers: [{H: 8, C: 10, K: 1, O: 50}]}"
    now, more = before.replace("O: 50", "O: 51"), before.replace("O: 50", "O: 52")
    assert ("standard", "macs") not in grown(after(check, before, now, "--max-growth", "macs=2%"))
    assert ("standard", "macs") in grown(after(check, before, now, "--max-growth", "macs=1.9999999999%"))
    assert ("standard", "macs") in grown(after(check, before, more, "--max-growth", "macs=2%"))
    assert grown(after(check, before, now, "--max-growth", "2%")) == set()
    assert {
        figure for _, figure in grown(after(check, before, now, "--max-growth", "2%", "--max-growth", "params=0%"))
    } == {"params"}


def test_the_most_that_a_share_allows_is_whole(check: Sepcost) -> None:
    network = after(check, NET, NET, "--max-growth", "0.33%")
    for each in network["growth"]:
        assert type(each["at_most"]) is int
        assert each["at_most"] == each["before"] * 10_033 // 10_000


def test_a_network_has_its_figures(sepcost_: Sepcost, check: Sepcost) -> None:
    network = after(check, NET, NET)
    (other,) = judged(sepcost_("compare", "net.yaml", "--format", "json"))
    total = other["total"]["standard"]
    assert network["total"] == {figure: total[figure] for figure in network["total"]}
    assert {*OWN, *MULTIPLES} == {*network["total"]}
    assert network["unknown"] is None


def test_shrinking_holds(check: Sepcost) -> None:
    network = after(check, NET, NET.replace("O: 16}", "O: 15}"))
    assert network["failures"] == 0
    assert all(
        each["after"] < each["before"] for each in network["growth"] if each["figure"] != "peak_activation_bytes"
    )


@pytest.mark.parametrize(("before", "now", "expected"), [(4, 2, "growth: as allowed"), (2, 4, "growth: none")])
def test_people_see_growth_only_where_something_grew(check: Sepcost, before: int, now: int, expected: str) -> None:
    """A pool has neither params nor MACs, only traffic and a part in the peak."""
    pooled = "input: {C: 3, H: 32}\nlayers: [{K: 3, O: 16}, {type: pool, K: 2, stride: STRIDE}]\n"
    write(pooled.replace("STRIDE", str(before)))
    check("net.yaml", "--update-baseline", "costs.json")
    write(pooled.replace("STRIDE", str(now)))
    done = check("net.yaml", "--baseline", "costs.json", "--max-growth", "10%")
    assert (done.code, f" {expected} " in done.out) == (0, True), done.out


def test_a_replacement_that_grew_fails_even_if_the_standard_did_not(check: Sepcost) -> None:
    network = after(check, NET, NET.replace("{name: left, K: 3", "{name: left, keep: true, K: 3"))
    assert grown(network) == {("separable", "params"), ("separable", "macs")}
    assert network["changes"] == []


def test_the_replacements_that_both_have_are_judged(check: Sepcost) -> None:
    write(NET)
    check("net.yaml", "-r", "separable", "-r", "blueprint", "--update-baseline", "costs.json")

    def judged_of(*options: str) -> list[str]:
        (network,) = judged(check("net.yaml", *options, "--baseline", "costs.json", "--format", "json"))
        return list(dict.fromkeys(each["of"] for each in network["growth"]))

    assert judged_of() == ["standard", "separable"]
    assert judged_of("-r", "blueprint", "-r", "inverted") == ["standard", "blueprint"]
    assert judged_of("-r", "none") == ["standard"]


def test_a_network_whose_replacements_are_all_new_is_judged_as_given_and_fails(check: Sepcost) -> None:
    write(NET)
    check("net.yaml", "-r", "separable", "-r", "blueprint", "--update-baseline", "costs.json")
    options = ("net.yaml", "-r", "inverted", "--baseline", "costs.json")
    expected = "inverted is new: costs.json does not have it (--update-baseline takes it in)"
    done = check(*options, "--format", "json")
    (network,) = judged(done)
    assert (done.code, json.loads(done.out)["problems"]) == (1, [])
    assert (network["unknown"], network["new"], network["checks"], network["failures"]) == ("inverted", False, 6, 1)
    assert {each["of"] for each in network["growth"]} == {"standard"}
    assert grown(network) == set()
    assert check(*options).out.splitlines()[0] == "1 network: 1 of 6 checks fails"
    for format_ in ("table", "markdown", "github", "junit"):
        done = check(*options, "--format", format_)
        assert (done.code, done.err) == (1, "")
        if format_ in ("table", "markdown"):
            (row,) = [line for line in done.out.splitlines() if "growth: new" in line]
            assert "fails" in row
            assert "inverted" in row
        else:
            assert expected in done.out
    assert check("net.yaml", "-r", "inverted", "--update-baseline", "costs.json").code == 0
    assert check(*options).code == 0


def test_a_baseline_without_replacements_does_not_know_any(check: Sepcost) -> None:
    write(NET)
    check("net.yaml", "-r", "none", "--update-baseline", "costs.json")
    done = check("net.yaml", "--baseline", "costs.json", "--format", "json")
    (network,) = judged(done)
    assert (done.code, network["unknown"], network["checks"]) == (1, "separable", 6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("flops=2%",), "--max-growth: flops grow as macs do: give macs"),
        (
            ("mac=2%",),
            "--max-growth: no figure is called 'mac'; did you mean `macs`? (there are params, macs, activations, "
            "traffic_bytes, peak_activation_bytes, weight_bytes, activation_bytes and time)",
        ),
        (("2",), "--max-growth: must be per cent such as 2%, or NAME=VALUE such as macs=2%, got 2"),
        (("-2%",), "--max-growth: must be per cent such as 2%, or NAME=VALUE such as macs=2%, got -2%"),
        (("2%", "3%"), "--max-growth is given twice for everything: 2% and 3%"),
        (("macs=2%", "macs=3k"), "macs is given 2 limits: give one"),
        (
            ("macs=2",),
            "--max-growth macs: must be per cent such as 2%, or an amount with a unit such as 10k, got 2",
        ),
        (
            ("traffic_bytes=2",),
            "--max-growth traffic_bytes: must be per cent such as 2%, or an amount with a unit such as 10k, got 2",
        ),
        (
            ("traffic_bytes=17M",),
            "--max-growth traffic_bytes: must be per cent such as 2%, or bytes such as 17000000, 512KiB, 16MiB (powers "
            "of 1024), 600kB, 17MB (powers of 1000), got 17M: MB is 1000² bytes, MiB is 1024²",
        ),
    ],
)
def test_an_allowance_that_cannot_be_read_gets_one_clear_line(
    check: Sepcost, options: tuple[str, ...], message: str
) -> None:
    write(NET)
    check("net.yaml", "--update-baseline", "costs.json")
    given = [argument for option in options for argument in ("--max-growth", option)]
    assert check("net.yaml", "--baseline", "costs.json", *given) == Run(2, "", f"sepcost: {message}\n")


# Baselines that are refused


def refused(check: Sepcost, *options: str) -> str:
    """Why the baseline is refused, and never compared."""
    done = check("net.yaml", "--baseline", "costs.json", "--max-params", "1G", "--format", "json", *options)
    document = json.loads(done.out)
    assert (done.code, document["holds"], document["baseline"], document["gone"]) == (2, False, None, [])
    for network in document["networks"]:
        assert (network["growth"], network["new"], network["changes"]) == ([], False, [])
        assert [limit["holds"] for limit in network["budget"]] == [True]
    assert done.err.count("\n") == len(document["problems"]) == 1
    return done.err.rstrip("\n")


@pytest.mark.parametrize(
    ("earlier", "message"),
    [
        (("--batch", "8"), "costs.json counts for a batch of 8, net.yaml for 1: give --batch 8"),
        (("--dtype", "int8"), "costs.json counts memory in int8, net.yaml in float32: give --dtype int8"),
        (("--flops-per-mac", "2"), "costs.json counts FLOPs as 2×MACs, net.yaml as 1×MACs: give --flops-per-mac 2"),
        (("--alpha", "0.5"), "'net' is there with alpha 0.5, and has 1 now: give --alpha 0.5"),
        (("--rho", "0.5"), "'net' is there with rho 0.5, and has 1 now: give --rho 0.5"),
    ],
)
def test_what_was_counted_in_another_way_is_refused(check: Sepcost, earlier: tuple[str, ...], message: str) -> None:
    write(NET)
    check("net.yaml", *earlier, "--update-baseline", "costs.json")
    assert refused(check) == f"costs.json: {message}"
    assert check("net.yaml", "--baseline", "costs.json", *earlier).code == 0


def test_what_was_counted_in_another_way_is_refused_even_if_no_network_is_the_same(check: Sepcost) -> None:
    write(f"{OTHER}---\n{OTHER.replace('other', 'third')}", "others.yaml")
    check("others.yaml", "--batch", "8", "--update-baseline", "costs.json")
    write(NET)
    assert refused(check) == "costs.json: costs.json counts for a batch of 8, net.yaml for 1: give --batch 8"


def test_a_baseline_that_is_no_whole_output_of_compare_is_refused(sepcost_: Sepcost, check: Sepcost) -> None:
    write(NET)
    check("net.yaml", "--update-baseline", "costs.json")
    text = Path("costs.json").read_text(encoding="utf-8")
    write(text[: len(text) // 2], "costs.json")
    assert refused(check).endswith("is not whole JSON, it ends too early: write it again")
    write(text.replace('"schema_version":2', '"schema_version":3'), "costs.json")
    newer = "3 is newer than this sepcost, which reads 2: update sepcost"
    assert refused(check) == f"costs.json: schema_version: {newer}"
    none = "costs.json: is no baseline: sepcost check --update-baseline writes one"
    for other in ("", "costs", '{"half', NET, '{"layers": []}', "\0\1\2"):
        write(other, "costs.json")
        assert refused(check) == none
    Path("costs.json").unlink()
    assert refused(check) == "costs.json: cannot be read: no such file or directory"
    Path("costs.json").mkdir()
    assert refused(check) == "costs.json: cannot be read: is a directory"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--rows", "totals"), "was written with --rows totals, which leaves things out: write it again without"),
        (("--sort", "macs"), "was written with --sort, which leaves things out: write it again without"),
        (("--top", "2"), "was written with --top, which leaves things out: write it again without"),
        (("--columns", "macs"), "was written with --columns, which leaves things out: write it again without"),
        (
            ("--alpha", "0.5,1", "--rows", "layers"),
            "networks[0]: is a combination of a sweep: write the one that is meant by itself",
        ),
    ],
)
def test_a_baseline_that_leaves_things_out_is_refused(
    sepcost_: Sepcost, check: Sepcost, options: tuple[str, ...], expected: str
) -> None:
    write(NET)
    assert sepcost_("compare", "net.yaml", *options, "--output", "costs.json").code == 0
    assert refused(check) == f"costs.json: {expected}"


def test_the_outputs_of_other_commands_are_no_baseline(sepcost_: Sepcost, check: Sepcost) -> None:
    write(NET)
    for arguments in (("diff", "net.yaml", "net.yaml"), ("check", "net.yaml", "--no-verify", "--max-params", "1G")):
        done = sepcost_(*arguments, "--format", "json")
        write(done.out, "costs.json")
        assert refused(check).endswith("this is not what sepcost compare --format json writes")


# Writing a baseline


def test_a_baseline_is_sorted_by_file_and_name_with_a_layer_a_line_after_every_update(check: Sepcost) -> None:
    write(f"{OTHER}---\n{NET}", "b/two.yaml")
    write(NET, "a/net.yaml")
    check("b", "a", "--update-baseline", "costs.json")
    lines = Path("costs.json").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line + "]}")["name"] for line in lines if '"source"' in line] == ["net", "net", "other"]
    assert next(line for line in lines if '"source"' in line).startswith('{"source":"a/net.yaml","name":"net",')
    assert sum(line.startswith('{"name":"') for line in lines) == 3 * 6
    check("a", "--update-baseline", "costs.json")
    assert Path("costs.json").read_text(encoding="utf-8").splitlines() == lines
    write(OTHER.replace("{name: left, K: 3", "{name: left, K: 5").replace("name: other", "name: net"), "a/net.yaml")
    check("a", "--update-baseline", "costs.json")
    now = Path("costs.json").read_text(encoding="utf-8").splitlines()
    changed = [json.loads(was.rstrip(","))["name"] for was, line in zip(lines, now) if was != line]
    assert (len(now), changed) == (len(lines), ["stem", "left"])


def test_two_branches_that_change_two_layers_merge_into_a_baseline_of_both(check: Sepcost, tmp_path: Path) -> None:
    """As git merges: line by line."""
    left, right = (NET.replace(f"{{name: {name}, K: 3", f"{{name: {name}, K: 5") for name in ("stem", "right"))
    written = []
    for text in (NET, left, right):
        write(text)
        check("net.yaml", "--update-baseline", "costs.json")
        written.append(Path("costs.json").read_text(encoding="utf-8"))
    for name, text in zip(("base", "ours", "theirs"), written):
        write(text, name)
    merged = subprocess.run(["git", "merge-file", "-p", "ours", "base", "theirs"], capture_output=True, text=True)
    write(merged.stdout, "costs.json")
    write(left.replace("{name: right, K: 3", "{name: right, K: 5"))
    done = check("net.yaml", "--baseline", "costs.json", "--format", "json")
    assert (merged.returncode, done.code, judged(done)[0]["changes"]) == (0, 0, [])
    assert {each["before"] - each["after"] for each in judged(done)[0]["growth"]} == {0}


def test_a_baseline_with_conflict_markers_says_what_to_do(check: Sepcost) -> None:
    write(NET)
    check("net.yaml", "--update-baseline", "costs.json")
    ours = Path("costs.json").read_text(encoding="utf-8").splitlines(keepends=True)
    write(NET.replace("{name: left, K: 3", "{name: left, K: 5"))
    check("net.yaml", "--update-baseline", "costs.json")
    theirs = Path("costs.json").read_text(encoding="utf-8").splitlines(keepends=True)
    for first, last in ((3, 4), (0, 1)):
        both = ["<<<<<<< HEAD\n", *ours[first:last], "=======\n", *theirs[first:last], ">>>>>>> topic\n"]
        write("".join([*ours[:first], *both, *ours[last:]]), "costs.json")
        expected = (
            "has the conflict markers of a merge: keep the lines that are right, or take one side as it is "
            "(git checkout --ours FILE) and write it again (sepcost check … --update-baseline FILE)"
        )
        done = check("net.yaml", "--baseline", "costs.json")
        assert (done.code, done.err) == (2, f"costs.json:{first + 1}:1: {expected}\n")
        done = check("net.yaml", "--update-baseline", "costs.json")
        assert (done.code, done.err.count("\n"), expected in done.err) == (2, 1, True)


def test_a_network_that_a_merge_has_doubled_is_reported(check: Sepcost) -> None:
    write(NET)
    check("net.yaml", "--update-baseline", "costs.json")
    head, *network = Path("costs.json").read_text(encoding="utf-8").splitlines()
    write("\n".join([head, *network[:-2], "]},", *network]), "costs.json")
    expected = "costs.json: networks[1]: 'net' of net.yaml is there twice, as after a merge: keep one\n"
    done = check("net.yaml", "--baseline", "costs.json")
    assert (done.code, done.err) == (2, expected)


def test_a_baseline_means_the_same_from_every_folder(check: Sepcost, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in ("configs/a.yaml", "configs/b.yaml"):
        write(NET, file)
    Path("sub").mkdir()
    top = Path.cwd()
    check("configs", "--update-baseline", "sub/costs.json")
    written = Path("sub/costs.json").read_bytes()
    assert b'{"source":"../configs/a.yaml","name":"net"' in written
    for folder, configs, costs in (
        (".", "configs", "sub/costs.json"),
        ("sub", "../configs", "costs.json"),
        ("configs", ".", "../sub/costs.json"),
        ("/", str(top / "configs"), str(top / "sub/costs.json")),
    ):
        monkeypatch.chdir(top / folder)
        done = check(configs, "--baseline", costs, "--update-baseline", costs, "--format", "json")
        assert (done.code, [network["new"] for network in judged(done)], folder) == (0, [False, False], folder)
        assert (top / "sub/costs.json").read_bytes() == written
    monkeypatch.chdir(top / "sub")
    Path("../configs/b.yaml").unlink()
    done = check("../configs", "--baseline", "costs.json", "--format", "json")
    assert [gone["source"] for gone in json.loads(done.out)["gone"]] == ["../configs/b.yaml"]


def test_a_baseline_that_is_reached_by_links_means_the_same(check: Sepcost) -> None:
    write(NET, "configs/net.yaml")
    Path("deep/sub").mkdir(parents=True)
    check("configs", "--update-baseline", "deep/sub/costs.json")
    written = Path("deep/sub/costs.json").read_bytes()
    Path("short").symlink_to("deep/sub")
    Path("costs.json").symlink_to("deep/sub/costs.json")
    for costs in ("short/costs.json", "costs.json"):
        done = check("configs", "--baseline", costs, "--update-baseline", costs)
        assert (done.code, Path("deep/sub/costs.json").read_bytes()) == (0, written)


def test_the_old_form_is_read_and_becomes_the_new_one(sepcost_: Sepcost, check: Sepcost) -> None:
    write(NET, "a/net.yaml")
    write(OTHER, "b/other.yaml")
    Path("sub").mkdir()
    assert sepcost_("compare", "a/net.yaml", "b/other.yaml", "--output", "sub/costs.json").code == 0
    before = costs_in("sub/costs.json")
    assert check("a", "b", "--baseline", "sub/costs.json").code == 0
    done = check("a", "--update-baseline", "sub/costs.json")
    assert (done.code, done.err) == (0, "sepcost: sub/costs.json is written: 1 network; 1 other in it stays\n")
    assert costs_in("sub/costs.json") == before
    assert Path("sub/costs.json").read_text().startswith('{"kind":"baseline","schema_version":2,')


def test_an_old_baseline_that_is_seen_from_another_folder_says_so(
    sepcost_: Sepcost, check: Sepcost, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(NET, "a/net.yaml")
    write(NET, "a/also.yaml")
    sepcost_("compare", "a/net.yaml", "a/also.yaml", "--output", "costs.json")
    monkeypatch.chdir("a")
    done = check("net.yaml", "also.yaml", "--baseline", "../costs.json")
    assert (done.code, done.err) == (
        1,
        "sepcost: ../costs.json: has none of these networks, and none of its files is there (a/net.yaml): check from "
        "the folder in which it was written, or write it again (--update-baseline ../costs.json)\n",
    )


def test_bytes_that_the_first_version_counted_of_models_are_not_compared(
    sepcost_: Sepcost, check: Sepcost, tmp_path: Path
) -> None:
    write(MODEL, "small.py")
    model = ("small.py:build", "--input", "3x8x8", "--format", "json")
    before = json.loads(sepcost_("compare", *model).out)
    (network,) = before["networks"]
    assert "uncounted" in network
    before["version"] = "0.1.0"
    for each in (*network["layers"], *network["total"].values()):
        for name in ("traffic_bytes", "weight_bytes"):
            each.get("standard", each)[name] = 1
    network["total"]["standard"] |= {"traffic_bytes": len(network["layers"]), "weight_bytes": len(network["layers"])}
    network["total"]["standard"]["peak_activation_bytes"] = 1
    network["total"]["replacements"] = {}
    write(json.dumps(before), "costs.json")
    expected = (
        "sepcost: costs.json: bytes and peaks of 1 model are not compared, since sepcost 0.1 counted them too low: "
        "write it again (--update-baseline costs.json)\n"
    )
    done = check(*model, "-r", "none", "--baseline", "costs.json")
    (now,) = judged(done)
    assert (done.code, done.err, now["changes"]) == (0, expected, [])
    assert [each["figure"] for each in now["growth"]] == ["params", "macs", "activations"]

    write(NET)
    done = check("net.yaml", "--update-baseline", "costs.json")
    away = "has other models, whose bytes sepcost 0.1 counted too low: check them too"
    assert (done.code, done.err) == (2, f"sepcost: --update-baseline costs.json: {away}\n")
    assert check(*model, "-r", "none", "--baseline", "costs.json", "--update-baseline", "costs.json").code == 0
    done = check(*model, "-r", "none", "--baseline", "costs.json")
    assert (done.code, done.err, len(judged(done)[0]["growth"])) == (0, "", len(OWN))


def test_a_network_that_is_gone_does_not_stop_an_update(check: Sepcost) -> None:
    write(NET, "a/net.yaml")
    write(OTHER, "a/other.yaml")
    check("a", "--update-baseline", "costs.json")
    Path("a/other.yaml").unlink()
    both = ("--baseline", "costs.json", "--update-baseline", "costs.json")
    assert check("a", *both).err.endswith("sepcost: costs.json is written: 1 network\n")
    assert names_in() == ["net"]
    assert check("a", *both).code == 0


def test_updates_at_once_lose_nothing(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.yaml").write_text(NET.replace("name: net", f"name: net{number}"), encoding="utf-8")
    command = [sys.executable, "-m", "sepcost", "check", "--no-verify", "--update-baseline", "b.json"]
    places = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    running = [
        subprocess.Popen([*command, f"{number}.yaml"], cwd=tmp_path, env=places, stderr=subprocess.DEVNULL)
        for number in range(5)
    ]
    assert [process.wait() for process in running] == [0] * 5
    assert [network.name for network in costs_in(tmp_path / "b.json")] == [f"net{number}" for number in range(5)]
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == [*(f"{number}.yaml" for number in range(5)), "b.json", "cache"]


def test_a_lock_that_cannot_be_had_is_one_line(check: Sepcost, monkeypatch: pytest.MonkeyPatch) -> None:
    write(NET)
    write("", "file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path("file").absolute()))
    done = check("net.yaml", "--update-baseline", "costs.json")
    expected = (
        "--update-baseline costs.json: cannot be locked: not a directory: set XDG_CACHE_HOME to a folder that can be"
    )
    assert (done.code, done.err, Path("costs.json").exists()) == (2, f"sepcost: {expected} written\n", False)


def test_the_same_file_given_twice_counts_once(check: Sepcost) -> None:
    write(NET, "a/net.yaml")
    write(OTHER, "a/other.yaml")
    done = check("a", "./a", "a/net.yaml", Path("a").absolute(), "--update-baseline", "b.json", "--format", "json")
    assert [network["name"] for network in judged(done)] == names_in("b.json") == ["net", "other"]
    assert done.err == "sepcost: b.json is written: 2 networks\n"


def test_networks_of_one_name_in_one_file_make_no_baseline(check: Sepcost) -> None:
    write(f"{NET}---\n{NET}")
    done = check("net.yaml", "--update-baseline", "costs.json")
    expected = "--update-baseline costs.json: net.yaml has 2 networks called 'net': give each its own name"
    assert (done.code, done.err, Path("costs.json").exists()) == (2, f"sepcost: {expected}\n", False)


def test_five_hundred_mobilenets_take_less_than_two_megabytes(check: Sepcost) -> None:
    text = (ROOT / "configs" / "mobilenet_v1.yaml").read_text(encoding="utf-8")
    names = [f"MobileNet v1 of team {number}" for number in range(500)]
    for name in names:
        write(text.replace("name: MobileNet v1", f"name: {name}"), f"configs/{name.replace(' ', '_').lower()}.yaml")
    assert check("configs", "--update-baseline", "costs.json").code == 0
    assert Path("costs.json").stat().st_size < 2_000_000
    assert sorted(names_in()) == sorted(names)


def test_a_baseline_is_not_written_unless_everything_could_be_judged(check: Sepcost) -> None:
    write(NET)
    write(OTHER.replace("K: 3", "K: 0", 1), "bad.yaml")
    write("old\n", "costs.json")
    for arguments in (
        ("bad.yaml",),
        ("net.yaml", "bad.yaml"),
        ("net.yaml", "--baseline", "bad.yaml"),
        ("missing.yaml",),
    ):
        done = check(*arguments, "--update-baseline", "costs.json")
        assert (done.code, Path("costs.json").read_text()) == (2, "old\n")
        assert done.err.splitlines()[-1] == "sepcost: costs.json is not written: not everything could be judged"
    assert sorted(file.name for file in Path().iterdir()) == ["bad.yaml", "costs.json", "net.yaml"]


def test_a_baseline_is_not_written_where_torch_finds_another_count(sepcost_: Sepcost, spoil: Spoil) -> None:
    spoil(lambda *numbers: formulas.conv_macs(*numbers) + 1)
    write(NET)
    write("old\n", "costs.json")
    done = sepcost_("check", "net.yaml", "--update-baseline", "costs.json")
    expected = "sepcost: costs.json is not written: torch does not confirm every count\n"
    assert (done.code, done.err, Path("costs.json").read_text()) == (1, expected, "old\n")


def test_a_baseline_is_written_although_something_grew(check: Sepcost) -> None:
    write(NET)
    check("net.yaml", "--update-baseline", "costs.json")
    write(NET.replace("O: 16}", "O: 17}"))
    both = ("--baseline", "costs.json", "--update-baseline", "costs.json")
    done = check("net.yaml", *both)
    assert (done.code, done.err) == (1, "sepcost: costs.json is written: 1 network\n")
    assert check("net.yaml", "--baseline", "costs.json").code == 0
    assert check("net.yaml", *both).code == 0


def test_a_baseline_that_could_not_be_compared_is_left_as_it_is(check: Sepcost) -> None:
    write(NET)
    check("net.yaml", "--batch", "8", "--update-baseline", "costs.json")
    before = Path("costs.json").read_bytes()
    assert check("net.yaml", "--baseline", "costs.json", "--update-baseline", "costs.json").code == 2
    assert Path("costs.json").read_bytes() == before


def names_in(file: str = "costs.json") -> list[str]:
    return [network["name"] for network in json.loads(Path(file).read_text(encoding="utf-8"))["networks"]]


def test_networks_of_other_sources_stay_in_a_baseline(check: Sepcost) -> None:
    write(NET, "a/net.yaml")
    write(OTHER, "b/other.yaml")
    write(f"{NET.replace('name: net', 'name: third')}---\n{NET.replace('name: net', 'name: fourth')}", "b/two.yaml")
    check("a", "b", "--update-baseline", "costs.json")
    before = json.loads(Path("costs.json").read_text(encoding="utf-8"))
    write(NET.replace("O: 16}", "O: 17}"), "a/net.yaml")
    done = check("a", "--update-baseline", "costs.json")
    assert (done.code, done.err) == (0, "sepcost: costs.json is written: 1 network; 3 others in it stay\n")
    now = json.loads(Path("costs.json").read_text(encoding="utf-8"))
    assert now["networks"][1:] == before["networks"][1:]
    assert now["networks"][0]["layers"] != before["networks"][0]["layers"]
    assert {name: now[name] for name in now if name != "networks"} == (
        {name: before[name] for name in before if name != "networks"}
    )
    assert check("a", "b", "--baseline", "costs.json").code == 0
    assert check(Path("b").absolute(), "--update-baseline", "costs.json").err == (
        "sepcost: costs.json is written: 3 networks; 1 other in it stays\n"
    )
    assert sorted(names_in()) == ["fourth", "net", "other", "third"]


def test_what_is_gone_from_the_sources_is_gone_from_the_baseline(check: Sepcost) -> None:
    write(NET, "a/net.yaml")
    write(OTHER, "a/other.yaml")
    check("a", "--update-baseline", "costs.json")
    Path("a/other.yaml").unlink()
    assert check("a", "--update-baseline", "costs.json").err == "sepcost: costs.json is written: 1 network\n"
    assert names_in() == ["net"]


def test_a_baseline_is_not_made_of_two_ways_to_count(check: Sepcost) -> None:
    write(NET, "a/net.yaml")
    write(OTHER, "b/other.yaml")
    check("a", "b", "--batch", "8", "--update-baseline", "costs.json")
    before = Path("costs.json").read_bytes()
    done = check("a", "--update-baseline", "costs.json")
    expected = "sepcost: --update-baseline costs.json: has other networks, counted in another way: check them too\n"
    assert (done.code, done.err, Path("costs.json").read_bytes()) == (2, expected, before)
    assert check("a", "b", "--update-baseline", "costs.json").code == 0
    assert check("a", "b", "--baseline", "costs.json").code == 0


def test_what_is_no_baseline_is_not_overwritten(check: Sepcost) -> None:
    write(NET)
    for text in ("old\n", "", '{"schema_version":1'):
        write(text, "costs.json")
        done = check("net.yaml", "--update-baseline", "costs.json")
        assert (done.code, Path("costs.json").read_text()) == (2, text)
        assert done.err.startswith("sepcost: --update-baseline costs.json: ")
        assert done.err.count("\n") == 1


@pytest.mark.parametrize("sources", [("net.yaml",), ("net.yaml", "other.yaml")])
def test_a_baseline_of_json_lines_can_be_updated(sepcost_: Sepcost, check: Sepcost, sources: tuple[str, ...]) -> None:
    """Since it can be read as one."""
    write(NET)
    write(OTHER, "other.yaml")
    assert sepcost_("compare", *sources, "--output", "costs.jsonl").code == 0
    assert check("net.yaml", "--update-baseline", "costs.jsonl").code == 0
    assert check(*sources, "--baseline", "costs.jsonl").code == 0


def test_a_baseline_of_standard_input_can_be_updated(check: Sepcost, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(NET.encode())))
        assert check("-", "--update-baseline", "costs.json").code == 0
    assert names_in() == ["net"]
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(NET.encode())))
    assert check("-", "--baseline", "costs.json").code == 0


def test_a_baseline_cannot_be_written_just_anywhere(check: Sepcost) -> None:
    write(NET)
    done = check("net.yaml", "--update-baseline", "no/costs.json")
    assert done.code == 2
    assert done.err.startswith("sepcost: --update-baseline no/costs.json: cannot be written: there is no folder")
    Path("folder").mkdir()
    done = check("net.yaml", "--update-baseline", "folder")
    assert (done.code, done.err) == (2, "sepcost: --update-baseline folder: is a folder, not a file\n")
    assert sorted(file.name for file in Path().iterdir()) == ["folder", "net.yaml"]


def test_a_baseline_is_not_written_onto_a_source(check: Sepcost) -> None:
    write(NET)
    expected = "sepcost: --update-baseline net.yaml: is a source, and would be overwritten\n"
    assert check("net.yaml", "--update-baseline", "net.yaml") == Run(2, "", expected)
    assert Path("net.yaml").read_text() == NET


def test_what_is_written_is_no_config_of_a_folder_that_is_checked(check: Sepcost) -> None:
    write(NET, "nets/net.yaml")
    for option in ("--update-baseline", "--output"):
        for file in ("nets/new.yaml", "nets/new.yml", "nets/new.YAML"):
            expected = f"sepcost: {option} {file}: is a source, and would be overwritten\n"
            assert check("nets", "--format", "json", option, file) == Run(2, "", expected)
        assert check("nets", "--max-params", "1G", "--format", "json", option, "nets/out.json").code == 0
    assert check(".", "--update-baseline", "nets/new.yaml").code == 2
    assert sorted(file.name for file in Path("nets").iterdir()) == ["net.yaml", "out.json"]


def test_a_baseline_is_not_written_onto_a_source_in_a_folder(check: Sepcost) -> None:
    write(NET, "nets/net.yaml")
    expected = "sepcost: --update-baseline nets/net.yaml: is a source, and would be overwritten\n"
    assert check("nets", "--update-baseline", "nets/net.yaml") == Run(2, "", expected)
    assert Path("nets/net.yaml").read_text() == NET


def test_the_report_and_the_baseline_are_two_files(check: Sepcost) -> None:
    write(NET)
    for there_before in (False, True):
        done = check("net.yaml", "--output", "costs.json", "--update-baseline", "costs.json", "--max-params", "1G")
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("sepcost: --output costs.json: ")
        assert Path("costs.json").exists() == there_before
        write("old\n", "costs.json")

"""``sepcost diff`` as its users meet it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sepcost import Convention, load
from sepcost.count.evaluation import as_it_is
from sepcost.count.figure import COUNTS
from sepcost.formats.table import draw
from sepcost.judge.difference import Difference
from sepcost.sheets.difference_sheets import difference_sheets
from sepcost.sheets.sheet import cell_text
from sepcost.text.kind import Digits, Kind
from tests.commands import ROOT, Run, sepcost

NETS = "tests/configs/diff"
BEFORE, AFTER = f"{NETS}/before.yaml", f"{NETS}/everything.yaml"
CONFIGS = sorted(file.relative_to(ROOT).as_posix() for file in (ROOT / "configs").glob("*.yaml"))


def diff(*arguments: str, **options: Any) -> Run:
    return sepcost("diff", *arguments, **options)


def costs(target: Path, *arguments: str) -> str:
    """A file of costs as ``compare`` writes it."""
    assert sepcost("compare", *arguments, "--format", "json", "--output", str(target)).code == 0
    return str(target)


@pytest.mark.parametrize("config", CONFIGS)
def test_costs_against_the_network_they_come_from_are_one_line(config: str) -> None:
    written = sepcost("compare", config, "--format", "json").out
    network = json.loads(written)["networks"][0]
    total = network["total"]["standard"]
    counts = f"{len(network['layers'])} layers, {total['params']:,} params, {total['macs']:,} MACs"
    run = diff("-", config, "--exit-code", stdin=written)
    assert (run.code, run.out, run.err) == (0, f"{network['name']}: nothing changed ({counts})\n", "")


def test_the_one_line_is_one_in_markdown_too() -> None:
    run = diff("-", BEFORE, "--format", "markdown", stdin=(ROOT / BEFORE).read_text().replace("net", "'a|*b*'", 1))
    assert run.out == "a\\|\\*b\\* → net: nothing changed (6 layers, 9,978 params, 6,340,928 MACs)\n"


def test_nothing_changed_is_still_json_and_csv() -> None:
    document = json.loads(diff(BEFORE, BEFORE, "--format", "json").out)
    assert (document["differ"], document["changes"], document["unchanged"]) == (False, [], 6)
    (row,) = csv.DictReader(io.StringIO(diff(BEFORE, BEFORE, "--format", "csv").out))
    assert (row["row"], row["status"], row["macs.difference"]) == ("total", "unchanged", "0")


def test_json_says_what_compare_says_of_each_side() -> None:
    document = json.loads(diff(BEFORE, AFTER, "--format", "json", "--batch", "3", "--dtype", "int8").out)
    sides = {
        side: json.loads(sepcost("compare", file, "--format", "json", "--batch", "3", "--dtype", "int8").out)
        for side, file in (("before", BEFORE), ("after", AFTER))
    }
    for side, other in sides.items():
        (network,) = other["networks"]
        assert (document["batch"], document["dtype"]) == (other["batch"], other["dtype"])
        assert document[side]["name"] == network["name"]
        for name in (*COUNTS, "peak_activation_bytes"):
            assert document["total"][name][side] == network["total"]["standard"][name]
        layers = {layer["name"]: layer for layer in network["layers"]}
        for change in document["changes"]:
            if change[side] is not None:
                layer = layers[change[side]["name"]]
                assert network["layers"][change[side]["place"] - 1] is layer
                assert {key: layer[key] for key in change[side] if key != "place"} == {
                    key: value for key, value in change[side].items() if key != "place"
                }
                assert {name: figure[side] for name, figure in change["figures"].items()} == {
                    name: layer["standard"][name] for name in COUNTS
                }
    assert [(change["status"], change["matched_by"], change["moved"]) for change in document["changes"]] == [
        ("renamed", "position", False),
        ("moved", "name", True),
        ("changed", "name", False),
        ("changed", "name", False),
        ("added", None, False),
        ("changed", "name", False),
        ("changed", "position", False),
    ]
    down = document["changes"][3]
    assert down["facts"] == {
        "output": {"before": [32, 16, 16], "after": [48, 16, 16]},
        "kernel": {"before": [3, 3], "after": [5, 5]},
    }
    assert document["changes"][5]["figures"]["params"]["percent"] is None


@pytest.mark.parametrize(
    ("before", "after", "unchanged", "changes"),
    [
        ("before", "added", 6, [("added", None, None, "extra", [])]),
        ("before", "removed", 5, [("removed", None, "right", None, [])]),
        ("before", "renamed", 5, [("renamed", "position", "left", "first", [])]),
        ("before", "moved", 5, [("moved", "name", "left", "left", [])]),
        ("before", "connected", 6, []),
        (
            "unnamed",
            "inserted",
            5,
            [("added", None, None, "conv4", []), ("changed", "position", "conv4", "conv5", ["input"])],
        ),
        *(
            (
                before,
                "changed",
                3,
                [
                    ("changed", "name", "down", "down", ["kernel", "output"]),
                    ("changed", "name", "pool", "pool", ["input", "output"]),
                    ("changed", "name", "classes", "classes", ["input"]),
                ],
            )
            for before in ("before", "several")
        ),
    ],
)
def test_each_change_is_a_record(before: str, after: str, unchanged: int, changes: list[Any]) -> None:
    document = json.loads(diff(f"{NETS}/{before}.yaml", f"{NETS}/{after}.yaml", "--format", "json").out)
    found = [
        (
            change["status"],
            change["matched_by"],
            change["before"] and change["before"]["name"],
            change["after"] and change["after"]["name"],
            sorted(change["facts"]),
        )
        for change in document["changes"]
    ]
    assert (document["differ"], document["unchanged"], found) == (True, unchanged, changes)


def test_layers_may_have_other_dimensions() -> None:
    first, *_ = json.loads(diff("configs/m5.yaml", "configs/c3d.yaml", "--format", "json").out)["changes"]
    assert (first["status"], first["matched_by"], first["after"]["name"]) == ("changed", "position", "conv1a")
    assert first["facts"]["kernel"] == {"before": [80], "after": [3, 3, 3]}
    assert first["facts"]["output"] == {"before": [32, 496], "after": [64, 16, 112, 112]}


def test_csv_says_the_same_as_json() -> None:
    document = json.loads(diff(BEFORE, AFTER, "--format", "json").out)
    total, *layers = csv.DictReader(io.StringIO(diff(BEFORE, AFTER, "--format", "csv").out))
    for row, figures in [
        (total, document["total"]),
        *((row, change["figures"]) for row, change in zip(layers, document["changes"])),
    ]:
        for name, change in figures.items():
            for part, value in change.items():
                assert row[f"{name}.{part}"] == ("" if value is None else str(value))
    assert [(row["status"], row["before"]) for row in layers] == [
        (change["status"], change["before"]["name"] if change["before"] else "") for change in document["changes"]
    ]


def test_the_exit_code_says_whether_they_differ_only_if_asked() -> None:
    assert diff(BEFORE, AFTER).code == 0
    assert diff(BEFORE, AFTER, "--exit-code").code == 1
    assert diff(BEFORE, f"{NETS}/renamed.yaml", "--exit-code").code == 1
    assert diff(BEFORE, f"{NETS}/connected.yaml", "--exit-code").code == 1
    assert diff(BEFORE, BEFORE, "--exit-code").code == 0
    assert diff(BEFORE, "missing.yaml", "--exit-code").code == 2


def test_either_side_may_be_costs_from_earlier(tmp_path: Path) -> None:
    before, after = costs(tmp_path / "before.json", BEFORE), costs(tmp_path / "after.json", AFTER)
    expected = diff(BEFORE, AFTER).out
    for sides in ((before, AFTER), (BEFORE, after), (before, after)):
        assert diff(*sides).out == expected
    assert diff("-", AFTER, stdin=(ROOT / BEFORE).read_text()).out == expected
    config_in_json = tmp_path / "net.json"
    config_in_json.write_text('{"name": "net", "input": {"C": 3, "H": 8}, "layers": [{"K": 3, "O": 4}]}')
    assert diff(str(config_in_json), str(config_in_json)).out == (
        "net: nothing changed (1 layer, 108 params, 6,912 MACs)\n"
    )


def test_a_networks_own_replacements_do_not_matter(tmp_path: Path) -> None:
    net = "replace: [grouped:groups=7]\n" + (ROOT / BEFORE).read_text()
    assert "nothing changed" in diff("-", BEFORE, stdin=net).out


def test_scaled_costs_say_so_in_the_title(tmp_path: Path) -> None:
    half = costs(tmp_path / "half.json", BEFORE, "--alpha", "0.5")
    assert diff(half, BEFORE).out.splitlines()[0] == "net, α = 0.5 → net"


def test_convolutions_without_a_map_have_no_memory(tmp_path: Path) -> None:
    small = costs(tmp_path / "small.json", "-C", "3", "-K", "3", "-O", "4")
    large = costs(tmp_path / "large.json", "-C", "3", "-K", "5", "-O", "4")
    out = diff(small, large).out
    assert out.splitlines()[0] == "conv, per output position"
    assert "traffic" not in out
    assert "kernel 3×3 → 5×5" in out
    document = json.loads(diff(small, large, "--format", "json").out)
    assert document["before"]["per"] == "output position"
    nothing = {"before": None, "after": None, "difference": None, "percent": None}
    assert document["total"]["traffic_bytes"] == nothing
    assert "output 4×?×? → 5×?×?" in diff(small, costs(tmp_path / "x.json", "-C", "3", "-K", "3", "-O", "5")).out


def test_of_several_networks_the_one_with_the_other_sides_name_is_taken(tmp_path: Path) -> None:
    several = ("configs/m5.yaml", "configs/unet.yaml", "configs/vgg16.yaml")
    every = costs(tmp_path / "every.json", *several)
    assert diff(every, "configs/unet.yaml").out.startswith("U-Net: nothing changed")
    assert diff("configs/m5.yaml", every).out.startswith("M5: nothing changed")
    run = diff(every, BEFORE)
    assert (run.code, run.out) == (2, "")
    names = [load(config).name for config in several]
    assert run.err == (
        f"sepcost: {every} holds {', '.join(map(repr, names[:-1]))} and {names[-1]!r}, "
        f"{BEFORE} holds 'net': no name is on both sides, so give a file with one network for each\n"
    )
    run = diff(every, every)
    assert run.err.endswith("and 'VGG-16': give files with one network each\n")
    assert run.err.startswith(f"sepcost: {every} and {every} both hold 'M5', 'U-Net'")
    twice = f"{(ROOT / BEFORE).read_text()}---\n" * 2
    assert diff("-", AFTER, stdin=twice).err.startswith("sepcost: <stdin> holds 'net' and 'net', ")
    assert diff("-", BEFORE, stdin=twice).err == (
        "sepcost: <stdin> holds 'net' 2 times: give a file that holds it once\n"
    )


@pytest.mark.parametrize(
    ("earlier", "now", "message"),
    [
        (("--batch", "8"), (), "{} counts for a batch of 8, {} for 1: give --batch 8"),
        (("--batch", "8"), ("--batch", "4"), "{} counts for a batch of 8, {} for 4: give --batch 8"),
        (("--dtype", "int8"), (), "{} counts memory in int8, {} in float32: give --dtype int8"),
        (("--flops-per-mac", "2"), (), "{} counts FLOPs as 2×MACs, {} as 1×MACs: give --flops-per-mac 2"),
    ],
)
def test_what_was_counted_differently_is_refused(
    tmp_path: Path, earlier: tuple[str, ...], now: tuple[str, ...], message: str
) -> None:
    written = costs(tmp_path / "costs.json", BEFORE, *earlier)
    for sides in ((written, AFTER), (AFTER, written)):
        run = diff(*sides, *now)
        assert (run.code, run.out, run.err) == (2, "", f"sepcost: {message.format(written, AFTER)}\n")
        assert diff(*sides, *earlier).code == 0


def test_costs_that_were_counted_differently_are_refused(tmp_path: Path) -> None:
    one, eight = costs(tmp_path / "one.json", BEFORE), costs(tmp_path / "eight.json", BEFORE, "--batch", "8")
    assert diff(one, eight).err == (
        f"sepcost: {one} counts for a batch of 1, {eight} for 8: "
        "write one of them again, with sepcost compare --batch 1\n"
    )
    assert diff(one, one, "--batch", "8").err == (
        "sepcost: --batch, --dtype and --flops-per-mac are for configs: both sides were counted before\n"
    )
    alone, mapped = costs(tmp_path / "c.json", "-C", "3", "-K", "3", "-O", "4"), BEFORE
    assert diff(mapped, alone).err == (
        f"sepcost: {alone} counts per output position, {mapped} counts on whole maps: "
        "write the costs of both with a map (-H), or both without\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument 'BEFORE'"),
        ((BEFORE,), "Missing argument 'AFTER'"),
        (("-", "-"), "- is standard input, and can be one side only"),
        ((BEFORE, AFTER, "--batch", "0"), "--batch: must be at least 1, got 0"),
        ((BEFORE, AFTER, "--flops-per-mac", "3"), "--flops-per-mac: must be 1 or 2, got 3"),
        ((BEFORE, AFTER, "--output", AFTER), f"--output {AFTER}: is a source, and would be overwritten"),
        ((BEFORE, AFTER, "--output", "no/such/file"), "--output no/such/file: cannot be written: there is no folder"),
        (
            (BEFORE, AFTER, "--format", "sarif"),
            "--format: this command has no format 'sarif': it has table, csv,",
        ),
    ],
)
def test_a_wrong_command_line_gets_one_clear_line(arguments: tuple[str, ...], message: str) -> None:
    run = diff(*arguments)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"sepcost: {message}")
    assert run.err.count("\n") == 1


def test_everything_that_is_wrong_with_both_sides_is_reported(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(diff(BEFORE, AFTER, "--format", "json").out)
    (tmp_path / "bad.yaml").write_text("input: {C: 3, H: 8}\nlayers:\n  - {K: 0, O: 4}\n  - {K: 3}\n")
    run = diff("old.json", "bad.yaml", cwd=tmp_path)
    assert (run.code, run.out) == (2, "")
    assert run.err.splitlines() == [
        "bad.yaml:3:9: layers[0].K: must be at least 1, got 0",
        "bad.yaml:4:5: layers[1]: missing key `O`",
        "old.json: missing key `networks`: this is not what sepcost compare --format json writes",
    ]
    assert "missing.json: cannot be read: no such file" in diff("bad.yaml", "missing.json", cwd=tmp_path).err


def test_output_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    for name, format_ in (("a.json", "json"), ("a.csv", "csv"), ("a.md", "markdown"), ("a.txt", "table")):
        run = diff(BEFORE, AFTER, "--output", str(tmp_path / name))
        assert (run.code, run.out, run.err) == (0, "", "")
        assert (tmp_path / name).read_text() == diff(BEFORE, AFTER, "--format", format_).out
    before = (tmp_path / "a.md").read_bytes()
    assert diff(BEFORE, "missing.yaml", "--output", str(tmp_path / "a.md")).code == 2
    assert (tmp_path / "a.md").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_no_number_is_cut_however_narrow_the_terminal(width: int) -> None:
    pairs = [(BEFORE, AFTER), (AFTER, BEFORE), ("configs/m5.yaml", "configs/c3d.yaml")]
    for pair in pairs:
        before, after = (as_it_is(load(ROOT / file), Convention()) for file in pair)
        for sheet in difference_sheets(Difference.of(before, after)):
            console = Console(file=io.StringIO(), width=width, color_system=None)
            lines = draw(console, width, [sheet]).splitlines()
            assert max(map(len, lines)) <= width
            start = next(number for number, line in enumerate(lines) if line.startswith("──")) + 1
            for line, row in zip(lines[start:], sheet.rows):
                numbers = [(cell, column.kind) for cell, column in zip(row.cells, sheet.columns) if cell != ""]
                whole = {
                    cell_text(cell, kind, Digits(rounded=rounded))
                    for cell, kind in numbers
                    if kind is not Kind.TEXT
                    for rounded in (False, True)
                }
                assert not whole or any(line.endswith(text) for text in whole), line


def test_what_grows_and_what_shrinks_has_a_colour_and_a_sign() -> None:
    before, after = (as_it_is(load(ROOT / file), Convention()) for file in (BEFORE, f"{NETS}/removed.yaml"))
    for pair, sign, colour in (((before, after), "−", "32"), ((after, before), "+", "33")):
        console = Console(file=io.StringIO(), width=200, color_system="standard", force_terminal=True)
        text = draw(console, 200, difference_sheets(Difference.of(*pair)))
        assert f"\x1b[{colour}m" in text
        assert f"{sign}2,304" in text


def test_costs_from_json_lines(tmp_path: Path) -> None:
    lines = sepcost("compare", "configs/m5.yaml", "configs/c3d.yaml", "--format", "jsonl").out
    (tmp_path / "costs.jsonl").write_text(lines)
    run = sepcost("diff", str(tmp_path / "costs.jsonl"), "configs/c3d.yaml")
    assert (run.code, run.err) == (0, "")
    assert run.out == "C3D: nothing changed (17 layers, 78,409,573 params, 38,547,378,176 MACs)\n"
    (tmp_path / "costs.jsonl").write_text(lines[:-300])
    run = sepcost("diff", str(tmp_path / "costs.jsonl"), "configs/c3d.yaml")
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"{tmp_path}/costs.jsonl:2:")
    assert run.err.endswith(": is not whole JSON, it ends too early: write it again\n")


def test_totals_alone_cannot_be_compared(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(sepcost("compare", "configs/m5.yaml", "--rows", "totals", "--format", "json").out)
    run = sepcost("diff", str(tmp_path / "t.json"), "configs/m5.yaml")
    assert (run.code, run.err) == (
        2,
        f"{tmp_path}/t.json: was written with --rows totals, which leaves things out: write it again without\n",
    )


CHAIN = "input: {C: 8, H: 8}\nlayers:\n  - {name: a, K: 3, O: 8}\n"
FACTS = [
    ("{name: b, K: 3, O: 8}", "{name: b, K: 3, O: 8, shared: true}", {"shared": [False, True]}),
    ("{name: b, K: 3, O: 8}", "{name: b, K: 3, O: 8, times: 2}", {"times": [1, 2]}),
    ("{name: b, K: 1, O: 8, times: 1}", "{name: b, K: 1, O: 8, shared: false}", {}),
    (
        "{name: p, K: 3, O: 8}\n  - {name: b, K: 3, O: 8, shared: p}",
        "{name: p, K: 3, O: 8}\n  - {name: b, K: 3, O: 8, shared: a}",
        {"weights_of": ["p", "a"]},
    ),
]


@pytest.mark.parametrize(("old", "new", "facts"), FACTS, ids=str)
def test_every_fact_that_changes_is_a_change(old: str, new: str, facts: dict[str, list[Any]], tmp_path: Path) -> None:
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    before.write_text(f"{CHAIN}  - {old}\n", encoding="utf-8")
    after.write_text(f"{CHAIN}  - {new}\n", encoding="utf-8")
    sides = (str(before), str(after))
    run = diff(*sides, "--format", "json", "--exit-code")
    assert run.code == bool(facts)
    facts_of_b = [layer["facts"] for layer in json.loads(run.out)["changes"] if layer["before"]["name"] == "b"]
    assert facts_of_b == [{name: {"before": pair[0], "after": pair[1]} for name, pair in facts.items()}] * bool(facts)
    for name, (was, is_) in facts.items():
        was, is_ = str(was).lower(), str(is_).lower()
        assert f"{name.replace('_', ' ')} {was} → {is_}" in diff(*sides).out
        assert f"{name.replace('_', ' ')} {was} → {is_}" in diff(*sides, "--format", "markdown").out
        assert f"{name}: {was} -> {is_}" in diff(*sides, "--format", "csv").out


def test_an_owner_with_another_name_is_the_same_owner(tmp_path: Path) -> None:
    """Neither a renamed layer nor one with another number has other weights."""
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    layers = "  - {{name: {0}, K: 3, O: 8}}\n  - {{name: last, K: 3, O: 8, shared: {0}}}\n"
    before.write_text("input: {C: 8, H: 8}\nlayers:\n" + layers.format("conv1"), encoding="utf-8")
    after.write_text("input: {C: 8, H: 8}\nlayers:\n  - {name: new, K: 1, O: 8}\n" + layers.format("conv2"), "utf-8")
    changes = json.loads(diff(str(before), str(after), "--format", "json").out)["changes"]
    assert [change["status"] for change in changes] == ["added"]

"""``--verify`` as its users meet it: what it prints, and how it exits."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

import sepcost.pytorch
from sepcost import compare
from sepcost.layers import formulas
from sepcost.pytorch import TorchWitness
from sepcost.sheets.verification_text import verified_line
from tests.commands import ROOT, Run, Sepcost, Spoil, in_a_process
from tests.commands import sepcost as in_a_folder

VERSION = torch.__version__.partition("+")[0]
ONE = ("compare", "-H", "112", "-C", "32", "-K", "3", "-O", "64")
STDERR_OF_ONE = [
    f"sepcost: conv: standard: MACs are 231,211,009, but torch {VERSION} has 231,211,008",
    f"sepcost: conv: separable: depthwise: MACs are 3,612,673, but torch {VERSION} has 3,612,672",
    f"sepcost: conv: separable: pointwise: MACs are 25,690,113, but torch {VERSION} has 25,690,112",
]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.fixture
def wrong_macs(spoil: Spoil) -> None:
    spoil(lambda *numbers: formulas.conv_macs(*numbers) + 1)


def verified(text: str) -> list[dict[str, Any]]:
    return [network["verified"] for network in json.loads(text)["networks"]]


def test_a_line_in_the_table_says_what_was_verified(in_process: Sepcost) -> None:
    done = in_process(*ONE, "--verify")
    line = f"Verified with torch {VERSION}: 1 layer, 1 replaced layer, 17 counts.\n"
    assert (done.code, done.err) == (0, "")
    assert done.out.count(line) == 1
    assert done.out.replace(line, "") == in_process(*ONE).out


@pytest.mark.parametrize("format_", ["table", "markdown", "latex"])
def test_every_format_for_people_says_it(in_process: Sepcost, format_: str) -> None:
    done = in_process(*ONE, "--verify", "--format", format_)
    assert (done.code, done.err) == (0, "")
    assert f"Verified with torch {VERSION}: 1 layer, 1 replaced layer, 17 counts." in done.out


def test_the_line_of_the_totals_adds_the_networks_up(in_process: Sepcost) -> None:
    results = [compare(config, verify=True).verified for config in CONFIGS]
    together = sum(result.checked for result in results if result)
    done = in_process("compare", ROOT / "configs", "--rows", "totals", "--verify")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("Verified with torch") == 1
    assert f" {together:,} counts." in done.out
    for config in ("m5", "unet"):
        result = compare(f"configs/{config}.yaml", verify=True).verified
        assert result is not None
        assert verified_line(result) in in_process("compare", f"configs/{config}.yaml", "--verify").out


def test_json_says_it_of_each_network(in_process: Sepcost) -> None:
    done = in_process("compare", "configs/m5.yaml", "configs/vgg16.yaml", "--verify", "--format", "json")
    confirmed: dict[str, Any] = {"torch": VERSION, "mismatches": [], "unverified": []}
    expected = [{**confirmed, "checked": checked} for checked in (84, 222)]
    assert (done.code, done.err) == (0, "")
    assert verified(done.out) == expected
    lines = in_process("compare", "configs/m5.yaml", "configs/vgg16.yaml", "--verify", "--format", "jsonl").out
    assert [json.loads(line)["verified"] for line in lines.splitlines()] == expected
    totals = in_process(
        "compare", "configs/m5.yaml", "configs/vgg16.yaml", "--verify", "--rows", "totals", "--format", "json"
    )
    assert verified(totals.out) == expected
    assert '"verified"' not in in_process("compare", "configs/m5.yaml", "--format", "json").out


def test_csv_stays_as_it_is(in_process: Sepcost) -> None:
    arguments = ("compare", "configs/m5.yaml", "--format", "csv")
    assert in_process(*arguments, "--verify") == in_process(*arguments)


def test_the_combinations_of_a_sweep_are_verified_as_far_as_they_are_shown(in_process: Sepcost) -> None:
    sweep = ("compare", "-H", "8", "-C", "4", "-K", "3,5", "-O", "4,8", "--verify")
    assert f"Verified with torch {VERSION}: 4 layers, 4 replaced layers, 68 counts." in in_process(*sweep).out
    assert (
        f"Verified with torch {VERSION}: 1 layer, 1 replaced layer, 17 counts." in in_process(*sweep, "--top", "1").out
    )
    networks = ("compare", "configs/m5.yaml", "--alpha", "0.5,1", "--verify", "--format", "json")
    assert [each["checked"] for each in verified(in_process(*networks).out)] == [84, 84]


def test_a_convolution_without_a_map_is_verified_too(in_process: Sepcost) -> None:
    done = in_process("compare", "-C", "32", "-K", "3", "-O", "64", "--stride", "2", "--verify")
    assert (done.code, done.err) == (0, "")
    assert f"Verified with torch {VERSION}: 1 layer, 1 replaced layer, 17 counts." in done.out


# Mismatches


@pytest.mark.usefixtures("wrong_macs")
def test_a_mismatch_is_reported_and_exits_with_1(in_process: Sepcost) -> None:
    done = in_process(*ONE, "--verify")
    assert (done.code, done.err.splitlines()) == (1, STDERR_OF_ONE)
    assert f"! 3 counts disagree with torch {VERSION}. Verified with torch {VERSION}: 0 layers, 6 counts." in done.out
    assert "231,211,009" in done.out


@pytest.mark.usefixtures("wrong_macs")
def test_mismatches_are_in_the_json(in_process: Sepcost) -> None:
    done = in_process(*ONE, "--verify", "--format", "json")
    assert (done.code, done.err.splitlines()) == (1, STDERR_OF_ONE)
    (found,) = verified(done.out)
    assert found["mismatches"] == [
        {"layer": "conv", "variant": variant, "part": part, "field": "macs", "sepcost": macs + 1, "torch": macs}
        for variant, part, macs in [
            ("standard", None, 231_211_008),
            ("separable", "depthwise", 3_612_672),
            ("separable", "pointwise", 25_690_112),
        ]
    ]
    assert (found["checked"], found["unverified"]) == (3 + 3 + 3, [])


@pytest.mark.usefixtures("wrong_macs")
def test_every_network_and_file_with_a_mismatch_is_named(in_process: Sepcost, tmp_path: Path) -> None:
    file = tmp_path / "nets.yaml"
    file.write_text("".join(f"---\nname: n{n}\ninput: {{C: 2, H: 4}}\nlayers: [{{K: 1, O: 3}}]\n" for n in range(12)))
    done = in_process("compare", file, "--rows", "totals", "--verify")
    line = f"MACs are 97, but torch {VERSION} has 96"
    assert done.code == 1
    assert done.err.splitlines() == [f"sepcost: {file}: n{number}: conv1: standard: {line}" for number in range(12)]


@pytest.mark.usefixtures("wrong_macs")
def test_no_more_than_twenty_are_reported(in_process: Sepcost) -> None:
    done = in_process("compare", "configs/vgg16.yaml", "--verify", "--format", "json")
    *lines, last = done.err.splitlines()
    assert done.code == 1
    assert len(lines) == 20
    assert last == "sepcost: further counts that torch does not confirm are only counted"
    assert len(verified(done.out)[0]["mismatches"]) == 13 * 3


@pytest.mark.usefixtures("wrong_macs")
def test_the_output_is_written_all_the_same(in_process: Sepcost, tmp_path: Path) -> None:
    done = in_process(*ONE, "--verify", "--output", tmp_path / "one.json")
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 3)
    assert len(verified((tmp_path / "one.json").read_text())[0]["mismatches"]) == 3


@pytest.mark.usefixtures("wrong_macs")
def test_a_bad_network_exits_with_2_whatever_torch_says_of_the_others(in_process: Sepcost, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("- {C: 1, H: 8, K: 0, O: 1}")
    done = in_process("compare", tmp_path / "bad.yaml", "configs/m5.yaml", "--verify", "--rows", "totals")
    assert done.code == 2
    assert f"but torch {VERSION} has" in done.err
    assert done.err.splitlines()[-1] == "sepcost: 1 of 2 networks could not be evaluated"


def test_without_verify_nothing_is_found(in_process: Sepcost, wrong_macs: None) -> None:
    done = in_process(*ONE)
    assert (done.code, done.err) == (0, "")


def test_what_is_too_large_for_torch_is_reported_and_no_failure(in_process: Sepcost) -> None:
    huge = ("compare", "-H", "2097152", "-W", "1048576", "-C", "1048576", "-K", "1", "-O", "1", "--verify")
    reason = "too large for torch: a tensor of it takes 2⁶³ bytes or more"
    done = in_process(*huge)
    assert (done.code, done.err) == (0, f"sepcost: conv: standard: not verified: {reason}\n")
    assert f"Nothing could be verified with torch {VERSION}." in done.out
    (found,) = verified(in_process(*huge, "--format", "json").out)
    unverified = {"layer": "conv", "variant": "standard", "part": None, "reason": reason}
    assert found == {"torch": VERSION, "checked": 0, "mismatches": [], "unverified": [unverified]}


# diff


def test_diff_verifies_both_sides(in_process: Sepcost) -> None:
    done = in_process("diff", "configs/mobilenet_v1.yaml", "configs/mobilenet_v1_shallow.yaml", "--verify")
    assert (done.code, done.err) == (0, "")
    assert done.out.count(f"Verified with torch {VERSION}: 27 layers, 112 counts.\n") == 1
    document = json.loads(
        in_process("diff", "configs/m5.yaml", "configs/vgg16.yaml", "--verify", "--format", "json").out
    )
    expected = {"torch": VERSION, "mismatches": [], "unverified": []}
    assert document["before"]["verified"] == {**expected, "checked": 42}
    assert document["after"]["verified"] == {**expected, "checked": 22 * 4 + 2}


@pytest.mark.parametrize("format_", ["table", "markdown"])
def test_diff_verifies_where_nothing_changed(in_process: Sepcost, format_: str) -> None:
    done = in_process("diff", "configs/m5.yaml", "configs/m5.yaml", "--verify", "--exit-code", "--format", format_)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1:] == [f"Verified with torch {VERSION}: 20 layers, 84 counts."]


@pytest.mark.usefixtures("wrong_macs")
def test_a_mismatch_of_either_side_exits_with_1(in_process: Sepcost, tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("{name: a, input: {C: 2, H: 4}, layers: [{type: pool, K: 2}]}")
    second.write_text("{name: b, input: {C: 2, H: 4}, layers: [{K: 1, O: 3}]}")
    line = f"sepcost: {second}: b: conv1: standard: MACs are 97, but torch {VERSION} has 96\n"
    for sides in ((first, second), (second, first)):
        done = in_process("diff", *sides, "--verify")
        assert (done.code, done.err) == (1, line)
    assert in_process("diff", first, second).code == 0


def test_what_was_counted_earlier_is_not_verified(in_process: Sepcost, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.json"
    assert in_process("compare", "configs/m5.yaml", "--output", earlier).code == 0
    done = in_process("diff", earlier, "configs/m5.yaml", "--verify", "--format", "json")
    reason = "M5: the whole network: standard: not verified: its figures were counted earlier"
    assert (done.code, done.err) == (0, f"sepcost: configs/m5.yaml: {reason}\n")
    before, after = (json.loads(done.out)[side]["verified"] for side in ("before", "after"))
    assert (before["checked"], len(before["unverified"])) == (0, 1)
    assert (after["checked"], after["unverified"]) == (42, [])


# One process


def test_equal_layers_of_several_networks_are_counted_once(
    in_process: Sepcost, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = TorchWitness()
    monkeypatch.setattr(sepcost.pytorch, "TorchWitness", lambda: witness)
    networks = [compare(config) for config in CONFIGS]
    layers = {
        part
        for network in networks
        for layer in network.layers
        for text in network.totals
        for part in (layer.layer, *(part for _, part in layer.runs_as(text)))
    }
    assert in_process("compare", ROOT / "configs", ROOT / "configs", "--rows", "totals", "--verify").code == 0
    assert witness.counts.cache_info().misses == len(layers)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--explain", "--explain derives the exact numbers of a convolution: leave out --verify"),
        ("--format=pytorch", "pytorch writes modules, not figures: leave out --verify"),
    ],
)
def test_what_writes_no_counts_is_not_verified(in_process: Sepcost, option: str, message: str) -> None:
    assert in_process(*ONE, "--verify", option) == Run(2, "", f"sepcost: {message}\n")


# A process of its own


def test_a_users_function_is_verified(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from sepcost import Conv\n"
        "def halves(conv):\n"
        "    return [('forward', Conv(conv.input_size, conv.in_channels, conv.out_channels, 3, groups=2))]\n"
    )
    done = in_a_folder(*ONE, "-r", "mine:halves", "--verify", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert f"Verified with torch {VERSION}: 1 layer, 1 replaced layer, 13 counts." in done.out


MISSING = "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')"
BROKEN = "raise ImportError('libtorch.so: cannot open shared object file\\nand more')"


INSTALL = "pip install 'torch>=2.13,<2.15'"


@pytest.mark.parametrize(
    ("arguments", "source", "message"),
    [
        (ONE, MISSING, "torch is not installed"),
        (("compare", "configs"), MISSING, "torch is not installed"),
        (("diff", "configs/m5.yaml", "configs/vgg16.yaml"), MISSING, "torch is not installed"),
        (ONE, BROKEN, "torch cannot be imported (libtorch.so: cannot open shared object file)"),
    ],
)
def test_without_torch_one_line_says_what_to_install(
    tmp_path: Path, arguments: tuple[str, ...], source: str, message: str
) -> None:
    (tmp_path / "torch.py").write_text(source)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    output = tmp_path / "out.json"
    done = in_a_process(*arguments, "--verify", "--output", str(output), PYTHONPATH=path)
    assert done == Run(2, "", f"sepcost: {message}: {INSTALL}\n")
    assert not output.exists()
    assert in_a_process(*arguments, PYTHONPATH=path).code == 0

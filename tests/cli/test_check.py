"""``sepcost check`` as its users meet it: budgets, exit codes, torch or none."""

from __future__ import annotations

import json
import os
import re
from fractions import Fraction
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sepcost.formats.registry import format_names
from sepcost.layers import formulas
from tests.cli.test_any_options import put_together, some
from tests.commands import ROOT, Run, Sepcost, Spoil, in_a_process

HOLDS, FAILS, BROKEN = (f"tests/configs/check/{name}.yaml" for name in ("holds", "fails", "broken"))
M5, UNET, VGG = (f"configs/{name}.yaml" for name in ("m5", "unet", "vgg16"))
VERSION = torch.__version__.partition("+")[0]
COUNTS = [
    "params",
    "macs",
    "flops",
    "activations",
    "weight_bytes",
    "activation_bytes",
    "traffic_bytes",
    "peak_activation_bytes",
]
REDUCED = ["params", "macs", "activations", "traffic_bytes", "peak_activation_bytes"]
CONVENTIONS = [(), ("--batch", "3", "--dtype", "float16", "--flops-per-mac", "2")]
NOTHING = (
    "sepcost: nothing to check: give a budget (--max-params 4.3M, or `budget` in the file) or a --baseline, or let "
    "torch verify the counts (pip install 'torch>=2.13,<2.15')\n"
)
INSTALL = "torch is not installed: pip install 'torch>=2.13,<2.15'"
TOO_LARGE = "too large for torch: a tensor of it takes 2⁶³ bytes or more"


@pytest.fixture
def sepcost_(in_process: Sepcost, monkeypatch: pytest.MonkeyPatch) -> Sepcost:
    """The command in the root of the repository."""
    monkeypatch.chdir(ROOT)
    return in_process


@pytest.fixture
def check(sepcost_: Sepcost) -> Sepcost:
    """``sepcost check`` without torch, which is not always the subject."""
    return lambda *arguments: sepcost_("check", "--no-verify", *arguments)


@pytest.fixture
def wrong_macs(spoil: Spoil) -> None:
    spoil(lambda *numbers: formulas.conv_macs(*numbers) + 1)


def net(folder: Path, text: str, name: str = "net.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def budgets(check: Sepcost, *arguments: str | Path) -> list[dict[str, Any]]:
    """What became of each limit of the only network."""
    (network,) = json.loads(check(*arguments, "--format", "json").out)["networks"]
    budget: list[dict[str, Any]] = network["budget"]
    return budget


def digits(value: Fraction, places: int, *, up: bool) -> str:
    """The decimal number next to the value, with this many places."""
    scaled = value * 10**places
    mantissa = -(-scaled.numerator // scaled.denominator) if up else scaled.numerator // scaled.denominator
    return f"{mantissa // 10**places}.{mantissa % 10**places:0{places}}"


# Budgets


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda options: "other" if options else "usual")
@pytest.mark.parametrize("config", [M5, UNET])
@pytest.mark.parametrize("replacement", ["separable", "blueprint", "none"])
def test_every_figure_of_the_json_holds_at_its_limit_and_fails_one_below(
    sepcost_: Sepcost, check: Sepcost, config: str, convention: tuple[str, ...], replacement: str
) -> None:
    total = totals(sepcost_, config, convention)[replacement]
    for figure in COUNTS:
        for bound, holds in ((total[figure] - 1, False), (total[figure], True), (total[figure] + 1, True)):
            done = check(config, *convention, "-r", replacement, "--max", f"{figure}={bound}", "--format", "json")
            (limit,) = json.loads(done.out)["networks"][0]["budget"]
            assert done.code == (0 if holds else 1)
            assert (limit["figure"], limit["replacement"]) == (figure, replacement)
            assert (limit["at_most"], limit["value"], limit["holds"]) == (bound, total[figure], holds)
    batch = int(convention[1]) if convention else 1
    intensity = Fraction(total["macs"] * batch, total["traffic_bytes"])
    for up in (True, False):
        bound = digits(intensity, 15, up=up)
        (limit,) = budgets(check, config, *convention, "-r", replacement, "--max", f"macs_per_byte={bound}")
        assert (limit["value"], limit["holds"]) == (total["macs_per_byte"], up)


@pytest.mark.parametrize("config", [M5, UNET])
@pytest.mark.parametrize("replacement", ["separable", "blueprint"])
def test_every_reduction_holds_just_below_its_limit_and_fails_just_above(
    sepcost_: Sepcost, check: Sepcost, config: str, replacement: str
) -> None:
    total = totals(sepcost_, config, ())
    for figure in REDUCED:
        reduction = Fraction(total["none"][figure], total[replacement][figure])
        for up in (True, False):
            bound = digits(reduction, 16, up=up)
            (limit,) = budgets(check, config, "-r", replacement, "--min-reduction", f"{figure}={bound}")
            assert limit["figure"] == f"reduction.{figure}"
            assert limit["value"] == total[replacement]["reduction"][figure]
            assert limit["holds"] == (not up or Fraction(bound) == reduction)


def totals(sepcost_: Sepcost, config: str, convention: tuple[str, ...]) -> dict[str, Any]:
    """What ``compare`` says of the network under each replacement, and under none."""
    out = sepcost_("compare", config, *convention, "-r", "separable", "-r", "blueprint", "--format", "json").out
    (network,) = json.loads(out)["networks"]
    return {"none": network["total"]["standard"], **network["total"]["replacements"]}


def test_each_short_option_is_the_general_one(check: Sepcost) -> None:
    for option in ("params", "macs", "flops", "weight-bytes", "peak-activation-bytes"):
        text = "1.5MiB" if option.endswith("bytes") else "1.5M"
        short = check(M5, f"--max-{option}", text)
        assert short == check(M5, "--max", f"{option.replace('-', '_')}={text}")
        assert short.err == ""


def test_numbers_are_read_with_their_units(check: Sepcost) -> None:
    limits = budgets(
        check, M5, "-r", "separable", "--max-params", "4.3M", "--max-weight-bytes", "16MiB",
        "--max", "traffic_bytes=17MB", "--max", "macs_per_byte=7.5", "--min-reduction", "macs=0.1×",
    )  # fmt: skip
    bounds = [limit.get("at_most", limit.get("at_least")) for limit in limits]
    assert bounds == [4_300_000, 16 * 2**20, 17_000_000, 7.5, 0.1]


def test_a_budget_is_for_the_network_as_it_is_unless_a_replacement_is_named(check: Sepcost, tmp_path: Path) -> None:
    text = "input: {{C: 3, H: 8}}\n{}layers: [{{K: 3, O: 4}}]\n"

    def spoken_of(head: str, *arguments: str) -> list[str]:
        return [limit["replacement"] for limit in budgets(check, net(tmp_path, text.format(head)), *arguments)]

    params = "budget: {params: 4M}\n"
    assert spoken_of(params) == ["none"]
    assert spoken_of(f"replace: [blueprint, separable]\n{params}") == ["none"]
    assert spoken_of("", "--max-params", "4M") == ["none"]
    assert spoken_of("budget: {params: 4M, replacement: separable:multiplier=2}\n") == ["separable:multiplier=2"]
    assert spoken_of("budget: {params: 4M, replacement: none}\n") == ["none"]
    assert spoken_of("", "--max-params", "4M", "-r", "inverted", "-r", "separable") == ["inverted"]
    assert spoken_of(params, "-r", "inverted") == ["inverted"]
    assert spoken_of(params, "-r", "none") == ["none"]
    named = "budget: {params: 4M, replacement: blueprint}\n"
    assert spoken_of(named, "-r", "inverted") == ["blueprint"]
    assert spoken_of(named, "--max-macs", "4M") == ["blueprint", "none"], "a file does not change what was typed"
    assert spoken_of(named, "-r", "inverted", "--max-macs", "4M") == ["blueprint", "inverted"]


def test_a_limit_that_is_typed_takes_the_place_of_the_files(check: Sepcost) -> None:
    written = {limit["figure"]: limit for limit in budgets(check, HOLDS)}
    typed = {limit["figure"]: limit for limit in budgets(check, HOLDS, "-r", "separable", "--max-params", "730")}
    assert [limit["holds"] for limit in written.values()] == [True] * 5
    assert typed.pop("params")["holds"] is False
    assert written.pop("params")["at_most"] == 731
    assert typed == written
    reduction = {
        limit["figure"]: limit for limit in budgets(check, HOLDS, "-r", "separable", "--min-reduction", "macs=7")
    }
    assert (reduction["reduction.macs"]["at_least"], reduction["reduction.macs"]["holds"]) == (7, False)


def test_a_reduction_needs_a_replacement(check: Sepcost, tmp_path: Path) -> None:
    expected = "reduction.macs is of a replacement, and none is named: give -r separable"
    for arguments in ((), ("-r", "none")):
        done = check(M5, *arguments, "--min-reduction", "macs=2")
        assert (done.code, done.out, done.err) == (2, "", f"{M5}:4:1: {expected}\n")
    add = ", or add `replacement: separable` to the budget"
    config = net(tmp_path, "input: {C: 3, H: 8}\nbudget: {params: 4M, reduction: {macs: 2}}\nlayers: [{K: 3, O: 4}]\n")
    for arguments in ((), ("-r", "none")):
        assert check(config, *arguments) == Run(2, "", f"{config}:2:1: {expected}{add}\n")
    assert check(config, "-r", "separable").code == 0


def test_a_limit_has_its_line_of_the_file_and_one_that_was_typed_has_the_networks(check: Sepcost) -> None:
    written = {limit["figure"]: limit["line"] for limit in budgets(check, HOLDS)}
    assert written == {
        "params": 6, "macs": 7, "weight_bytes": 8, "peak_activation_bytes": 9, "reduction.macs": 10
    }  # fmt: skip
    limits = ("--max-macs", "1G", "--max-flops", "1G", "--min-reduction", "macs=2")
    typed = budgets(check, HOLDS, "-r", "separable", *limits)
    assert {limit["figure"]: limit["line"] for limit in typed} == {
        **written, "macs": 2, "flops": 2, "reduction.macs": 2
    }  # fmt: skip


def test_a_limit_with_a_fraction_is_its_whole_part(check: Sepcost) -> None:
    """As no figure lies between."""
    given = "params=0.7319k", "weight_bytes=2.856KiB"
    typed = [word for text in given for word in ("--max", text)]
    limits = {limit["figure"]: limit for limit in budgets(check, HOLDS, "-r", "separable", *typed)}
    assert (limits["params"]["at_most"], limits["params"]["holds"]) == (731, True)
    assert (limits["weight_bytes"]["at_most"], limits["weight_bytes"]["holds"]) == (2924, True)
    less = budgets(check, HOLDS, "-r", "separable", "--max-params", "0.7309k")
    (params,) = [limit for limit in less if limit["figure"] == "params"]
    assert (params["at_most"], params["holds"]) == (730, False)
    assert check(HOLDS, "--max-params", "731.5").err == (
        "sepcost: --max-params: must be a whole number, or have a larger unit, got 731.5\n"
    )


def test_the_same_limit_twice_is_refused(check: Sepcost) -> None:
    assert check(M5, "--max-params", "1M", "--max", "params=2M").err == "sepcost: params is given 2 limits: give one\n"
    twice = ("--min-reduction", "macs=2", "--min-reduction", "macs=3")
    assert check(M5, *twice).err == "sepcost: reduction.macs is given 2 limits: give one\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--max", "parms=4M"),
            "--max: no figure is called 'parms'; did you mean `params`? (there are params, macs, flops, activations, "
            "weight_bytes, activation_bytes, traffic_bytes, peak_activation_bytes, macs_per_byte and time)",
        ),
        (
            ("--min-reduction", "mac=4"),
            "--min-reduction: no figure is called 'mac'; did you mean `macs`? (there are params, macs, activations, "
            "traffic_bytes and peak_activation_bytes)",
        ),
        (
            ("--max", "reduction.macs=8"),
            "--max: reduction.macs has a least, not a most: give --min-reduction macs=…",
        ),
        (("--max", "4M"), "--max: must be NAME=VALUE such as macs=600M, got 4M"),
        (("--max", ""), "--max: must be NAME=VALUE such as macs=600M, got nothing"),
        (("--min-reduction", "8"), "--min-reduction: must be NAME=VALUE such as macs=8, got 8"),
        (
            ("--max-params", "4.3B"),
            "--max-params: must be a count such as 4300000, 600k, 4.3M, 1.2G (k, M, G, T, P and E are powers of 1000), "
            "got 4.3B: a billion is G, and bytes are for figures in bytes",
        ),
        (
            ("--max", "traffic_bytes=17M"),
            "--max traffic_bytes: must be bytes such as 17000000, 512KiB, 16MiB (powers of 1024), 600kB, 17MB (powers "
            "of 1000), got 17M: MB is 1000² bytes, MiB is 1024²",
        ),
        (
            ("--max-weight-bytes", "17M"),
            "--max-weight-bytes: must be bytes such as 17000000, 512KiB, 16MiB (powers of 1024), 600kB, 17MB (powers "
            "of 1000), got 17M: MB is 1000² bytes, MiB is 1024²",
        ),
        (
            ("--min-reduction", "macs=0"),
            "--min-reduction macs: must be a number above 0 such as 8 or 7.5×, got 0",
        ),
        (("--max-growth", "2%"), "--max-growth says how much more than a baseline is allowed: give --baseline FILE"),
        (("--alpha", "0.5,1"), "check judges one version of a network: give one value for alpha"),
        (
            ("--rho", "0.5,1", "--alpha", "1,2"),
            "check judges one version of a network: give one value for alpha and rho",
        ),
        (("--resolution", "64,96"), "check judges one version of a network: give one value for resolution"),
        (("--rho", "0.5", "--resolution", "64"), "--rho and --resolution say the same thing: give one of them"),
        (("--batch", "1,8"), "--batch: must be a whole number, got 1,8"),
        (("--batch", "0"), "--batch: must be at least 1, got 0"),
        (("--flops-per-mac", "3"), "--flops-per-mac: must be 1 or 2, got 3"),
        (("-r", "none", "-r", "separable"), "-r none is the network as given: leave out the other replacements"),
        (("-r", "separabel"), "no replacement is called 'separabel'; did you mean `separable`?"),
        (("--format", "csv"), "--format: this command has no format 'csv': it has table, github, gitlab, html, json,"),
        (("--output", "x.csv"), "--output x.csv: its name says csv, which does not go here: give --format"),
        (("--output", M5), f"--output {M5}: is a source, and would be overwritten"),
        (
            ("--output", "configs/../configs/m5.yaml"),
            "--output configs/../configs/m5.yaml: is a source, and would be overwritten",
        ),
        (("--update-baseline", "-"), "--update-baseline writes a file: give its name"),
        (("--baseline", "-"), "--baseline reads a file: give its name"),
    ],
)  # fmt: skip
def test_a_wrong_command_line_gets_one_clear_line(check: Sepcost, arguments: tuple[str, ...], message: str) -> None:
    done = check(M5, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"sepcost: {message}")
    assert done.err.count("\n") == 1


def test_several_values_of_a_replacements_option_are_refused(check: Sepcost) -> None:
    done = check(M5, "-r", "separable:multiplier=1,2", "--max-params", "4M")
    expected = "sepcost: check judges one version of a network: give one value for multiplier\n"
    assert done == Run(2, "", expected)
    assert check(M5, "-r", "grouped:groups=1,2,4", "--max-params", "4M").code == 2


def test_multipliers_change_what_is_judged(sepcost_: Sepcost, check: Sepcost) -> None:
    for options in (("--alpha", "0.5"), ("--rho", "0.5"), ("--resolution", "160")):
        out = sepcost_("compare", VGG, *options, "--format", "json").out
        macs = json.loads(out)["networks"][0]["total"]["standard"]["macs"]
        assert check(VGG, *options, "--max-macs", str(macs)).code == 0
        assert check(VGG, *options, "--max-macs", str(macs - 1)).code == 1


def test_a_network_that_a_multiplier_breaks_could_not_be_judged(check: Sepcost) -> None:
    done = check(M5, UNET, "--resolution", "64x64", "--max-params", "4M")
    assert done.code == 2
    assert done.err.startswith(f"{M5}:")
    assert "U-Net" in done.out


def test_standard_input_is_a_source(check: Sepcost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO((ROOT / HOLDS).read_bytes())))
    done = check("-", "--max-params", "730", "--format", "json")
    (network,) = json.loads(done.out)["networks"]
    assert (done.code, network["source"], network["failures"]) == (1, "<stdin>", 1)


# Exit codes


def test_the_exit_code_says_whether_it_holds_fails_or_could_not_be_judged(check: Sepcost, tmp_path: Path) -> None:
    assert check(HOLDS).code == 0
    assert check(FAILS).code == 1
    assert check(HOLDS, FAILS).code == 1
    assert check(BROKEN).code == 2
    assert check(HOLDS, BROKEN).code == 2
    assert check(FAILS, BROKEN).code == 2
    assert check("missing.yaml", HOLDS).code == 2
    assert check(tmp_path, HOLDS).code == 2
    assert check(HOLDS, "--baseline", "missing.json").code == 2
    assert check(FAILS, "--baseline", BROKEN).code == 2


def test_what_can_be_judged_is_judged_beside_what_cannot(check: Sepcost) -> None:
    done = check(BROKEN, FAILS, "missing.yaml", "--format", "json")
    document = json.loads(done.out)
    assert (done.code, document["holds"]) == (2, False)
    assert [network["name"] for network in document["networks"]] == ["over budget"]
    problems = [(problem["source"], problem["line"], problem["message"]) for problem in document["problems"]]
    assert problems == [
        (BROKEN, 3, "must be at least 1, got 0"),
        (BROKEN, 4, "missing key `O`"),
        ("missing.yaml", 0, "cannot be read: no such file or directory"),
    ]
    assert done.err.splitlines() == [
        f"{BROKEN}:3:9: layers[0].K: must be at least 1, got 0",
        f"{BROKEN}:4:5: layers[1]: missing key `O`",
        "missing.yaml: cannot be read: no such file or directory",
    ]


def test_a_check_of_nothing_is_no_pass(check: Sepcost, tmp_path: Path) -> None:
    assert check(M5) == Run(2, "", NOTHING)
    assert check(M5, UNET, "--output", tmp_path / "out.json") == Run(2, "", NOTHING)
    assert list(tmp_path.iterdir()) == []
    assert check() == Run(2, "", "sepcost: nothing to check: give a YAML file, a folder or -\n")
    assert check("-", "-").err == "sepcost: - is standard input, and can be given once\n"


def test_what_was_not_checked_is_said_in_the_first_line(check: Sepcost, tmp_path: Path) -> None:
    def first(*arguments: str | Path) -> str:
        return check(*arguments).out.splitlines()[0]

    assert first(M5, UNET, "--update-baseline", tmp_path / "costs.json") == "2 networks: nothing checked"
    assert first(M5, "--update-baseline", tmp_path / "costs.json") == "1 network: nothing checked"
    assert first(M5, "--max-params", "1G") == "1 network: 1 check, it holds"
    assert first(M5, "--max-params", "1") == "1 network: 1 of 1 check fails"
    assert first(HOLDS, "missing.yaml") == "not passed: 1 problem; 1 network: none of 5 checks fails"
    assert first(HOLDS, BROKEN) == "not passed: 2 problems; 1 network: none of 5 checks fails"
    assert first(M5, "missing.yaml") == "not passed: 1 problem; 1 network: nothing checked"
    assert check("missing.yaml", "--format", "github").out.splitlines()[-1] == (
        "sepcost: nothing could be judged: 1 problem"
    )
    assert check("missing.yaml").out == ""


def test_a_network_without_a_budget_says_so_beside_one_that_has_one(check: Sepcost) -> None:
    done = check(HOLDS, M5)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "2 networks: 5 checks, all hold"
    (row,) = [line.split() for line in done.out.splitlines() if "nothing to check" in line]
    assert row == ["M5", "–", "nothing", "to", "check"]


def timeless(report: str) -> str:
    """A report without the seconds that each network took."""
    return re.sub(r'time="[0-9.]+"', "", report)


def test_output_is_written_whole_or_not_at_all(check: Sepcost, tmp_path: Path) -> None:
    for name, format_ in (("a.json", "json"), ("a.md", "markdown"), ("a.xml", "junit"), ("a.txt", "table")):
        for config, code in ((HOLDS, 0), (FAILS, 1)):
            assert check(config, "--output", tmp_path / name) == Run(code, "", "")
            written = (tmp_path / name).read_text(encoding="utf-8")
            assert timeless(written) == timeless(check(config, "--format", format_).out)
    before = (tmp_path / "a.md").read_bytes()
    assert check(BROKEN, "--output", tmp_path / "a.md").code == 2
    assert (tmp_path / "a.md").read_bytes() == before
    done = check(HOLDS, "--output", "no/such/a.md")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("sepcost: --output no/such/a.md: cannot be written: there is no folder")
    assert len(list(tmp_path.iterdir())) == 4


# Verification


def test_every_shipped_config_is_verified(sepcost_: Sepcost) -> None:
    done = sepcost_("check", "configs", "--format", "json")
    document = json.loads(done.out)
    assert (done.code, done.err, document["holds"]) == (0, "", True)
    assert len(document["networks"]) == len(list((ROOT / "configs").glob("*.yaml")))
    for network in document["networks"]:
        assert network["verified"] == {
            "torch": VERSION, "checked": network["verified"]["checked"], "mismatches": [], "unverified": []
        }  # fmt: skip
        assert network["verified"]["checked"] > 60


@pytest.mark.usefixtures("wrong_macs")
def test_a_spoiled_count_is_caught_in_every_shipped_config(sepcost_: Sepcost) -> None:
    document = json.loads(sepcost_("check", "configs", "--format", "json").out)
    assert document["holds"] is False
    for network in document["networks"]:
        assert network["failures"] >= 1
        assert {"layer", "variant", "part", "field", "sepcost", "torch"} == {*network["verified"]["mismatches"][0]}
    assert sepcost_("check", "configs").code == 1


@pytest.mark.usefixtures("wrong_macs")
@pytest.mark.parametrize("format_", ["table", "json", "markdown", "github", "junit"])
def test_every_format_names_layer_variant_field_and_both_values(
    sepcost_: Sepcost, tmp_path: Path, format_: str
) -> None:
    file = net(tmp_path, "name: small\ninput: {C: 32, H: 112}\nlayers:\n  - {name: body, K: 3, O: 64}\n")
    done = sepcost_("check", file, "--format", format_)
    assert (done.code, done.err) == (1, "")
    numbers = [(231_211_009, 231_211_008), (3_612_673, 3_612_672), (25_690_113, 25_690_112)]
    if format_ == "json":
        (network,) = json.loads(done.out)["networks"]
        found = network["verified"]["mismatches"]
        assert [(wrong["layer"], wrong["field"], wrong["sepcost"], wrong["torch"]) for wrong in found] == [
            ("body", "macs", *pair) for pair in numbers
        ]
        assert [(wrong["variant"], wrong["part"]) for wrong in found] == [
            ("standard", None), ("separable", "depthwise"), ("separable", "pointwise"),
        ]  # fmt: skip
        return
    places = [("body", "standard"), ("body", "separable", "depthwise"), ("body", "separable", "pointwise")]
    for place, (ours, theirs) in zip(places, numbers):
        rows = [line for line in done.out.splitlines() if all(word in line for word in (*place, "MACs", f"{ours:,}"))]
        assert rows
        assert all(f"{theirs:,}" in line for line in rows)
    if format_ in ("table", "markdown"):
        (row,) = [line for line in done.out.splitlines() if f"torch {VERSION}" in line and "but" not in line]
        assert "fails" in row
        assert " counts " in row
        assert re.search(r"\d+ of \d+", row)
    if format_ == "junit":
        (failure,) = ElementTree.fromstring(done.out).iter("failure")
        assert failure.get("message") == "3 counts not confirmed"
        assert (failure.text or "").splitlines() == [
            f"{': '.join(place)}: MACs are {ours:,}, but torch {VERSION} has {theirs:,}"
            for place, (ours, theirs) in zip(places, numbers)
        ]


@pytest.mark.usefixtures("wrong_macs")
def test_without_verification_nothing_is_found(check: Sepcost) -> None:
    assert check(HOLDS, "-r", "separable", "--max-macs", "1M").code == 0


def test_a_layer_that_torch_cannot_hold_is_said_and_not_counted(sepcost_: Sepcost, tmp_path: Path) -> None:
    small, huge = "{name: small, H: 8, C: 4, K: 3, O: 4}", "{name: huge, size: 2097152x1048576, C: 1048576, K: 1, O: 1}"
    alone = net(tmp_path, f"name: net\nlayers:\n  - {small}\n", "alone.yaml")
    both = net(tmp_path, f"name: net\nlayers:\n  - {small}\n  - {huge}\n", "both.yaml")
    done = sepcost_("check", both, "--format", "json")
    document = json.loads(done.out)
    expected = {"layer": "huge", "variant": "standard", "part": None, "reason": TOO_LARGE}
    assert (done.code, done.err, document["holds"]) == (0, "", True)
    assert document["networks"][0]["verified"]["unverified"] == [expected]
    (other,) = json.loads(sepcost_("check", alone, "--format", "json").out)["networks"]
    params_and_macs_of_both_totals = 2 * 2
    checked = other["verified"]["checked"] - params_and_macs_of_both_totals
    assert document["networks"][0]["verified"]["checked"] == checked
    required = sepcost_("check", both, "--verify")
    assert required.code == 2
    assert required.err == f"{both}:4:1: huge: standard: not verified: {TOO_LARGE}\n"
    for format_ in ("table", "markdown", "github", "junit"):
        assert "huge: standard: not verified: too large for torch" in sepcost_("check", both, "--format", format_).out


def test_a_verification_of_nothing_is_no_check(sepcost_: Sepcost, tmp_path: Path) -> None:
    huge = net(tmp_path, "layers: [{name: huge, size: 2097152x1048576, C: 1048576, K: 1, O: 1}]\n", "huge.yaml")
    assert sepcost_("check", huge) == Run(2, "", NOTHING)
    assert sepcost_("check", huge, "--verify").code == 2
    done = sepcost_("check", huge, "--max-params", "2M")
    assert (done.code, done.out.splitlines()[0]) == (0, "1 network: 1 check, it holds")
    (counts,) = [line.split() for line in done.out.splitlines() if f"torch {VERSION}" in line]
    assert counts[:2] == ["huge", "–"]
    (network,) = json.loads(sepcost_("check", huge, "--max-params", "2M", "--format", "json").out)["networks"]
    assert (network["checks"], network["failures"], network["verified"]["checked"]) == (1, 0, 0)


# torch is not there


@pytest.fixture
def without_torch(tmp_path: Path) -> Sepcost:
    """The command in a process that has no torch."""
    missing = "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')"
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(missing)
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    return lambda *arguments: in_a_process(*arguments, PYTHONPATH=path, GITHUB_ACTIONS="false")


def test_without_torch_the_budget_is_judged_and_what_is_skipped_is_said(without_torch: Sepcost) -> None:
    for format_ in ("table", "json", "markdown", "junit", "github"):
        done = without_torch("check", HOLDS, "--format", format_)
        assert done.code == 0
        assert INSTALL in f"{done.out}{done.err}".replace("\\", "").replace("&gt;", ">")
        for_machines = format_ in ("json", "junit")
        assert done.err == (f"sepcost: counts are not verified: {INSTALL}\n" if for_machines else "")
        if format_ in ("table", "markdown"):
            notes = done.out.splitlines()[-2:]
            assert notes[0].replace("\\", "").replace("&gt;", ">").removeprefix("- ") == f"Not verified: {INSTALL}."
            assert notes[1].removeprefix("- ") == "Memory is in float32."
        if format_ == "github":
            assert f"::warning title=sepcost::not verified: {INSTALL}" in done.out.splitlines()
        if format_ == "json":
            document = json.loads(done.out)
            assert document["not_verified"] == INSTALL
            assert "verified" not in document["networks"][0]
    assert without_torch("check", FAILS).code == 1


def test_without_torch_what_needs_it_says_what_to_install(without_torch: Sepcost) -> None:
    assert without_torch("check", HOLDS, "--verify") == Run(2, "", f"sepcost: {INSTALL}\n")
    done = without_torch("check", M5)
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(NOTHING)
    assert without_torch("compare", M5, "--format", "json").code == 0
    assert without_torch("check", HOLDS, "--no-verify").err == ""


# Whatever comes together


SOURCES = [HOLDS, FAILS, BROKEN, M5, "missing.yaml", "tests/configs/hostile.yaml", "tests/configs/check/stream.yaml"]
OPTIONS = st.tuples(
    some("--max-params", "4.3M", "1", "17MB", ""),
    some("--max-peak-activation-bytes", "512KiB", "0"),
    some("--max", "macs_per_byte=0.5", "flops=1G", "params=3", "params"),
    some("--min-reduction", "macs=8", "traffic_bytes=0.1", "peak_activation_bytes=1", "flops=2"),
    some("--baseline", "tests/configs/check/costs.json", BROKEN, "missing.json", "pyproject.toml"),
    some("--max-growth", "2%", "macs=10k", "traffic_bytes=1MiB", "flops=1%"),
    st.lists(st.sampled_from(["none", "separable", "blueprint", "grouped:groups=2", "inverted"]), max_size=2).map(
        lambda names: put_together([["-r", name] for name in names])
    ),
    some("--alpha", "0.5", "0.5,1", "2"),
    some("--rho", "0.5", "0.01"),
    some("--resolution", "64", "8000"),
    some("--batch", "8"),
    some("--dtype", "int8"),
    some("--flops-per-mac", "2"),
    st.sampled_from([["--no-verify"], ["--no-verify"], ["--no-verify"], [], ["--verify"]]),
    st.sampled_from([[], *(["--format", name] for name in format_names())]),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(SOURCES), max_size=3, unique=True), OPTIONS.map(list), st.booleans())
def test_no_options_end_in_an_internal_error(
    sepcost_: Sepcost, tmp_path: Path, sources: list[str], options: list[list[str]], update: bool
) -> None:
    written = ["--update-baseline", str(tmp_path / "costs.json")] if update else []
    done = sepcost_("check", *sources, *put_together(options), *written)
    assert done.code in (0, 1, 2)
    assert "internal error" not in done.err
    assert "Traceback" not in done.err
    assert done.out or done.code == 2
    if done.code == 2:
        assert done.err or "::error " in done.out
    if done.code == 1:
        assert "fail" in done.out or '"holds":false' in done.out

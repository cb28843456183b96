"""The command as its users meet it: each run is a process of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sepcost.version import __version__
from tests.commands import ROOT, Run, sepcost

ONE = ("-H", "112", "-C", "32", "-K", "3", "-O", "64")


def compare(*arguments: str, **options: Any) -> Run:
    return sepcost("compare", *arguments, **options)


def networks(*arguments: str, **options: Any) -> Any:
    run = compare(*arguments, "--format", "json", **options)
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)["networks"]


def test_long_and_short_names_say_the_same() -> None:
    long = ("--height", "112", "--width", "112", "--in-channels", "32", "--kernel-size", "3x3", "--out-channels", "64")
    assert compare(*long).out == compare(*ONE).out


def test_width_defaults_to_height() -> None:
    (network,) = networks("-H", "20", "-C", "3", "-K", "3", "-O", "4")
    assert network["layers"][0]["output"] == [4, 20, 20]
    (network,) = networks("-H", "20", "-W", "30", "-C", "3", "-K", "3", "-O", "4")
    assert network["layers"][0]["output"] == [4, 20, 30]


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        ((), "(no bias, padding same)"),
        (("--bias",), "(padding same)"),
        (("--no-bias", "--padding", "1"), "padding 1, on 112×112\n"),
        (("--padding", "same"), "(no bias)"),
    ],
)
def test_the_title_says_what_was_assumed(arguments: tuple[str, ...], title: str) -> None:
    run = compare(*ONE, *arguments)
    assert title in run.out.split("\n", 1)[0] + "\n"
    assert ("torch.nn.Conv2d has" in run.out) == ("(" in title)


def test_every_option_reaches_the_convolution() -> None:
    (network,) = networks(
        *("-H", "9", "-C", "4", "-K", "3x5", "-O", "8", "--stride", "2x1", "--padding", "1x2", "--dilation", "1x2"),
        *("--groups", "2", "--bias", "--norm", "batch", "--transposed", "--output-padding", "1x0"),
    )
    layer = network["layers"][0]
    assert layer["output"] == [8, 18, 13]
    assert (layer["kernel"], layer["stride"], layer["dilation"], layer["groups"]) == ([3, 5], [2, 1], [1, 2], 2)
    assert (layer["padding"], layer["output_padding"], layer["transposed"]) == ([1, 2], [1, 0], True)
    assert layer["standard"]["params"] == 2 * 8 * 15 + 8 + 16
    assert layer["standard"]["macs"] == 81 * 2 * 8 * 15
    assert layer["kept"] == "grouped"


def test_sources_of_every_kind() -> None:
    config = (ROOT / "configs" / "m5.yaml").read_text()
    found = networks("configs", "configs/vgg16.yaml", "-", stdin=f"{config}---\n{config}")
    assert [network["source"] for network in found[-3:]] == ["configs/vgg16.yaml", "<stdin>", "<stdin>"]
    assert [network["name"] for network in found].count("M5") == 3
    assert len(found) == len(list((ROOT / "configs").glob("*.yaml"))) + 1 + 2


def test_a_networks_own_replacements_give_way_to_the_command_line() -> None:
    (own,) = networks("configs/xception.yaml")
    assert list(own["total"]["replacements"]) == ["separable:inner_norm=false"]
    (given,) = networks("configs/xception.yaml", "-r", "blueprint", "-r", "blueprint", "-r", "separable")
    assert list(given["total"]["replacements"]) == ["blueprint", "separable"]


def test_multipliers_and_resolution() -> None:
    (half,) = networks("configs/mobilenet_v1.yaml", "--alpha", "0.5", "--rho", "0.714")
    assert (half["alpha"], half["rho"], half["input"]) == (0.5, 0.714, [3, 160, 160])
    (pixels,) = networks("configs/mobilenet_v1.yaml", "--alpha", "0.5", "--resolution", "160")
    assert pixels["total"] == half["total"]


def test_flops_per_mac_doubles_flops_alone() -> None:
    (one,), (two,) = networks(*ONE), networks(*ONE, "--flops-per-mac", "2")
    standard, doubled = one["layers"][0]["standard"], two["layers"][0]["standard"]
    assert doubled["flops"] == 2 * standard["flops"] == 2 * standard["macs"]
    assert {**doubled, "flops": 0} == {**standard, "flops": 0}
    assert "FLOPs = 2×MACs" in compare(*ONE, "--flops-per-mac", "2").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("net.yaml", "-H", "3"), "net.yaml and -H contradict each other: give sources or one convolution"),
        (("-C", "3", "-O", "3"), "missing -K: one convolution needs -C, -K and -O (and -H for a map)"),
        ((), "nothing to compare: give a YAML file, a folder or -, or one convolution by -C, -K and -O"),
        (("-C", "3", "-K", "3y5", "-O", "3"), "-K: must be a whole number, or sizes such as 3x5, got 3y5"),
        (("-C", "3", "-K", "1_0", "-O", "3"), "-K: must be a whole number, or sizes such as 3x5, got 1_0"),
        (("-C", "3", "-K", "3", "-O", "３"), "-O: must be a whole number, got ３"),
        (("-C", "", "-K", "3", "-O", "3"), "-C: must be a whole number, got nothing"),
        ((*ONE, "--alpha", "nan"), "--alpha: must be a positive number such as 0.75, got nan"),
        ((*ONE, "--rho", "0"), "--rho: must be between 0.001 and 1000, got 0"),
        ((*ONE, "--batch", "0"), "--batch: must be at least 1, got 0"),
        ((*ONE, "--flops-per-mac", "3"), "--flops-per-mac: must be 1 or 2, got 3"),
        (
            (*ONE, "-r", "separabel"),
            "no replacement is called 'separabel'; did you mean `separable`? (there are: separable, blueprint, ",
        ),
        (
            (*ONE, "-r", "separable:multiplyer=2"),
            "separable has no option 'multiplyer'; did you mean `multiplier`? "
            "(its options: multiplier, inner_norm, inner_bias, inner_activation)",
        ),
        ((*ONE, "-r", "separable:multiplier"), "separable: option multiplier needs a value, such as multiplier=1"),
        ((*ONE, "-r", "separable:multiplier=2.0"), "separable: option multiplier must be a whole number, got 2.0"),
        ((*ONE, "-r", "separable:inner_norm=no"), "separable: option inner_norm must be true or false, got no"),
        ((*ONE, "--size", "3"), "--size contradicts -H and -W: give one or the other"),
        (("-W", "3", "-C", "3", "-K", "3", "-O", "3"), "-W needs -H"),
        ((*ONE, "--resolution", "3"), "--resolution is for networks: -H gives the map of one convolution"),
        (
            ("-H", "3", "-C", "3", "-K", "5", "-O", "3", "--padding", "0"),
            "-K: 5×5 is larger than the padded input, 3×3",
        ),
        ((*ONE, "--groups", "5"), "--groups: must divide in_channels, got 5 groups of 32 channels"),
        (
            (*ONE, "--explain", "--format", "csv"),
            "--explain is for people: it goes with --format table, html, latex or markdown, not csv",
        ),
        (("-H", "3", "-C", "3", "-K", "3", "-O", "-4"), "-O: must not be negative, got -4"),
        (
            (*ONE, "--padding", "valid"),
            "--padding: must be same, a whole number, or sizes such as 1x2, got valid (valid is 0)",
        ),
        (("README.md", "--output", "README.md"), "--output README.md: is a source, and would be overwritten"),
        (("-C", "3", "-K", "3", "-O", "3", "--padding", "1x1x1"), "--padding: needs one number for each of 2 axes"),
        (("-C", "3", "-K", "3", "-O", "3", "--rho", "2"), "--rho scales a map, and there is no map: give -H"),
        (("configs", "--rho", "2", "--resolution", "3"), "--rho and --resolution say the same thing"),
        ((*ONE, "-r", "separable:multiplier=2,multiplier=3"), "separable is given an option twice"),
        (("-", "-"), "- is standard input, and can be given once"),
        ((*ONE, "--output", "no/such/file"), "--output no/such/file: cannot be written: there is no folder"),
        ((*ONE, "--output", "configs"), "--output configs: is a folder, not a file"),
        ((*ONE, "--formt", "csv"), "No such option: --formt"),
        ((*ONE, "--format", "xml"), "--format: this command has no format 'xml': it has table, arrow, csv,"),
        (("-C", "3", "-K"), "Option '-K' requires an argument"),
    ],
)
def test_a_wrong_command_line_gets_one_clear_line(arguments: tuple[str, ...], message: str) -> None:
    run = compare(*arguments)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"sepcost: {message}")
    assert run.err.count("\n") == 1


def test_a_network_that_cannot_be_scaled_is_reported_with_its_place() -> None:
    net = "input: {C: 3, H: 8}\nlayers:\n  - {K: 1, O: 12}\n  - {K: 3, O: 12, groups: 4}\n"
    run = compare("-", "--alpha", "0.5", stdin=net)
    message = "groups: must divide in_channels, got 4 groups of 6 channels, scaled by alpha 0.5 (layer 'conv2')"
    assert run.err == f"<stdin>:4:27: layers[1].{message}\n"
    assert (run.code, run.out) == (2, "")


def test_the_good_files_of_a_batch_are_evaluated(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("- {H: 8}\n")
    run = compare(str(tmp_path), "missing.yaml", "configs/m5.yaml")
    assert run.code == 2
    assert run.out.startswith("M5, input 1×8000")
    assert run.err.splitlines()[-1] == "sepcost: 2 of 3 networks could not be evaluated"


def test_a_network_that_cannot_have_this_resolution_is_skipped() -> None:
    plain = "- {H: 8, C: 3, K: 3, O: 4}\n- {H: 8, C: 3, K: 3, O: 4}\n"
    run = compare(
        "configs/vgg16.yaml", "-", "configs/unet.yaml", "--resolution", "160", "--format", "json", stdin=plain
    )
    assert run.code == 2
    assert [network["name"] for network in json.loads(run.out)["networks"]] == ["VGG-16", "U-Net"]
    assert run.err.startswith("<stdin>: resolution: the layers have inputs of their own; use rho")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
def test_names_that_the_system_refuses_do_not_stop_the_batch() -> None:
    run = compare("x" * 5000, "configs/m5.yaml")
    assert run.code == 2
    assert run.out.startswith("M5")
    assert ": cannot be read: file name too long" in run.err


def test_the_environment_names_a_default_format() -> None:
    assert compare(*ONE, SEPCOST_FORMAT="csv").out == compare(*ONE, "--format", "csv").out
    assert compare(*ONE, "--format", "json", SEPCOST_FORMAT="csv").out.startswith("{")
    run = compare(*ONE, SEPCOST_FORMAT="markdwn")
    assert (run.code, run.out) == (0, compare(*ONE).out)
    assert run.err == (
        "sepcost: SEPCOST_FORMAT=markdwn is ignored: this command has no format 'markdwn'; did you mean `markdown`?\n"
    )


def test_the_output_files_name_says_the_format(tmp_path: Path) -> None:
    for name, format_ in (("a.json", "json"), ("a.csv", "csv"), ("a.md", "markdown"), ("a.txt", "table")):
        assert compare(*ONE, "--output", str(tmp_path / name)).code == 0
        assert (tmp_path / name).read_text() == compare(*ONE, "--format", format_).out
    assert compare(*ONE, "--output", "-").out == compare(*ONE).out
    assert compare(*ONE, "--explain", SEPCOST_FORMAT="json").code == 0


def test_output_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    run = compare(*ONE, "--format", "json", "--output", str(target))
    assert (run.code, run.out, run.err) == (0, "", "")
    assert target.read_text() == compare(*ONE, "--format", "json").out
    before = target.read_bytes()
    assert compare("missing.yaml", "--output", str(target)).code == 2
    assert target.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["out.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX devices")
def test_output_to_devices() -> None:
    assert compare(*ONE, "--output", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


def test_version_and_help() -> None:
    assert sepcost("--version").out == f"sepcost {__version__}\n"
    run = compare("--help")
    assert run.code == 0
    assert "--kernel-size" in run.out
    assert sepcost("comapre").err == "sepcost: No such command 'comapre'. Did you mean 'compare'?\n"


def test_a_list_of_one_layer_shows_its_name() -> None:
    layer = "H: 8, C: 1, K: 3, O: 1"
    for stdin, title in ((f"- {{name: head, {layer}}}", "head: 3×3 conv"), (f"- {{{layer}}}", "3×3 conv")):
        assert sepcost("compare", "-", stdin=stdin).out.startswith(title)

"""What is small to write and large to do: refused with one line, or streamed, within bounds on time and memory."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.commands import ROOT, Run, clean_environment

SECONDS, MEMORY = 30, 2**31
"""Several times what docs/yaml.md promises: machines differ, and libraries reserve more than they use."""


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def bounded(*arguments: str, lines: int | None = None) -> Run:
    """A run within the bounds; it ends after this many lines of its output."""
    command = [sys.executable, "-m", "sepcost", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, preexec_fn=limited, cwd=ROOT, env=clean_environment(), text=True
    ) as running:
        if lines is None:
            out, err = running.communicate()
            return Run(running.returncode, out, err)
        assert running.stdout
        assert running.stderr
        out = "".join(running.stdout.readline() for _ in range(lines))
        running.kill()
        return Run(running.wait(), out, running.stderr.read())


CHAIN = "input: {C: 3, H: 8}\nlayers:\n"
NAMES = "".join(f"  - {{name: {'b' * 200}{number}, K: 3, O: 3}}\n" for number in range(60))
SHORT_NAMES = "".join(f"  - {{name: b{number}, K: 3, O: 3}}\n" for number in range(60))
BOMBS = {
    "a long name again and again": (
        CHAIN + f"  - {{name: {'a' * 50_000}, K: 3, O: 3, repeat: 100000}}\n",
        "layers[0].name: must have at most 250 characters, got aaaaaaaaaa…aaaaaaaaaa (50,000 characters)",
    ),
    "repetition": (
        CHAIN + "  - {K: 3, O: 3, repeat: 100000}\n",
        "layers[0].repeat: makes 100,000 layers, and the size of the file allows 50,000 (layer 'conv1')",
    ),
    "sums again and again": (
        CHAIN + f"  - {{name: a, K: 3, O: 3}}\n  - {{K: 3, O: 3, repeat: 50000, add: [{', '.join(['a'] * 50_000)}]}}\n",
        "layers[1].repeat: makes 2,500,000,001 layers, and the size of the file allows 50,000 (layer 'conv2')",
    ),
    "aliases": (
        "- &a {H: 8, C: 3, K: 3, O: 3}\n" + "- *a\n" * 99_999,
        "[50000]: makes 50,001 layers, and the size of the file allows 50,000 (layer 'conv50001')",
    ),
    "merges": (
        f"- &a {{{', '.join(f'k{number}: 1' for number in range(1000))}}}\n" + "- {<<: *a}\n" * 80_000,
        "aliases repeat more values than the size of the file allows",
    ),
    "an alias of a long text": (
        f"- {{H: 8, C: 3, O: 3, K: &a {'3x' * 200_000}}}\n" + "- {K: *a}\n" * 30_000,
        "aliases repeat more values than the size of the file allows",
    ),
    "unknown keys": (
        "".join(f"key{number}: 1\n" for number in range(20_000)) + "layers:\n  - {H: 8, C: 3, K: 3, O: 3}\n",
        "has more problems than are shown",
    ),
    "names that are nearly right": (
        CHAIN + NAMES + "".join(f"  - {{K: 3, O: 3, from: {'b' * 1995}c{n}}}\n" for n in range(450)),
        "layers[60].from: must have at most 250 characters, got bbbbbbbbbb…bbbbbbbbc0 (1,997 characters)",
    ),
    "wrong names in one layer": (
        CHAIN + SHORT_NAMES + f"  - {{K: 3, O: 3, from: [{', '.join(f'c{n}' for n in range(6000))}]}}\n",
        "has more problems than are shown",
    ),
    "layers under many replacements": (
        f"replace: [{', '.join(f'separable:multiplier={n}' for n in range(1, 1001))}]\n{CHAIN}"
        "  - {K: 3, O: 3, repeat: 10000}\n",
        "layers[0].repeat: makes 10,000 layers, and the size of the file allows 50 (layer 'conv1')",
    ),
}


@pytest.mark.parametrize(("text", "message"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_text(text, encoding="utf-8")
    run = bounded("compare", str(file))
    assert (run.code, run.out) == (2, "")
    assert any(line.startswith(f"{file}:") and line.endswith(message) for line in run.err.splitlines())
    assert len(run.err.splitlines()) <= 1001


def test_documents_of_a_stream_share_what_its_size_allows(tmp_path: Path) -> None:
    file = tmp_path / "many.yaml"
    file.write_text((CHAIN + "  - {K: 3, O: 3, repeat: 20000}\n---\n") * 50, encoding="utf-8")
    run = bounded("compare", str(file), "--rows", "totals", "--format", "csv")
    assert (run.code, len(run.out.splitlines())) == (2, 3)
    assert run.err.count("makes 20,000 layers, and the size of the file allows 10,000") == 48


def test_the_same_replacement_ten_thousand_times_is_one(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(f"replace: [{', '.join(['separable'] * 10_000)}]\n{CHAIN}  - {{K: 3, O: 3}}\n", encoding="utf-8")
    run = bounded("compare", str(file), "--rows", "totals", "--format", "csv")
    assert (run.code, len(run.out.splitlines())) == (0, 2)


CONV = ("compare", "-H", "8", "-C", "3", "-K", "3", "-O", "8")
MANY = ("-r", "separable:multiplier=1:1000000:1")


@pytest.mark.parametrize("source", [CONV, ("compare", "configs/mobilenet_v1.yaml")], ids=["convolution", "network"])
def test_sweeps_over_options_are_streamed(source: Sequence[str]) -> None:
    run = bounded(*source, *MANY, "--format", "csv", lines=4)
    header, *rows = (line.split(",") for line in run.out.splitlines())
    assert [row[header.index("options.multiplier")] for row in rows] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*CONV, *MANY), "more than 10,000 rows are too many for a table: use --format csv, or --top 20"),
        (
            (*CONV, "-r", f"bottleneck:{','.join(['ratio=0.001:1:0.001'] * 3)}"),
            "bottleneck is given an option twice: ratio\n",
        ),
        (
            ("compare", "configs/resnet50.yaml", *(f"-rseparable:multiplier={n}" for n in range(1, 500))),
            "more than 80,000 cells are too many for a table: use --format csv, or --top 20",
        ),
        (
            ("compare", "configs/vgg16.yaml", *(f"--include=*a{number}" for number in range(10_000))),
            "configs/vgg16.yaml: include: at most 100 globs with wildcards, got 10,000",
        ),
        ((*CONV, "--sort", "m" * 100_000), f"--sort: nothing is called '{'m' * 60}…' (docs/json.md has the names)"),
    ],
    ids=["replacements", "options", "columns", "globs", "sort"],
)
def test_what_would_take_too_long_is_one_line(arguments: Sequence[str], message: str) -> None:
    run = bounded(*arguments)
    assert run.code == 2
    assert message in run.err
    assert len(run.err.splitlines()) == 1


def test_many_networks_are_no_table(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(f"{CHAIN}  - {{K: 3, O: 3, repeat: 1001}}\n", encoding="utf-8")
    run = bounded("compare", *[str(file)] * 10, "-r", "none")
    message = "sepcost: more than 10,000 rows are too many for a table: use --format csv, or --top 20\n"
    assert (run.code, run.err) == (2, message)


def test_maps_that_are_read_twice_are_held_once(tmp_path: Path) -> None:
    """A vector that is concatenated with itself, forty times over: 2⁴⁰ features of one map."""
    file = tmp_path / "net.yaml"
    doubled = "".join(f"  - {{name: f{n + 1}, type: flatten, from: [f{n}, f{n}]}}\n" for n in range(40))
    file.write_text(f"input: {{C: 1, H: 1}}\nlayers:\n  - {{name: f0, type: flatten}}\n{doubled}", encoding="utf-8")
    run = bounded("compare", str(file), "--rows", "totals", "--format", "csv")
    assert (run.code, run.err) == (0, "")


WIDE = f"""input: {{C: 1, H: 1}}
layers:
  - {{name: a, K: 1, O: 1, repeat: 12000}}
  - {{name: wide, type: flatten, from: [{", ".join(f"a.{number}" for number in range(1, 12_001))}]}}
"""


@pytest.mark.parametrize(
    "layers",
    ["{type: flatten, repeat: 25000}", "{type: linear, O: 12000, add: wide, repeat: 12000}"],
    ids=["flattened", "added"],
)
def test_many_maps_that_are_read_again_and_again(layers: str, tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(f"{WIDE}  - {layers}\n", encoding="utf-8")
    run = bounded("compare", str(file), "--rows", "totals", "--format", "csv")
    assert (run.code, run.err) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [("check", "--no-verify", "DEVICE"), ("check", "--no-verify", "configs/m5.yaml", "--baseline", "DEVICE"),
     ("diff", "DEVICE", "configs/m5.yaml"), ("compare", "DEVICE")],
    ids=["check", "baseline", "diff", "compare"],
)  # fmt: skip
def test_a_device_is_no_file(arguments: Sequence[str], tmp_path: Path) -> None:
    device = tmp_path / "endless.yaml"
    device.symlink_to("/dev/zero")
    run = bounded(*(str(device) if argument == "DEVICE" else argument for argument in arguments))
    assert run.code == 2
    assert f"{device}: is a device, not a file\n" in run.err
    assert len(run.err.splitlines()) == 1


@pytest.mark.parametrize(
    "view",
    [
        (),
        (
            "--rows",
            "totals",
        ),
        ("--sort", "macs"),
    ],
    ids=str,
)
def test_no_top_is_too_high(view: Sequence[str]) -> None:
    run = bounded(*CONV[:-1], "8,16", *view, "--top", "9223372036854775808")
    assert (run.code, run.err) == (0, "")


def test_a_difference_of_many_layers_is_no_table(tmp_path: Path) -> None:
    for name, layers in (("before", 1), ("after", 10_002)):
        text = f"{CHAIN}  - {{K: 3, O: 3, repeat: {layers}}}\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    sides = (str(tmp_path / "before.yaml"), str(tmp_path / "after.yaml"))
    assert bounded("diff", *sides).err == "sepcost: more than 10,000 rows are too many for a table: use --format csv\n"
    assert len(bounded("diff", *sides, "--format", "csv").out.splitlines()) == 10_003

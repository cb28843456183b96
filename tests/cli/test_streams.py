"""Terminals, pipes that close, interruptions, and what is loaded."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sepcost.cli.commands import COMMANDS
from tests.commands import ROOT, clean_environment

posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals and signals of POSIX")
COMMAND = [sys.executable, "-m", "sepcost", "compare"]
ONE = ["-H", "112", "-C", "32", "-K", "3", "-O", "64"]


def on_terminal(arguments: list[str], columns: int, **environment: str) -> str:
    """What a terminal of this width receives on stdout and stderr."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env=clean_environment(TERM="xterm-256color", **environment),
    )
    os.close(theirs)
    received = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            piece = b""
        received += piece
        if not piece and process.poll() is not None:
            break
    os.close(ours)
    assert process.wait() == 0
    return received.decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


@posix
@pytest.mark.parametrize("columns", [60, 100, 200])
@pytest.mark.parametrize(
    "arguments",
    [
        ONE,
        ["configs/mobilenet_v1.yaml", "-r", "separable", "-r", "blueprint"],
        ["configs/vgg16.yaml"],
    ],
)
def test_a_terminals_width_is_kept(arguments: list[str], columns: int) -> None:
    lines = plain(on_terminal(arguments, columns)).splitlines()
    assert max(map(len, lines)) <= columns
    assert not any("…" in line for line in lines)
    assert any("7.89×" in line or "8.41×" in line for line in lines)
    assert columns < 200 or not any("Not shown" in line for line in lines)
    assert columns > 60 or any("Not shown" in line for line in lines)


@posix
def test_colour_is_for_terminals_that_want_it() -> None:
    assert "\x1b[" in on_terminal(ONE, 120)
    without = on_terminal(ONE, 120, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", without)
    assert plain(without) == plain(on_terminal(ONE, 120))
    forced = subprocess.run(
        [*COMMAND, *ONE],
        cwd=ROOT,
        env=clean_environment(FORCE_COLOR="1", TERM="xterm"),
        capture_output=True,
        check=True,
    ).stdout.decode()
    piped = subprocess.run([*COMMAND, *ONE], cwd=ROOT, env=clean_environment(), capture_output=True, check=True)
    assert "\x1b[" in forced
    assert [line.rstrip() for line in plain(forced).splitlines()] == piped.stdout.decode().splitlines()


@posix
def test_json_is_indented_for_the_eye_and_compact_in_a_pipe() -> None:
    shown = on_terminal([*ONE, "--format", "json"], 80)
    piped = subprocess.run([*COMMAND, *ONE, "--format", "json"], cwd=ROOT, capture_output=True, check=True).stdout
    assert json.loads(shown) == json.loads(piped)
    assert '\n  "networks": [' in shown
    assert len(piped) < len(shown)


@posix
def test_long_work_shows_a_bar_that_leaves_nothing_behind(tmp_path: Path) -> None:
    """The stream goes on until the bar is there, however long that takes."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "-", "--format", "csv", "--output", str(tmp_path / "out.csv")],
        stdin=subprocess.PIPE,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env=clean_environment(TERM="xterm-256color"),
    )
    os.close(theirs)
    assert process.stdin is not None
    received = b""
    deadline = time.monotonic() + 60
    while b"networks" not in received and time.monotonic() < deadline:
        process.stdin.write(b"---\n- {H: 8, C: 4, K: 3, O: 4}\n")
        process.stdin.flush()
        if select.select([ours], [], [], 0.02)[0]:
            received += os.read(ours, 65536)
    process.stdin.close()
    with contextlib.suppress(OSError):  # how a pseudo-terminal says that its other end is closed
        while piece := os.read(ours, 65536):
            received += piece
    assert process.wait() == 0
    os.close(ours)
    assert b"networks" in received
    assert plain(received.decode().rsplit("\x1b[2K", 1)[-1]).strip() == ""
    assert "networks" not in on_terminal(["configs/m5.yaml", "--output", str(tmp_path / "m5.txt")], 80)


@posix
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_text("".join(f"- {{H: 8, C: 3, K: 3, O: {n + 1}}}\n" for n in range(1000)))
    for format_ in ("json", "csv", "table", "markdown"):
        process = subprocess.Popen(
            [*COMMAND, str(large), "--format", format_], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert (process.wait(), process.stderr.read()) == (0, b"")
        process.stderr.close()


@posix
def test_help_may_be_cut_off_too() -> None:
    shell = f"{shlex.quote(sys.executable)} -m sepcost compare --help | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], cwd=ROOT, env=clean_environment(), capture_output=True)
    assert (done.stdout, done.stderr) == (b"0\n", b"")


@posix
def test_an_interruption_is_quiet() -> None:
    process = subprocess.Popen(
        [*COMMAND, "-", "--format", "jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b'{"layers": [{"C": 3, "K": 3, "O": 8, "H": 8}]}\n')
    process.stdin.flush()
    assert process.stdout.readline().startswith(b"{")
    time.sleep(0.5)  # it waits for more
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (130, b"", b"")


def modules_after(code: str) -> set[str]:
    """The modules that are loaded once this code has run."""
    program = f"{code}\nimport sys; sys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, env=clean_environment())
    return set(done.stderr.decode().split())


RUN = "from sepcost.cli.app import run; assert run({!r}) == 0"
HEAVY = {"torch", "numpy"}


@pytest.mark.parametrize("arguments", [ONE, ["configs/m5.yaml"]])
def test_neither_torch_nor_numpy_is_loaded(arguments: list[str]) -> None:
    loaded = modules_after(RUN.format(["compare", *arguments]))
    assert "sepcost.count.comparison" in loaded
    assert not loaded & HEAVY
    assert not {name for name in loaded if name.startswith(("sepcost.targets", "sepcost.sources.targets"))}


def test_times_load_neither_torch_nor_scipy() -> None:
    loaded = modules_after(RUN.format(["compare", *ONE, "--target", "example-cpu"]))
    assert "sepcost.targets.prediction" in loaded
    assert not {name.partition(".")[0] for name in loaded} & {"torch", "scipy", "sklearn"}


def test_the_test_above_can_fail() -> None:
    loaded = modules_after("import numpy; " + RUN.format(["compare", *ONE]))
    assert "numpy" in loaded & HEAVY


def test_one_convolution_loads_nothing_that_it_does_not_need() -> None:
    loaded = modules_after(RUN.format(["compare", *ONE]))
    assert not {name for name in loaded if name.startswith(("yaml", "sepcost.sources.yaml", "sepcost.network.scaling"))}
    assert not {f"sepcost.cli.{name}" for name in COMMANDS if name != "compare"} & loaded


def test_the_library_imports_without_any_dependency() -> None:
    loaded = modules_after("from sepcost import Conv; Conv((8, 8), 3, 4, 3).cost")
    assert not loaded & {"typer", "rich", "yaml", "pydantic"}

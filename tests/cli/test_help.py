"""``-h`` is one screen; ``--help`` has everything."""

from __future__ import annotations

import pytest

from sepcost.cli.commands import COMMANDS
from tests.commands import sepcost

COMMAND_LINES = [(name,) for name in COMMANDS]


@pytest.mark.parametrize("command", [(), *COMMAND_LINES])
def test_brief_help_is_one_screen(command: tuple[str, ...]) -> None:
    run = sepcost(*command, "-h")
    lines = run.out.splitlines()
    assert (run.code, run.err) == (0, "")
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80


def test_the_first_screen_has_what_people_come_for() -> None:
    screen = sepcost("-h").out
    examples = [line.strip() for line in screen.splitlines() if line.startswith("  sepcost ")]
    assert len(examples) == 7
    for word in ("--explain", "3,5,7", "mobilenet_v1", "torchvision", "check", "latex"):
        assert any(word in example for example in examples)
    assert sum(line.startswith("  -") for line in screen.splitlines()) == 13


@pytest.mark.parametrize("command", COMMAND_LINES)
def test_full_help_does_not_break_an_example(command: tuple[str, ...]) -> None:
    full = sepcost(*command, "--help", COLUMNS="80").out
    for line in sepcost(*command, "-h").out.splitlines():
        if line.startswith(("  sepcost ", "  git ")):
            assert line.strip() in full


def test_the_first_screens_examples_run() -> None:
    for example in sepcost("-h").out.splitlines():
        if example.startswith("  sepcost ") and "torchvision" not in example:
            run = sepcost(*example.split()[1:])
            assert run.code in (0, 1)
            assert "sepcost:" not in run.err or run.code == 1

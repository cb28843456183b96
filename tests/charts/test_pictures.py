"""The pictures of the docs are what their commands draw."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.commands import ROOT, sepcost

PICTURES = ROOT / "docs" / "pictures"
BY_HAND = {"separable.svg"}
PAGE = (ROOT / "docs" / "plot.md").read_text(encoding="utf-8")
DRAWN = [match.groups() for match in re.finditer(r"^(sepcost .*--plot (?:\w+=)?(\w+\.svg))$", PAGE, re.MULTILINE)]
COMMANDS = {name: command for command, name in reversed(DRAWN) if (PICTURES / name).exists()}
"""The first command that draws each: others are examples."""


def seen(picture: Path) -> tuple[list[str], int]:
    """The words of a picture, and how many shapes it has: letters may be a pixel wider on another machine."""
    root = ElementTree.parse(picture).getroot()
    return [text.strip() for text in root.itertext() if text.strip()], len(list(root.iter()))


def test_each_picture_has_its_command() -> None:
    assert {path.name for path in PICTURES.iterdir()} == {*COMMANDS} | BY_HAND


@pytest.mark.parametrize("name", COMMANDS)
def test_a_picture_is_what_its_command_draws(name: str, tmp_path: Path) -> None:
    run = sepcost(*COMMANDS[name].split()[1:], cwd=tmp_path)
    assert run.code == 0
    assert seen(tmp_path / name) == seen(PICTURES / name)


def test_the_diagram_describes_itself() -> None:
    (root,) = [ElementTree.parse(PICTURES / name).getroot() for name in BY_HAND]
    parts = {each.tag.rpartition("}")[2]: each.text for each in root}
    assert {"title", "desc"} <= {*parts}
    assert "prefers-color-scheme: dark" in str(parts["style"])


def test_pictures_that_pages_show_are_there() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for alt, target in re.findall(r"!\[(.*?)\]\((?!http)(.*?)\)", page.read_text(encoding="utf-8")):
            assert alt
            assert (page.parent / target).is_file(), target

"""README and docs show what really happens."""

from __future__ import annotations

import re
import sys
from doctest import DocTestParser, DocTestRunner
from pathlib import Path

import pytest

import sepcost
from sepcost.cli.commands import COMMANDS
from tests.commands import ROOT
from tests.shown import FILES, blocks, commands, output_of, ran, shown_as

SHOWN = [
    pytest.param(command, block, id=f"{file.name}: {command}") for file in FILES for command, block in blocks(file)
]
LISTED = sorted({command for file in FILES for command in commands(file)})

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the commands are written for a POSIX shell")


@pytest.mark.parametrize(("command", "block"), SHOWN)
def test_shown_output_is_what_the_command_prints(command: str, block: str) -> None:
    assert shown_as(command) == block


@pytest.mark.parametrize("command", LISTED)
def test_listed_commands_work(command: str) -> None:
    assert ran(command).code == 0


def test_the_readme_shows_both_commands_first() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines[:30] if line.startswith("pip install")] == [
        "pip install . && sepcost compare mobilenet_v1",
        "pip install -e '.[dev]' && pytest",
    ]


def test_the_readmes_python_does_what_its_comments_say() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    names: dict[str, object] = {}
    checked = 0
    for line in code.splitlines():
        expression, _, comment = line.partition("  #")
        if comment.strip().isdigit():
            assert eval(expression, names) == int(comment)
            checked += 1
        else:
            exec(line, names)
    assert checked == 3


def test_the_page_of_python_shows_what_python_prints() -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    text = "\n".join(re.findall(r"```pycon\n(.*?)```", page, re.DOTALL))
    shown = DocTestParser().get_doctest(text, {}, "docs/python.md", "docs/python.md", 0)
    assert DocTestRunner().run(shown) == (0, len(shown.examples))
    assert len(shown.examples) >= 15


def test_the_page_of_targets_reads_times_as_its_comments_say() -> None:
    page = (ROOT / "docs" / "target.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, object] = {}
    exec("".join(line for line in code.splitlines(keepends=True) if "  # " not in line), names)
    shown = [line.partition("  # ") for line in code.splitlines() if "  # " in line]
    assert [str(eval(expression, names)) for expression, _, _ in shown] == [comment for *_, comment in shown]
    assert len(shown) == 2


def test_the_block_of_ones_own_can_be_named(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "replacements.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "mine.py").write_text(code)
    options = "-H 8 -C 4 -K 3 -O 8 -r mine:halves:groups=2,4 --format csv --columns replacement.macs"
    out = output_of(f"cd {tmp_path} && sepcost compare {options}")
    expected = [8 * 8 * (4 * 8 * 9 // groups + 8 * 8) for groups in (2, 4)]
    assert [int(line.rpartition(",")[2]) for line in out.splitlines()[1:]] == expected


def test_the_readmes_yaml_is_a_config(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (text,) = [text for text in re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL) if "\nlayers:" in text]
    (tmp_path / "tiny.yaml").write_text(text)
    assert "tiny, input 3×32×32" in output_of(f"sepcost compare {tmp_path}/tiny.yaml")


def test_links_lead_somewhere() -> None:
    for file in FILES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text(encoding="utf-8")):
            assert (file.parent / target).exists(), f"{file.name}: {target}"


def test_every_command_has_a_page_with_its_help() -> None:
    for command in COMMANDS:
        page = ROOT / "docs" / f"{command}.md"
        assert f"sepcost {command} --help" in [command for command, _ in blocks(page)]


def test_every_public_name_has_an_example() -> None:
    for name in set(sepcost.__all__) - {"__version__"}:
        documented = getattr(sepcost, name)
        assert ">>> " in (documented.__doc__ or ""), name


def test_every_public_name_can_be_imported() -> None:
    assert set(sepcost.__all__) <= set(dir(sepcost))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sepcost.nothing

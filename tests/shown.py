"""The commands that Markdown files show with their output; ``python -m tests.shown`` runs and rewrites them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.commands import ROOT, Run, clean_environment, sepcost

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
OF_A_SHELL = re.compile("[|&;<>$*]")
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def output_of(command: str) -> str:
    """What a terminal shows of this command."""
    done = ran(command)
    return done.out + done.err


def ran(command: str) -> Run:
    """This command in the project's folder: by a shell where it needs one, otherwise in this process."""
    if not OF_A_SHELL.search(command):
        return sepcost(*shlex.split(command)[1:])
    here = str(Path(sys.executable).parent)
    environment = clean_environment()
    environment["PATH"] = f"{here}:{environment['PATH']}"
    done = subprocess.run(
        [shutil.which("bash") or "sh", "-c", command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )
    return Run(done.returncode, done.stdout.decode(), "")


def shown_as(command: str) -> str:
    return f"```console\n$ {command}\n{output_of(command)}```"


def blocks(file: Path) -> Iterator[tuple[str, str]]:
    """Each command with the block that shows it."""
    for match in BLOCK.finditer(file.read_text(encoding="utf-8")):
        command = match[1].split("\n", 1)[0].removeprefix("$ ")
        yield command, match[0]


def commands(file: Path) -> list[str]:
    """The commands of blocks that show no output."""
    lines = [line for match in SHELL.finditer(file.read_text(encoding="utf-8")) for line in match[1].splitlines()]
    return [line.split("  #")[0].strip() for line in lines if line.startswith("sepcost ")]


def rewrite() -> None:
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        for command, block in blocks(file):
            text = text.replace(block, shown_as(command))
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    rewrite()

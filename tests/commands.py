"""Running sepcost as its users do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHAPES_OUTPUT = (
    "SEPCOST_",
    "GITHUB_",
    "COLUMNS",
    "LINES",
    "TERMINAL_WIDTH",
    "NO_COLOR",
    "FORCE_COLOR",
    "PY_COLORS",
    "TTY_",
)
"""How variables begin that change what sepcost writes, or the libraries that draw for it."""


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str


Sepcost = Callable[..., Run]


def sepcost(*arguments: str, stdin: str | bytes = b"", cwd: Path = ROOT, **environment: str) -> Run:
    """One run of the command in a process of its own, with its output in pipes."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    command = [sys.executable, "-W", "error", "-m", "sepcost", *arguments]
    done = subprocess.run(command, input=data, capture_output=True, cwd=cwd, env=clean_environment(**environment))
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what would change how sepcost writes."""
    others = (*SHAPES_OUTPUT, "PYTHONUNBUFFERED", "PYTHONPATH", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**kept, "PYTHONPATH": str(ROOT), **more}

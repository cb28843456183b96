"""Running sepcost as its users do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from unittest.mock import patch

from sepcost import Network, load_all
from sepcost.guests.own_process import own_process

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
Spoil = Callable[[Callable[..., int]], None]
"""The fixture ``spoil``: it puts a wrong formula instead of a right one."""


def sepcost(*arguments: str, stdin: str | bytes = b"", cwd: Path = ROOT, **environment: str) -> Run:
    """One run of the command in this process, as if it had one of its own: its folder, variables, streams, modules."""
    from sepcost.cli.app import run

    data = stdin.encode() if isinstance(stdin, str) else stdin
    given, out, err = (TextIOWrapper(BytesIO(each), "utf-8") for each in (data, b"", b""))
    with _as_if_alone(cwd, environment), redirect_stdout(out), redirect_stderr(err), patch.object(sys, "stdin", given):
        code = run(arguments)
    return Run(code, _written(out), _written(err))


def networks_in(file: Path) -> list[Network]:
    """The networks of a file with nothing wrong in it."""
    networks = [item for item in load_all(file) if isinstance(item, Network)]
    assert len(networks) == len(list(load_all(file)))
    return networks


def in_a_process(*arguments: str, stdin: str | bytes = b"", cwd: Path = ROOT, **environment: str) -> Run:
    """One run of the command in a process of its own, with its output in pipes: where the process is the subject."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    command = [sys.executable, "-W", "error", "-m", "sepcost", *arguments]
    done = subprocess.run(command, input=data, capture_output=True, cwd=cwd, env=clean_environment(**environment))
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


@contextmanager
def _as_if_alone(cwd: Path, environment: dict[str, str]) -> Iterator[None]:
    """In another folder and environment; no module of that folder stays."""
    before, modules, variables = Path.cwd(), set(sys.modules), clean_environment(**environment)
    with own_process(), patch.object(sys, "path", sys.path.copy()), patch.dict(os.environ, variables, clear=True):
        os.chdir(cwd)
        try:
            yield
        finally:
            os.chdir(before)
            for name in set() if cwd == ROOT else set(sys.modules) - modules:
                if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(cwd)):
                    del sys.modules[name]


def _written(stream: TextIOWrapper) -> str:
    stream.flush()
    data = stream.buffer.getvalue()  # type: ignore[attr-defined]
    return data.decode()  # type: ignore[no-any-return]


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what would change how sepcost writes."""
    others = (*SHAPES_OUTPUT, "PYTHONUNBUFFERED", "PYTHONPATH", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**kept, "PYTHONPATH": str(ROOT), **more}

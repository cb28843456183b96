"""Text in the log of GitHub Actions, where a line may be a command to the runner."""

from __future__ import annotations

import os
import re

COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)", re.MULTILINE)
"""``::error::`` where a line begins, and ``##[error]`` anywhere in it (GitHub's runner, ActionCommand.cs)."""


def under_github() -> bool:
    """Whether GitHub Actions runs this."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def for_log(text: str) -> str:
    """The text; under GitHub Actions, with an escape for what would make a line of it a command."""
    return COMMAND.sub(_escaped, text) if under_github() else text


def _escaped(found: re.Match[str]) -> str:
    return r"\x23" if found[0] == "#" else rf"{found[1]}\x3a"

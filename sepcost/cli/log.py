"""Text in the log of GitHub Actions, where a line may be a command to the runner."""

from __future__ import annotations

import os
import re

COMMAND = re.compile(r"^\s*:(?=:)|(?<=#)#(?=\[)", re.MULTILINE)
"""``::error::`` where a line begins, and ``##[error]`` anywhere in it (GitHub's runner, ActionCommand.cs)."""


AS_TEXT = r"\x{:02x}"
"""How a character is written by its number where people read it."""


def under_github() -> bool:
    """Whether GitHub Actions runs this."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def for_log(text: str, escape: str = AS_TEXT) -> str:
    r"""The text; under GitHub Actions, with an escape in what would make a line of it a command.

    ``escape`` writes a character by its number, as the format of the text does: ``\u{:04x}`` in JSON.
    """
    if not under_github():
        return text
    return COMMAND.sub(lambda found: found[0][:-1] + escape.format(ord(found[0][-1])), text)

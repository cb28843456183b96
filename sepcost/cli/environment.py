"""The environment: variables with impossible values are ignored."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, MutableMapping

TERMINAL_SIZES = ("TERMINAL_WIDTH", "COLUMNS", "LINES")
"""Read by Typer, Rich and Python as sizes of the terminal."""
SIZE = re.compile("[1-9][0-9]{0,3}", re.ASCII)
COMPLETE = "_SEPCOST_COMPLETE"
"""What a shell sets to ask for completions, and runs the command without arguments."""
INSTRUCTION = re.compile("(complete|source)_(bash|zsh|fish|powershell|pwsh)")
ASKED = {
    "complete_bash": {"COMP_WORDS": re.compile(".*", re.DOTALL), "COMP_CWORD": re.compile("[0-9]{1,9}", re.ASCII)},
    "complete_pwsh": {"_TYPER_COMPLETE_ARGS": re.compile(".*", re.DOTALL)},
}
"""Variables that Typer needs for an answer."""


def tidy_environment(environment: MutableMapping[str, str] = os.environ, *, completes: bool = False) -> None:
    """Remove sizes that no terminal has, and requests for completion that no shell makes.

    >>> environment = {"COLUMNS": "99999999999", "LINES": "24", "_SEPCOST_COMPLETE": "complete_zsh"}
    >>> tidy_environment(environment)
    >>> environment
    {'LINES': '24'}
    """
    for name in TERMINAL_SIZES:
        if not SIZE.fullmatch(environment.get(name, "1")):
            del environment[name]
    if not (completes and _can_be_answered(environment)):
        environment.pop(COMPLETE, None)


def _can_be_answered(environment: Mapping[str, str]) -> bool:
    wanted = environment.get(COMPLETE, "")
    needed = ASKED.get(wanted, {}).items()
    return bool(INSTRUCTION.fullmatch(wanted)) and all(
        name in environment and form.fullmatch(environment[name]) for name, form in needed
    )

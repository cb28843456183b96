"""The environment: variables that say something impossible are taken for not set."""

from __future__ import annotations

import os
import re
from collections.abc import MutableMapping

SIZES = ("TERMINAL_WIDTH", "COLUMNS", "LINES")
"""Read by Typer, Rich and Python as sizes of the terminal."""
SIZE = re.compile("[1-9][0-9]{0,3}", re.ASCII)
COMPLETE = "_SEPCOST_COMPLETE"
"""What a shell sets to ask for completions."""
INSTRUCTION = re.compile("(complete|source)_(bash|zsh|fish|powershell|pwsh)")
COMPLETED = {"complete_bash": "COMP_WORDS", "complete_pwsh": "_TYPER_COMPLETE_ARGS"}
"""Without which Typer cannot answer."""


def tidy_environment(environment: MutableMapping[str, str] = os.environ) -> None:
    """Forget sizes that no terminal has, and requests for completion that no shell makes.

    >>> environment = {"COLUMNS": "99999999999", "LINES": "24", "_SEPCOST_COMPLETE": "complete_bash"}
    >>> tidy_environment(environment)
    >>> environment
    {'LINES': '24'}
    """
    for name in SIZES:
        if not SIZE.fullmatch(environment.get(name, "1")):
            del environment[name]
    wanted = environment.get(COMPLETE)
    if wanted is not None and (not INSTRUCTION.fullmatch(wanted) or COMPLETED.get(wanted, COMPLETE) not in environment):
        del environment[COMPLETE]

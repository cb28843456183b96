"""The commands by their names: each is imported, and its options are read, when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from typer import Typer
from typer.core import TyperGroup
from typer.main import get_command

NAMES = ("compare", "diff", "check", "replacements", "schema")
"""As help lists them. A command's module and function are called as it is."""


class Commands(TyperGroup):
    """A group that makes the one command which is asked for: making all of them took as long as comparing."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": dict.fromkeys(NAMES)})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; None where there is none."""
        if cmd_name not in NAMES:
            return None
        alone = Typer(add_completion=False, rich_markup_mode=self.rich_markup_mode)
        alone.command(cmd_name)(getattr(import_module(f"sepcost.cli.{cmd_name}"), cmd_name))
        return get_command(alone)

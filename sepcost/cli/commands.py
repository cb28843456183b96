"""The commands by their names: each is imported, and its options are read, when it is asked for."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from typing import Any

from typer import Typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from sepcost.cli.brief_help import format_list, with_brief
from sepcost.errors import SepcostError

COMMANDS = ("compare", "diff", "check", "replacements", "schema")
"""As help lists them. A command's module and function are called as it is."""


class Command(TyperCommand):
    """A command whose ``--format`` is described by its result, until help is printed."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with the names of the formats."""
        for parameter in self.params:
            if parameter.name == "format_":
                parameter.metavar = format_list(parameter.metavar) or parameter.metavar
        super().format_help(ctx, formatter)


class Gate(Command):
    """A command that refuses a second value for an option with one value: one of two limits would be ignored."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; SepcostError where only the last of several values would count."""
        typed = list(args)
        rest: list[str] = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            self._refuse_repeated(ctx, typed)
        return rest

    def _refuse_repeated(self, ctx: Any, typed: list[str]) -> None:
        _, _, in_order = self.make_parser(ctx).parse_args(typed)
        for parameter, times in Counter(in_order).items():
            if times > 1 and not parameter.multiple:
                name = "/".join((max(parameter.opts, key=len), *parameter.secondary_opts))
                raise SepcostError(f"{name} is given twice: give it once")


CLASSES = {"check": Gate}
"""The commands that are not read as all others are."""


class Commands(TyperGroup):
    """A group that makes only the command that is run: to make all of them took as long as to compare."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": dict.fromkeys(COMMANDS)})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        alone = Typer(add_completion=False, rich_markup_mode=self.rich_markup_mode)
        alone.command(cmd_name, cls=CLASSES.get(cmd_name, Command))(
            getattr(import_module(f"sepcost.cli.{cmd_name}"), cmd_name)
        )
        return with_brief(get_command(alone))

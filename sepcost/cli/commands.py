"""The commands by their names: each is imported, and its options are read, when it is asked for."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from typing import Any

from typer import Typer, TyperException
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from sepcost.cli.brief_help import format_list, with_brief
from sepcost.errors import SepcostError
from sepcost.text.wording import did_you_mean, in_one_line

COMMANDS = ("compare", "diff", "check", "bench", "target", "fit", "replacements", "schema")
"""As help lists them. A command's module, and its function or its group of commands, are called as it is."""


class Command(TyperCommand):
    """A command whose ``--format`` is described by its result, until help is printed."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with the names of the formats."""
        for parameter in self.params:
            if parameter.name == "format_":
                parameter.metavar = format_list(parameter.metavar) or parameter.metavar
        super().format_help(ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; a SepcostError that names the option of the other case."""
        try:
            rest: list[str] = super().parse_args(ctx, args)
        except TyperException as error:
            typed = getattr(error, "option_name", "")
            other = typed.swapcase()
            if len(typed) == 2 and any(other in option.opts for option in self.params):
                raise SepcostError(f"No such option: {typed}; did you mean `{other}`?") from None
            raise
        return rest


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

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; a SepcostError where the command is missing."""
        first = next(iter(args), "")
        if first.startswith("-") and not any(first in option.opts for option in self.params) and first != "--help":
            if any(first in option.opts for option in self.get_command(ctx, COMMANDS[0]).params):
                raise SepcostError(f"the command is missing: sepcost {COMMANDS[0]} {first} …")
        elif first and not first.startswith("-") and first not in COMMANDS and not did_you_mean(first, COMMANDS):
            raise SepcostError(f"there is no command {in_one_line(first, 60)!r}: for a source, sepcost compare {first}")
        rest: list[str] = super().parse_args(ctx, args)
        return rest

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"sepcost.cli.{cmd_name}"), cmd_name)
        if isinstance(found, Typer):
            group: Any = get_command(found)
            for command in group.commands.values():
                with_brief(command)
            return with_brief(group)
        alone = Typer(add_completion=False, rich_markup_mode=self.rich_markup_mode)
        alone.command(cmd_name, cls=CLASSES.get(cmd_name, Command))(found)
        return with_brief(get_command(alone))

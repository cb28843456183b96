"""``-h``: help on one screen, with the examples of a command and the options that most people use."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Annotated, Any

import typer

WIDTH = 80
"""The columns of a screen."""
INDENT = 30
PLAIN = re.compile(r"\[:|\|FILE")
"""What follows the usual form of a value."""
PART = re.compile(r"[.;](?= |$)")
USED: Mapping[str, Sequence[str]] = {
    "compare": (
        "-H", "-C", "-K", "-O", "--stride", "-r", "--alpha", "--input", "--rows", "--sort", "--columns", "--format",
        "--output",
    ),
    "bench": (
        "-H", "-C", "-K", "-O", "-r", "--input", "--runtime", "--device", "--threads", "--batch", "--dtype", "--whole",
        "--sort", "--format", "--output",
    ),
    "fit": (
        "--weights", "--input", "--data", "--score", "--distil", "-r", "--max-macs", "--max-params", "--max-time",
        "--min-energy", "--save-plan", "--save-weights", "--save-model", "--format", "--output",
    ),
    "check": (
        "--max-params", "--max-macs", "--min-reduction", "--baseline", "--max-growth", "--update-baseline", "-r",
        "--include", "--input", "--verify", "--format", "--output",
    ),
}  # fmt: skip
"""The options of commands that have too many for a screen."""


def brief(context: Any) -> str:
    """A command's usage, examples and usual options; for the program itself, those of compare, and how to check."""
    command = context.command
    inner = getattr(command, "commands", {})
    names = inner if "compare" in inner else None
    described = [command.get_command(context, name) for name in ("compare", "check")] if names else [command]
    usage = f"{'|'.join(inner)} …" if inner else " ".join(command.collect_usage_pieces(context))
    summary, *paragraphs = _paragraphs(described[0])
    for other in described[1:]:
        paragraphs += _paragraphs(other)[1:3]
    title = f"Options of {described[0].name}" if names else "Options"
    lines = [
        f"Usage: {context.command_path} {usage}",
        "",
        *wrap(command.help if names else summary, WIDTH, break_on_hyphens=False),
    ]
    lines += [""] * bool(paragraphs)
    lines += [f"{'' if text.endswith(':') else '  '}{text}" for text in paragraphs]
    options = list(_options(described[0]))
    if options:
        full = f"{context.command_path}{' COMMAND' * bool(names)} --help"
        lines += ["", f"{title} ({full} has all of them)", *options]
    return "\n".join(lines) + "\n"


def _paragraphs(command: Any) -> list[str]:
    return [" ".join(text.split()) for text in (command.help or "").split("\n\n")]


def _options(command: Any) -> Iterator[str]:
    used = USED.get(command.name)
    for option in command.params:
        name = option.opts[0]
        if name.startswith("-") and name != "-h" and (used is None or name in used):
            is_format = option.name == "format_"
            metavar = "NAME" if is_format else PLAIN.split(option.metavar or "")[0]
            text = format_list(option.metavar) if is_format else _first_part(option.help)
            first, *more = wrap(text, WIDTH - INDENT, break_on_hyphens=False)
            yield f"{f'  {name} {metavar}':{INDENT}}{first}"
            yield from (f"{'':{INDENT}}{line}" for line in more)


def format_list(result: Any) -> str:
    """The formats of this result; only for help are all of them imported."""
    from sepcost.formats.registry import names_of, writing

    return "|".join(names_of(writing(result)))


def _first_part(text: str) -> str:
    """The first sentences of a help text that fit a line; the first one if it does not."""
    ends = [match.start() for match in PART.finditer(text)]
    return text[: max((end for end in ends if end < WIDTH - INDENT), default=ends[0])] + "."


def _print(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        sys.stdout.write(brief(context))
        raise typer.Exit


Brief = Annotated[
    bool,
    typer.Option(
        "-h", callback=_print, is_eager=True, expose_value=False, help="One screen: examples and the usual options."
    ),
]


def with_brief(command: Any) -> Any:
    """The command with the option ``-h``."""

    def only(brief: Brief = False) -> None: ...

    alone = typer.Typer(add_completion=False)
    alone.command()(only)
    command.params += typer.main.get_command(alone).params
    return command

"""The command ``sepcost``: the one place for exit codes and for turning exceptions into messages."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from sepcost.cli.brief_help import Brief
from sepcost.cli.commands import Commands
from sepcost.cli.environment import tidy_environment
from sepcost.cli.streams import complain, prepare_streams
from sepcost.errors import ConfigError, MiscountError, SepcostError
from sepcost.tasks.files import unwritten
from sepcost.version import __version__

FINE, DIFFERS, USAGE, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="sepcost",
    cls=Commands,
    help="What do I gain, and what do I lose, if this convolution becomes a depthwise-separable one?",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"sepcost {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    brief: Brief = False,
) -> None:
    try:
        os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        raise SepcostError("the current folder is not there any more") from None


def run(arguments: Sequence[str]) -> int:
    """Run the command; every outcome is an exit code and, where it is not 0, a message on stderr.

    >>> run(["compare", "-C", "3"])
    2
    """
    try:
        tidy_environment(completes=not arguments)
        prepare_streams()
        code = int(app(list(arguments), prog_name="sepcost", standalone_mode=False) or FINE)
        sys.stdout.flush()
        return code
    except typer.Exit as exit_:
        return exit_.exit_code
    except typer.TyperException as error:
        message = error.format_message().replace("Value error, ", "")  # pydantic's words inside of Typer's
        if message:
            complain(message)
    except MiscountError as error:
        complain(error)
        return DIFFERS
    except ConfigError as error:
        complain(*error.problems)
    except SepcostError as error:
        complain(error)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit:  # how Typer ends what completes a command
        return FINE
    except OSError as error:
        complain(unwritten(error.filename or "stdout", error))
    except RecursionError:
        complain("the input is nested too deep")
    except Exception as error:
        if "SEPCOST_DEBUG" in os.environ:
            raise
        complain(f"internal error, please report it: {type(error).__name__}: {error} (SEPCOST_DEBUG=1 shows where)")
    return USAGE

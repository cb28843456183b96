"""``sepcost diff``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sepcost.cli import options as o
from sepcost.cli.formats import ESCAPES, Format, chosen_format, chosen_output, refuse_other_formats
from sepcost.cli.overwriting import code_files, refuse_link, refuse_overwriting
from sepcost.cli.progress import Waiting
from sepcost.cli.reading import asked_verifier, read_convention
from sepcost.cli.streams import complain_about, write
from sepcost.errors import ConfigError, SepcostError
from sepcost.sources.models import ModelOptions

if TYPE_CHECKING:
    from sepcost.judge.difference import Difference

FORMATS = (Format.TABLE, Format.JSON, Format.CSV, Format.MARKDOWN)
SAME, DIFFERENT, BAD = 0, 1, 2


def diff(
    before: Annotated[
        str, typer.Argument(help="A YAML file, the JSON of sepcost compare, a model, or -.", metavar="BEFORE")
    ],
    after: Annotated[str, typer.Argument(help="What it is set against.", metavar="AFTER")],
    inputs: o.Inputs = None,
    device: o.RunOn = o.Device.META,
    run_models: o.RunModels = False,
    batch: o.Batch = "1",
    dtype: o.StoredAs = None,
    flops_per_mac: o.FlopsPerMac = "1",
    verify: o.Verify = False,
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format", help="table unless told otherwise.", metavar="table|json|csv|markdown", rich_help_panel=o.OUTPUT
        ),
    ] = None,
    output: o.OutputFile = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if they differ, as git does.", rich_help_panel=o.OUTPUT)
    ] = False,
) -> int:
    """Two networks, or two versions of one, against each other: layer by layer, and in total.

    sepcost diff main.yaml branch.yaml

    git show main:net.yaml | sepcost diff - net.yaml --format markdown
    """
    output = chosen_output(output)
    refuse_other_formats(format_, FORMATS)
    refuse_overwriting([before, after, *code_files([before, after, *(inputs or ())])], output)
    refuse_link(output)
    format_ = chosen_format(format_, FORMATS, output)
    if before == after == "-":
        raise SepcostError("- stands for standard input, and can be one side only")
    convention = read_convention(flops_per_mac, dtype and dtype.value, batch)
    waiting = Waiting("files")
    verifier = asked_verifier(verify, waiting)
    models = ModelOptions.read(inputs, device.value, run_models, (before, after), batch)
    try:
        with waiting:
            from sepcost.tasks.diff import difference as task

            difference = task(before, after, convention, models, verifier, waiting)
            text = _rendered(difference, format_, to_stdout=output is None)
    except ConfigError as error:
        complain_about(error.problems)
        return BAD
    write([text], output, escape=ESCAPES[format_])
    if verifier is not None and verifier.mismatches:
        return DIFFERENT
    return DIFFERENT if exit_code and not difference.is_empty else SAME


def _rendered(difference: Difference, format_: Format, *, to_stdout: bool) -> str:
    if format_ is Format.JSON:
        from sepcost.formats.comparison_json import indented
        from sepcost.formats.difference_json import difference_json

        text = difference_json(difference)
        return indented([text]) if to_stdout and sys.stdout.isatty() else text
    if format_ is Format.CSV:
        from sepcost.formats.difference_csv import difference_csv

        return difference_csv(difference)
    if difference.is_empty:
        return _one_line(difference, format_)
    from sepcost.cli.shown import refuse_too_large
    from sepcost.sheets.difference_sheets import difference_sheets

    sheets = difference_sheets(difference)
    refuse_too_large(sheets, "use --format csv")
    if format_ is Format.MARKDOWN:
        from sepcost.formats.markdown_tables import markdown

        return markdown(sheets)
    from sepcost.formats.terminal import draw, terminal

    return draw(*terminal(to_stdout), sheets)


def _one_line(difference: Difference, format_: Format) -> str:
    from sepcost.formats.markdown_tables import escaped
    from sepcost.sheets.difference_sheets import nothing_changed
    from sepcost.sheets.notes import caveats, verified_note
    from sepcost.text.harmless import harmless

    before, after = difference.before, difference.after
    uncounted = caveats(before.network, after.network)
    lines = [nothing_changed(difference), *uncounted, *verified_note(before.verified, after.verified)]
    return "".join(f"{escaped(line) if format_ is Format.MARKDOWN else harmless(line)}\n" for line in lines)

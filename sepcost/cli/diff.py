"""``sepcost diff``."""

from __future__ import annotations

from typing import Annotated

import typer

from sepcost.cli import options as o
from sepcost.cli.formats import chosen_format, chosen_output
from sepcost.cli.option_values import read_convention
from sepcost.cli.overwriting import code_files, refuse_link, refuse_overwriting
from sepcost.cli.plot import Pictures, Plot
from sepcost.cli.progress import Waiting
from sepcost.cli.streams import complain, write
from sepcost.errors import ConfigError, SepcostError
from sepcost.formats.format import FormatOptions
from sepcost.formats.registry import AskedFormat, writing
from sepcost.sources.model_options import ModelOptions, ProgramOptions
from sepcost.tasks.replacement_texts import plan_of_file
from sepcost.tasks.verifier import asked_verifier

SAME, DIFFERENT, BAD = 0, 1, 2


def diff(
    before: Annotated[
        str, typer.Argument(help="A YAML file, the JSON of sepcost compare, a model, or -.", metavar="BEFORE")
    ],
    after: Annotated[str, typer.Argument(help="What it is set against.", metavar="AFTER")],
    inputs: o.Inputs = None,
    dims: o.Dims = None,
    values: o.Values = None,
    graph_limit: o.GraphLimit = None,
    device: o.RunOn = "meta",
    run_models: o.RunModels = False,
    fold_norms: o.FoldNorms = False,
    batch: o.Batch = "1",
    dtype: o.StoredAs = None,
    flops_per_mac: o.FlopsPerMac = "1",
    plan: o.PlanFile = None,
    target: o.Target = None,
    verify: o.Verify = False,
    format_: Annotated[AskedFormat | None, o.format_option("difference")] = None,
    output: o.OutputFile = None,
    plot: Plot = None,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="Exit with 1 if they differ, as git does.", rich_help_panel=o.OUTPUT),
    ] = False,
) -> int:
    """Two networks, or two versions of one, against each other: layer by layer, and in total.

    Two files:

    sepcost diff main.yaml branch.yaml

    The last commit and the working tree, for a pull request:

    git show main:net.yaml | sepcost diff - net.yaml --format markdown
    """
    output = chosen_output(output)
    read = [before, after, *filter(None, [plan]), *code_files([before, after, *(inputs or ())])]
    refuse_overwriting(read, output)
    refuse_link(output)
    asked = chosen_format(format_, writing("difference"), output)
    if before == after == "-":
        raise SepcostError("- is standard input, and can be one side only")
    convention = read_convention(flops_per_mac, dtype, batch)
    waiting = Waiting("files")
    pictures = Pictures(plot, "difference", read, output)
    verifier = asked_verifier(verify, waiting.complain)
    file = ProgramOptions.read(dims, values, graph_limit)
    sides = (before, after)
    models = ModelOptions.read(inputs, device, run_models, sides, batch, fold_norms=fold_norms, file=file)
    carried_out = plan_of_file(plan) if plan else None
    try:
        with waiting:
            from sepcost.tasks.diff import difference as task
            from sepcost.tasks.figures import asked_target

            difference = task(before, after, convention, models, verifier, waiting, asked_target(target), carried_out)
            text = asked.format.difference(difference, FormatOptions(to_stdout=output is None, **asked.options))
    except ConfigError as error:
        complain(*error.problems)
        return BAD
    write([text], output, escape=asked.format.escape)
    pictures.write(difference)
    if verifier is not None and verifier.mismatches:
        return DIFFERENT
    return DIFFERENT if exit_code and not difference.is_empty else SAME

"""``sepcost compare``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sepcost.blocks.replacements import ReplaceIf
from sepcost.cli import options as o
from sepcost.cli.contradictions import (
    refuse_contradictions,
    refuse_figures_of_replacements,
    refuse_saving_plan,
    refuse_scaling_without_a_map,
)
from sepcost.cli.convolution import ConvolutionOptions
from sepcost.cli.formats import chosen_format, chosen_output
from sepcost.cli.option_values import multiplier_sweep, read_convention
from sepcost.cli.overwriting import code_files, refuse_link, refuse_overwriting
from sepcost.cli.plot import Pictures, Plot
from sepcost.cli.progress import Waiting
from sepcost.cli.streams import write
from sepcost.errors import SepcostError
from sepcost.formats.format import Format, FormatOptions, ResultName
from sepcost.formats.people import refuse_too_many
from sepcost.formats.registry import writing
from sepcost.network.selection import Selection
from sepcost.sources.model_options import ModelOptions, ProgramOptions
from sepcost.tasks.convolution_sweep import ConvolutionSweep
from sepcost.tasks.figures import asked_target
from sepcost.tasks.job import Job
from sepcost.tasks.replacement_texts import asked_replacements
from sepcost.tasks.verifier import asked_verifier
from sepcost.tasks.viewing import chosen_view
from sepcost.text.wording import listed


def compare(
    sources: o.Sources = None,
    height: o.Height = None,
    width: o.Width = None,
    in_channels: o.InChannels = None,
    kernel_size: o.KernelSize = None,
    out_channels: o.OutChannels = None,
    size: o.Size = None,
    stride: o.Stride = None,
    padding: o.Padding = None,
    output_padding: o.OutputPadding = None,
    dilation: o.Dilation = None,
    groups: o.Groups = None,
    bias: o.Bias = None,
    norm: o.NormBehind = None,
    transposed: o.Transposed = None,
    inputs: o.Inputs = None,
    dims: o.Dims = None,
    values: o.Values = None,
    graph_limit: o.GraphLimit = None,
    device: o.RunOn = "meta",
    run_models: o.RunModels = False,
    replacements: o.Replacements = None,
    plan: o.PlanFile = None,
    replace_if: o.WhenReplaced = ReplaceIf.ALWAYS,
    include: o.Include = None,
    exclude: o.Exclude = None,
    alpha: o.Alpha = "1",
    rho: o.Rho = "1",
    resolution: o.Resolution = None,
    fold_norms: o.FoldNorms = False,
    batch: o.Batch = "1",
    dtype: o.StoredAs = None,
    flops_per_mac: o.FlopsPerMac = "1",
    target: o.Target = None,
    verify: o.Verify = False,
    rows: o.RowsShown = None,
    columns: o.Columns = None,
    sort: o.Sort = None,
    join: o.Join = None,
    pareto: o.Pareto = None,
    filters: o.Filters = None,
    top: o.Top = None,
    format_: o.OutputFormat = None,
    output: o.OutputFile = None,
    save_plan: Annotated[
        Path | None,
        typer.Option(help="What replaces each layer, as a file for --plan.", metavar="FILE", rich_help_panel=o.OUTPUT),
    ] = None,
    plot: Plot = None,
    explain: o.Explain = False,
) -> int:
    """What each convolution costs, and what its replacements would cost.

    One convolution, explained formula by formula:

    sepcost compare -H 112 -C 32 -K 3 -O 64 --explain

    Every combination of its numbers, as data:

    sepcost compare -H 56 -C 64 -K 3,5,7 -O 64:256:64 --format csv

    A network, shipped or in YAML, with other replacements:

    sepcost compare mobilenet_v1 --alpha 0.5 -r separable -r blueprint

    A PyTorch model (this runs its code):

    sepcost compare torchvision.models:resnet50 --input 3x224x224

    The times that it takes on a machine, and would take:

    sepcost compare mobilenet_v1 --target example-cpu

    A table for a paper:

    sepcost compare vgg16 resnet50 --rows totals --format latex:precision=3
    """
    one = ConvolutionOptions(
        height, width, size, in_channels, kernel_size, out_channels, stride, padding, output_padding, dilation, groups,
        bias, norm, transposed or None,
    )  # fmt: skip
    files, output = sources or [], chosen_output(output)
    result: ResultName = "derivation" if explain else "comparisons"
    asked = chosen_format(format_, writing(result), output)
    shape = {
        "rows": rows, "columns": columns, "sort": sort, "top": top, "verify": verify, "join": join, "pareto": pareto,
        "filter": filters, "target": target, "plot": plot,
    }  # fmt: skip
    typed, selected = format_.options if format_ else (), bool(include or exclude or plan)
    refuse_contradictions(
        files, one, asked.format, typed, explain=explain, selected=selected, folded=fold_norms, **shape
    )
    refuse_scaling_without_a_map(rho, resolution, bool(one.given), one.has_map)
    read = [*files, *filter(None, [plan]), *code_files([*files, *(replacements or ()), *(inputs or ())])]
    for option, path in (("--output", output), ("--save-plan", save_plan)):
        refuse_overwriting(read, path, option)
        refuse_link(path, option)
    pictures = Pictures(plot, "comparisons", read, output)
    chosen, swept_options = asked_replacements(replacements, plan)
    selection = Selection(tuple(include or ()), tuple(exclude or ()))
    file = ProgramOptions.read(dims, values, graph_limit)
    models = ModelOptions.read(inputs, device, run_models, files, batch, fold_norms=fold_norms, file=file)
    multipliers = multiplier_sweep(alpha, rho, resolution, batch)
    convention = read_convention(flops_per_mac, dtype)
    sweep = multipliers if files else one.sweep().with_axes(*multipliers.axes)
    waiting = Waiting("combinations" if sweep.names else "networks")
    verifier = asked_verifier(verify, waiting.complain)
    if asked.format.one_convolution and sweep.names:
        raise SepcostError(f"{asked.format.name} writes one convolution: give one value for {listed(sweep.names)}")
    profile = asked_target(target, replace_if)
    view = chosen_view(
        rows, columns, sort, top, join, pareto, filters, sweep, chosen, swept_options,
        of_networks=not files, timed=profile is not None,
    )  # fmt: skip
    if chosen == []:
        refuse_figures_of_replacements(columns, sort, filters)
    refuse_saving_plan(files, chosen, output, save_plan, several=bool(view.swept))
    job = Job(
        chosen, convention, multipliers, selection, models, replace_if, profile, verifier, waiting, view,
        at_once=asked.format.at_once and not pictures, alone=explain, keeps_first=save_plan is not None,
    )  # fmt: skip
    if not (pareto or filters) and (top is None or not files):
        _refuse_too_many(job.rows(sweep.size), asked.format, pictures)
    assumed = () if files else one.assumed
    options = FormatOptions(view, job.convention, assumed, to_stdout=output is None, **asked.options)
    with waiting:
        compared = job.networks(files) if files else ConvolutionSweep(one.network, sweep, job).combinations()
        chunks = asked.format.written(result, pictures.of(compared), options)
        if output is None and sys.stdout.isatty():
            chunks = list(chunks)
            waiting.stop()
        write(chunks, output, escape=asked.format.escape)
        pictures.write(view=view, assumed=assumed)
    _save_plan(job, save_plan)
    return job.exit_code


def _refuse_too_many(rows: int, format_: Format, pictures: Pictures) -> None:
    pictures.refuse_many(rows)
    if format_.audience == "people":
        refuse_too_many(rows)


def _save_plan(job: Job, path: Path | None) -> None:
    """Save the plan of the only network there is, if that is asked for and nothing was wrong."""
    if path is not None and job.exit_code == 0:
        from sepcost.tasks.saving import write_plan

        write_plan(job.first if job.good == 1 else None, path)

"""``sepcost compare``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from sepcost.cli import options as o
from sepcost.cli.convolution import ConvolutionOptions, read_option
from sepcost.cli.convolution_sweep import ConvolutionSweep
from sepcost.cli.formats import DATA, Format, chosen_format
from sepcost.cli.job import Job
from sepcost.cli.multipliers import multiplier_sweep, refuse_scaling_without_a_map
from sepcost.cli.progress import Waiting
from sepcost.cli.rendering import derived, drawn, written
from sepcost.cli.replacement_option import chosen_replacements
from sepcost.cli.shown import chosen_view, refuse_too_many
from sepcost.cli.streams import write
from sepcost.comparison import Comparison
from sepcost.cost import Convention
from sepcost.errors import ConventionError, SepcostError
from sepcost.report.view import View
from sepcost.sweep import Sweep
from sepcost.units import read_whole


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
    replacements: o.Replacements = None,
    alpha: o.Alpha = "1",
    rho: o.Rho = "1",
    resolution: o.Resolution = None,
    batch: o.Batch = "1",
    dtype: o.StoredAs = o.Dtype.FLOAT32,
    flops_per_mac: o.FlopsPerMac = "1",
    totals: o.Totals = False,
    layers: o.Layers = False,
    columns: o.Columns = None,
    sort: o.Sort = None,
    ascending: o.Ascending = False,
    top: o.Top = None,
    format_: o.OutputFormat = None,
    output: o.OutputFile = None,
    explain: o.Explain = False,
) -> int:
    """What each convolution costs, and what its replacements would cost.

    Give one convolution by its numbers, or networks as YAML:

    sepcost compare -H 112 -C 32 -K 3 -O 64

    sepcost compare configs/mobilenet_v1.yaml --alpha 0.5 -r separable -r blueprint
    """
    one = ConvolutionOptions(
        height, width, size, in_channels, kernel_size, out_channels, stride, padding, output_padding, dilation, groups,
        bias, norm.value if norm else None, transposed or None,
    )  # fmt: skip
    files = sources or []
    output = None if output == Path("-") else output
    format_ = chosen_format(format_, (Format.TABLE, Format.MARKDOWN) if explain else Format, output)
    _refuse_contradictions(files, one, format_, explain)
    refuse_scaling_without_a_map(rho, resolution, bool(one.given), one.has_map)
    _refuse_overwriting(files, output)
    chosen, swept_options = chosen_replacements(replacements or ())
    job = Job(chosen, _convention(flops_per_mac, dtype.value), multiplier_sweep(alpha, rho, resolution, batch))
    axes = Sweep((*(() if files else one.axes()), *job.sweep.axes))
    swept = (*axes.names, *(f"replacement.{name}" for name in swept_options))
    view = chosen_view(
        totals=totals, layers=layers, columns=columns, sort=sort, ascending=ascending, top=top, swept=swept
    )
    with Waiting("combinations" if axes.names and not files else "networks") as waiting:
        if files:
            chunks = _of_sources(job.compare_sources(files, waiting), job, format_, view, output)
        else:
            sweep = ConvolutionSweep(one, job, view, waiting)
            chunks = _of_convolutions(sweep, format_, view, output, explain)
        if output is None and sys.stdout.isatty():
            chunks = list(chunks)
            waiting.stop()
        write(chunks, output)
    return job.exit_code


def _of_sources(
    comparisons: Iterable[Comparison], job: Job, format_: Format, view: View, output: Path | None
) -> Iterable[str]:
    if format_ not in DATA:
        return drawn(view.networks(comparisons), format_, view, to_stdout=output is None)
    light = (comparison.without_layers() if view.totals else comparison for comparison in comparisons)
    return written(view.networks(light), format_, job.convention, view, to_stdout=output is None)


def _of_convolutions(
    sweep: ConvolutionSweep, format_: Format, view: View, output: Path | None, explain: bool
) -> Iterable[str]:
    if explain:
        return (derived(comparison, format_, sweep.one.assumed) for comparison in sweep.comparisons())
    if format_ in DATA:
        return written(sweep.several(), format_, sweep.job.convention, view, to_stdout=output is None)
    refuse_too_many(len(sweep))
    return drawn(sweep.comparisons(), format_, view, to_stdout=output is None, assumed=sweep.one.assumed)


def _convention(flops_per_mac: str, dtype: str) -> Convention:
    try:
        return Convention(read_option("--flops-per-mac", read_whole, flops_per_mac), dtype=dtype)
    except ConventionError as error:
        raise SepcostError(f"--{error.field.replace('_', '-')}: {error.reason}") from None


def _refuse_contradictions(sources: list[str], one: ConvolutionOptions, format_: Format, explain: bool) -> None:
    if sources and one.given:
        raise SepcostError(f"{sources[0]} and {one.given[0]} contradict each other: give sources or one convolution")
    if not sources and not one.given:
        raise SepcostError("nothing to compare: give a YAML file, a folder or -, or one convolution by -C, -K and -O")
    if sources.count("-") > 1:
        raise SepcostError("- stands for standard input, and can be given once")
    if explain and sources:
        raise SepcostError("--explain derives one convolution: give -C, -K and -O (and -H), not a source")
    if explain and format_ in DATA:
        raise SepcostError(f"--explain is text: it goes with --format table or markdown, not {format_.value}")


def _refuse_overwriting(sources: list[str], output: Path | None) -> None:
    for source in sources:
        if output is not None and output.exists() and Path(source).exists() and output.samefile(source):
            raise SepcostError(f"--output {output}: is a source, and would be overwritten")

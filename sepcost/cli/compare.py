"""``sepcost compare``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from sepcost.arguments import Extent
from sepcost.cli import options as o
from sepcost.cli.appearance import Appearance
from sepcost.cli.code import refuse_beside_code
from sepcost.cli.convolution import ConvolutionOptions, read_option
from sepcost.cli.formats import FOR_PEOPLE, Format, chosen_format
from sepcost.cli.job import Job
from sepcost.cli.progress import Waiting
from sepcost.cli.rendering import rendered
from sepcost.cli.replacement_option import chosen_replacement
from sepcost.cli.streams import write
from sepcost.comparison import Comparison
from sepcost.cost import Convention
from sepcost.errors import ConventionError, SepcostError
from sepcost.units import read_sizes, read_whole


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
    format_: o.OutputFormat = None,
    output: o.OutputFile = None,
    precision: o.Precision = None,
    caption: o.Caption = None,
    label: o.Label = None,
    explain: o.Explain = False,
    code: o.Code = False,
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
    if code:
        refuse_beside_code(files, one, format_, explain=explain, precision=precision, caption=caption, label=label)
    format_ = chosen_format(format_, _available(explain, code, precision), output)
    _refuse_contradictions(files, one, format_, explain, precision)
    appearance = Appearance.read(format_, precision, caption, label)
    _refuse_scaling_without_a_map(one, rho, resolution)
    _refuse_overwriting(files, output)
    job = Job(
        [chosen_replacement(text) for text in dict.fromkeys(replacements or ())],
        _convention(flops_per_mac, batch, dtype.value),
        alpha=alpha,
        rho=rho,
        resolution=None if resolution is None else read_option("--resolution", _read_resolution, resolution),
    )
    with Waiting("networks") as waiting:
        comparisons: Iterable[Comparison] = (
            job.compare_sources(files, waiting) if files else [job.compare(one.network())]
        )
        chunks = rendered(
            comparisons,
            format_,
            job.convention,
            appearance,
            to_stdout=output is None,
            assumed=one.assumed,
            explain=explain,
            code=code,
        )
        if output is None and sys.stdout.isatty():
            chunks = list(chunks)
            waiting.stop()
        write(chunks, output)
    return job.exit_code


def _available(explain: bool, code: bool, precision: str | None) -> Iterable[Format]:
    if code:
        return (Format.TABLE,)
    if explain:
        return (Format.TABLE, Format.MARKDOWN)
    return FOR_PEOPLE if precision is not None else Format


def _convention(flops_per_mac: str, batch: str, dtype: str) -> Convention:
    per_mac = read_option("--flops-per-mac", read_whole, flops_per_mac)
    samples = read_option("--batch", read_whole, batch)
    try:
        return Convention(per_mac, samples, dtype)
    except ConventionError as error:
        raise SepcostError(f"--{error.field.replace('_', '-')}: {error.reason}") from None


def _refuse_contradictions(
    sources: list[str], one: ConvolutionOptions, format_: Format, explain: bool, precision: str | None
) -> None:
    if sources and one.given:
        raise SepcostError(f"{sources[0]} and {one.given[0]} contradict each other: give sources or one convolution")
    if not sources and not one.given:
        raise SepcostError("nothing to compare: give a YAML file, a folder or -, or one convolution by -C, -K and -O")
    if sources.count("-") > 1:
        raise SepcostError("- stands for standard input, and can be given once")
    if explain and sources:
        raise SepcostError("--explain derives one convolution: give -C, -K and -O (and -H), not a source")
    if explain and format_ not in (Format.TABLE, Format.MARKDOWN):
        raise SepcostError(f"--explain is text: it goes with --format table or markdown, not {format_.value}")
    if explain and precision is not None:
        raise SepcostError("--explain derives exact numbers: leave out --precision")


def _refuse_scaling_without_a_map(one: ConvolutionOptions, rho: str, resolution: str | None) -> None:
    if resolution is not None and rho != "1":
        raise SepcostError("--rho and --resolution say the same thing: give one of them")
    if resolution is not None and one.given:
        raise SepcostError("--resolution is for networks: -H gives the map of one convolution")
    if rho != "1" and one.given and not one.has_map:
        raise SepcostError("--rho scales a map, and there is none: give -H")


def _refuse_overwriting(sources: list[str], output: Path | None) -> None:
    for source in sources:
        if output is not None and output.exists() and Path(source).exists() and output.samefile(source):
            raise SepcostError(f"--output {output}: is a source, and would be overwritten")


def _read_resolution(text: str) -> Extent | int:
    sizes = read_sizes(text)
    return sizes[0] if len(sizes) == 1 else sizes

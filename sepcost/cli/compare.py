"""``sepcost compare``."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from sepcost.arguments import Extent
from sepcost.cli.convolution import ConvolutionOptions, read_option
from sepcost.cli.formats import Format, chosen_format
from sepcost.cli.job import Job
from sepcost.cli.progress import Waiting
from sepcost.cli.rendering import rendered
from sepcost.cli.replacement_option import chosen_replacement
from sepcost.cli.streams import write
from sepcost.cost import Convention
from sepcost.errors import ConventionError, SepcostError
from sepcost.units import read_sizes, read_whole


class Dtype(str, Enum):
    """What maps and weights are stored as."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    INT8 = "int8"


class Norm(str, Enum):
    """What stands behind a convolution."""

    NONE = "none"
    BATCH = "batch"


def _one(*names: str, help: str, metavar: str | None = None) -> Any:
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel="One convolution")


def _counted(*names: str, help: str, metavar: str | None = None) -> Any:
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel="What is counted")


def _written(*names: str, help: str, metavar: str | None = None) -> Any:
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel="Output")


def compare(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="YAML files, folders of them, or - for standard input.", metavar="[SOURCE]..."),
    ] = None,
    height: Annotated[str | None, _one("-H", "--height", help="Height of the input map.", metavar="N")] = None,
    width: Annotated[
        str | None, _one("-W", "--width", help="Width of the input map; H unless given.", metavar="N")
    ] = None,
    in_channels: Annotated[str | None, _one("-C", "--in-channels", help="Input channels.", metavar="N")] = None,
    kernel_size: Annotated[
        str | None, _one("-K", "--kernel-size", help="Kernel size: 3, or 3x5.", metavar="SIZE")
    ] = None,
    out_channels: Annotated[str | None, _one("-O", "--out-channels", help="Output channels.", metavar="N")] = None,
    size: Annotated[
        str | None, _one("--size", help="Input map of any rank: 16000, 112x112, 16x112x112.", metavar="SIZE")
    ] = None,
    stride: Annotated[str | None, _one("--stride", help="1 unless given.", metavar="SIZE")] = None,
    padding: Annotated[
        str | None, _one("--padding", help="same (unless given), or what both sides get.", metavar="same|SIZE")
    ] = None,
    output_padding: Annotated[
        str | None, _one("--output-padding", help="For a transposed convolution.", metavar="SIZE")
    ] = None,
    dilation: Annotated[str | None, _one("--dilation", help="1 unless given.", metavar="SIZE")] = None,
    groups: Annotated[str | None, _one("--groups", help="1 unless given.", metavar="N")] = None,
    bias: Annotated[bool | None, _one("--bias/--no-bias", help="No bias unless given.")] = None,
    norm: Annotated[Norm | None, _one("--norm", help="A batch norm behind it; none unless given.")] = None,
    transposed: Annotated[bool | None, _one("--transposed", help="A transposed convolution.")] = None,
    replacements: Annotated[
        list[str] | None,
        _counted(
            "-r",
            "--replacement",
            help="What stands in: separable unless given; see sepcost replacements.",
            metavar="NAME[:option=value,…]",
        ),
    ] = None,
    alpha: Annotated[str, _counted("--alpha", help="Width multiplier, on channels.", metavar="FACTOR")] = "1",
    rho: Annotated[str, _counted("--rho", help="Resolution multiplier, on maps.", metavar="FACTOR")] = "1",
    resolution: Annotated[
        str | None, _counted("--resolution", help="The network's input, in pixels.", metavar="SIZE")
    ] = None,
    batch: Annotated[str, _counted("--batch", help="Samples that memory is counted for.", metavar="N")] = "1",
    dtype: Annotated[Dtype, _counted("--dtype", help="What memory is counted in.")] = Dtype.FLOAT32,
    flops_per_mac: Annotated[
        str, _counted("--flops-per-mac", help="1 as in the articles, 2 as in PyTorch.", metavar="1|2")
    ] = "1",
    format_: Annotated[
        Format | None, _written("--format", help="table, unless --output's name or SEPCOST_FORMAT says otherwise.")
    ] = None,
    output: Annotated[
        Path | None, _written("--output", help="Write to this file, whole or not at all.", metavar="FILE")
    ] = None,
    explain: Annotated[bool, _written("--explain", help="Derive the numbers of one convolution.")] = False,
) -> int:
    """What each convolution costs, and what its replacements would cost.

    Give one convolution by its numbers, or networks as YAML:

    sepcost compare -H 112 -C 32 -K 3 -O 64

    sepcost compare configs/mobilenet_v1.yaml --alpha 0.5 -r separable -r blueprint
    """
    options = ConvolutionOptions(
        height,
        width,
        size,
        in_channels,
        kernel_size,
        out_channels,
        stride,
        padding,
        output_padding,
        dilation,
        groups,
        bias,
        norm.value if norm else None,
        transposed or None,
    )
    output = None if output == Path("-") else output
    format_ = chosen_format(format_, (Format.TABLE, Format.MARKDOWN) if explain else Format, output)
    _refuse_overwriting(sources or [], output)
    _refuse_contradictions(sources or [], options, format_, explain)
    _refuse_scaling_without_a_map(options, rho, resolution)
    try:
        per_mac = read_option("--flops-per-mac", read_whole, flops_per_mac)
        samples = read_option("--batch", read_whole, batch)
        convention = Convention(per_mac, samples, dtype.value)
    except ConventionError as error:
        raise SepcostError(f"--{error.field.replace('_', '-')}: {error.reason}") from None
    job = Job(
        [chosen_replacement(text) for text in dict.fromkeys(replacements or ())],
        convention,
        alpha=alpha,
        rho=rho,
        resolution=None if resolution is None else read_option("--resolution", _read_resolution, resolution),
    )
    with Waiting("networks") as waiting:
        comparisons = job.compare_sources(sources, waiting) if sources else [job.compare(options.network())]
        to_stdout = output is None
        chunks = rendered(
            comparisons, format_, job.convention, to_stdout=to_stdout, assumed=options.assumed, explain=explain
        )
        if to_stdout and sys.stdout.isatty():
            chunks = list(chunks)
            waiting.stop()
        write(chunks, output)
    return job.exit_code


def _refuse_contradictions(sources: list[str], options: ConvolutionOptions, format_: Format, explain: bool) -> None:
    if sources and options.given:
        raise SepcostError(
            f"{sources[0]} and {options.given[0]} contradict each other: give sources or one convolution"
        )
    if not sources and not options.given:
        raise SepcostError("nothing to compare: give a YAML file, a folder or -, or one convolution by -C, -K and -O")
    if sources.count("-") > 1:
        raise SepcostError("- stands for standard input, and can be given once")
    if explain and sources:
        raise SepcostError("--explain derives one convolution: give -C, -K and -O (and -H), not a source")
    if explain and format_ in (Format.JSON, Format.CSV):
        raise SepcostError(f"--explain is text: it goes with --format table or markdown, not {format_.value}")


def _refuse_scaling_without_a_map(options: ConvolutionOptions, rho: str, resolution: str | None) -> None:
    if resolution is not None and rho != "1":
        raise SepcostError("--rho and --resolution say the same thing: give one of them")
    if resolution is not None and options.given:
        raise SepcostError("--resolution is for networks: -H gives the map of one convolution")
    if rho != "1" and options.given and not options.has_map:
        raise SepcostError("--rho scales a map, and there is none: give -H")


def _refuse_overwriting(sources: list[str], output: Path | None) -> None:
    for source in sources:
        if output is not None and output.exists() and Path(source).exists() and output.samefile(source):
            raise SepcostError(f"--output {output}: is a source, and would be overwritten")


def _read_resolution(text: str) -> Extent | int:
    sizes = read_sizes(text)
    return sizes[0] if len(sizes) == 1 else sizes

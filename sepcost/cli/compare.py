"""``sepcost compare``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from sepcost.cli.convolution import ConvolutionOptions
from sepcost.cli.formats import Format, chosen_format
from sepcost.cli.progress import Waiting
from sepcost.cli.streams import complain, complain_about, write
from sepcost.comparison import Comparison
from sepcost.cost import Convention
from sepcost.errors import ConfigError, NetworkError, SepcostError
from sepcost.layers import Extent
from sepcost.network import Network
from sepcost.replacements import Replacement
from sepcost.scaling import as_factor, scale
from sepcost.units import NumberError, read_sizes, read_whole


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
        list[str] | None, typer.Argument(help="YAML files, folders of them, or - for standard input.", metavar="[SOURCE]...")
    ] = None,
    height: Annotated[str | None, _one("-H", "--height", help="Height of the input map.", metavar="N")] = None,
    width: Annotated[str | None, _one("-W", "--width", help="Width of the input map; H unless given.", metavar="N")] = None,
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
            "-r", "--replacement", help="What stands in: separable (unless given), blueprint.", metavar="NAME[:option=value,…]"
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
        Format | None, _written("--format", help="table unless SEPCOST_FORMAT says otherwise.")
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
    job = _Job(
        [Replacement.parse(text) for text in dict.fromkeys(replacements or ())],
        alpha,
        rho,
        None if resolution is None else _resolution(resolution),
        Convention(_number("--flops-per-mac", flops_per_mac), _number("--batch", batch), dtype.value),
    )
    as_factor("alpha", alpha), as_factor("rho", rho)
    format_ = chosen_format(format_, Format)
    _refuse_contradictions(sources or [], options, format_, explain)
    with Waiting("networks") as waiting:
        comparisons = job.one(options) if options.given else job.all(waiting, sources or [])
        _write(comparisons, format_, output, job.convention, options, explain, waiting)
    return job.exit_code


class _Job:
    """What is to be done with each network, and how many could not be judged."""

    def __init__(
        self, replacements: list[Replacement], alpha: str, rho: str, resolution: Extent | None, convention: Convention
    ) -> None:
        self.replacements = replacements
        self.alpha = alpha
        self.rho = rho
        self.resolution = resolution
        self.convention = convention
        self.good = 0
        self.bad = 0

    @property
    def exit_code(self) -> int:
        return 2 if self.bad else 0

    def one(self, options: ConvolutionOptions) -> Iterator[Comparison]:
        if self.resolution is not None:
            raise SepcostError("--resolution is for networks: -H gives the map of one convolution")
        yield self._compared(options.network())

    def all(self, waiting: Waiting, sources: list[str]) -> Iterator[Comparison]:
        from sepcost.cli.sources import check_sources, networks

        check_sources(sources)
        for item in waiting.counted(networks(sources)):
            try:
                if isinstance(item, ConfigError):
                    raise item
                try:
                    comparison = self._compared(item.network)
                except NetworkError as error:
                    raise item.located(error) from None
            except ConfigError as error:
                self.bad += 1
                complain_about(error.problems)
                continue
            self.good += 1
            yield comparison
        if self.bad and self.good:
            complain(f"{self.bad} of {self.bad + self.good} networks could not be judged")

    def _compared(self, network: Network) -> Comparison:
        scaled = scale(network, alpha=self.alpha, rho=self.rho, resolution=self.resolution)
        return Comparison.of(scaled, self.replacements, self.convention)


def _write(
    comparisons: Iterable[Comparison],
    format_: Format,
    output: Path | None,
    convention: Convention,
    options: ConvolutionOptions,
    explain: bool,
    waiting: Waiting,
) -> None:
    chunks = _chunks(comparisons, format_, output, convention, options, explain)
    if output is None and sys.stdout.isatty():
        chunks = list(chunks)
        waiting.stop()
    write(chunks, output)


def _chunks(
    comparisons: Iterable[Comparison],
    format_: Format,
    output: Path | None,
    convention: Convention,
    options: ConvolutionOptions,
    explain: bool,
) -> Iterable[str]:
    to_terminal = output is None and sys.stdout.isatty()
    if format_ is Format.JSON:
        from sepcost import __version__
        from sepcost.report.json import indented, json_chunks

        chunks = json_chunks(comparisons, convention, __version__)
        return [indented(chunks)] if to_terminal else chunks
    if format_ is Format.CSV:
        from sepcost.report.csv import csv_chunks

        return csv_chunks(comparisons)
    if explain:
        return [_derivation(comparison, format_, options.assumed) for comparison in comparisons]
    return _sheets_text(list(comparisons), format_, output is None, options.assumed)


def _sheets_text(
    comparisons: list[Comparison], format_: Format, to_stdout: bool, assumed: list[str]
) -> list[str]:
    from sepcost.report.comparison_sheets import sheets, summary_sheet

    drawn = [sheet for comparison in comparisons for sheet in sheets(comparison, assumed)]
    if len(comparisons) > 1:
        drawn.append(summary_sheet(comparisons))
    if not drawn:
        return []
    if format_ is Format.MARKDOWN:
        from sepcost.report.markdown import markdown

        return [markdown(drawn)]
    from sepcost.report.table import draw, terminal

    return [draw(*terminal(to_stdout), drawn)]


def _derivation(comparison: Comparison, format_: Format, assumed: list[str]) -> str:
    from sepcost.derivation import derivation
    from sepcost.report.comparison_sheets import sheets
    from sepcost.report.derivation_text import markdown_derivation, plain_derivation

    title = sheets(comparison, assumed)[0].title
    text = markdown_derivation if format_ is Format.MARKDOWN else plain_derivation
    return text(title, derivation(comparison))


def _refuse_contradictions(
    sources: list[str], options: ConvolutionOptions, format_: Format, explain: bool
) -> None:
    if sources and options.given:
        raise SepcostError(f"{sources[0]} and {options.given[0]} contradict each other: give sources or one convolution")
    if not sources and not options.given:
        raise SepcostError("nothing to compare: give a YAML file, a folder or -, or one convolution by -C, -K and -O")
    if explain and sources:
        raise SepcostError("--explain derives one convolution: give -C, -K and -O (and -H), not a source")
    if explain and format_ in (Format.JSON, Format.CSV):
        raise SepcostError(f"--explain is text: it goes with --format table or markdown, not {format_.value}")


def _number(option: str, text: str) -> int:
    try:
        return read_whole(text)
    except NumberError as error:
        raise SepcostError(f"{option}: {error}") from None


def _resolution(text: str) -> Extent | int:
    try:
        sizes = read_sizes(text)
    except NumberError as error:
        raise SepcostError(f"--resolution: {error}") from None
    return sizes[0] if len(sizes) == 1 else sizes

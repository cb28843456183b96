"""What options of ``compare`` do not go together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sepcost.cli.convolution import ConvolutionOptions
from sepcost.cli.formats import Format
from sepcost.errors import SepcostError


def refuse_contradictions(
    sources: Sequence[str], one: ConvolutionOptions, format_: Format, *, explain: bool, **others: object
) -> None:
    """A SepcostError for the first two that contradict each other; ``others`` are options that shape a table."""
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
    for name, given in others.items():
        if explain and given:
            raise SepcostError(f"--explain derives the exact numbers of a convolution: leave out --{name}")


def refuse_overwriting(sources: Sequence[str], output: Path | None) -> None:
    """A SepcostError where the output is one of the sources."""
    for source in sources:
        if output is not None and output.exists() and Path(source).exists() and output.samefile(source):
            raise SepcostError(f"--output {output}: is a source, and would be overwritten")

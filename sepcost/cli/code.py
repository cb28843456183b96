"""What ``--code`` does not go with."""

from __future__ import annotations

from collections.abc import Sequence

from sepcost.cli.convolution import ConvolutionOptions
from sepcost.cli.formats import Format
from sepcost.errors import SepcostError


def refuse_beside_code(
    sources: Sequence[str], one: ConvolutionOptions, format_: Format | None, *, explain: bool, **others: object
) -> None:
    """A SepcostError for the first option that says something else; ``others`` are those that shape a table."""
    if sources:
        raise SepcostError("--code writes one convolution: give -C, -K and -O (and -H), not a source")
    if explain:
        raise SepcostError("--code and --explain contradict each other: give one of them")
    if format_ not in (None, Format.TABLE):
        raise SepcostError(f"--code is Python: it does not go with --format {format_.value}")
    for name, given in others.items():
        if given:
            raise SepcostError(f"--code is Python: it does not go with --{name}")
    if not one.has_map:
        for name, given in (("padding", one.padding), ("output-padding", one.output_padding)):
            if given not in (None, "same"):
                raise SepcostError(f"--code cannot place --{name} without a map: give -H")

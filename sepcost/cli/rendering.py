"""Comparisons as the text of a format, in pieces as they come."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from sepcost.cli.formats import Format
from sepcost.cli.shown import refuse_too_many
from sepcost.comparison import Comparison
from sepcost.cost import Convention
from sepcost.report.many import Several
from sepcost.report.view import View
from sepcost.version import __version__


def written(
    comparisons: Iterable[Comparison | Several], format_: Format, convention: Convention, view: View, *, to_stdout: bool
) -> Iterable[str]:
    """The text of a format for programs."""
    if format_ is Format.CSV:
        from sepcost.report.csv import csv_chunks

        return csv_chunks(comparisons, view)

    from sepcost.report.json import indented, json_chunks, json_lines

    if format_ is Format.JSONL:
        return json_lines(comparisons, convention, __version__, view)
    chunks = json_chunks(comparisons, convention, __version__, view)
    return [indented(chunks)] if to_stdout and sys.stdout.isatty() else chunks


def drawn(
    comparisons: Iterable[Comparison], format_: Format, view: View, *, to_stdout: bool, assumed: Sequence[str] = ()
) -> list[str]:
    """The text of a format for people; ``assumed`` is what the title says of a single convolution's defaults."""
    from sepcost.report.summary_sheet import all_sheets

    shown: list[Comparison] = []
    for comparison in comparisons:
        shown.append(comparison)
        refuse_too_many(len(shown) * len(comparison.totals))
    sheets = all_sheets(shown, view, assumed)
    if not sheets:
        return []
    if format_ is Format.MARKDOWN:
        from sepcost.report.markdown import markdown

        return [markdown(sheets)]
    from sepcost.report.table import draw, terminal

    return [draw(*terminal(to_stdout), sheets)]


def derived(comparison: Comparison, format_: Format, assumed: Sequence[str]) -> str:
    """The derivation of one convolution."""
    from sepcost.derivation import derivation
    from sepcost.report.comparison_sheets import sheets
    from sepcost.report.derivation_text import markdown_derivation, plain_derivation
    from sepcost.report.notes import flops_note

    title = sheets(comparison, assumed)[0].title
    text = markdown_derivation if format_ is Format.MARKDOWN else plain_derivation
    return text(title, derivation(comparison), flops_note(comparison.convention))

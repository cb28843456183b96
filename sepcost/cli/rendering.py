"""Comparisons as the text of a format, in pieces as they come."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from sepcost.cli.appearance import Appearance
from sepcost.cli.formats import Format
from sepcost.comparison import Comparison
from sepcost.cost import Convention
from sepcost.version import __version__


def rendered(
    comparisons: Iterable[Comparison],
    format_: Format,
    convention: Convention,
    appearance: Appearance,
    *,
    to_stdout: bool,
    assumed: Sequence[str] = (),
    explain: bool = False,
    code: bool = False,
) -> Iterable[str]:
    """The text; ``assumed`` is what the title says of a single convolution's defaults."""
    if format_ is Format.JSON:
        from sepcost.report.json import indented, json_chunks

        chunks = json_chunks(comparisons, convention, __version__)
        return [indented(chunks)] if to_stdout and sys.stdout.isatty() else chunks
    if format_ is Format.CSV:
        from sepcost.report.csv import csv_chunks

        return csv_chunks(comparisons)
    if code:
        return (_code(comparison, assumed) for comparison in comparisons)
    if explain:
        return (_derived(comparison, format_, assumed) for comparison in comparisons)
    return _tables(list(comparisons), format_, appearance, to_stdout, assumed)


def _tables(
    comparisons: list[Comparison], format_: Format, appearance: Appearance, to_stdout: bool, assumed: Sequence[str]
) -> list[str]:
    from sepcost.report.comparison_sheets import sheets, summary_sheet

    drawn = [sheet for comparison in comparisons for sheet in sheets(comparison, assumed)]
    if len(comparisons) > 1:
        drawn.append(summary_sheet(comparisons))
    if not drawn:
        return []
    drawn = appearance.of(drawn)
    if format_ is Format.MARKDOWN:
        from sepcost.report.markdown import markdown

        return [markdown(drawn)]
    if format_ is Format.LATEX:
        from sepcost.report.latex import latex

        return [latex(drawn, appearance.caption, appearance.label)]
    from sepcost.report.table import draw, terminal

    return [draw(*terminal(to_stdout), drawn)]


def _code(comparison: Comparison, assumed: Sequence[str]) -> str:
    from sepcost.report.comparison_sheets import sheets
    from sepcost.report.module_code import module_code

    return module_code(sheets(comparison, assumed)[0].title, comparison)


def _derived(comparison: Comparison, format_: Format, assumed: Sequence[str]) -> str:
    from sepcost.derivation import derivation
    from sepcost.report.comparison_sheets import flops_note, sheets
    from sepcost.report.derivation_text import markdown_derivation, plain_derivation

    title = sheets(comparison, assumed)[0].title
    text = markdown_derivation if format_ is Format.MARKDOWN else plain_derivation
    return text(title, derivation(comparison), flops_note(comparison.convention))

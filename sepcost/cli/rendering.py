"""Comparisons as the text of a format, in pieces as they come."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sepcost.cli.appearance import Appearance
from sepcost.cli.formats import Format
from sepcost.cli.shown import refuse_too_large, refuse_too_many
from sepcost.count.comparison import Comparison
from sepcost.layers.cost import Convention
from sepcost.sheets.many import Several
from sepcost.sheets.sheet import Sheet
from sepcost.sheets.view import View


class Rendering(NamedTuple):
    """How results are written; ``assumed`` is what the title says of a single convolution's defaults."""

    format: Format
    view: View
    appearance: Appearance
    to_stdout: bool
    assumed: Sequence[str] = ()

    def written(self, comparisons: Iterable[Comparison | Several], convention: Convention) -> Iterable[str]:
        """The text of a format for programs."""
        if self.format is Format.YAML:
            from sepcost.formats.configs import yaml_chunks

            return yaml_chunks(comparisons)
        if self.format is Format.CSV:
            from sepcost.formats.comparison_csv import csv_chunks

            return csv_chunks(comparisons, self.view)

        from sepcost.formats.comparison_json import indented, json_chunks, json_lines

        if self.format is Format.JSONL:
            return json_lines(comparisons, convention, self.view)
        chunks = json_chunks(comparisons, convention, self.view)
        return [indented(chunks)] if self.to_stdout and sys.stdout.isatty() else chunks

    def drawn(self, comparisons: Iterable[Comparison]) -> Iterator[str]:
        """The text of a format for people: each network as it comes, where it has a table of its own."""
        from sepcost.sheets.comparison_sheets import sheets
        from sepcost.sheets.summary_sheet import several_sheets

        shown: list[Comparison] = []
        rows = 0
        one_by_one = not self.view.totals and self.format is not Format.LATEX
        for comparison in comparisons:
            refuse_too_many(rows + (len(comparison.texts) if self.view.totals else len(comparison.layers)))
            if one_by_one:
                each = sheets(comparison, self.assumed, self.view)
                rows = refuse_too_large(each, drawn=rows)
                yield self._drawn(each, is_first=not shown)
            else:
                rows += len(comparison.texts) if self.view.totals else len(comparison.layers)
            shown.append(comparison.without_layers() if one_by_one else comparison)
        rest = several_sheets(shown, self.view, self.assumed, drawn=one_by_one)
        refuse_too_large(rest)
        if rest:
            yield self._drawn(rest, is_first=not one_by_one)

    def _drawn(self, sheets: Sequence[Sheet], *, is_first: bool) -> str:
        text = self._text(self.appearance.of(sheets))
        return text if is_first else f"\n{text}"

    def _text(self, sheets: Sequence[Sheet]) -> str:
        if self.format is Format.MARKDOWN:
            from sepcost.formats.markdown_tables import markdown

            return markdown(sheets)
        if self.format is Format.LATEX:
            from sepcost.formats.latex_tables import latex

            return latex(sheets, self.appearance.caption, self.appearance.label)
        from sepcost.formats.terminal import draw, terminal

        return draw(*terminal(self.to_stdout), sheets)

    def code(self, comparison: Comparison) -> str:
        """A convolution and its replacements as PyTorch modules."""
        from sepcost.formats.module_code import module_code

        return module_code(self._title(comparison), comparison)

    def derived(self, comparison: Comparison) -> str:
        """The derivation of one convolution."""
        from sepcost.derive.derivation import derivation
        from sepcost.formats.derivation_text import latex_derivation, markdown_derivation, plain_derivation
        from sepcost.sheets.notes import derivation_notes

        texts = {Format.MARKDOWN: markdown_derivation, Format.LATEX: latex_derivation}
        text = texts.get(self.format, plain_derivation)
        return text(self._title(comparison), derivation(comparison), derivation_notes(comparison))

    def _title(self, comparison: Comparison) -> str:
        from sepcost.sheets.comparison_sheets import is_single_convolution, sheets
        from sepcost.sheets.titles import layer_title

        if is_single_convolution(comparison):
            return sheets(comparison, self.assumed)[0].title
        return layer_title(comparison, comparison.layers[0])

"""HTML: a page of one file, which works offline and without scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sepcost.formats.format import FormatOptions, ResultName
from sepcost.formats.json import FORMAT as JSON
from sepcost.formats.page.content import facts, highlights, tone
from sepcost.formats.page.numbers import number_tables
from sepcost.formats.page.page import Page, fragment, html
from sepcost.formats.page.pictures import pictures_of
from sepcost.formats.page.tables import Table, table_of
from sepcost.formats.people import MOST_CELLS, ForPeople, Sections, with_digits
from sepcost.sheets.sheet import Sheet
from sepcost.text.harmless import harmless


class Html(ForPeople):
    """A page: what was counted and how, its tables and charts, and every number of the JSON."""

    escape = "&#{};"
    endings = (".html", ".htm")
    writes = ("comparisons", "difference", "judgement", "derivation", "benchmark", "fits", "replacements", "targets")
    is_drawn_apart = False

    def drawn(self, result: ResultName, found: Sequence[Any], sheets: Sequence[Sheet], options: FormatOptions) -> str:
        """The whole page; what is about all results together comes first."""
        several = result == "comparisons" and len(found) > 1
        *others, last = map(table_of, with_digits(sheets, options))
        return html(
            Page(
                [last, *others] if several else [*others, last],
                facts(result, found, options),
                tone(result, found),
                highlights(result, found),
                pictures_of(result, found, options),
                _numbers(result, found, options),
            )
        )

    def draw(self, sheets: Sequence[Sheet], options: FormatOptions) -> str:
        """A page of these tables."""
        return html(Page(list(map(table_of, sheets))))

    def fragment(self, sheets: Sequence[Sheet]) -> str:
        """The tables alone, for notebooks."""
        return fragment(list(map(table_of, sheets)))

    def lines(self, lines: Sequence[str], options: FormatOptions) -> str:
        """A page of a title and notes."""
        return self.draw([Sheet(lines[0], (), (), notes=tuple(lines[1:]))], options)

    def derived(self, title: str, sections: Sections, notes: Sequence[str]) -> str:
        """A page of steps, as a terminal shows them."""
        from sepcost.formats.drawing.derivation_text import plain_derivation

        text = plain_derivation(title, sections, notes).partition("\n")[2]
        return html(Page([Table(harmless(title), [], [])], text=text.strip("\n")))


FORMAT = Html()


def _numbers(result: ResultName, found: Sequence[Any], options: FormatOptions) -> Sequence[Table] | None:
    """Every number that JSON has of a result, as tables; None where those would be too large."""
    if result not in JSON.writes:
        return ()
    document = json.loads("".join(JSON.written(result, found, options._replace(to_stdout=False))))
    tables = number_tables(document)
    cells = sum(len(table.lines) * len(table.headers[0]) for table in tables)
    return tables if cells <= MOST_CELLS else None

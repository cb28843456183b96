"""Sheets as LaTeX tables for a paper: booktabs, and nothing that has to be edited before it compiles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sepcost.formats.format import FormatOptions
from sepcost.formats.latex_pages import GAP, Page, groups, header, pages, text_of
from sepcost.formats.people import ForPeople, Sections
from sepcost.formats.tex import HINT, tex
from sepcost.sheets.sheet import Column, Look, Row, Sheet
from sepcost.text.kind import Kind

NEEDS = r"% needs \usepackage{booktabs}"
MOST_FLOATS = 16
"""LaTeX stops where more tables wait for a page."""


class Latex(ForPeople):
    """Tables in floats, and formulas in ``align*``."""

    options = ("precision", "caption", "label")
    escape = r"\char{}{{}}"
    writes = ("comparisons", "derivation")
    is_drawn_apart = False  # what sets the tables' names apart depends on all of them

    def draw(self, sheets: Sequence[Sheet], options: FormatOptions) -> str:
        """A float or more for each."""
        return latex(sheets, options.caption, options.label)

    def derived(self, title: str, sections: Sections, notes: Sequence[str]) -> str:
        """Steps under each other, as slides want them."""
        from sepcost.formats.derivation_text import latex_derivation

        return latex_derivation(title, sections, notes)


FORMAT = Latex()


class Heading(NamedTuple):
    """What stands above a table, and what a text refers to it by."""

    caption: str
    label: str


def latex(sheets: Sequence[Sheet], caption: str | None = None, label: str | None = None) -> str:
    r"""A ``table`` for each sheet, and more than one for a sheet that is longer than a page.

    ``caption`` stands in the place of the titles, ``label`` in that of the names made from them; where there are
    several sheets, both are followed by what sets each apart.

    >>> sheet = Sheet("Tiny, with 2 layers", (Column("", Kind.TEXT), Column("params")), (Row(("conv", 18432)),))
    >>> print(latex([sheet]).split("small")[0])
    % needs \usepackage{booktabs}
    \begin{table}
      \centering
      \caption{Tiny, with 2 layers}
      \label{tab:tiny}
      \
    """
    headings = _headings([sheet.title for sheet in sheets], caption, label)
    tables = [table for sheet, heading in zip(sheets, headings) for table in _tables(sheet, heading)]
    batches = [tables[first : first + MOST_FLOATS] for first in range(0, len(tables), MOST_FLOATS)]
    return f"{NEEDS}\n" + "\n\\clearpage\n".join("\n".join(batch) for batch in batches)


def _headings(titles: Sequence[str], caption: str | None, label: str | None) -> list[Heading]:
    apart = _apart(titles)
    captions = titles if caption is None else [f"{caption}: {rest}" if rest else caption for rest in apart]
    names = [_slug(title) or "table" for title in titles] if label is None else [_slug(rest) for rest in apart]
    start = "tab" if label is None else label
    labels: list[str] = []
    for name in names:
        base = f"{start}:{name}" if label is None else f"{start}-{name}".removesuffix("-")
        others = (f"{base}-{number}" for number in range(2, len(names) + 2))
        labels.append(next(text for text in (base, *others) if text not in labels))
    return list(map(Heading, captions, labels))


def _apart(titles: Sequence[str]) -> Sequence[str]:
    """What sets each title apart from the others: of one network's, what stands behind its name and a colon."""
    names = [re.split("[,:(]", title)[0] for title in titles]
    if len(set(names)) > 1:
        return titles
    rests = [title.removeprefix(name) for title, name in zip(titles, names)]
    return [rest.removeprefix(": ") if rest.startswith(": ") else "" for rest in rests]


def _slug(title: str) -> str:
    """A title up to its first comma or parenthesis as a label.

    >>> _slug("MobileNet v1: totals"), _slug("3×3 convolution, 32 → 64 channels")
    ('mobilenet-v1-totals', '3x3-convolution')
    """
    name = re.split("[,(]", title)[0].replace("×", "x").lower()
    return re.sub("[^a-z0-9]+", "-", name).strip("-")


def _tables(sheet: Sheet, heading: Heading) -> Iterator[str]:
    for number, page in enumerate(pages(sheet), start=1):
        more = Heading(f"{heading.caption}, continued", f"{heading.label}:{number}")
        yield _table(page, heading if number == 1 else more)


def _table(page: Page, heading: Heading) -> str:
    sheet = page.sheet
    alignment = "".join("l" if column.kind is Kind.TEXT else "r" for column in sheet.columns)
    rows = [_row(page, row) for row in sheet.rows]
    totals = [r"\midrule", *(_row(page, row) for row in sheet.totals)] if sheet.totals else []
    lines = [r"\toprule", *_header_rows(page), r"\midrule", *rows, *totals, r"\bottomrule"]
    notes = [tex(HINT.sub("", note)) for note in sheet.notes]
    small_print = [
        "",
        r"  \medskip",
        r"  \begin{minipage}{\linewidth}",
        r"    \footnotesize\raggedright",
        *(f"    {note}" for note in notes),
        r"  \end{minipage}",
    ]
    return "\n".join(
        [
            *([f"% not shown, to fit a page: {', '.join(page.left_out)}"] if page.left_out else []),
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{tex(heading.caption)}}}",
            rf"  \label{{{heading.label}}}",
            rf"  \{page.size}\setlength{{\tabcolsep}}{{{GAP // 2}pt}}",
            rf"  \begin{{tabular}}{{{alignment}}}",
            *(f"    {line}" for line in lines),
            r"  \end{tabular}",
            *(small_print if notes else []),
            "\\end{table}\n",
        ]
    )


def _header_rows(page: Page) -> Iterator[str]:
    """The groups above their columns, then the columns' names in one line or two, then their units."""
    columns = page.sheet.columns
    if any(column.group for column in columns):
        yield from _group_rows(columns)
    for line in zip(*map(header, columns, page.powers)):
        if any(line):
            yield _line(list(map(tex, line)))


def _group_rows(columns: Sequence[Column]) -> Iterator[str]:
    above = list(groups(columns))
    height = max(len(group.lines) for group in above)
    for level in range(height):
        cells: list[str] = []
        filled = 0
        for group in above:
            text = ([""] * (height - len(group.lines)) + group.lines)[level]
            cells += [""] * (group.first - filled) + [rf"\multicolumn{{{group.number}}}{{c}}{{{tex(text)}}}"]
            filled = group.first + group.number
        yield _line(cells + [""] * (len(columns) - filled))
    yield " ".join(rf"\cmidrule(lr){{{group.first + 1}-{group.first + group.number}}}" for group in above)


def _row(page: Page, row: Row) -> str:
    texts = [text_of(cell, page.sheet, number, page.powers[number]) for number, cell in enumerate(row.cells)]
    indent = r"\quad " if texts[0].startswith("  ") else ""
    cells = [tex(text.strip()) for text in texts]
    if row.look is Look.REDUCTION:
        cells = [rf"\textit{{{cell}}}" if cell else "" for cell in cells]
    return _line([indent + cells[0], *cells[1:]])


def _line(cells: Sequence[str]) -> str:
    return rf"{' & '.join(cells)} \\"

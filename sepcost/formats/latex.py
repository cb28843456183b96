"""Sheets as LaTeX tables for a paper: booktabs, siunitx, longtable, and nothing to edit before it compiles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from string import Template
from typing import ClassVar

from sepcost.formats.drawing.latex_columns import GAP, LINE_WIDTH, TexColumn, fitted, groups, text_lines
from sepcost.formats.drawing.tex import HINT, tex
from sepcost.formats.format import FormatOptions, Options
from sepcost.formats.people import ForPeople, Sections
from sepcost.sheets.sheet import Sheet
from sepcost.text.units import NumberError, shortened

LINE_START = "\n    "
NEW_LINE = r"\\"
LABEL = re.compile(r"[a-z0-9][a-z0-9:._+/-]*", re.ASCII | re.IGNORECASE)
PAGE_ROWS = 40
"""A float with more does not fit a page, and LaTeX would cut it."""
MOST_FLOATS = 16
"""LaTeX stops where more tables wait for a page."""
TYPE = Template(
    r"""  \$size\setlength{\tabcolsep}{${gap}pt}
  \sisetup{group-digits=integer, group-minimum-digits=4, group-separator={,}}
  \sisetup{mode=text, table-align-text-before=false, table-align-text-after=false}"""
)
NOTES_TEMPLATE = Template(
    r"""

  \medskip
  \footnotesize\raggedright
  $notes
  \par"""
)
FLOAT = Template(
    r"""\begin{table}$place
  \centering
  \caption{$caption}
  \label{$label}
$type
  \setlength{\abovetopsep}{3pt}
  \begin{tabular}{$alignment}
    \toprule
    $header
    \midrule
    $rows
    \bottomrule
  \end{tabular}$notes
\end{table}
"""
)
LONG = Template(
    r"""% in a two-column class, longtable has to be between \onecolumn and \twocolumn
\begingroup
$type
  \setlength{\LTcapwidth}{\linewidth}
  \begin{longtable}{$alignment}
    \caption{$caption}\label{$label} \\
    \toprule
    $header
    \midrule
    \endfirsthead
    \caption[]{$caption, continued} \\
    \toprule
    $header
    \midrule
    \endhead
    \bottomrule
    \endfoot
    $rows
  \end{longtable}$notes
\endgroup
"""
)


def _read_label(text: str) -> str:
    if not LABEL.fullmatch(text):
        raise NumberError(f"must be letters, digits and : . _ + / - as in tab:cost, got {shortened(text)}")
    return text


class Latex(ForPeople):
    """Tables, and formulas in ``align*``."""

    options: ClassVar[Options] = {**ForPeople.options, "caption": str, "label": _read_label}
    escape = r"\char{}{{}}"
    endings = (".tex",)
    writes = ("comparisons", "derivation", "benchmark", "fits")
    is_drawn_apart = False  # the tables' names must differ, which depends on all of them

    def draw(self, sheets: Sequence[Sheet], options: FormatOptions) -> str:
        """A table for each."""
        return latex(sheets, options.caption, options.label)

    def derived(self, title: str, sections: Sections, notes: Sequence[str]) -> str:
        """Steps below each other, as slides need them."""
        from sepcost.formats.drawing.derivation_text import latex_derivation

        return latex_derivation(title, sections, notes)


FORMAT = Latex()


def latex(sheets: Sequence[Sheet], caption: str | None = None, label: str | None = None) -> str:
    r"""A ``table`` for each sheet, and a ``longtable`` for one that is longer than a page.

    ``caption`` replaces the titles, ``label`` the names made from them; if there are
    several sheets, both are followed by what is different in each title.

    >>> from sepcost.sheets.sheet import Column, Kind, Row
    >>> sheet = Sheet("Tiny, with 2 layers", (Column("", Kind.TEXT), Column("params")), (Row(("conv", 18432)),))
    >>> print(latex([sheet]).split("small")[0])
    % needs \usepackage{booktabs,siunitx}
    \begin{table}
      \centering
      \caption{Tiny, with 2 layers}
      \label{tab:tiny}
      \
    """
    headings = _headings([sheet.title for sheet in sheets], caption, label)
    long = any(map(_is_long, sheets))
    fixed = long or len(sheets) > MOST_FLOATS  # a longtable does not float, and others would come before their turn
    tables = [_table(sheet, *heading, "[H]" if fixed else "") for sheet, heading in zip(sheets, headings)]
    packages = ["booktabs", *["float"] * fixed, *["longtable"] * long, "siunitx"]
    return rf"% needs \usepackage{{{','.join(packages)}}}" + "\n" + "\n".join(tables)


def _headings(titles: Sequence[str], caption: str | None, label: str | None) -> Iterator[tuple[str, str]]:
    """The caption and the label of each table."""
    apart = _apart(titles)
    captions = titles if caption is None else [f"{caption}: {rest}" if rest else caption for rest in apart]
    names = [_slug(title) or "table" for title in titles] if label is None else [_slug(rest) for rest in apart]
    start = "tab" if label is None else label
    labels: list[str] = []
    for name in names:
        base = f"{start}:{name}" if label is None else f"{start}-{name}".removesuffix("-")
        others = (f"{base}-{number}" for number in range(2, len(names) + 2))
        labels.append(next(text for text in (base, *others) if text not in labels))
    return zip(captions, labels)


def _apart(titles: Sequence[str]) -> Sequence[str]:
    """What is different in each title: for sheets of one network, the words after its name and a colon."""
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


def _is_long(sheet: Sheet) -> bool:
    """Whether it takes more lines than a page has, with long names and notes broken."""
    rows = [max((text_lines(cell) for cell in row.cells if isinstance(cell, str)), default=1) for row in sheet.all_rows]
    return sum(rows) + sum(text_lines(note, LINE_WIDTH) for note in sheet.notes) > PAGE_ROWS


def _table(sheet: Sheet, caption: str, label: str, place: str) -> str:
    columns, size, left_out = fitted(sheet)
    rows = [_line(cells) for cells in zip(*(column.cells for column in columns))]
    if sheet.totals:
        rows.insert(len(sheet.rows), r"\midrule")
    notes = [tex(HINT.sub("", note)) for note in sheet.notes]
    text = (LONG if _is_long(sheet) else FLOAT).substitute(
        place=place,
        caption=tex(caption),
        label=label,
        type=TYPE.substitute(size=size, gap=GAP // 2),
        alignment="".join(column.alignment for column in columns),
        header=LINE_START.join(_header_rows(columns)),
        rows=LINE_START.join(rows),
        notes=NOTES_TEMPLATE.substitute(notes="\n  ".join(notes)) if notes else "",
    )
    return f"% not shown, to fit a line: {', '.join(left_out)}\n{text}" if left_out else text


def _header_rows(columns: Sequence[TexColumn]) -> Iterator[str]:
    """The groups above their columns, then the columns' names in one line or two, then their units."""
    if any(column.source.group for column in columns):
        yield from _group_rows(columns)
    yield from (_line(line) for line in zip(*(column.header for column in columns)) if any(line))


def _group_rows(columns: Sequence[TexColumn]) -> Iterator[str]:
    cells: list[str] = []
    rules: list[str] = []
    last = 0
    for lines, members in groups(columns):
        first, last = last + 1, last + len(members)
        if any(lines):
            name = rf"\shortstack{{{NEW_LINE.join(map(tex, lines))}}}" if lines[1:] else tex(lines[0])
            cells.append(rf"\multicolumn{{{len(members)}}}{{c}}{{{name}}}")
            rules.append(rf"\cmidrule(lr){{{first}-{last}}}")
        else:
            cells += [""] * len(members)
    yield _line(cells)
    yield " ".join(rules)


def _line(cells: Sequence[str]) -> str:
    return rf"{' & '.join(cells)} \\"

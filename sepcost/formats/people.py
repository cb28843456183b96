"""ForPeople: a format that draws sheets, of whatever result they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from sepcost.errors import SepcostError
from sepcost.formats.format import Format, FormatOptions, Options, ResultName
from sepcost.text.kind import Digits, read_powers
from sepcost.text.units import read_precision

if TYPE_CHECKING:
    from sepcost.count.snapshot import Snapshot
    from sepcost.derive.derivation import Section
    from sepcost.judge.difference import Difference
    from sepcost.judge.verdict import Judgement
    from sepcost.measured.benchmark import Benchmark
    from sepcost.measured.fits import Fits
    from sepcost.sheets.sheet import Sheet
    from sepcost.sheets.target_sheets import Targets

Sections: TypeAlias = "Sequence[Section]"

MOST_ROWS = 10_000
"""All tables together have no more rows: more are too many to read."""
MOST_CELLS = 80_000
"""Nor more cells, if many replacements make them wide."""
SHORTER = "use --format csv, or --top 20"


class ForPeople(Format):
    """A format that draws sheets and writes derivations; everything else follows from that."""

    audience = "people"
    options: ClassVar[Options] = {"precision": read_precision, "units": read_powers}
    is_drawn_apart: bool = True
    """Whether the networks can be drawn one by one, as they come."""
    has_problems: bool = True
    """Whether it says what could not be judged; not if standard error says so next to it."""

    draw: Callable[[Sequence[Sheet], FormatOptions], str]
    text: Callable[[str], str]
    """Any text, escaped so that it is shown as it is."""
    derived: Callable[[str, Sections, Sequence[str]], str]
    """A derivation's title, sections and notes."""

    def comparisons(self, comparisons: Iterable[Any], options: FormatOptions) -> Iterator[str]:
        """Each network as it comes, if it has a table of its own; raises SepcostError if there are too many."""
        from sepcost.sheets.comparison_sheets import sheets
        from sepcost.sheets.summary_sheet import several_sheets
        from sepcost.sheets.view import View

        view = options.view or View()
        shown: list[Snapshot] = []
        rows = 0
        one_by_one = self.is_drawn_apart and not view.totals
        for snapshot in comparisons:
            more = len(snapshot.texts) if view.totals else len(snapshot.shown)
            refuse_too_many(rows + more)
            if one_by_one:
                each = sheets(snapshot, options.assumed, view)
                rows = refuse_too_large(each, drawn=rows)
                yield "\n" * bool(shown) + self.drawn("comparisons", [snapshot], each, options)
            else:
                rows += more
            shown.append(snapshot.without_layers() if one_by_one else snapshot)
        rest = several_sheets(shown, view, options.assumed, drawn=one_by_one)
        refuse_too_large(rest)
        if rest:
            yield "\n" * one_by_one + self.drawn("comparisons", shown, rest, options)

    def difference(self, difference: Difference, options: FormatOptions) -> str:
        """The sheets of it, or a line or two if there is none; raises SepcostError if they are too large."""
        from sepcost.sheets.difference_sheets import difference_sheets, nothing_changed

        if difference.is_empty:
            title, *notes = nothing_changed(difference)
            return self.lines([title, *map(options.words, notes)], options)
        sheets = difference_sheets(difference)
        refuse_too_large(sheets, "use --format csv")
        return self.drawn("difference", [difference], sheets, options)

    def judgement(self, judgement: Judgement, options: FormatOptions) -> str:
        """The sheets of it; raises SepcostError if they are too large."""
        from sepcost.sheets.check_sheets import check_sheets

        sheets = check_sheets(judgement, problems=self.has_problems)
        refuse_too_large(sheets, "use --format json")
        return self.drawn("judgement", [judgement], sheets, options)

    def benchmark(self, benchmark: Benchmark, options: FormatOptions) -> str:
        """The sheets of what was timed; raises SepcostError if they are too large."""
        from sepcost.sheets.benchmark_sheets import benchmark_sheets

        sheets = benchmark_sheets(benchmark)
        refuse_too_large(sheets)
        return self.drawn("benchmark", [benchmark], sheets, options)

    def fits(self, fits: Fits, options: FormatOptions) -> str:
        """The sheets of what was fitted; raises SepcostError if they are too large."""
        from sepcost.sheets.fit_sheets import fit_sheets

        sheets = fit_sheets(fits)
        refuse_too_large(sheets)
        return self.drawn("fits", [fits], sheets, options)

    def derivation(self, snapshot: Snapshot, options: FormatOptions) -> str:
        """The derivation of one convolution."""
        from sepcost.derive.derivation import derivation
        from sepcost.sheets.comparison_sheets import title_of
        from sepcost.sheets.notes import derivation_notes

        comparison = snapshot.counted_now()
        widths = comparison.layers[0].node.widths_under(comparison.convention)
        notes = [*map(options.words, derivation_notes(snapshot, widths))]
        return self.derived(title_of(snapshot, options.assumed), derivation(comparison), notes)

    def replacements(self, options: FormatOptions) -> str:
        """The list of replacements as a sheet."""
        from sepcost.sheets.replacement_list import replacement_sheet

        return self.drawn("replacements", (), [replacement_sheet()], options)

    def targets(self, targets: Targets, options: FormatOptions) -> str:
        """A row for each target, or the sheets of one."""
        from sepcost.sheets.target_sheets import target_sheets

        return self.drawn("targets", [targets], target_sheets(targets), options)

    def drawn(self, result: ResultName, found: Sequence[Any], sheets: Sequence[Sheet], options: FormatOptions) -> str:
        """The sheets of a result, with numbers as they were asked for; ``found`` is what they are of."""
        return self.draw(with_digits(sheets, options), options)

    def lines(self, lines: Sequence[str], options: FormatOptions) -> str:
        """A result that is said in a few lines."""
        return "".join(f"{self.text(line)}\n" for line in lines)


def with_digits(sheets: Sequence[Sheet], options: FormatOptions) -> list[Sheet]:
    """The sheets, with numbers and words as they were asked for."""
    digits = Digits(options.precision, options.units)
    return [sheet._replace(digits=digits, notes=tuple(map(options.words, sheet.notes))) for sheet in sheets]


def refuse_too_many(rows: int, instead: str = SHORTER) -> None:
    """A SepcostError for too many rows."""
    if rows > MOST_ROWS:
        raise SepcostError(f"more than {MOST_ROWS:,} rows are too many for a table: {instead}")


def refuse_too_large(sheets: Sequence[Sheet], instead: str = SHORTER, drawn: int = 0) -> int:
    """The same, for sheets that follow this many rows; returns the rows so far."""
    rows = drawn + sum(len(sheet.all_rows) for sheet in sheets)
    refuse_too_many(rows, instead)
    if sum(len(sheet.all_rows) * len(sheet.columns) for sheet in sheets) > MOST_CELLS:
        raise SepcostError(f"more than {MOST_CELLS:,} cells are too many for a table: {instead}")
    return rows

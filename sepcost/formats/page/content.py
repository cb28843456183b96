"""What a page says around its tables: how it was counted, and what its reader has to see first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sepcost.count.figure import BY_NAME, HEADLINES, MACS, REDUCED, TIME, reductions
from sepcost.formats.documents.findings import findings
from sepcost.formats.format import FormatOptions, ResultName
from sepcost.layers.cost import Convention
from sepcost.sheets.difference_text import layer_name
from sepcost.sheets.notes import dtype_text
from sepcost.sheets.sheet import Measure, cell_text
from sepcost.text.harmless import harmless
from sepcost.text.kind import Digits, Kind
from sepcost.text.units import reduction_text
from sepcost.text.wording import named
from sepcost.version import __version__

if TYPE_CHECKING:
    from sepcost.count.snapshot import Snapshot
    from sepcost.judge.difference import Change, Difference
    from sepcost.judge.verdict import Judgement
    from sepcost.measured.benchmark import Benchmark
    from sepcost.measured.fits import Fits

Facts: TypeAlias = "Iterator[tuple[str, str]]"
MOST_HIGHLIGHTS, MOST_GROWN = 20, 5
ROUNDED = Digits(rounded=True)


class Highlight(NamedTuple):
    """A line for the top of the page: ``good`` or ``bad`` news, or a ``doubt``."""

    tone: str
    text: str


def facts(result: ResultName, found: Sequence[Any], options: FormatOptions) -> list[tuple[str, str]]:
    """What was counted and how: a word and what it is.

    >>> facts("replacements", [], FormatOptions())[0][0]
    'sepcost'
    """
    of_result = FACTS[result](found, options) if result in FACTS else ()
    known = [("sepcost", __version__), *of_result]
    return [(word, harmless(what)) for word, what in known if what]


def highlights(result: ResultName, found: Sequence[Any]) -> list[Highlight]:
    """What fails or cannot be judged, or what grew and shrank; what is saved."""
    lines = list(HIGHLIGHTS[result](*found)) if result in HIGHLIGHTS else []
    more = len(lines) - MOST_HIGHLIGHTS
    return lines[:MOST_HIGHLIGHTS] + [Highlight("doubt", f"{more:,} more are below.")] * (more > 0)


def tone(result: ResultName, found: Sequence[Any]) -> str:
    """Whether the title is good or bad news; of most results it is neither."""
    if result != "judgement":
        return ""
    judgement: Judgement = found[0]
    return "good" if judgement.holds else "bad" if judgement.is_decided else "doubt"


def _convention(convention: Convention) -> Facts:
    yield "FLOPs", f"{convention.flops_per_mac} for each MAC"
    batch = "" if convention.batch == 1 else f", for a batch of {convention.batch}"
    yield "memory", f"in {dtype_text(convention.dtype)}{batch}"


def _of_snapshots(snapshots: Sequence[Snapshot]) -> Facts:
    sources = dict.fromkeys(snapshot.source for snapshot in snapshots if snapshot.source)
    yield "source", named(list(sources))
    yield from _convention(snapshots[0].convention)
    targets = dict.fromkeys(snapshot.target.name for snapshot in snapshots if snapshot.target)
    yield "target", named(list(targets))


def _of_comparisons(found: Sequence[Snapshot], options: FormatOptions) -> Facts:
    yield from _of_snapshots(found)
    yield "assumed", ", ".join(options.assumed)


def _of_difference(found: Sequence[Difference], options: FormatOptions) -> Facts:
    yield "before", found[0].before.source or ""
    yield "after", found[0].after.source or ""
    yield from _convention(found[0].convention)


def _of_judgement(found: Sequence[Judgement], options: FormatOptions) -> Facts:
    yield "source", named(list(dict.fromkeys(verdict.source for verdict in found[0].verdicts)))
    yield "baseline", found[0].baseline or ""
    yield from _convention(found[0].convention)


def _of_benchmark(found: Sequence[Benchmark], options: FormatOptions) -> Facts:
    yield "timed on", found[0].setup.system
    yield "target", found[0].target.name if found[0].target else ""


def _of_fits(found: Sequence[Fits], options: FormatOptions) -> Facts:
    yield "weights", found[0].weights
    yield "data", found[0].data or ""
    yield "target", found[0].target or ""


def _what_is_saved(snapshot: Snapshot, *others: Snapshot) -> Iterator[Highlight]:
    """The whole network's MACs and params under each replacement, where there is one network, and not one layer."""
    if others or snapshot.is_single_convolution:
        return
    for text, replaced in snapshot.replaced.items():
        for name, saved in reductions(snapshot.total, replaced.figures, HEADLINES).items():
            if saved is not None and saved != 1:
                sides = _sides(name, snapshot.total[name], replaced.figures[name])
                what = f"{text}: {REDUCED} of {BY_NAME[name].header} {reduction_text(saved)}: {sides}"
                yield Highlight("good" if saved > 1 else "bad", harmless(what))


def _what_changed(difference: Difference) -> Iterator[Highlight]:
    """The whole network's params, MACs and time; then the layers that grew, the one that grew most first."""
    for name in (*HEADLINES, TIME):
        yield from _changed(BY_NAME[name].header, name, difference.total.get(name))
    grown = [(layer.figures.get("macs"), layer_name(layer)) for layer in difference.changes]
    more = [(change, name) for change, name in grown if change and (change.difference or 0) > 0]
    for change, name in sorted(more, key=lambda each: -each[0].difference)[:MOST_GROWN]:
        yield from _changed(f"{name}: {MACS}", "macs", change)


def _changed(what: str, name: str, change: Change | None) -> Iterator[Highlight]:
    if change and change.difference:
        kind = BY_NAME[name].kind
        by = cell_text(Measure(change.difference, kind, signed=True), kind, ROUNDED)
        share = cell_text(Measure(change.percent, Kind.PERCENT, signed=True), kind)
        text = f"{what} {by}{f' ({share})' * (change.percent is not None)}: {_sides(name, change.before, change.after)}"
        yield Highlight("bad" if change.difference > 0 else "good", harmless(text))


def _sides(name: str, before: Any, after: Any) -> str:
    kind = BY_NAME[name].kind
    return " → ".join(cell_text(Measure(each, kind), kind, ROUNDED) for each in (before, after))


def _what_fails(judgement: Judgement) -> Iterator[Highlight]:
    for finding in findings(judgement):
        place = f"{finding.source}:{finding.line}" if finding.line else finding.source
        news = "bad" if finding.level == "error" else "doubt"
        yield Highlight(news, harmless(f"{place}: {finding.message}" if place else finding.message))


FACTS: Mapping[str, Callable[[Any, FormatOptions], Facts]] = {
    "comparisons": _of_comparisons,
    "difference": _of_difference,
    "judgement": _of_judgement,
    "benchmark": _of_benchmark,
    "fits": _of_fits,
}
HIGHLIGHTS: Mapping[str, Callable[..., Iterator[Highlight]]] = {
    "comparisons": _what_is_saved,
    "difference": _what_changed,
    "judgement": _what_fails,
}

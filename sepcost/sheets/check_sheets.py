"""A judgement as sheets for people: what was checked, and what fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from sepcost.count.figure import HEADLINES, figure_named
from sepcost.count.snapshot import Snapshot
from sepcost.count.verification import STANDARD, Verification
from sepcost.judge.difference import Status
from sepcost.judge.growth import Grown
from sepcost.judge.limit import JudgedLimit
from sepcost.judge.outcome import Outcome
from sepcost.judge.verdict import Judgement, Verdict
from sepcost.sheets.check_text import (
    RESULTS,
    change_text,
    checked_value,
    figure_name,
    figure_of,
    gone_replacements,
    gone_sentence,
    growth_sentence,
    limit_text,
    missed_text,
    moved_sentence,
    outcome_line,
    owner_of,
    undecided,
    unknown_sentence,
)
from sepcost.sheets.difference_sheets import layers_sheet
from sepcost.sheets.notes import caveats, dtype_text, input_notes
from sepcost.sheets.sheet import LAYER, NETWORK, Cell, Column, Look, Row, Sheet
from sepcost.sheets.time_notes import time_notes
from sepcost.sheets.verification_text import FIELD_WORDS, found_text, unverified_line
from sepcost.text.kind import Kind
from sepcost.text.units import exact
from sepcost.text.wording import listed

CHECK_COLUMNS = (
    NETWORK,
    Column("result", Kind.PARAMETER),
    Column("check", Kind.TEXT, names_rows=True),
    Column("of", Kind.TEXT),
    Column("value", Kind.PARAMETER),
    Column("limit", Kind.PARAMETER),
    Column("by", Kind.PARAMETER, optional=2),
)
MISMATCH_COLUMNS = (
    NETWORK,
    LAYER,
    Column("variant", Kind.TEXT, names_rows=True),
    Column("count", Kind.TEXT),
    Column("sepcost", Kind.PARAMETER),
    Column("torch", Kind.PARAMETER),
)
DASH = "–"
MOST_LISTED = 20


def check_sheets(judgement: Judgement, *, problems: bool = False) -> list[Sheet]:
    """The sheet of all checks; then the counts that torch does not confirm, and the layers that changed.

    ``problems``: the notes also report what could not be judged, for readers who do not see standard error.
    """
    rows = [row for verdict in judgement.verdicts for row in _rows(verdict, judgement.baseline)]
    lines = [str(problem) for problem in (*judgement.problems, *undecided(judgement))] if problems else []
    notes = (*lines, *_notes(judgement))
    sheet = _without_empty(Sheet(outcome_line(judgement), CHECK_COLUMNS, tuple(rows), notes=notes))
    changed = (changed for verdict in judgement.verdicts for changed in _changed_sheet(verdict))
    return [sheet, *_mismatch_sheet(judgement.verdicts), *changed]


def _without_empty(sheet: Sheet) -> Sheet:
    """The sheet without empty columns."""
    used = [number for number in range(len(sheet.columns)) if any(row.cells[number] for row in sheet.rows)]
    return sheet.only(used) if sheet.rows else sheet


class _Line(NamedTuple):
    """A row's cells after the network's name, in the order of the columns."""

    result: str
    check: str
    of: str = ""
    value: str = ""
    limit: str = ""
    by: str = ""

    @property
    def look(self) -> Look:
        if self.result in ("fails", "undecided", "gone"):
            return Look.FLAGGED
        return Look.KEPT if self.result == DASH else Look.PLAIN


def _rows(verdict: Verdict, baseline: str | None) -> Iterator[Row]:
    name = verdict.label
    for line in _lines(verdict, baseline):
        yield Row((name, *line), line.look)
        name = ""


def _lines(verdict: Verdict, baseline: str | None) -> Iterator[_Line]:
    if verdict.verification is not None:
        yield _verified(verdict.verification)
    failing = [grown for grown in verdict.grown if not grown.holds]
    judged: list[JudgedLimit | Grown] = [*verdict.limits, *failing]
    for check in judged:
        what = f"{figure_name(figure_of(check))}{' growth' * isinstance(check, Grown)}"
        figures = (checked_value(check), limit_text(check), missed_text(check))
        yield _Line(RESULTS[check.outcome], what, owner_of(check), *figures)
    if verdict.growth is not None and not failing:
        for of, changes in _changes(verdict):
            yield _Line(RESULTS[Outcome.HELD], changes, of, limit="baseline")
    if verdict.is_unknown:
        for new in (verdict.growth.unknown if verdict.growth else ()) or (STANDARD,):
            yield _Line(RESULTS[Outcome.BROKEN], "growth: new", new, limit="baseline")
    for replacement in verdict.gone:
        yield _Line("gone", "growth", replacement, limit="baseline")
    if not verdict.checks and verdict.verification is None:
        yield _Line(DASH, "nothing to check")


def _verified(verification: Verification) -> _Line:
    left = f"; {exact(len(verification.unverified))} not verified" if verification.unverified else ""
    result = RESULTS[Outcome.of(not verification.mismatches)] if verification.checked else DASH
    return _Line(result, f"counts{left}", "", _confirmed(verification), f"torch {verification.witness}")


def _confirmed(verification: Verification) -> str:
    """How many counts are right, and of how many if some are not."""
    right = exact(verification.checked - len(verification.mismatches))
    return f"{right} of {exact(verification.checked)}" if verification.mismatches else right


def _changes(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """How the params and MACs changed, of the network and of each replacement."""
    for of in dict.fromkeys(grown.of for grown in verdict.grown):
        changed = [grown for grown in verdict.grown if grown.of == of and grown.before != grown.after]
        changes = [
            f"{figure_name(grown.figure)} {change_text(grown)}" for grown in changed if grown.figure in HEADLINES
        ]
        grew = any(grown.after is not None and grown.after > grown.before for grown in changed)
        yield of, f"growth: {', '.join(changes) or ('as allowed' if grew else 'none')}"


def _notes(judgement: Judgement) -> Iterator[str]:
    if judgement.unverified:
        yield f"Not verified: {judgement.unverified}."
    lines = [
        f"{verdict.label}: {unverified_line(item)}."
        for verdict in judgement.verdicts
        for item in (verdict.verification.unverified if verdict.verification else ())
    ]
    yield from lines[:MOST_LISTED]
    if len(lines) > MOST_LISTED:
        yield f"{exact(len(lines) - MOST_LISTED)} further layers and parts are not verified."
    snapshots = [verdict.snapshot for verdict in judgement.verdicts]
    yield from (*input_notes(*snapshots), *caveats(*snapshots))
    for verdict in judgement.verdicts:
        if verdict.is_new:
            yield f"{verdict.label}: {unknown_sentence(verdict, judgement.baseline)}."
    for verdict in judgement.verdicts:
        yield from _replaced_alone(verdict, judgement.baseline)
    for verdict in judgement.verdicts:
        if verdict.was is not None:
            yield f"{moved_sentence(verdict, judgement.baseline)}."
    if judgement.gone_allowed:
        yield from (f"{gone_sentence(gone, judgement.baseline)}." for gone in judgement.gone)
        for verdict in judgement.verdicts:
            if verdict.gone:
                yield f"{verdict.label}: {gone_replacements(verdict, judgement.baseline)}."
    yield from time_notes(*map(_as_judged, judgement.verdicts))
    yield from _memory(judgement)


def _as_judged(verdict: Verdict) -> Snapshot:
    """The network, without what its target says of parts that are not judged."""
    snapshot, target = verdict.snapshot, verdict.snapshot.target
    if target is None:
        return snapshot
    judged = {*map(owner_of, verdict.limits), *map(owner_of, verdict.grown)}
    named = {layer.name for layer in snapshot.layers} | {
        f"{layer.name}.{part.name}"
        for layer in snapshot.layers
        for text in judged & layer.replaced.keys()
        for part in layer.replaced[text].parts
    }
    outside, unknown = (
        {where: why for where, why in each.items() if where in named} for each in (target.outside, target.unknown)
    )
    return replace(snapshot, target=target._replace(outside=outside, unknown=unknown))


def _memory(judgement: Judgement) -> Iterator[str]:
    """The dtype and the batch of the bytes that have a limit."""
    limited = [
        verdict.snapshot.convention
        for verdict in judgement.verdicts
        if any((figure := figure_named(check.limit.figure)) and figure.kind.is_of_bytes for check in verdict.limits)
    ]
    if limited:
        dtypes = dict.fromkeys(dtype_text(convention.dtype) for convention in limited)
        batch = f", for a batch of {judgement.convention.batch}" if judgement.convention.batch > 1 else ""
        yield f"Memory is in {listed(list(dtypes))}{batch}."


def _replaced_alone(verdict: Verdict, baseline: str | None) -> Iterator[str]:
    """What grew under a replacement in a layer that is itself unchanged, and so in no other table."""
    for grown in verdict.grown:
        layer = grown.culprit
        if grown.outcome is Outcome.BROKEN and layer is not None and layer.status is Status.UNCHANGED:
            yield f"{verdict.label} {growth_sentence([grown], baseline)}."


def _mismatch_sheet(verdicts: Sequence[Verdict]) -> Iterator[Sheet]:
    """The counts that torch does not confirm, if there are any."""
    rows: list[Row] = []
    for verdict in verdicts:
        for wrong in verdict.verification.mismatches if verdict.verification else ():
            variant = ": ".join(filter(None, (wrong.variant, wrong.part)))
            cells: tuple[Cell, ...] = (
                verdict.label, wrong.layer or "the whole network", variant, FIELD_WORDS[wrong.field],
                found_text(wrong.ours), found_text(wrong.theirs),
            )  # fmt: skip
            rows.append(Row(cells, Look.FLAGGED))
    if rows:
        more = len(rows) - MOST_LISTED
        notes = (f"{exact(more)} more (--format json has them all).",) if more > 0 else ()
        yield Sheet("Counts that torch does not confirm", MISMATCH_COLUMNS, tuple(rows[:MOST_LISTED]), notes=notes)


def _changed_sheet(verdict: Verdict) -> Iterator[Sheet]:
    """The layers that are not as the baseline has them, if there are any."""
    if verdict.growth is None:
        return
    difference = verdict.growth.difference
    listed = [layer for layer in difference.changes if layer.status not in (Status.RENAMED, Status.MOVED)]
    if listed:
        sheet = layers_sheet(difference, listed)
        yield sheet._replace(title=sheet.title.replace("Layers", f"Layers of {verdict.label}", 1))

"""A judgement as sheets for people: what was checked, and where something fails, what of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sepcost.budgeted import Budgeted
from sepcost.costed import CostedNetwork
from sepcost.difference import Status
from sepcost.growth import Grown
from sepcost.report.check_text import (
    change_text,
    checked_value,
    figure_name,
    limit_text,
    outcome_line,
    result_text,
    subject_of,
)
from sepcost.report.difference_sheets import layers_sheet
from sepcost.report.sheet import Cell, Column, Kind, Look, Row, Sheet
from sepcost.report.verification_text import FIELDS, found_text, unverified_line
from sepcost.units import exact
from sepcost.verdict import Judgement, Verdict
from sepcost.verification import STANDARD, Verification

COLUMNS = (
    Column("network", Kind.TEXT, names_rows=True),
    Column("result", Kind.PARAMETER),
    Column("check", Kind.TEXT),
    Column("value", Kind.PARAMETER),
    Column("limit", Kind.PARAMETER, optional=1),
)
MISMATCH_COLUMNS = (
    Column("network", Kind.TEXT, names_rows=True),
    Column("layer", Kind.TEXT, names_rows=True),
    Column("variant", Kind.TEXT, names_rows=True),
    Column("count", Kind.TEXT),
    Column("sepcost", Kind.PARAMETER),
    Column("torch", Kind.PARAMETER),
)
MOST_LINES = 20


def check_sheets(judgement: Judgement) -> list[Sheet]:
    """The sheet of all checks; then the counts that torch does not confirm, and the layers that changed."""
    rows = [row for verdict in judgement.verdicts for row in _rows(verdict, judgement.baseline)]
    sheet = Sheet(outcome_line(judgement), COLUMNS, tuple(rows), notes=tuple(_notes(judgement)))
    changed = (changed for verdict in judgement.verdicts for changed in _changed_sheet(verdict))
    return [sheet, *_mismatch_sheet(judgement.verdicts), *changed]


def _rows(verdict: Verdict, baseline: str | None) -> Iterator[Row]:
    name = verdict.name
    for *cells, look in _cells(verdict, baseline):
        yield Row((name, *cells), look)
        name = ""


def _cells(verdict: Verdict, baseline: str | None) -> Iterator[tuple[str, str, str, str, Look]]:
    verification = verdict.verification
    if verification is not None:
        many, left = len(verification.mismatches), len(verification.unverified)
        what = f"counts, torch {verification.witness}{f'; {exact(left)} not verified' * bool(left)}"
        yield "fails" if many else "holds", what, _confirmed(verification), "", _look(not many)
    failing = [grown for grown in verdict.grown if not grown.holds]
    judged: list[Budgeted | Grown] = [*verdict.budgeted, *failing]
    for check in judged:
        what = f"{'growth of ' * isinstance(check, Grown)}{subject_of(check)}"
        yield result_text(check), what, checked_value(check), limit_text(check), _look(check.holds)
    if verdict.growth is not None and not failing:
        yield "holds", f"growth since {baseline}: {_changes(verdict)}", "", "", Look.PLAIN
    if verdict.is_new:
        yield "fails", f"growth since {baseline}: new", "", "", Look.FLAGGED
    if not verdict.checks:
        yield "–", "nothing to check", "", "", Look.KEPT


def _confirmed(verification: Verification) -> str:
    """How many counts are right, and of how many where some are not."""
    right = exact(verification.checked - len(verification.mismatches))
    return f"{right} of {exact(verification.checked)}" if verification.mismatches else right


def _look(holds: bool) -> Look:
    return Look.PLAIN if holds else Look.FLAGGED


def _changes(verdict: Verdict) -> str:
    """What became of the standard's params and MACs, for all of the figures."""
    changed = [grown for grown in verdict.grown if grown.before != grown.after]
    told = [grown for grown in changed if grown.of == STANDARD and grown.figure in ("params", "macs")]
    if not told:
        return "less than allowed" if changed else "nothing changed"
    return ", ".join(f"{figure_name(grown.figure)} {change_text(grown)}" for grown in told)


def _notes(judgement: Judgement) -> Iterator[str]:
    if judgement.unverified:
        yield f"Not verified: {judgement.unverified}."
    lines = [
        f"{verdict.name}: {unverified_line(item)}."
        for verdict in judgement.verdicts
        for item in (verdict.verification.unverified if verdict.verification else ())
    ]
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"{exact(len(lines) - MOST_LINES)} further layers and parts are not verified."
    for verdict in judgement.verdicts:
        if verdict.is_new:
            yield f"{verdict.name} is new: {_figures(verdict.costs)} (--update-baseline takes it in)."
    for gone in judgement.gone:
        yield f"{gone.name} is gone: {_figures(gone)} ({judgement.baseline} has it, from {gone.source})."
    if any(check.limit.figure.endswith("_bytes") for verdict in judgement.verdicts for check in verdict.budgeted):
        batch = f", for a batch of {judgement.convention.batch}" if judgement.convention.batch > 1 else ""
        yield f"Memory is in {judgement.convention.dtype}{batch}."


def _figures(costs: CostedNetwork) -> str:
    """What a network costs that has nothing to be held against."""
    return f"{exact(costs.total['params'] or 0)} params, {exact(costs.total['macs'] or 0)} MACs"


def _mismatch_sheet(verdicts: Sequence[Verdict]) -> Iterator[Sheet]:
    """The counts that torch does not confirm, if there are any."""
    rows: list[Row] = []
    for verdict in verdicts:
        for wrong in verdict.verification.mismatches if verdict.verification else ():
            variant = ": ".join(filter(None, (wrong.variant, wrong.part)))
            cells: tuple[Cell, ...] = (
                verdict.name, wrong.layer or "the whole network", variant, FIELDS[wrong.field],
                found_text(wrong.ours), found_text(wrong.theirs),
            )  # fmt: skip
            rows.append(Row(cells, Look.FLAGGED))
    if rows:
        more = len(rows) - MOST_LINES
        notes = (f"{exact(more)} more (--format json has them all).",) if more > 0 else ()
        yield Sheet("Counts that torch does not confirm", MISMATCH_COLUMNS, tuple(rows[:MOST_LINES]), notes=notes)


def _changed_sheet(verdict: Verdict) -> Iterator[Sheet]:
    """The layers that are not as the baseline has them, if there are any."""
    if verdict.growth is None:
        return
    difference = verdict.growth.difference
    listed = [layer for layer in difference.changes if layer.status not in (Status.RENAMED, Status.MOVED)]
    if listed:
        sheet = layers_sheet(difference, listed)
        yield sheet._replace(title=sheet.title.replace("Layers", f"Layers of {verdict.name}", 1))

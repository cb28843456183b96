"""Findings: all that a judgement reports, one by one, each with its rule and its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum
from hashlib import sha256
from typing import Literal, NamedTuple, TypeAlias

from sepcost.judge.growth import Grown
from sepcost.judge.outcome import Outcome
from sepcost.judge.verdict import Judgement, Verdict
from sepcost.sheets.check_text import (
    budget_sentence,
    culprit_line,
    gone_replacements,
    gone_sentence,
    growth_sentence,
    moved_sentence,
    subject_of,
    undecided_checks,
    unknown_sentence,
)
from sepcost.sheets.difference_text import layer_name
from sepcost.sheets.notes import caveat_lines
from sepcost.sheets.verification_text import mismatch_line, place_text, unverified_line
from sepcost.sources.paths import in_repository


class Rule(Enum):
    """A kind of finding, in a sentence.

    >>> Rule.OVER_BUDGET.id
    'over-budget'
    """

    NOT_JUDGED = "Something cannot be read or judged."
    NOT_CONFIRMED = "torch does not confirm a count."
    OVER_BUDGET = "A figure is not within its budget."
    GROWN = "A figure grew beyond the baseline."
    NEW = "The baseline does not have a network or a replacement."
    UNDECIDED = "It cannot be decided whether a limit holds."
    NOT_VERIFIED = "torch cannot count a layer."
    NOT_COUNTED = "What a model does is not counted, or depends on the values of its inputs."
    GONE = "The baseline has a network or a replacement that is gone."
    MOVED = "The baseline has the network in another file, or by another name."

    @property
    def id(self) -> str:
        """Its name in data."""
        return self.name.lower().replace("_", "-")


Level: TypeAlias = Literal["error", "warning"]


class Finding(NamedTuple):
    """What was found, and where: lines and columns from 1, and 0 where there is none.

    ``subject`` is what it is about: the same in every run, whatever the figures and lines are.
    """

    rule: Rule
    level: Level
    message: str
    source: str
    line: int
    subject: Sequence[str]
    column: int = 0

    @property
    def path(self) -> str:
        """The file as its repository names it."""
        return in_repository(self.source)


def findings(judgement: Judgement) -> Iterator[Finding]:
    """Problems, then what was found of each network, then what is gone or has moved."""
    baseline = judgement.baseline
    for problem in judgement.problems:
        text = ": ".join(filter(None, (problem.path, problem.message)))
        yield Finding(Rule.NOT_JUDGED, "error", text, problem.source, problem.line, [text], problem.column)
    for verdict in judgement.verdicts:
        yield from _of_network(verdict, baseline)
    level: Level = "warning" if judgement.gone_allowed else "error"
    for verdict in judgement.verdicts:
        if verdict.gone:
            text = f"{verdict.label}: {gone_replacements(verdict, baseline)}"
            yield Finding(Rule.GONE, level, text, verdict.source, verdict.lines.network, [verdict.name, *verdict.gone])
    for gone in judgement.gone:
        yield Finding(Rule.GONE, level, gone_sentence(gone, baseline), gone.source or "", 0, [gone.name])
    for verdict in judgement.verdicts:
        if verdict.was is not None:
            text = moved_sentence(verdict, baseline)
            yield Finding(Rule.MOVED, "warning", text, verdict.source, 0, [verdict.name])


def with_fingerprints(judgement: Judgement) -> Iterator[tuple[Finding, str]]:
    """Each finding with a text of its own, which is the same in the next run."""
    times: Counter[str] = Counter()
    for finding in findings(judgement):
        identity = "\0".join((finding.rule.id, finding.path, *finding.subject))
        times[identity] += 1
        yield finding, sha256(f"{identity}\0{times[identity]}".encode("utf-8", "surrogatepass")).hexdigest()


def _of_network(verdict: Verdict, baseline: str | None) -> Iterator[Finding]:
    def found(rule: Rule, line: int, message: str, *subject: str, level: Level = "error") -> Finding:
        return Finding(rule, level, f"{verdict.label}: {message}", verdict.source, line, [verdict.name, *subject])

    verification = verdict.verification
    if verification is not None:
        for wrong in verification.mismatches:
            line, text = verdict.line_of(wrong.layer), mismatch_line(wrong, verification.witness)
            yield found(Rule.NOT_CONFIRMED, line, text, place_text(wrong), wrong.field)
    for limit in verdict.limits:
        if limit.outcome is Outcome.BROKEN:
            line = limit.line or verdict.lines.network
            yield found(Rule.OVER_BUDGET, line, budget_sentence(limit), subject_of(limit))
    for line, together in _grown_together(verdict):
        layer = layer_name(together[0].culprit) if together[0].culprit else ""
        yield found(Rule.GROWN, line, growth_sentence(together, baseline), layer)
    if verdict.is_unknown:
        yield found(Rule.NEW, verdict.lines.network, unknown_sentence(verdict, baseline))
    for check, line, text in undecided_checks(verdict, baseline):
        yield found(Rule.UNDECIDED, line, text, subject_of(check))
    for item in verification.unverified if verification else ():
        line, text = verdict.line_of(item.layer), unverified_line(item)
        yield found(Rule.NOT_VERIFIED, line, text, place_text(item), level="warning")
    for caveat in caveat_lines(verdict.snapshot.model):
        yield found(Rule.NOT_COUNTED, 0, caveat, level="warning")


def _grown_together(verdict: Verdict) -> Iterator[tuple[int, list[Grown]]]:
    """The figures of each layer that grew most, and its line."""
    together: dict[tuple[int, int], list[Grown]] = {}
    for grown in verdict.grown:
        if grown.outcome is Outcome.BROKEN:
            together.setdefault((culprit_line(verdict, grown), id(grown.culprit)), []).append(grown)
    for (line, _), each in together.items():
        yield line, each

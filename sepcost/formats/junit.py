"""A judgement as JUnit XML, as Jenkins and others read it: a suite for each network, a case for each check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple
from xml.etree import ElementTree

from sepcost.formats.format import Format, FormatOptions
from sepcost.judge.outcome import Outcome
from sepcost.judge.verdict import Judgement, Verdict
from sepcost.sheets.check_text import (
    budget_sentence,
    culprit_line,
    gone_replacements,
    gone_sentence,
    growth_sentence,
    subject_of,
    undecided_growth,
    unknown_sentence,
)
from sepcost.sheets.notes import READ_ZEROS, uncounted_line
from sepcost.sheets.verification_text import mismatch_line, unverified_line
from sepcost.sources.paths import in_repository
from sepcost.text.harmless import harmless
from sepcost.text.wording import counted

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow (section 2.2)."""


ELEMENTS = {Outcome.BROKEN: "failure", Outcome.UNDECIDED: "error"}


class Junit(Format):
    """A suite for each network, and a case for each check."""

    audience = "CI"
    escape = "&#{};"
    endings = (".xml",)
    writes = ("judgement",)

    def judgement(self, judgement: Judgement, options: FormatOptions) -> str:
        """The document."""
        suites = [_suite_of(verdict, judgement) for verdict in judgement.verdicts]
        for source, problems in groupby(judgement.problems, key=lambda problem: problem.source):
            cases = [Case(each.path or "can be read", "error", str(each), line=each.line) for each in problems]
            suites.append(Suite(source, source, cases))
        for gone in judgement.gone:
            outcome = "skipped" if judgement.gone_allowed else "error"
            case = Case("growth", outcome, gone_sentence(gone, judgement.baseline))
            suites.append(Suite(gone.name, gone.source or "", [case]))
        root = ElementTree.Element("testsuites", {"name": "sepcost", **_all_numbers(suites)})
        for suite in suites:
            _append(root, suite)
        ElementTree.indent(root)
        return f"<?xml version='1.0' encoding='UTF-8'?>\n{ElementTree.tostring(root, encoding='unicode')}\n"


FORMAT = Junit()


class Case(NamedTuple):
    """One check: ``outcome`` is None, or the element that reports its result, with a message and details."""

    name: str
    outcome: str | None = None
    message: str = ""
    details: Sequence[str] = ()
    line: int = 0


class Suite(NamedTuple):
    """The checks of a network, its line, which cases without a line have too, and the seconds that it took, if any."""

    name: str
    source: str
    cases: Sequence[Case]
    line: int = 0
    seconds: float | None = None


def _append(root: ElementTree.Element, suite: Suite) -> None:
    file = {"file": _text(in_repository(suite.source))}
    time = {} if suite.seconds is None else {"time": _time(suite.seconds)}
    attributes = {"name": _text(suite.name), **file, **_numbers(suite.cases), **time}
    parent = ElementTree.SubElement(root, "testsuite", attributes)
    for case in suite.cases:
        line = case.line or suite.line
        place = file | ({"line": str(line)} if line else {})
        name = {"classname": _text(suite.source), "name": _text(case.name)}
        element = ElementTree.SubElement(parent, "testcase", name | place)
        if case.outcome is not None:
            result = ElementTree.SubElement(element, case.outcome, {"message": _text(case.message)})
            result.text = "\n".join(map(_text, case.details or [case.message]))


def _suite_of(verdict: Verdict, judgement: Judgement) -> Suite:
    cases = [*_counting_cases(verdict, judgement), *_cases(verdict, judgement)]
    return Suite(verdict.name, verdict.source, cases, verdict.lines.network, verdict.seconds)


def _counting_cases(verdict: Verdict, judgement: Judgement) -> Iterator[Case]:
    verification = verdict.verification
    if verification is not None:
        wrong = [mismatch_line(mismatch, verification.witness) for mismatch in verification.mismatches]
        name = f"verification with torch {verification.witness}"
        if wrong:
            line = verdict.line_of(verification.mismatches[0].layer)
            yield Case(name, "failure", f"{counted(len(wrong), 'count')} not confirmed", wrong, line)
        else:
            yield Case(name)
        for item in verification.unverified:
            line, name_of_it = verdict.line_of(item.layer), f"{name}: {': '.join(filter(None, item[:3]))}"
            yield Case(name_of_it, "skipped", unverified_line(item), line=line)
    elif judgement.unverified:
        yield Case("verification", "skipped", judgement.unverified)
    model = verdict.snapshot.model
    if model and model.uncounted:
        yield Case("operators that cannot be counted", "skipped", uncounted_line(model.uncounted))
    if model and model.read_zeros:
        yield Case("values of inputs", "skipped", READ_ZEROS)


def _cases(verdict: Verdict, judgement: Judgement) -> Iterator[Case]:
    for limit in verdict.limits:
        case = Case(f"budget of {subject_of(limit)}", line=limit.line or 0)
        yield case if limit.holds else case._replace(outcome=ELEMENTS[limit.outcome], message=budget_sentence(limit))
    for grown in verdict.grown:
        case = Case(f"growth of {subject_of(grown)}")
        if grown.outcome is Outcome.UNDECIDED:
            yield case._replace(outcome="error", message=undecided_growth(grown, judgement.baseline))
        elif grown.outcome is Outcome.BROKEN:
            sentence, line = growth_sentence([grown], judgement.baseline), culprit_line(verdict, grown)
            yield case._replace(outcome="failure", message=sentence, line=line)
        else:
            yield case
    if verdict.is_unknown:
        yield Case("growth", "failure", unknown_sentence(verdict, judgement.baseline))
    if verdict.gone:
        outcome = "skipped" if judgement.gone_allowed else "error"
        yield Case("growth of what is gone", outcome, gone_replacements(verdict, judgement.baseline))


def _numbers(cases: Sequence[Case]) -> Mapping[str, str]:
    outcomes = [case.outcome for case in cases]
    return {
        "tests": str(len(cases)),
        "failures": str(outcomes.count("failure")),
        "errors": str(outcomes.count("error")),
        "skipped": str(outcomes.count("skipped")),
    }


def _all_numbers(suites: Sequence[Suite]) -> Mapping[str, str]:
    """Of all suites together; the schema has no skipped ones there."""
    numbers = dict(_numbers([case for suite in suites for case in suite.cases]))
    del numbers["skipped"]
    return {**numbers, "time": _time(sum(suite.seconds or 0 for suite in suites))}


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"


def _text(text: str) -> str:
    return NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", harmless(text))

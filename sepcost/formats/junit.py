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
    gone_replacements,
    gone_sentence,
    growth_sentence,
    subject_of,
    undecided_growth,
    unknown_sentence,
)
from sepcost.sheets.notes import READ_ZEROS, uncounted_line
from sepcost.sheets.verification_text import mismatch_line, unverified_line
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
        suites = [(verdict.source, verdict.name, list(_cases(verdict, judgement))) for verdict in judgement.verdicts]
        for source, problems in groupby(judgement.problems, key=lambda problem: problem.source):
            cases = [Case(problem.path or "can be read", "error", str(problem)) for problem in problems]
            suites.append((source, source, cases))
        for gone in judgement.gone:
            outcome = "skipped" if judgement.gone_allowed else "error"
            case = Case("growth", outcome, gone_sentence(gone, judgement.baseline))
            suites.append((gone.source or "", gone.name, [case]))
        root = ElementTree.Element("testsuites", {"name": "sepcost", **_all_numbers(suites)})
        for source, name, cases in suites:
            suite = ElementTree.SubElement(root, "testsuite", {"name": _text(name), **_numbers(cases)})
            for case in cases:
                _append(suite, source, case)
        ElementTree.indent(root)
        return f"<?xml version='1.0' encoding='UTF-8'?>\n{ElementTree.tostring(root, encoding='unicode')}\n"


FORMAT = Junit()


class Case(NamedTuple):
    """One check: ``outcome`` is None, or the element that reports its result, with a message and details."""

    name: str
    outcome: str | None = None
    message: str = ""
    details: Sequence[str] = ()


def _append(suite: ElementTree.Element, source: str, case: Case) -> None:
    element = ElementTree.SubElement(suite, "testcase", {"classname": _text(source), "name": _text(case.name)})
    if case.outcome is not None:
        result = ElementTree.SubElement(element, case.outcome, {"message": _text(case.message)})
        result.text = "\n".join(map(_text, case.details or [case.message]))


def _cases(verdict: Verdict, judgement: Judgement) -> Iterator[Case]:
    verification = verdict.verification
    if verification is not None:
        wrong = [mismatch_line(mismatch, verification.witness) for mismatch in verification.mismatches]
        name = f"verification with torch {verification.witness}"
        yield Case(name, "failure", f"{counted(len(wrong), 'count')} not confirmed", wrong) if wrong else Case(name)
        for item in verification.unverified:
            yield Case(f"{name}: {': '.join(filter(None, item[:3]))}", "skipped", unverified_line(item))
    elif judgement.unverified:
        yield Case("verification", "skipped", judgement.unverified)
    model = verdict.snapshot.model
    if model and model.uncounted:
        yield Case("operators that cannot be counted", "skipped", uncounted_line(model.uncounted))
    if model and model.read_zeros:
        yield Case("values of inputs", "skipped", READ_ZEROS)
    for limit in verdict.limits:
        name = f"budget of {subject_of(limit)}"
        yield Case(name) if limit.holds else Case(name, ELEMENTS[limit.outcome], budget_sentence(limit))
    for grown in verdict.grown:
        name = f"growth of {subject_of(grown)}"
        if grown.outcome is Outcome.UNDECIDED:
            yield Case(name, ELEMENTS[grown.outcome], undecided_growth(grown, judgement.baseline))
        else:
            yield Case(name) if grown.holds else Case(name, "failure", growth_sentence([grown], judgement.baseline))
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


def _all_numbers(suites: Sequence[tuple[str, str, Sequence[Case]]]) -> Mapping[str, str]:
    """Of all suites together; the schema has no skipped ones there."""
    numbers = dict(_numbers([case for *_, cases in suites for case in cases]))
    del numbers["skipped"]
    return numbers


def _text(text: str) -> str:
    return NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", harmless(text))

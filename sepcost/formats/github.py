"""A judgement as workflow commands of GitHub Actions: an annotation on the line of the file that each is about.

The commands and their escapes: GitHub's documentation, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sepcost.formats.format import Format, FormatOptions
from sepcost.judge.verdict import Judgement, Verdict
from sepcost.sheets.check_text import (
    failures,
    gone_replacements,
    gone_sentence,
    moved_sentence,
    outcome_line,
    undecided_checks,
)
from sepcost.sheets.notes import caveat_lines
from sepcost.sheets.verification_text import mismatch_line, unverified_line
from sepcost.text.harmless import harmless

IN_MESSAGES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
IN_PROPERTIES = {**IN_MESSAGES, ":": "%3A", ",": "%2C"}


class Github(Format):
    """Commands to the runner, which shows them next to the lines of the files."""

    audience = "CI"
    writes = ("judgement",)
    is_log = True

    def judgement(self, judgement: Judgement, options: FormatOptions) -> str:
        """A line for each thing that fails or could not be judged, and one that sums up."""
        return "".join(f"{line}\n" for line in _lines(judgement))


FORMAT = Github()


def annotation(level: str, message: str, file: str | None = None, line: int = 0, column: int = 0) -> str:
    r"""One command; what is user text in it stays text.

    >>> annotation("error", "100% of ::error::", "a,b.yaml", 3)
    '::error title=sepcost,file=a%2Cb.yaml,line=3::100%25 of ::error::'
    """
    place = {"file": file, "line": line, "col": column} if file else {}
    properties = [f"{name}={_escaped(str(value), IN_PROPERTIES)}" for name, value in place.items() if value]
    return f"::{level} {','.join(['title=sepcost', *properties])}::{_escaped(message, IN_MESSAGES)}"


def _lines(judgement: Judgement) -> Iterator[str]:
    def annotated(level: str, message: str, source: str = "", line: int = 0, column: int = 0) -> str:
        return annotation(level, message, _in_workspace(source), line, column)

    for problem in judgement.problems:
        has_place = problem.line and _in_workspace(problem.source) is not None
        text = ": ".join(filter(None, (problem.path, problem.message))) if has_place else str(problem)
        yield annotated("error", text, problem.source, problem.line, problem.column)
    for verdict in judgement.verdicts:
        for line, message in _errors(verdict, judgement.baseline):
            yield annotated("error", f"{verdict.label}: {message}", verdict.source, line)
        for unverified in verdict.verification.unverified if verdict.verification else ():
            line = verdict.line_of(unverified.layer)
            yield annotated("warning", f"{verdict.label}: {unverified_line(unverified)}", verdict.source, line)
        for caveat in caveat_lines(verdict.snapshot.model):
            yield annotated("warning", f"{verdict.label}: {caveat}", verdict.source)
    level = "warning" if judgement.gone_allowed else "error"
    for verdict in judgement.verdicts:
        if verdict.gone:
            text = f"{verdict.label}: {gone_replacements(verdict, judgement.baseline)}"
            yield annotated(level, text, verdict.source, verdict.lines.network)
    for gone in judgement.gone:
        yield annotated(level, gone_sentence(gone, judgement.baseline), gone.source or "")
    for verdict in judgement.verdicts:
        if verdict.was is not None:
            yield annotated("warning", moved_sentence(verdict, judgement.baseline), verdict.source)
    if judgement.unverified:
        yield annotated("warning", f"not verified: {judgement.unverified}")
    yield f"sepcost: {outcome_line(judgement)}"


def _errors(verdict: Verdict, baseline: str | None) -> Iterator[tuple[int, str]]:
    """The line and a sentence for each thing that fails or is undecided."""
    if verdict.verification is not None:
        for wrong in verdict.verification.mismatches:
            yield verdict.line_of(wrong.layer), mismatch_line(wrong, verdict.verification.witness)
    yield from failures(verdict, baseline)
    yield from undecided_checks(verdict, baseline)


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in harmless(text))


def _in_workspace(source: str) -> str | None:
    """The file as GitHub names it: seen from the top of the checkout, where it is in there."""
    if not Path(source).is_file():
        return None
    file, top = Path(os.path.abspath(source)), os.environ.get("GITHUB_WORKSPACE")  # noqa: PTH100 (links stay)
    return file.relative_to(top).as_posix() if top and Path(top) in file.parents else source

"""A judgement as workflow commands of GitHub Actions: an annotation on the line of the file that each is about.

The commands and their escapes: GitHub's documentation, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sepcost.errors import ConfigProblem
from sepcost.formats.documents.findings import Rule, findings
from sepcost.formats.format import Format, FormatOptions
from sepcost.judge.verdict import Judgement
from sepcost.sheets.check_text import outcome_line
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
    for rule, level, message, source, line, _, column in findings(judgement):
        file = _in_workspace(source)
        if rule is Rule.NOT_JUDGED and not (line and file):
            message = str(ConfigProblem(source, line, column, "", message))
        yield annotation(level, message, file, line, column)
    if judgement.unverified:
        yield annotation("warning", f"not verified: {judgement.unverified}")
    yield f"sepcost: {outcome_line(judgement)}"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in harmless(text))


def _in_workspace(source: str) -> str | None:
    """The file as GitHub names it: seen from the top of the checkout, where it is in there."""
    if not Path(source).is_file():
        return None
    file, top = Path(os.path.abspath(source)), os.environ.get("GITHUB_WORKSPACE")  # noqa: PTH100 (links stay)
    return file.relative_to(top).as_posix() if top and Path(top) in file.parents else source

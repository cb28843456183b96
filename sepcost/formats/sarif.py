"""A judgement as SARIF 2.1.0, as GitHub code scanning reads it: a result for each finding, on its line of the file.

The properties are those of GitHub's documentation, "SARIF support for code scanning"; sections are those of the
standard.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from sepcost.formats.documents.findings import Finding, Rule, with_fingerprints
from sepcost.formats.format import Format, FormatOptions
from sepcost.judge.verdict import Judgement
from sepcost.text.harmless import harmless
from sepcost.version import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LINK = re.compile(r"\[([^\[\]]*)\]\(")
"""How a link begins in a message (3.11.6)."""


class Sarif(Format):
    """One run, with all rules."""

    audience = "CI"
    escape = r"\u{:04x}"
    endings = (".sarif",)
    writes = ("judgement",)

    def judgement(self, judgement: Judgement, options: FormatOptions) -> str:
        """The document."""
        driver = {"name": "sepcost", "version": __version__, "rules": list(map(_rule, Rule))}
        run = {
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "results": [_result(*found) for found in with_fingerprints(judgement)],
        }
        return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


FORMAT = Sarif()


def _rule(rule: Rule) -> dict[str, Any]:
    texts = ("shortDescription", "fullDescription", "help")
    return {"id": rule.id, **{name: {"text": rule.value} for name in texts}}


def _result(finding: Finding, fingerprint: str) -> dict[str, Any]:
    column = {"startColumn": finding.column} if finding.column else {}
    place = {
        "artifactLocation": {"uri": quote(finding.path, errors="surrogatepass")},
        "region": {"startLine": max(finding.line, 1), **column},
    }
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": list(Rule).index(finding.rule),
        "level": finding.level,
        "message": {"text": _text(finding.message)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    }


def _text(message: str) -> str:
    r"""A message without placeholders (3.11.5) and links.

    >>> print(_text("layers[3].K: {0} is [no](link)"))
    layers[3].K: {{0}} is \[no\](link)
    """
    braces = harmless(message).replace("{", "{{").replace("}", "}}")
    return LINK.sub(r"\\[\1\\](", braces)

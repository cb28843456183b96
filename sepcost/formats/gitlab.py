"""A judgement as GitLab's Code Quality report: an issue for each finding, on its line of the file.

The fields are those of GitLab's documentation, "Code Quality report format".
"""

from __future__ import annotations

import json

from sepcost.formats.documents.findings import with_fingerprints
from sepcost.formats.format import Format, FormatOptions
from sepcost.judge.verdict import Judgement
from sepcost.text.harmless import harmless

SEVERITIES = {"error": "major", "warning": "minor"}


class Gitlab(Format):
    """A list of issues."""

    audience = "CI"
    escape = r"\u{:04x}"
    writes = ("judgement",)

    def judgement(self, judgement: Judgement, options: FormatOptions) -> str:
        """The document."""
        issues = [
            {
                "description": harmless(finding.message),
                "check_name": finding.rule.id,
                "fingerprint": fingerprint,
                "severity": SEVERITIES[finding.level],
                "location": {"path": finding.path, "lines": {"begin": max(finding.line, 1)}},
            }
            for finding, fingerprint in with_fingerprints(judgement)
        ]
        return json.dumps(issues, indent=2) + "\n"


FORMAT = Gitlab()

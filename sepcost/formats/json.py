"""JSON: a document for each result, by the contracts of docs/json.md, docs/diff.md and docs/check.md."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sepcost.formats.format import Comparisons, Format, FormatOptions

if TYPE_CHECKING:
    from sepcost.judge.difference import Difference
    from sepcost.judge.verdict import Judgement
    from sepcost.measured.benchmark import Benchmark
    from sepcost.measured.fits import Fits
    from sepcost.sheets.target_sheets import Targets


class Json(Format):
    """One document, indented where it goes to a terminal; each kind imports what it needs, and no other does."""

    escape = r"\u{:04x}"
    endings = (".json",)
    at_once = True
    writes = ("comparisons", "difference", "judgement", "benchmark", "fits", "targets")

    def comparisons(self, comparisons: Comparisons, options: FormatOptions) -> Iterable[str]:
        """The document in pieces; nothing for no comparison."""
        from sepcost.formats.documents.comparison_json import json_chunks

        chunks = json_chunks(comparisons, options.convention, options.view)
        return [_shown("".join(chunks), options)] if options.to_terminal else chunks

    def difference(self, difference: Difference, options: FormatOptions) -> str:
        """The document."""
        from sepcost.formats.documents.difference_json import difference_json

        return _shown(difference_json(difference), options)

    def judgement(self, judgement: Judgement, options: FormatOptions) -> str:
        """The document."""
        from sepcost.formats.documents.judgement_json import judgement_json

        return _shown(judgement_json(judgement), options)

    def benchmark(self, benchmark: Benchmark, options: FormatOptions) -> str:
        """The document: what decides the times, and a record for each row."""
        from sepcost.sheets.benchmark_records import document

        return _shown(json.dumps(document(benchmark), separators=(",", ":")) + "\n", options)

    def fits(self, fits: Fits, options: FormatOptions) -> str:
        """The document: a record for each row, the plan that was chosen, scores, what was written."""
        from sepcost.sheets.fit_records import document

        return _shown(json.dumps(document(fits), separators=(",", ":")) + "\n", options)

    def targets(self, targets: Targets, options: FormatOptions) -> str:
        """The document."""
        from sepcost.sheets.target_sheets import target_document

        return _shown(json.dumps(target_document(targets), separators=(",", ":")) + "\n", options)


def _shown(text: str, options: FormatOptions) -> str:
    return json.dumps(json.loads(text), indent=2) + "\n" if text and options.to_terminal else text


FORMAT = Json()

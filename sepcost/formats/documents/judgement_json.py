"""A judgement as JSON: the contract of docs/check.md, schema_version 1."""

from __future__ import annotations

import json
from fractions import Fraction
from math import floor
from typing import Any

from sepcost.count.contract import head
from sepcost.count.figure import OF_TARGET, WHOLE, kind_of
from sepcost.count.snapshot import Snapshot
from sepcost.formats.documents.difference_json import changed_layer, of_snapshot
from sepcost.judge.growth import Grown
from sepcost.judge.limit import JudgedLimit
from sepcost.judge.verdict import Judgement, Verdict
from sepcost.layers.cost import ratio
from sepcost.network.budget import Quantity
from sepcost.sheets.check_text import culprit_line
from sepcost.sheets.verification_text import verification_fields

SCHEMA_VERSION = 1


def judgement_json(judgement: Judgement) -> str:
    """The document on one line."""
    document = {
        **head(SCHEMA_VERSION, judgement.convention),
        "holds": judgement.holds,
        "baseline": judgement.baseline,
        "networks": list(map(_verdict, judgement.verdicts)),
        "gone": list(map(_gone, judgement.gone)),
        "problems": [problem._asdict() for problem in judgement.problems],
        "not_verified": judgement.unverified,
    }
    return json.dumps(document, separators=(",", ":")) + "\n"


def _verdict(verdict: Verdict) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": verdict.name,
        "source": verdict.source,
        "line": verdict.lines.network,
        "checks": verdict.checks,
        "failures": verdict.failures,
        "undecided": verdict.undecided,
        "budget": [_limit(check, verdict) for check in verdict.limits],
        "growth": [_grown(check, verdict) for check in verdict.grown],
        "new": verdict.is_new,
        "total": _whole(verdict.snapshot),
        "gone": list(verdict.gone),
        "unknown": next(iter(verdict.growth.unknown), None) if verdict.growth else None,
        "was": None if verdict.was is None else {"name": verdict.was.name, "source": verdict.was.source},
        "changes": [changed_layer(layer) for layer in (verdict.growth.difference.changes if verdict.growth else ())],
    }
    fields |= of_snapshot(verdict.snapshot)
    if verdict.verification is not None:
        fields["verified"] = verification_fields(verdict.verification)
    return fields


def _limit(check: JudgedLimit, verdict: Verdict) -> dict[str, Any]:
    figure, bound = check.limit
    return {
        "figure": figure,
        "replacement": check.replacement,
        "at_least" if check.is_least else "at_most": _number(bound),
        "value": _number(check.value),
        **dict(zip(("low", "high"), map(_number, check.interval or ()))),
        "holds": check.holds,
        "outcome": check.outcome.value,
        "line": check.line or verdict.lines.network,
    }


def _grown(check: Grown, verdict: Verdict) -> dict[str, Any]:
    return {
        "of": check.of,
        "figure": check.figure,
        "before": check.before,
        "after": check.after,
        "at_most": _number(check.allowance.bound(check.before), whole=kind_of(check.figure).is_whole),
        "holds": check.holds,
        "outcome": check.outcome.value,
        "line": culprit_line(verdict, check),
    }


def _gone(gone: Snapshot) -> dict[str, Any]:
    return {"name": gone.name, "source": gone.source, **of_snapshot(gone), "total": _whole(gone)}


def _whole(snapshot: Snapshot) -> dict[str, Any]:
    return {name: snapshot.total[name] for name in (*WHOLE, *OF_TARGET) if name in snapshot.total}


def _number(value: Quantity | float | None, *, whole: bool = False) -> int | float | None:
    """A whole number as it is, another as the nearest float; null if it is too large for a float."""
    if whole and value is not None:
        return floor(value)
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else ratio(*value.as_integer_ratio())
    return value

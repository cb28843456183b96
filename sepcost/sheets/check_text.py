"""Checks in words: each has a subject, a limit, a value, and a sentence if it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from sepcost.count.figure import BY_NAME, REDUCED, REDUCTION, is_reduction, kind_of
from sepcost.count.snapshot import Snapshot
from sepcost.count.verification import STANDARD
from sepcost.errors import ConfigProblem
from sepcost.judge.difference import Status
from sepcost.judge.growth import Grown, change_of, figure_of_layers
from sepcost.judge.limit import JudgedLimit
from sepcost.judge.outcome import Outcome
from sepcost.judge.verdict import Judgement, Verdict
from sepcost.network.budget import AS_GIVEN, Quantity
from sepcost.sheets.difference_text import layer_changes, layer_name
from sepcost.sheets.sheet import AT_LEAST
from sepcost.sheets.titles import headlines
from sepcost.text.kind import Kind
from sepcost.text.quantities import Allowance
from sepcost.text.units import FLOAT_DIGITS, LARGEST_FLOAT, as_percent, decimal, exact, factor_text, in_seconds
from sepcost.text.wording import counted, listed

MOST_FIGURES = 2
"""How many figures that grew together a sentence names; it counts the others."""


def outcome_line(judgement: Judgement) -> str:
    """The judgement in one line."""
    if not judgement.verdicts:
        return f"nothing could be judged: {counted(len(judgement.problems), 'problem')}"
    checks = judgement.checks
    failures = sum(verdict.failures for verdict in judgement.verdicts)
    networks = counted(len(judgement.verdicts), "network")
    missing = list(_missing(judgement))
    if failures:
        line = f"{networks}: {exact(failures)} of {counted(checks, 'check')} {'fails' if failures == 1 else 'fail'}"
    elif missing and checks:
        line = f"{networks}: none of {counted(checks, 'check')} fails"
    elif checks:
        line = f"{networks}: {counted(checks, 'check')}, {'it holds' if checks == 1 else 'all hold'}"
    else:
        line = f"{networks}: nothing checked"
    return f"not passed: {listed(missing)}; {line}" if missing else line


def _missing(judgement: Judgement) -> Iterator[str]:
    """What could not be judged, or is gone."""
    if judgement.problems:
        yield counted(len(judgement.problems), "problem")
    undecided = sum(verdict.undecided for verdict in judgement.verdicts)
    if undecided:
        yield f"{counted(undecided, 'check')} undecided"
    if judgement.gone_allowed:
        return
    if judgement.gone:
        yield f"{counted(len(judgement.gone), 'network')} gone"
    replacements = sum(len(verdict.gone) for verdict in judgement.verdicts)
    if replacements:
        yield f"{counted(replacements, 'replacement')} gone"


def figure_name(figure: str) -> str:
    """What people call a figure.

    >>> figure_name("macs"), figure_name("reduction.macs"), figure_name("peak_activation_bytes")
    ('MACs', 'reduction of MACs', 'peak activations')
    """
    if is_reduction(figure):
        return f"{REDUCED} of {figure_name(figure.removeprefix(REDUCTION))}"
    return BY_NAME[figure].header


def subject_of(check: JudgedLimit | Grown) -> str:
    """The figure that is judged, and its replacement."""
    return f"{figure_name(figure_of(check))}, {owner_of(check)}"


def figure_of(check: JudgedLimit | Grown) -> str:
    """The name of the judged figure."""
    return check.limit.figure if isinstance(check, JudgedLimit) else check.figure


def owner_of(check: JudgedLimit | Grown) -> str:
    """The replacement of the judged figure, or standard."""
    return _of(check.replacement if isinstance(check, JudgedLimit) else check.of)


def value_text(value: Quantity | None, figure: str, other: Quantity | None = None) -> str:
    """A figure exactly; a quotient with as many digits as make it differ from the ``other``.

    >>> from fractions import Fraction
    >>> value_text(17_000_000, "weight_bytes"), value_text(Fraction(79999, 10000), "reduction.macs", Fraction(8))
    ('17,000,000 B', '7.9999×')
    """
    if value is None:
        return "not known"
    kind = kind_of(figure)
    if kind is Kind.SECONDS:
        return _quotient_text(value, other, in_seconds)
    if not kind.is_whole:
        return f"{_quotient_text(value, other)}{'×' * (kind is Kind.RATIO)}"
    return f"{exact(int(value))}{' B' * (kind is Kind.BYTES)}"


def _quotient_text(
    value: Quantity, other: Quantity | None, written: Callable[[float, int | None], str] = decimal
) -> str:
    if max(value, other or 0) > LARGEST_FLOAT:
        return decimal(Fraction(value))
    text = written(float(value), None)
    if other is None or value == other:
        return text
    all_digits = (
        (written(float(value), digits), written(float(other), digits)) for digits in range(4, FLOAT_DIGITS + 1)
    )
    pairs = [(text, written(float(other), None)), *all_digits]
    return next((mine for mine, theirs in pairs if mine != theirs), text)


def limit_text(check: JudgedLimit | Grown) -> str:
    """The bound, and the side on which the value must be."""
    if isinstance(check, Grown):
        allowed = _allowed(check.allowance, check.figure)
        return f"≤ {value_text(check.before, check.figure)}{f' {allowed}' if allowed else ''}"
    limit = check.limit
    return f"{'≥' if check.is_least else '≤'} {value_text(limit.bound, limit.figure, check.value)}"


def checked_value(check: JudgedLimit | Grown) -> str:
    """The judged value."""
    if isinstance(check, Grown):
        sign = AT_LEAST if check.lower_bound and check.after is not None else ""
        return f"{sign}{value_text(check.after, check.figure)}"
    sign = AT_LEAST if check.lower_bound else ""
    ends = [value_text(end, check.limit.figure) for end in check.interval or ()]
    interval = f" ({' to '.join(ends)})" if ends and not check.why else ""
    return f"{sign}{value_text(check.value, check.limit.figure, check.limit.bound)}{interval}"


RESULTS = {Outcome.HELD: "holds", Outcome.BROKEN: "fails", Outcome.UNDECIDED: "undecided"}
"""The outcome of a check as people read it."""


def missed_text(check: JudgedLimit | Grown) -> str:
    """By how much a broken check is missed, with a sign; else nothing."""
    if check.outcome is not Outcome.BROKEN:
        return ""
    if isinstance(check, Grown):
        return change_text(check)
    return f"{'−' if check.is_least else '+'}{_missed(check)}"


def _missed(check: JudgedLimit) -> str:
    """By how much a value is on the wrong side of its limit."""
    figure, bound = check.limit
    beside = abs(Fraction(check.value or 0) - bound)
    return _share(beside, bound) or value_text(beside, figure)


def _share(part: Quantity, whole: Quantity) -> str:
    """Per cent; nothing if the whole is 0, or if it would be 0.00 %."""
    text = as_percent(100 * Fraction(part) / whole) if whole else ""
    return "" if part and text.startswith("0.00") else text


def change_text(grown: Grown) -> str:
    """By how much a figure changed: in per cent, or as a number if it was 0."""
    if grown.after is None:
        return "not known"
    change = grown.after - grown.before
    sign = "+" if change > 0 else "−" if change < 0 else ""
    return f"{sign}{_share(abs(change), grown.before) or value_text(abs(change), grown.figure)}"


def undecided(judgement: Judgement) -> Iterator[ConfigProblem]:
    """Undecided checks and, unless that is allowed, networks that are gone; each with its place."""
    for verdict in judgement.verdicts:
        name = "" if verdict.name == verdict.source else verdict.name
        lines = [(line, message) for _, line, message in undecided_checks(verdict, judgement.baseline)]
        if verdict.gone and not judgement.gone_allowed:
            lines.append((verdict.lines.network, gone_replacements(verdict, judgement.baseline)))
        for line, message in lines:
            yield ConfigProblem(verdict.source, line, 1 if line else 0, name, message)
    for gone in () if judgement.gone_allowed else judgement.gone:
        yield ConfigProblem(gone.source or "", 0, 0, "", gone_sentence(gone, judgement.baseline))


def undecided_checks(verdict: Verdict, baseline: str | None) -> Iterator[tuple[JudgedLimit | Grown, int, str]]:
    """Each undecided check, its line in the file, and a sentence."""
    for limit in verdict.limits:
        if limit.outcome is Outcome.UNDECIDED:
            yield limit, limit.line or verdict.lines.network, budget_sentence(limit)
    for grown in verdict.grown:
        if grown.outcome is Outcome.UNDECIDED:
            yield grown, verdict.lines.network, undecided_growth(grown, baseline)


def undecided_growth(grown: Grown, baseline: str | None) -> str:
    """Why it is not known whether a figure grew."""
    why = "that is not known any more" if grown.after is None else grown.doubt or grown.doubt_before
    return f"growth of {subject_of(grown)}: {checked_value(grown)}, {limit_text(grown)} in {baseline}: undecided, {why}"


def moved_sentence(verdict: Verdict, baseline: str | None) -> str:
    """Where a network was before."""
    was = verdict.was or verdict.snapshot
    return f"{verdict.label} is {was.name} of {was.source} in {baseline}, where nothing is any more"


def unknown_sentence(verdict: Verdict, baseline: str | None) -> str:
    """A network, or its replacements, that a baseline does not have."""
    what = f"new, {headlines(verdict.snapshot.total)}"
    if verdict.growth is not None:
        what = f"{listed(verdict.growth.unknown)} {'is' if len(verdict.growth.unknown) == 1 else 'are'} new"
    return f"{what}: {baseline} does not have it (--update-baseline takes it in)"


def gone_sentence(gone: Snapshot, baseline: str | None) -> str:
    """A network that only a baseline has."""
    message = f"{gone.name} is gone, {headlines(gone.total)}: {baseline} has it, from {gone.source}"
    return f"{message} (--update-baseline takes it out, --allow gone accepts it)"


def gone_replacements(verdict: Verdict, baseline: str | None) -> str:
    """Replacements that only a baseline has."""
    are = "is" if len(verdict.gone) == 1 else "are"
    message = f"{listed(verdict.gone)} {are} not counted any more: {baseline} has {'it' if are == 'is' else 'them'}"
    return f"{message} (-r says what is compared, --update-baseline takes out what is gone, --allow gone accepts it)"


def budget_sentence(check: JudgedLimit) -> str:
    """The limit that does not hold, and by how much."""
    _, _, bound = limit_text(check).partition(" ")
    side, missed = ("at least", "short") if check.is_least else ("at most", "over")
    by = f": undecided, {check.why}" if check.why else f" ({_missed(check)} {missed})"
    return f"{subject_of(check)}: {checked_value(check)}, must be {side} {bound}{by}"


def growth_sentence(together: Sequence[Grown], baseline: str | None) -> str:
    """What grew more than allowed, and the layer that grew most, which is the same for all of these."""
    by_owner: dict[str, list[Grown]] = {}
    for grown in together:
        by_owner.setdefault(grown.of, []).append(grown)
    said = "; ".join(f"{_of(of)}: {_first_few(each)}" for of, each in by_owner.items())
    culprit = together[0].culprit
    if culprit is None:
        return f"grew beyond {baseline}: {said}"
    return f"grew beyond {baseline}, most of it in {layer_name(culprit)} ({_what_changed(together[0])}): {said}"


def _what_changed(grown: Grown) -> str:
    """How the layer that grew changed: itself, or only its figures under the replacement."""
    layer = grown.culprit
    if layer is None or layer.status is Status.ADDED or layer.facts:
        what = ", ".join(layer_changes(layer)) if layer else ""
        return what if layer and layer.status is Status.ADDED else f"changed: {what}"
    name = figure_of_layers(grown.figure)
    before, after = (value_text(value, name) for value in change_of(layer, grown.of, name)[:2])
    return f"{figure_name(name)} of its {_of(grown.of)} {before} → {after}"


def culprit_line(verdict: Verdict, grown: Grown) -> int:
    """The line of the layer that grew most; else that of the network."""
    after = grown.culprit.after if grown.culprit else None
    return verdict.line_of(after.name if after else None)


def _first_few(together: Sequence[Grown]) -> str:
    message = ", ".join(map(_grew, together[:MOST_FIGURES]))
    more = len(together) - MOST_FIGURES
    return f"{message} and {counted(more, 'more figure')}" if more > 0 else message


def _grew(grown: Grown) -> str:
    before, after = value_text(grown.before, grown.figure), value_text(grown.after, grown.figure)
    allowed = _allowed(grown.allowance, grown.figure)
    return (
        f"{figure_name(grown.figure)} {change_text(grown)} ({before} → {after}{f', allowed {allowed}' * bool(allowed)})"
    )


def _of(of: str) -> str:
    return STANDARD if of == AS_GIVEN else of


def _allowed(allowance: Allowance, figure: str) -> str:
    if allowance.share:
        return f"+{factor_text(100 * allowance.share)} %"
    return f"+{value_text(allowance.amount, figure)}" if allowance.amount else ""

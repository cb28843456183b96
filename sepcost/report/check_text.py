"""What was checked, in words: each check has a subject, a limit, a value, and a sentence where it fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from sepcost.budget import AS_GIVEN, REDUCTION, Quantity
from sepcost.budgeted import Budgeted
from sepcost.difference import Status
from sepcost.growth import Grown
from sepcost.quantities import Allowance
from sepcost.report.difference_sheets import layer_changes, layer_name
from sepcost.report.fields import HEADERS
from sepcost.report.verification_text import counted
from sepcost.units import MOST_DIGITS, as_percent, decimal, exact, factor_text
from sepcost.verdict import Judgement, Verdict
from sepcost.verification import STANDARD

MOST_FIGURES = 2
"""A sentence names that many figures that grew together, and counts the rest."""


def outcome_line(judgement: Judgement) -> str:
    """All of it in one line."""
    checks = sum(verdict.checks for verdict in judgement.verdicts)
    failures = sum(verdict.failures for verdict in judgement.verdicts)
    networks = counted(len(judgement.verdicts), "network")
    if failures:
        line = f"{networks}: {exact(failures)} of {counted(checks, 'check')} {'fails' if failures == 1 else 'fail'}"
    else:
        line = f"{networks}: {counted(checks, 'check')}, {'it holds' if checks == 1 else 'all hold'}"
    problems = len(judgement.problems)
    return f"{line}; {counted(problems, 'problem')} could not be judged" if problems else line


def figure_name(figure: str) -> str:
    """What people call a figure.

    >>> figure_name("macs"), figure_name("reduction.macs"), figure_name("peak_activation_bytes")
    ('MACs', 'reduction of MACs', 'peak activations')
    """
    if figure.startswith(REDUCTION):
        return f"reduction of {figure_name(figure.removeprefix(REDUCTION))}"
    return "FLOPs" if figure == "flops" else HEADERS[figure][0]


def subject_of(check: Budgeted | Grown) -> str:
    """What is judged, and under which replacement."""
    figure, of = (check.limit.figure, check.replacement) if isinstance(check, Budgeted) else (check.figure, check.of)
    return f"{figure_name(figure)}, {_of(of)}"


def value_text(value: Quantity | None, figure: str, other: Quantity | None = None) -> str:
    """A figure exactly; a quotient with as many digits as it takes to tell it from the ``other``.

    >>> from fractions import Fraction
    >>> value_text(17_000_000, "weight_bytes"), value_text(Fraction(79999, 10000), "reduction.macs", Fraction(8))
    ('17,000,000 B', '7.9999×')
    """
    if value is None:
        return "none"
    if figure.startswith(REDUCTION) or figure == "macs_per_byte":
        return f"{_quotient_text(value, other)}{'×' if figure.startswith(REDUCTION) else ''}"
    return f"{exact(int(value))}{' B' if figure.endswith('_bytes') else ''}"


def _quotient_text(value: Quantity, other: Quantity | None) -> str:
    text = decimal(float(value))
    if other is None or value == other:
        return text
    all_digits = (
        (decimal(float(value), digits), decimal(float(other), digits)) for digits in range(4, MOST_DIGITS + 1)
    )
    pairs = [(text, decimal(float(other))), *all_digits]
    return next((mine for mine, theirs in pairs if mine != theirs), text)


def limit_text(check: Budgeted | Grown) -> str:
    """The bound, and on which side of it the value must be."""
    if isinstance(check, Grown):
        allowed = _allowed(check.allowance, check.figure)
        return f"≤ {value_text(check.before, check.figure)}{f' {allowed}' if allowed else ''}"
    limit = check.limit
    return f"{'≥' if limit.is_least else '≤'} {value_text(limit.bound, limit.figure, check.value)}"


def checked_value(check: Budgeted | Grown) -> str:
    """The value that is judged."""
    if isinstance(check, Grown):
        return value_text(check.after, check.figure)
    return value_text(check.value, check.limit.figure, check.limit.bound)


def result_text(check: Budgeted | Grown) -> str:
    """Whether it holds, and by how much it does not."""
    if check.holds:
        return "holds"
    if isinstance(check, Grown):
        return f"fails {change_text(check)}"
    return f"fails {'−' if check.limit.is_least else '+'}{_missed(check)}".removesuffix("none")


def _missed(check: Budgeted) -> str:
    """By how much a value is on the wrong side of its limit."""
    figure, bound = check.limit
    if check.value is None:
        return "none"
    beside = abs(Fraction(check.value) - bound)
    return as_percent(float(100 * beside / bound)) if bound else value_text(beside, figure)


def change_text(grown: Grown) -> str:
    """By how much a figure differs from what it was: in per cent, or as it is where nothing was before."""
    change = grown.after - grown.before
    sign = "+" if change > 0 else "−" if change < 0 else ""
    if not grown.before:
        return f"{sign}{value_text(abs(change), grown.figure)}"
    return f"{sign}{as_percent(abs(100 * change / grown.before))}"


def failures(verdict: Verdict, baseline: str | None) -> Iterator[tuple[int, str]]:
    """The line of the file and a sentence for each thing that fails, but for verification.

    Figures that grew in the same layer are one.
    """
    for budgeted in verdict.budgeted:
        if not budgeted.holds:
            yield verdict.lines.limits.get(budgeted.limit.figure, verdict.lines.network), budget_sentence(budgeted)
    by_line: dict[int, list[Grown]] = {}
    for grown in verdict.grown:
        if not grown.holds:
            by_line.setdefault(culprit_line(verdict, grown), []).append(grown)
    for line, together in by_line.items():
        yield line, growth_sentence(together, baseline)
    if verdict.is_new:
        yield verdict.lines.network, new_sentence(baseline)


def new_sentence(baseline: str | None) -> str:
    """What is wrong with a network that a baseline does not know."""
    return f"is new: {baseline} does not have it (--update-baseline takes it in)"


def budget_sentence(check: Budgeted) -> str:
    """Which limit does not hold, and by how much."""
    _, _, bound = limit_text(check).partition(" ")
    side, missed = ("at least", "short") if check.limit.is_least else ("at most", "over")
    by = "" if check.value is None else f" ({_missed(check)} {missed})"
    return f"{subject_of(check)}: {checked_value(check)}, must be {side} {bound}{by}"


def growth_sentence(together: Sequence[Grown], baseline: str | None) -> str:
    """What grew more than allowed, and in which layer the most: it is the same for all of these."""
    by_owner: dict[str, list[Grown]] = {}
    for grown in together:
        by_owner.setdefault(grown.of, []).append(grown)
    said = "; ".join(f"{_of(of)}: {_first_few(each)}" for of, each in by_owner.items())
    culprit = together[0].culprit
    if culprit is None:
        return f"grew beyond {baseline}: {said}"
    (what, *_) = layer_changes(culprit)
    changed = "" if culprit.status is Status.ADDED else "changed: "
    return f"grew beyond {baseline}, most of it in {layer_name(culprit)} ({changed}{what}): {said}"


def culprit_line(verdict: Verdict, grown: Grown) -> int:
    """Where the layer stands that grew the most; else where the network does."""
    after = grown.culprit.after if grown.culprit else None
    return verdict.line_of(after.name if after else None)


def _first_few(together: Sequence[Grown]) -> str:
    told = ", ".join(map(_grew, together[:MOST_FIGURES]))
    more = len(together) - MOST_FIGURES
    return f"{told} and {counted(more, 'more figure')}" if more > 0 else told


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

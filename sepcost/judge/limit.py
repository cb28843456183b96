"""Limits: the figures of a network, compared with their limits as exact numbers."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from typing import NamedTuple

from sepcost.count.figure import BY_NAME, HIGH, LOW, PEAK, REDUCTION, is_gain, is_of_target, is_reduction, kind_of
from sepcost.count.snapshot import NOT_KNOWN, Snapshot
from sepcost.judge.outcome import Allow, Outcome, doubt
from sepcost.network.budget import AS_GIVEN, Limit, Quantity


class JudgedLimit(NamedTuple):
    """A limit, the replacement that it is for (its text, or ``none``), and the exact value of the figure.

    ``line`` is where a file has the limit; None where it was typed. ``lower_bound``: the value may be higher. ``why``
    says why it is undecided. ``interval`` holds the true value of what is predicted in 80 % of cases.
    """

    limit: Limit
    replacement: str
    value: Quantity | None
    outcome: Outcome
    line: int | None = None
    lower_bound: bool = False
    why: str | None = None
    interval: tuple[Quantity, Quantity] | None = None

    @property
    def holds(self) -> bool:
        return self.outcome is Outcome.HELD

    @property
    def is_least(self) -> bool:
        """Whether the limit is a lower bound, not an upper one."""
        return is_gain(self.limit.figure)


def judged(
    snapshot: Snapshot, limit: Limit, replacement: str, line: int | None = None, allowed: Collection[Allow] = ()
) -> JudgedLimit:
    """Judge a limit under one of the replacements, or ``none``.

    >>> from sepcost import Conv, compare
    >>> from sepcost.count.evaluation import evaluated
    >>> result = evaluated(compare(Conv((112, 112), 32, 64, 3)))
    >>> judged(result, Limit("params", 2336), "separable").holds, judged(result, Limit("params", 2336), "none").value
    (True, 18432)
    >>> judged(result, Limit("reduction.macs", 8), "separable").value
    Fraction(576, 73)

    What could not be counted makes a figure larger, and so may other inputs; what is ``allowed`` is ignored. A limit
    of what is predicted is held, or broken, by the whole interval; inside of it, it is undecided.
    """
    if is_of_target(limit.figure):
        return _judged_prediction(snapshot, limit, replacement, line, allowed)
    value, doubted = _value(snapshot, limit.figure, replacement), doubt(snapshot, allowed)
    if value is None:
        return JudgedLimit(limit, replacement, None, Outcome.UNDECIDED, line, why=_why_none(snapshot, limit))
    outcome = Outcome.of(allows(limit, _nearest(limit, value) if doubted else value), known=not doubted)
    why = doubted if outcome is Outcome.UNDECIDED else None
    return JudgedLimit(limit, replacement, value, outcome, line, snapshot.lower_bound and isinstance(value, int), why)


def _judged_prediction(
    snapshot: Snapshot, limit: Limit, replacement: str, line: int | None, allowed: Collection[Allow]
) -> JudgedLimit:
    figures = snapshot.total if replacement == AS_GIVEN else snapshot.replaced[replacement].figures
    known = [figures[name] for end in ("", LOW, HIGH) if figures.get(name := f"{limit.figure}{end}") is not None]
    if len(known) < 3:
        return JudgedLimit(limit, replacement, None, Outcome.UNDECIDED, line, why=_why_no_time(snapshot))
    value, low, high = map(Fraction, known)
    within, doubted = [allows(limit, end) for end in (low, high)], doubt(snapshot, allowed)
    outcome, why = Outcome.of(all(within), known=not doubted), doubted
    if any(within) and not all(within):
        ends = " and ".join(map(kind_of(limit.figure).text, known[1:]))
        outcome, why = Outcome.UNDECIDED, f"in 80 % of cases it is between {ends}"
    why = why if outcome is Outcome.UNDECIDED else None
    return JudgedLimit(limit, replacement, value, outcome, line, why=why, interval=(low, high))


def _why_no_time(snapshot: Snapshot) -> str:
    if snapshot.target is None:
        return "times are predicted for a target: give --target"
    where, why = next(iter(snapshot.target.unknown.items()), (snapshot.name, "nothing of it has a time"))
    return f"{where}: {why}"


def allows(limit: Limit, value: Quantity) -> bool:
    """Whether a figure with this value is within its limit; at the bound it is.

    >>> allows(Limit("params", 4_300_000), 4_300_000), allows(Limit("reduction.macs", 8), 7)
    (True, False)
    """
    return value >= limit.bound if is_gain(limit.figure) else value <= limit.bound


def _nearest(limit: Limit, value: Quantity) -> Quantity:
    """Of all that a value may be if something is missing, the one that is nearest to the limit, or beyond it.

    A reduction misses as much above as below, which brings it nearer to one; another quotient may be anything.
    """
    if is_reduction(limit.figure):
        return max(value, 1)
    return value if BY_NAME[limit.figure].kind.is_whole else 0


def _why_none(snapshot: Snapshot, limit: Limit) -> str:
    name = limit.figure.removeprefix(REDUCTION)
    if (name == PEAK or snapshot.only_params) and snapshot.total[name] is None:
        return snapshot.no_peak or NOT_KNOWN
    if snapshot.is_earlier and BY_NAME[name].kind.is_whole and snapshot.total[name] is None:
        return "the costs from earlier do not have it"
    return "there is nothing to divide by"


def _value(snapshot: Snapshot, figure: str, replacement: str) -> Quantity | None:
    """The figure as an exact number, where the JSON has a rounded quotient; None where there is none."""
    figures = snapshot.total if replacement == AS_GIVEN else snapshot.replaced[replacement].figures
    if is_reduction(figure):
        name = figure.removeprefix(REDUCTION)
        return _quotient(snapshot.total[name], figures[name])
    quotient = BY_NAME[figure].quotient
    if quotient is not None:
        return _quotient(*quotient(figures, snapshot.total, snapshot.convention))
    value: int | None = figures[figure]
    return value


def _quotient(numerator: int | None, denominator: int | None) -> Fraction | None:
    return None if numerator is None or not denominator else Fraction(numerator, denominator)

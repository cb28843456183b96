"""A run of ``check``: every network of the sources is counted, and compared with its budget, baseline and witness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter
from typing import NamedTuple

from sepcost.blocks.plan import PLAN
from sepcost.blocks.replacements import Replacement
from sepcost.count.comparison import usual_replacements
from sepcost.count.figure import is_gain
from sepcost.count.snapshot import Snapshot
from sepcost.errors import ConfigError, ConfigProblem, NetworkError, Notice, SepcostError
from sepcost.judge.alignment import place
from sepcost.judge.growth import growth
from sepcost.judge.limit import judged
from sepcost.judge.outcome import Allow
from sepcost.judge.verdict import Judgement, Verdict
from sepcost.judge.witness import Witness
from sepcost.network.budget import AS_GIVEN, Budget, Limit
from sepcost.network.lines import Lines
from sepcost.network.network import Network
from sepcost.sheets.verification_text import unverified_line
from sepcost.sources.paths import absolute
from sepcost.sources.registry import read
from sepcost.sources.source import AnySource, Item
from sepcost.tasks.baseline import Baseline
from sepcost.tasks.counting import Counting
from sepcost.tasks.events import Events
from sepcost.tasks.figures import figures_of
from sepcost.tasks.replacement_texts import nothing_to_replace
from sepcost.tasks.verifier import verify_item, verify_snapshot
from sepcost.text.quantities import Allowance


class Allowances(NamedTuple):
    """How much figures may grow: all of them, and each by its name."""

    of_all: Mapping[str, Allowance] = {}
    of_each: Mapping[str, Allowance] = {}


@dataclass
class Wishes(Counting):
    """What is to be checked, as it was typed.

    ``verification_required``: what cannot be verified could not be judged.
    """

    limits: Sequence[Limit] = ()
    allowances: Allowances = field(default_factory=Allowances)
    witness: Witness | None = None
    verification_required: bool = False
    allowed: frozenset[Allow] = frozenset()

    @property
    def typed(self) -> str:
        """The replacement that typed limits are for (its text, or ``none``)."""
        return self.replacements[0].text if self.replacements else AS_GIVEN


class Wanted(NamedTuple):
    """A limit, the replacement that it is for (its text, or ``none``), and its line in the file, if it is in one."""

    limit: Limit
    of: str
    line: int | None = None


class Counted(NamedTuple):
    """A network that could be counted, and the limits that it must keep."""

    snapshot: Snapshot
    lines: Lines
    limits: Sequence[Wanted]
    budget: Budget | None
    seconds: float = 0


class Inspection:
    """Counts the networks of the sources; ``problems`` are of those that could not be judged."""

    def __init__(self, wishes: Wishes, events: Events | None = None) -> None:
        self.wishes = wishes
        self.events = events or Events()
        self.counted: list[Counted] = []
        self.problems: list[ConfigProblem] = []

    def read(self, sources: Sequence[AnySource]) -> None:
        """Count every network, and verify it where there is a witness; each is timed."""
        started = perf_counter()
        for item in read(sources, self.wishes.models, once=True):
            if isinstance(item, Notice):
                self.events.say(item.message)
                continue
            self.events.advance(1)
            try:
                if isinstance(item, ConfigError):
                    raise item
                self.counted.append(self._counted(item)._replace(seconds=perf_counter() - started))
            except ConfigError as error:
                self.problems += error.problems
            started = perf_counter()

    def judgement(self, baseline: Baseline | None, sources: Sequence[str], unverified: str | None) -> Judgement:
        """All verdicts."""
        found = self._partners(baseline, sources)
        if found is None:
            baseline, found = None, {}
        verdicts = [self._verdict(counted, baseline, found.get(number)) for number, counted in enumerate(self.counted)]
        pairs = [(self.counted[number].snapshot, before) for number, before in found.items()]
        return Judgement(
            tuple(verdicts),
            tuple(self.problems),
            self.wishes.convention,
            baseline.path if baseline else None,
            tuple(baseline.gone(pairs, sources, self._unread)) if baseline else (),
            unverified,
            Allow.GONE in self.wishes.allowed,
        )

    @cached_property
    def _shared_names(self) -> set[str]:
        """Names that several networks have."""
        names = Counter(counted.snapshot.name for counted in self.counted)
        return {name for name, many in names.items() if many > 1}

    @property
    def _unread(self) -> set[str]:
        return {problem.source for problem in self.problems}

    def _counted(self, item: Item) -> Counted:
        counted = self._counted_now(item) if item.earlier is None else self._counted_earlier(item, item.earlier)
        if self.wishes.verification_required:
            self.problems += _unverified(counted)
        return counted

    def _counted_now(self, item: Item) -> Counted:
        try:
            network = self.wishes.of(item.network, next(iter(self.wishes.sweep)))
            chosen, limits = _chosen(network, item.lines(), self.wishes)
            if message := nothing_to_replace(network, self.wishes.replacements):
                self.events.say(message)
            comparison = self.wishes.compared(network, chosen, self.wishes.convention)
        except NetworkError as error:
            raise item.located(error) from None
        except ConfigError:
            raise
        except SepcostError as error:
            raise ConfigError([_problem(item.network.source, item.lines().network, str(error))]) from None
        if self.wishes.witness is not None:
            comparison = replace(comparison, verified=verify_item(comparison, self.wishes.witness, item))
        return Counted(figures_of(comparison).settled(), item.lines(), limits, network.budget)

    def _counted_earlier(self, item: Item, snapshot: Snapshot) -> Counted:
        """What was counted earlier, and the limits that were typed."""
        wishes = self.wishes
        known = wishes.earlier(item, snapshot)
        if wishes.witness is not None:
            known = replace(known, verified=verify_snapshot(known, wishes.witness))
        limits = [Wanted(limit, wishes.typed) for limit in wishes.limits]
        _refuse_reductions_of_nothing(item.source, item.lines(), limits)
        return Counted(known.settled(), item.lines(), limits, None)

    def _partners(self, baseline: Baseline | None, sources: Sequence[str]) -> Mapping[int, Snapshot] | None:
        """The network of the baseline for each network; None if there is no baseline to compare with."""
        if baseline is None:
            return None
        now = [counted.snapshot for counted in self.counted]
        try:
            found = baseline.partners(now, sources)
            for number, snapshot in enumerate(now):
                baseline.refuse_other_convention(found.get(number), snapshot)
            for number, partner in found.items():
                baseline.refuse_other_scaling(partner, now[number])
        except SepcostError as error:
            self.problems.append(ConfigProblem(baseline.path, 0, 0, "", str(error)))
            return None
        return found

    def _verdict(self, counted: Counted, baseline: Baseline | None, before: Snapshot | None) -> Verdict:
        now, allowed = counted.snapshot, self.wishes.allowed
        limits = (judged(now, *limit, allowed) for limit in counted.limits)
        moved = before is not None and before.source is not None and place(before, absolute) != place(now, absolute)
        grown = None if before is None else growth(before, now, self._allowances(counted), allowed)
        return Verdict(
            now,
            counted.lines,
            tuple(limits),
            grown,
            is_new=baseline is not None and before is None,
            was=before if moved else None,
            gone=grown.gone if grown and self.wishes.replacements is None else (),
            has_namesakes=now.name in self._shared_names,
            seconds=counted.seconds,
        )

    def _allowances(self, counted: Counted) -> Mapping[str, Allowance]:
        """How much each figure may grow: as typed for it, else as its file says, else as typed for all."""
        budget = counted.budget
        return {**self.wishes.allowances.of_all, **(budget.growth if budget else {}), **self.wishes.allowances.of_each}


def _chosen(network: Network, lines: Lines, wishes: Wishes) -> tuple[list[Replacement], list[Wanted]]:
    """The replacements to compare with, and each limit with its replacement and its line in the file.

    A limit is of the network as it is, unless ``-r`` names a replacement, or a file's budget does for its own limits.
    """
    chosen = usual_replacements(network) if wishes.replacements is None else list(wishes.replacements)
    typed, budget = wishes.typed, network.budget
    meant = budget.replacement if budget and budget.replacement else typed
    if meant not in (AS_GIVEN, *(replacement.text for replacement in chosen)):
        chosen.append(_named(meant, network))
    overridden = {(limit.figure, typed) for limit in wishes.limits}
    limits = [
        Wanted(limit, meant, lines.limits.get(limit.figure))
        for limit in (budget.limits if budget else ())
        if (limit.figure, meant) not in overridden
    ]
    limits += [Wanted(limit, typed) for limit in wishes.limits]
    _refuse_reductions_of_nothing(network.source, lines, limits)
    return chosen, limits


def _named(text: str, network: Network) -> Replacement:
    """The replacement that a budget names: one of the network's own, such as its plan, or another."""
    own = next((each for each in network.replacements if each.text == text), None)
    if own is None and text == PLAN:
        raise SepcostError("its budget is for a plan, and there is none: give --plan, or globs in `replace`")
    return own or Replacement.parse(text)


def _refuse_reductions_of_nothing(source: str | None, lines: Lines, limits: Sequence[Wanted]) -> None:
    """A ConfigError for each limit of a reduction that is of no replacement."""
    what = "is of a replacement, and none is named: give -r separable"
    add = ", or add `replacement: separable` to the budget"
    problems = [
        _problem(source, line or lines.network, f"{limit.figure} {what}{add if line else ''}")
        for limit, of, line in limits
        if of == AS_GIVEN and is_gain(limit.figure)
    ]
    if problems:
        raise ConfigError(problems)


def _unverified(counted: Counted) -> Iterator[ConfigProblem]:
    verification = counted.snapshot.verified
    for item in verification.unverified if verification else ():
        line = counted.lines.layers.get(item.layer or "", counted.lines.network)
        yield _problem(counted.snapshot.source, line, unverified_line(item))


def _problem(source: str | None, line: int, message: str) -> ConfigProblem:
    return ConfigProblem(source or "", line, 1, "", message)

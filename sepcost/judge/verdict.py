"""Verdict: all that was judged of one network."""

from __future__ import annotations

from dataclasses import dataclass, field

from sepcost.count.snapshot import Snapshot
from sepcost.count.verification import Verification
from sepcost.errors import ConfigProblem
from sepcost.judge.growth import Grown, Growth
from sepcost.judge.limit import JudgedLimit
from sepcost.judge.outcome import Outcome
from sepcost.layers.cost import Convention
from sepcost.network.lines import Lines


@dataclass(frozen=True, slots=True)
class Verdict:
    """A network compared with its budget, its baseline and its witness, as far as it has them.

    ``is_new``: there is a baseline, and it does not know the network; ``was``: it knows it under another file or name.
    ``gone`` are replacements that it has and that were not left out by ``-r``; ``seconds``, what it took to read,
    count and verify the network.
    """

    snapshot: Snapshot
    lines: Lines
    limits: tuple[JudgedLimit, ...] = ()
    growth: Growth | None = None
    is_new: bool = False
    was: Snapshot | None = None
    gone: tuple[str, ...] = ()
    has_namesakes: bool = False
    seconds: float = field(default=0, compare=False)

    @property
    def verification(self) -> Verification | None:
        return self.snapshot.verified

    @property
    def name(self) -> str:
        return self.snapshot.name

    @property
    def label(self) -> str:
        """Its name, and its file where another network is called the same."""
        return f"{self.name} ({self.source})" if self.has_namesakes else self.name

    @property
    def source(self) -> str:
        return self.snapshot.source or ""

    def line_of(self, layer: str | None) -> int:
        """The line of a layer in the file; without a layer, the line of the network."""
        return self.lines.network if layer is None else self.lines.layers.get(layer, self.lines.network)

    @property
    def grown(self) -> tuple[Grown, ...]:
        return self.growth.figures if self.growth else ()

    @property
    def is_unknown(self) -> bool:
        """Whether the baseline does not know it, or not all of its replacements."""
        return self.is_new or (self.growth is not None and bool(self.growth.unknown))

    @property
    def checks(self) -> int:
        """How many things were judged: a verification is one, whatever it counts."""
        verified = self.verification is not None and self.verification.checked > 0
        return verified + len(self.limits) + len(self.grown) + self.is_unknown

    @property
    def failures(self) -> int:
        """How many of them do not hold."""
        disagrees = self.verification is not None and bool(self.verification.mismatches)
        return disagrees + self._of(Outcome.BROKEN) + self.is_unknown

    @property
    def undecided(self) -> int:
        """How many of them cannot be decided."""
        return self._of(Outcome.UNDECIDED)

    def _of(self, outcome: Outcome) -> int:
        outcomes = [*(check.outcome for check in self.limits), *(check.outcome for check in self.grown)]
        return outcomes.count(outcome)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts of a run, and the problems of what could not be judged.

    ``baseline`` is its file's name, where there is one; ``gone`` are networks of it that should be there and are not,
    which ``gone_allowed`` accepts. ``unverified`` says why nothing was verified, unless that was asked for.
    """

    verdicts: tuple[Verdict, ...]
    problems: tuple[ConfigProblem, ...]
    convention: Convention
    baseline: str | None = None
    gone: tuple[Snapshot, ...] = ()
    unverified: str | None = None
    gone_allowed: bool = False

    @property
    def checks(self) -> int:
        """How many things were judged of all networks."""
        return sum(verdict.checks for verdict in self.verdicts)

    @property
    def is_decided(self) -> bool:
        """Whether everything could be judged, and everything that should be there is."""
        missing = not self.gone_allowed and (self.gone or any(verdict.gone for verdict in self.verdicts))
        return not self.problems and not missing and not any(verdict.undecided for verdict in self.verdicts)

    @property
    def holds(self) -> bool:
        """Whether everything was judged, and nothing fails."""
        return self.is_decided and not any(verdict.failures for verdict in self.verdicts)

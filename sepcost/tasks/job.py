"""A run of ``compare``: networks one by one, in every combination of multipliers, compared or reported as wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sepcost.count.comparison import Comparison
from sepcost.count.snapshot import NOTHING, Snapshot
from sepcost.count.sweep import Axis, Sweep
from sepcost.errors import ConfigError, ConfigProblem, NetworkError, Notice, SepcostError
from sepcost.network.network import Network
from sepcost.sheets.view import View
from sepcost.tasks.alone import only_convolution
from sepcost.tasks.counting import Counting
from sepcost.tasks.events import Events
from sepcost.tasks.figures import figures_in
from sepcost.tasks.replacement_texts import TOGETHER, nothing_to_replace
from sepcost.tasks.verifier import Verifier

if TYPE_CHECKING:
    from sepcost.sources.source import AnySource, Item

MOST_TOGETHER = 50_000
"""If the layers under all replacements are more than this, each replacement is compared by itself."""


@dataclass
class Job(Counting):
    """What is to be done with each network; ``bad`` counts what could not be evaluated.

    With ``at_once`` many may be counted at once, and layers that are not shown are
    left out; with ``alone`` only the convolution that is meant is left of each network. ``unmatched`` are the globs
    that have matched no convolution so far, ``known`` the names of some; ``first`` is the first comparison, if it
    ``keeps_first``.
    """

    verifier: Verifier | None = None
    events: Events = field(default_factory=Events)
    view: View = field(default_factory=View)
    at_once: bool = False
    alone: bool = False
    keeps_first: bool = False
    good: int = field(default=0, init=False)
    bad: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.unmatched = self.globs
        self.known: list[str] = []
        self.first: Comparison | None = None
        for axis in self.sweep.axes:
            if axis.name == "batch" and len(axis.values) == 1:
                self.convention = replace(self.convention, batch=axis.values[0])  # type: ignore[arg-type]

    @property
    def together(self) -> bool:
        """Whether all replacements are compared together: a few of them, and not each sorted by itself."""
        return len(self.replacements or ()) <= TOGETHER

    @property
    def exit_code(self) -> int:
        if self.bad or any(self.unmatched):
            return 2
        return int(self.verifier is not None and self.verifier.mismatches > 0)

    def replacement_axis(self) -> Iterator[Axis]:
        """The replacements as an axis, which makes each a comparison of its own; none where there is only one."""
        if self.replacements and len(self.replacements) > 1:
            yield Axis("replacement", self.replacements)

    def rows(self, combinations: int) -> int:
        """How many rows a table of this many combinations has, as far as that is known."""
        replacements = max(1, len(self.replacements or ()))
        if self.view.by_replacement or not self.together:
            return min(combinations * replacements, self.view.top or sys.maxsize)
        return min(combinations, self.view.top or sys.maxsize) * replacements

    def compare(
        self, network: Network, values: Mapping[str, Any] = NOTHING, swept: Mapping[str, Any] = NOTHING
    ) -> Comparison:
        """Scale a network and compare it; raises NetworkError if its layers do not fit together any more."""
        convention = replace(self.convention, batch=values["batch"]) if "batch" in values else self.convention
        chosen = [values["replacement"]] if "replacement" in values else self.replacements
        return self.compared(self.of(network, values), chosen, convention, swept)

    def verified(self, comparison: Comparison, item: Item | None = None) -> Comparison:
        """The comparison, verified by torch if that is asked for."""
        return comparison if self.verifier is None else self.verifier.verified(comparison, item)

    def evaluated(self, comparison: Comparison) -> Snapshot:
        """The figures."""
        return figures_in(self.view, comparison)

    def networks(self, sources: Sequence[AnySource]) -> Iterable[Snapshot]:
        """The networks of the sources, or their layers, as the view has them; or only one convolution of each."""
        snapshots = self._networks(sources)
        if self.alone:
            found = only_convolution(snapshots, self.selection)
            if not (found or any(self.unmatched) or self.bad):
                raise SepcostError("--explain derives one convolution, and there is no convolution")
            return found
        if self.at_once and self.view.totals:
            snapshots = (snapshot.without_layers() for snapshot in snapshots)
        return self.view.networks(snapshots)

    def _networks(self, sources: Sequence[AnySource]) -> Iterator[Snapshot]:
        """Every network of the sources that can be evaluated; the problems of the others are events."""
        from sepcost.sources.folders import is_one_file

        if self.sweep.names and all(map(is_one_file, sources)):
            self.events.expect(self.sweep.size * len(sources))
        for item in self.items(sources):
            if item.earlier is not None:
                yield from self._earlier(item, item.earlier)
                continue
            for comparison in self.comparisons(item):
                yield self.evaluated(self.verified(comparison, item))
        self.summarize("combinations" if self.sweep.names else "networks")

    def items(self, sources: Sequence[AnySource]) -> Iterator[Item]:
        """Every network that the sources have; what cannot be read is an event."""
        from sepcost.sources.registry import read

        for item in read(sources, self.models):
            if isinstance(item, Notice):
                self.events.say(item.message)
            elif isinstance(item, ConfigError):
                self.fail(item)
            else:
                yield item

    def fail(self, error: SepcostError, combination: str = "") -> None:
        """Count one more that could not be evaluated, and report why."""
        self.bad += 1
        self.events.fail(error, combination)

    def summarize(self, what: str) -> None:
        """At the end, report how many are missing."""
        if self.good and any(self.unmatched):
            self.events.complain(self.unmatched.complaint(self.known))
        only = self.view.filter
        if only and (self.view.totals or self.view.of_networks) and only.asked and not only.count:
            self.events.say(f"none of {only.asked:,} has {only}")
        if self.bad and self.good:
            self.events.say(f"{self.bad:,} of {self.bad + self.good:,} {what} could not be evaluated")

    def _earlier(self, item: Item, snapshot: Snapshot) -> Iterator[Snapshot]:
        """What was counted earlier, if it fits what is asked for now."""
        self.events.advance(1)
        try:
            known = self.earlier(item, snapshot).asking(self.view.asked)
        except ConfigError as error:
            self.fail(error)
        else:
            self.good += 1
            yield known if self.verifier is None else self.verifier.verified_snapshot(known)

    def comparisons(self, item: Item) -> Iterator[Comparison]:
        """The network in each combination of the sweep; one that is not possible is an event."""
        if message := nothing_to_replace(item.network, self.replacements):
            self.events.say(message)
        many = len(self.replacements or ()) * len(item.network) > MOST_TOGETHER
        one_by_one = self.replacement_axis() if many or not self.together else ()
        for values in Sweep((*self.sweep.axes, *one_by_one)):
            self.events.advance(1)
            try:
                comparison = self.compare(item.network, values, self.sweep.swept(values))
            except NetworkError as error:
                self.fail(item.located(error))
            except SepcostError as error:
                self.fail(ConfigError([ConfigProblem(item.network.source or "", 0, 0, "", str(error))]))
            else:
                self.good += 1
                self.first = self.first or (comparison if self.keeps_first else None)
                if any(self.unmatched):
                    self.unmatched = self.unmatched.unmatched(comparison.network)
                    self.known = self.known or comparison.network.names_of_convolutions
                yield comparison

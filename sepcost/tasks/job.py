"""A run of ``compare``: networks one by one, in every combination of multipliers, compared or reported as wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sepcost.blocks.replace_if import ReplaceIf
from sepcost.blocks.replacements import Replacement
from sepcost.count.comparison import Comparison
from sepcost.count.evaluation import evaluated
from sepcost.count.snapshot import Snapshot
from sepcost.count.sweep import Axis, Sweep
from sepcost.errors import ConfigError, ConfigProblem, NetworkError, Notice, SepcostError
from sepcost.layers.cost import Convention
from sepcost.network.network import Network
from sepcost.network.selection import Selection
from sepcost.sources.model_options import ModelOptions
from sepcost.tasks.earlier import counted_earlier
from sepcost.tasks.events import Events
from sepcost.tasks.replacement_sweep import TOGETHER
from sepcost.tasks.replacement_texts import nothing_to_replace

if TYPE_CHECKING:
    from sepcost.sources.given import AnySource
    from sepcost.sources.item import Item
    from sepcost.tasks.verifier import Verifier

MOST_TOGETHER = 50_000
"""If the layers under all replacements are more than this, each replacement is compared by itself."""
MULTIPLIERS = ("alpha", "rho", "resolution")


class Job:
    """What is to be done with each network; ``bad`` counts what could not be evaluated.

    ``replacements`` is None where none was typed, and empty for ``-r none``.
    ``sweep`` has the multipliers and the batch, as far as they were given; ``unmatched`` the globs of the selection
    that have matched no convolution so far.
    """

    def __init__(
        self,
        replacements: Sequence[Replacement] | None,
        convention: Convention,
        sweep: Sweep,
        selection: Selection,
        models: ModelOptions,
        verifier: Verifier | None = None,
        replace_if: ReplaceIf = ReplaceIf.ALWAYS,
        events: Events | None = None,
        asked: Sequence[str] = (),
    ) -> None:
        self.events = events or Events()
        self.asked = asked
        self.replacements = replacements
        self.sweep = sweep
        self.verifier = verifier
        self.replace_if = replace_if
        self.selection = self.unmatched = selection
        self.models = models
        batches: Sequence[Any] = next((axis.values for axis in sweep.axes if axis.name == "batch"), ())
        self.convention = replace(convention, batch=batches[0]) if len(batches) == 1 else convention
        self.good = 0
        self.bad = 0
        self.together = len(replacements or ()) <= TOGETHER

    @property
    def exit_code(self) -> int:
        if self.bad or any(self.unmatched):
            return 2
        return 1 if self.verifier is not None and self.verifier.mismatches else 0

    def replacement_axis(self) -> Iterator[Axis]:
        """The replacements as an axis, which makes each a comparison of its own; none where there is only one."""
        if self.replacements and len(self.replacements) > 1:
            yield Axis("replacement", self.replacements)

    def compare(
        self,
        network: Network,
        values: Mapping[str, Any],
        swept: Mapping[str, Any],
    ) -> Comparison:
        """Scale a network and compare it; raises NetworkError if its layers do not fit together any more."""
        multipliers = {name: values[name] for name in MULTIPLIERS if name in values}
        if multipliers:
            from sepcost.network.scaling import scale  # slow to import: fractions

            network = scale(network, **multipliers)
        convention = replace(self.convention, batch=values["batch"]) if "batch" in values else self.convention
        chosen = [values["replacement"]] if "replacement" in values else self.replacements
        return Comparison.of(self.selection.of(network), chosen, convention, swept, self.replace_if)

    def evaluated(self, comparison: Comparison, item: Item | None = None) -> Snapshot:
        """The figures, verified by torch if that is asked for."""
        verified = comparison if self.verifier is None else self.verifier.verified(comparison, item)
        return evaluated(verified).asking(self.asked)

    def compare_sources(self, sources: Sequence[AnySource]) -> Iterator[Snapshot]:
        """Every network of the sources that can be evaluated; the problems of the others are events."""
        from sepcost.sources.folders import is_one_file
        from sepcost.sources.registry import read

        if self.sweep.names and all(map(is_one_file, sources)):
            self.events.expect(self.sweep.size * len(sources))
        for item in read(sources, self.models):
            if isinstance(item, Notice):
                self.events.tell(item.message)
            elif isinstance(item, ConfigError):
                self.fail(item)
            elif item.earlier is not None:
                yield from self._earlier(item, item.earlier)
            else:
                yield from self._compare_item(item)
        self.summarize("combinations" if self.sweep.names else "networks")

    def fail(self, error: ConfigError) -> None:
        """Count one more that could not be evaluated, and say why."""
        self.bad += 1
        self.events.problems(error.problems)

    def summarize(self, what: str) -> None:
        """At the end, report how many are missing."""
        if self.good and any(self.unmatched):
            self.events.complain(self.unmatched.complaint)
        if self.bad and self.good:
            self.events.tell(f"{self.bad:,} of {self.bad + self.good:,} {what} could not be evaluated")

    def _earlier(self, item: Item, snapshot: Snapshot) -> Iterator[Snapshot]:
        """What was counted earlier, if it fits what is asked for now."""
        scaled = [axis.name for axis in self.sweep.axes if axis.name in MULTIPLIERS or len(axis.values) > 1]
        typed = (self.replacements, self.convention, scaled, self.selection, self.replace_if)
        self.events.advance(1)
        try:
            known = counted_earlier(item, snapshot, *typed).asking(self.asked)
        except ConfigError as error:
            self.fail(error)
        else:
            self.good += 1
            yield known if self.verifier is None else self.verifier.verified_snapshot(known)

    def _compare_item(self, item: Item) -> Iterator[Snapshot]:
        if told := nothing_to_replace(item.network, self.replacements):
            self.events.tell(told)
        many = len(self.replacements or ()) * len(item.network) > MOST_TOGETHER
        one_by_one = self.replacement_axis() if many or not self.together else ()
        for values in Sweep((*self.sweep.axes, *one_by_one)):
            self.events.advance(1)
            try:
                comparison = self.compare(item.network, values, {name: values[name] for name in self.sweep.names})
            except NetworkError as error:
                self.fail(item.located(error))
            except SepcostError as error:
                self.fail(ConfigError([ConfigProblem(item.network.source or "", 0, 0, "", str(error))]))
            else:
                self.good += 1
                self.unmatched = self.unmatched.unmatched(comparison.network)
                yield self.evaluated(comparison, item)

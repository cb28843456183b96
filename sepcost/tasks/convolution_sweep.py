"""One convolution in every combination of its numbers: one by one, or many at once where there are many."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress, islice, repeat
from typing import Any

from sepcost.blocks.replacements import REPLACEMENTS
from sepcost.count.comparison import Comparison
from sepcost.count.snapshot import Snapshot
from sepcost.count.sweep import Sweep, combination_text
from sepcost.errors import SepcostError
from sepcost.network.network import Network
from sepcost.sheets.text_template import Several
from sepcost.tasks.job import Job

AT_ONCE = 8192
"""How many combinations are counted at once, divided by the number of replacements."""
WORTH_IT = 500
"""Fewer combinations are counted faster than NumPy is imported."""


class ConvolutionSweep:
    """The combinations of a convolution's numbers, of multipliers and of batches, in the order of the job's view.

    ``network`` makes the convolution of one combination's numbers.
    """

    def __init__(self, network: Callable[[Mapping[str, Any]], Network], sweep: Sweep, job: Job) -> None:
        self.network = network
        self.job = job
        self.view = job.view
        self.events = job.events
        self.swept = sweep.names
        by_replacement = self.view.by_replacement or not job.together
        self.sweep = sweep.with_axes(*job.replacement_axis()) if by_replacement else sweep
        self._twice = bool(self.view.judged or self.view.filter)
        if self.sweep.size > sys.maxsize:
            raise SepcostError(f"{self.sweep.size:,} combinations are more than can be counted")

    def snapshots(self) -> Iterator[Snapshot]:
        """Each by itself."""
        good = filter(None, map(self._chosen_comparison, self._numbers()))
        yield from map(self.job.evaluated, map(self.job.verified, islice(good, self.view.top)))
        self.job.summarize("combinations")

    def combinations(self) -> Iterator[Snapshot | Several]:
        """Each by itself, or many at once where the job says so and it is worth it."""
        first_of_them = self.view.top is not None and not self.view.judged
        if not self.job.at_once or first_of_them or self.job.verifier is not None or not self._worth_it():
            yield from self.snapshots()
            return
        counted = self._counter(not self._twice)
        for portion in _portions(self._numbers(), self._at_once):
            yield Several(len(portion), list(counted(portion)))
            self._advance_again(len(portion))
        self.job.summarize("combinations")

    @property
    def _at_once(self) -> int:
        return AT_ONCE // max(1, len(self.job.replacements or ()))

    @property
    def _shown(self) -> int:
        return self.sweep.size if self.view.top is None else min(self.view.top, self.sweep.size)

    def _numbers(self) -> Iterable[int]:
        """The combinations that are shown: of a filter alone as they are found, of an order after all were counted."""
        numbers = range(self.sweep.size)
        self.events.expect((self._twice and len(numbers)) + (self._shown if self._counts_again else 0))
        if not self._twice:
            return numbers
        valued = self._values(numbers) if self._worth_it() else self._values_one_by_one(numbers)
        return self.view.chosen(valued) if self.view.judged else (number for _, number in islice(valued, self.view.top))

    def _values(self, numbers: range) -> Iterator[tuple[Sequence[Any], int]]:
        """What every combination that can be evaluated, and that is kept, is judged by, and its number."""
        counted = self._counter(counts=True)
        for portion in _portions(numbers, self._at_once):
            found: dict[int, Sequence[Any]] = {}
            for places, snapshot in counted(portion):
                several = [
                    value.tolist() if hasattr(value, "tolist") else [value] * len(places)
                    for value in self.view.values(snapshot)
                ]
                values = zip(*several) if several else repeat(())
                found |= compress(zip(places, values), self.view.kept(snapshot, len(places)))
            self.events.advance(len(portion))
            yield from ((found[place], portion[place]) for place in sorted(found))

    def _values_one_by_one(self, numbers: range) -> Iterator[tuple[Sequence[Any], int]]:
        for number in numbers:
            self.events.advance(1)
            comparison = self._comparison(number, counts=True)
            snapshot = comparison and self.job.evaluated(comparison)
            if snapshot and self.view.kept(snapshot)[0]:
                yield self.view.values(snapshot), number

    def _chosen_comparison(self, number: int) -> Comparison | None:
        self._advance_again(1)
        return self._comparison(number, counts=not self._twice)

    @property
    def _counts_again(self) -> bool:
        """Whether what is shown is counted after all others, and not as a filter finds it."""
        return bool(self.view.judged or not self.view.filter)

    def _advance_again(self, count: int) -> None:
        self.events.advance(count if self._counts_again else 0)

    def _worth_it(self) -> bool:
        if not self.view.totals or self.sweep.size < WORTH_IT or self._at_once < WORTH_IT:
            return False
        return all(replacement.block in REPLACEMENTS.values() for replacement in self.job.replacements or ())

    def _counter(self, counts: bool) -> Callable[[Sequence[int]], Iterator[tuple[list[int], Snapshot]]]:
        from sepcost.count.grid import Grid  # NumPy takes its time to import

        grid = Grid(self.sweep, apart=("batch",))

        def counted(portion: Sequence[int]) -> Iterator[tuple[list[int], Snapshot]]:
            others: list[int] = []
            for places, snapshot in grid.applied(portion, self._snapshot_or_none):
                if snapshot is None:
                    others += places
                else:
                    self.job.good += len(places) * counts
                    yield places, snapshot
            for place in sorted(others):
                alone = self._comparison(portion[place], counts)
                if alone is not None:
                    yield [place], self.job.evaluated(alone)

        return counted

    def _snapshot_or_none(self, values: Mapping[str, Any]) -> Snapshot | None:
        try:
            return self.job.evaluated(self._compared(values))
        except SepcostError:  # not all of them are wrong, and each wrong one is reported by itself
            return None

    def _compared(self, values: Mapping[str, Any]) -> Comparison:
        return self.job.compare(self.network(values), values, {name: values[name] for name in self.swept})

    def _comparison(self, number: int, counts: bool) -> Comparison | None:
        """The combination with this number; None, after a complaint, if there is no such convolution.

        Sorting and filtering go over them twice: each ``counts`` once.
        """
        values = self.sweep.combination(number)
        try:
            comparison = self._compared(values)
        except SepcostError as error:
            self.job.fail(error, combination_text({name: values[name] for name in self.swept}))
            return None
        self.job.good += counts
        return comparison


def _portions(numbers: Iterable[int], size: int) -> Iterator[Sequence[int]]:
    remaining = iter(numbers)
    while portion := list(islice(remaining, size)):
        yield portion

"""A sweep as a result: its combinations are counted when they are wanted, and again whenever they are."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from sepcost.count.snapshot import Snapshot
from sepcost.errors import SepcostError
from sepcost.formats.format import Format
from sepcost.sheets.sheet import Sheet
from sepcost.sheets.summary_sheet import several_sheets
from sepcost.sheets.text_template import Several
from sepcost.sheets.view import View
from sepcost.tasks.events import Events
from sepcost.tasks.job import Job
from sepcost.tasks.python_words import reworded
from sepcost.tasks.result import OfComparisons, SnapshotResult
from sepcost.text.wording import MOST_NAMES

MOST_SHOWN = 60
"""As many combinations are shown, where a sweep is looked at."""


class Swept(OfComparisons):
    """All combinations, one by one as they are counted: go over it as often as you like, or take them as a frame.

    >>> from sepcost import sweep
    >>> found = sweep(H=56, C=64, K=[3, 5], O=128)
    >>> len(found), [each.swept for each in found]
    (2, [{'K': 3}, {'K': 5}])
    >>> found.to_frame("polars")["reduction.macs"].round(2).to_list()
    [8.41, 20.92]

    One that is not possible is a SepcostError among the others, and a warning where there are rows: of
    ``to_frame()``, ``to_csv()`` and so on.
    """

    def __init__(
        self,
        job: Job,
        compared: Callable[[Job], Iterable[Snapshot | Several]],
        *,
        size: int | None = None,
        assumed: Sequence[str] = (),
        has_networks: bool = False,
    ) -> None:
        """``compared`` gives what a job counts; ``size``, how many there are, where that is known before."""
        self._job, self._compared, self._size = job, compared, size
        self._has_networks = has_networks
        self._known: list[SnapshotResult | SepcostError] | None = None
        self.convention, self.view, self.assumed = job.convention, job.view, assumed

    def __iter__(self) -> Iterator[SnapshotResult | SepcostError]:
        problems = Problems()
        return self._found(self._again(problems), problems) if self._known is None else iter(self._known)

    def __len__(self) -> int:
        """How many there are, errors too; where that is not known before, all are counted, and remembered."""
        if self._size is not None:
            return self._size
        if self._known is None:
            self._known = [*iter(self)]
        return len(self._known)

    def __bool__(self) -> bool:
        return True

    def _found(self, job: Job, problems: Problems) -> Iterator[SnapshotResult | SepcostError]:
        of_each = View(swept=self.view.swept, fixed=self.view.fixed, timed=self.view.timed)
        for each in self._compared(job):
            yield from problems.taken()
            if isinstance(each, Snapshot):
                yield SnapshotResult.over(each, view=of_each, assumed=self.assumed)
        yield from problems.taken()

    def _snapshots(self, *, at_once: bool = False) -> Iterator[Snapshot | Several]:
        problems = Problems()
        return self._counted(self._again(problems, at_once=at_once), problems)

    def _again(self, problems: Problems, *, at_once: bool = False) -> Job:
        """The job from its beginning: a filter counts its rows anew."""
        if self.view.filter:
            self.view.filter.asked = self.view.filter.count = 0
        return replace(self._job, events=problems, at_once=at_once)

    def _counted(self, job: Job, problems: Problems) -> Iterator[Snapshot | Several]:
        """What the job counts; then what it could not is a warning, or an error if that is all there is."""
        yield from self._compared(job)
        errors = [*problems.taken()]
        if errors and not job.good:
            raise errors[0]
        if errors:
            more = f" ({len(errors) - 1:,} more: the sweep has each among its items)" if len(errors) > 1 else ""
            warnings.warn(f"not counted: {errors[0]}{more}", stacklevel=2)

    def _is_for(self, format_: Format) -> bool:
        unfit = format_.one_convolution or (format_.whole_networks and not self._has_networks)
        return super()._is_for(format_) and not unfit

    def _sheets(self) -> list[Sheet]:
        problems = Problems()
        job = self._again(problems)
        items = [*islice(self._found(job, problems), MOST_SHOWN + 1)]
        shown = [each for each in items[:MOST_SHOWN] if isinstance(each, Snapshot)]
        errors = [each for each in items[:MOST_SHOWN] if isinstance(each, SepcostError)]
        notes = [f"Not counted: {each}." for each in errors[:MOST_NAMES]]
        if len(errors) > MOST_NAMES:
            notes.append(f"Nor are {len(errors) - MOST_NAMES:,} more.")
        if len(items) > MOST_SHOWN:
            notes.append(f"These are the first {MOST_SHOWN}: to_frame() has all of them.")
        *others, last = several_sheets(shown, self.view, self.assumed, drawn=False) or [Sheet("nothing", (), ())]
        return [*others, last._replace(notes=(*last.notes, *notes))]


class Problems(Events):
    """A listener that keeps problems until they are taken."""

    def __init__(self) -> None:
        self._errors: list[SepcostError] = []

    def fail(self, error: SepcostError, combination: str = "") -> None:
        self._errors.append(reworded(error))

    def complain(self, error: str) -> None:
        self.fail(SepcostError(error))

    def taken(self) -> Iterator[SepcostError]:
        """The problems since they were taken."""
        while self._errors:
            yield self._errors.pop(0)

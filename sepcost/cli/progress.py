"""Progress on stderr, for whatever takes longer than a second on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from threading import Lock, Timer
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")
PATIENCE = 1.0


class Waiting:
    """Shows a bar with a count once PATIENCE is over; shows nothing where stderr is no terminal.

    >>> with Waiting("networks") as waiting:
    ...     sum(waiting.counted([1, 2, 3]))
    6
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.count = 0
        self._progress: Progress | None = None
        self._stopped = False
        self._lock = Lock()
        self._timer = Timer(PATIENCE, self._show)
        self._timer.daemon = True

    def __enter__(self) -> Waiting:
        if sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def counted(self, items: Iterable[T]) -> Iterator[T]:
        """The items, each counted as it passes."""
        for item in items:
            self.count += 1
            if self._progress is not None:
                self._progress.update(self._progress.task_ids[0], what=f"{self.count:,} {self.what}")
            yield item

    def stop(self) -> None:
        """Take the bar away, for good."""
        self._timer.cancel()
        with self._lock:
            self._stopped = True
            if self._progress is not None:
                self._progress.stop()
                self._progress = None

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (BarColumn(), TextColumn("{task.fields[what]}", markup=False), TimeElapsedColumn())
        progress = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
        progress.add_task("", total=None, what=f"{self.count:,} {self.what}")
        with self._lock:
            if not self._stopped:
                progress.start()
                self._progress = progress

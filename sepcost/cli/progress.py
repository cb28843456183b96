"""Progress on stderr, if something takes longer than a second on a terminal."""

from __future__ import annotations

import sys
from threading import Lock, Timer
from typing import TYPE_CHECKING

from sepcost.cli.streams import complain, say
from sepcost.errors import ConfigError, SepcostError
from sepcost.tasks.events import Events
from sepcost.tasks.verifier import Few

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0
IN_A_HURRY = 0.0001
"""Importing waits for the working thread at every file that it opens: with the usual interval, for seconds."""


class Waiting(Events):
    """Shows a bar with a count once PATIENCE is over; shows nothing where stderr is no terminal.

    >>> with Waiting("networks") as waiting:
    ...     waiting.advance(3)
    ...     waiting.count
    3
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.count = 0
        self.total: int | None = None
        self._failed = Few(self.complain, "combinations that cannot be evaluated")
        self._progress: Progress | None = None
        self._stopped = False
        self._lock = Lock()
        self._timer = Timer(PATIENCE, self._show)
        self._timer.daemon = True

    def __enter__(self) -> Waiting:
        if sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def say(self, message: str) -> None:
        """One line on stderr."""
        say(message)

    def complain(self, error: str) -> None:
        """One line on stderr, as errors look."""
        complain(error)

    def fail(self, error: SepcostError, combination: str = "") -> None:
        """A line on stderr for each problem of a source; of combinations, the first ones."""
        if isinstance(error, ConfigError):
            complain(*error.problems)
        else:
            self._failed.complain(": ".join(filter(None, (combination, str(error)))))

    def expect(self, total: int) -> None:
        """Report how many there will be: the bar then shows the time left."""
        self.total = total
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], total=total)

    def advance(self, count: int) -> None:
        """Report that this many more are done."""
        self.count += count
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=self.count, what=self._text())

    def stop(self) -> None:
        """Remove the bar."""
        self._timer.cancel()
        with self._lock:
            self._stopped = True
            if self._progress is not None:
                self._progress.stop()
                self._progress = None

    def _text(self) -> str:
        of = "" if self.total is None else f" of {self.total:,}"
        return f"{self.count:,}{of} {self.what}"

    def _show(self) -> None:
        usual = sys.getswitchinterval()
        sys.setswitchinterval(IN_A_HURRY)
        try:
            self._start()
        finally:
            sys.setswitchinterval(usual)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        left = (TextColumn("left:"), TimeRemainingColumn()) if self.total is not None else (TimeElapsedColumn(),)
        columns = (BarColumn(), TextColumn("{task.fields[what]}", markup=False), *left)
        progress = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
        progress.add_task("", total=self.total, completed=self.count, what=self._text())
        with self._lock:
            if not self._stopped:
                progress.start()
                self._progress = progress

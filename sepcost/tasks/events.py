"""Events: what a task lets its caller know on the way."""

from __future__ import annotations

from collections.abc import Sequence

from sepcost.errors import ConfigProblem


class Events:
    """A listener that keeps everything to itself; a caller that shows it has one of its own."""

    def tell(self, message: str) -> None:
        """Something came to light that is no error."""

    def problems(self, problems: Sequence[ConfigProblem]) -> None:
        """A source, or a part of one, cannot be evaluated."""

    def expect(self, total: int) -> None:
        """There will be as many as this."""

    def advance(self, count: int) -> None:
        """This many more are done."""

"""Events: what a task reports to its caller while it runs."""

from __future__ import annotations

from sepcost.errors import SepcostError


class Events:
    """A listener that does nothing; a caller that shows events has a subclass of its own."""

    def say(self, message: str) -> None:
        """Report something that is no error."""

    def complain(self, error: str) -> None:
        """Report something that is wrong, and that is not in a source."""

    def fail(self, error: SepcostError, combination: str = "") -> None:
        """Report that a source, a part of one, or a combination of a sweep cannot be evaluated."""

    def expect(self, total: int) -> None:
        """Report how many there will be."""

    def advance(self, count: int) -> None:
        """Report that this many more are done."""

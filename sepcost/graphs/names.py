"""Names: one for each layer of a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


class LayerNames:
    """Gives each layer a name of its own: modules keep theirs, and others get one that no module has.

    >>> names = LayerNames(["convolution", "head"])
    >>> names.other("convolution"), names.own("convolution"), names.own("convolution")
    ('convolution#2', 'convolution', 'convolution#3')
    """

    def __init__(self, of_modules: Iterable[str]) -> None:
        self._of_modules = set(of_modules)
        self._taken: set[str] = set()
        self._again = Counter[str]()

    def own(self, name: str) -> str:
        """The name of a module; ``name#2`` if it is a layer for a second time, and so on."""
        return self._unique(name, self._of_modules - {name})

    def other(self, name: str) -> str:
        """The name of a layer that is no module."""
        return self._unique(name, self._of_modules)

    def _unique(self, name: str, others: set[str]) -> str:
        unique = name
        while unique in self._taken or unique in others:
            self._again[name] += 1
            unique = f"{name}#{self._again[name] + 1}"
        self._taken.add(unique)
        return unique


def joined(path: str, operator: str) -> str:
    """The name of an operator that the module of this name calls.

    >>> joined("stem.conv", "relu"), joined("", "relu")
    ('stem.conv.relu', 'relu')
    """
    return f"{path}.{operator}" if path else operator

"""Plan: which layer is replaced by what, by globs of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sepcost.blocks.blocks import Parts
from sepcost.blocks.replacements import Replacement
from sepcost.errors import CannotReplaceError, ReplacementError
from sepcost.layers import Conv
from sepcost.text.units import as_text

PLAN, KEEP = "plan", "none"
"""What a plan is called in every output, and what it says of layers that stay as they are."""


@dataclass(frozen=True, slots=True)
class Plan(Replacement):
    """A replacement for each layer: of the first glob that its name matches; a layer's own name is a glob, too.

    >>> plan = Plan.of({"stem": "none", "layer3.*": "separable:multiplier=2", "*": "blueprint"})
    >>> [plan.written_for(name) for name in ("stem", "layer3.0.conv", "layer4.0.conv")]
    ['none', 'separable:multiplier=2', 'blueprint']
    """

    choices: tuple[tuple[str, Replacement], ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Plan:
        """The plan of such a mapping; raises ReplacementError."""
        if not isinstance(given, Mapping) or not given:
            raise ReplacementError(f"a plan has a replacement for each glob of names, got {as_text(given, repr)}")
        return cls(PLAN, _kept_without, (), tuple(_choice(*each) for each in given.items()))

    @property
    def globs(self) -> list[str]:
        return [glob for glob, _ in self.choices]

    def written_for(self, *names: str) -> str | None:
        """What it says of the layer of these names: the text of a replacement, ``none``, or nothing (None)."""
        found = self._found(names)
        return None if found is None else found.text

    def of_layer(self, names: Iterable[str]) -> Replacement:
        """The replacement for a layer, under the plan's name; one that takes nothing if the layer is kept."""
        found = self._found(names)
        return (
            Replacement(self.text, _kept_without)
            if found is None
            else Replacement(self.text, found.block, found.options)
        )

    def _found(self, names: Iterable[str]) -> Replacement | None:
        several = list(names)
        return next((each for glob, each in self.choices if any(_matches(name, glob) for name in several)), None)


def _matches(name: str, glob: str) -> bool:
    return name == glob or fnmatchcase(name, glob)


def _choice(glob: Any, text: Any) -> tuple[str, Replacement]:
    if not isinstance(glob, str):
        raise ReplacementError(f"a plan has globs of names as its keys, got {as_text(glob, repr)}")
    if isinstance(text, Replacement):
        return glob, text
    if text in (KEEP, None):
        return glob, Replacement(KEEP, _kept)
    try:
        return glob, Replacement.parse(text)
    except ReplacementError as error:
        raise ReplacementError(f"{glob}: {error}") from None


def _kept(conv: Conv) -> Parts:
    raise CannotReplaceError("kept by the plan")


def _kept_without(conv: Conv) -> Parts:
    raise CannotReplaceError("not in the plan")

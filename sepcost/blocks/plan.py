"""Plan: which layer is replaced by what, by globs of names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from glob import escape
from typing import Any

from sepcost.blocks.blocks import Parts
from sepcost.blocks.replacements import Replacement
from sepcost.errors import CannotReplaceError, ReplacementError
from sepcost.layers import Conv
from sepcost.text.units import as_text
from sepcost.text.wording import did_you_mean, in_one_line

PLAN, KEEP = "plan", "none"
"""What a plan is called in every output, and what it says of layers that stay as they are."""
KEPT, NOT_THERE = "kept by the plan", "not in the plan"
"""Why a layer is kept that could be replaced."""
MOST_PATTERNS = 100
"""Each is tried on each layer; of names without wildcards there may be as many as layers."""
WILDCARD = re.compile(r"[*?[]")
ESCAPED = re.compile(r"\[([*?[])\]")


@dataclass(frozen=True, slots=True)
class Plan(Replacement):
    """A replacement for each layer: of the first glob that its name matches; a layer's own name is a glob, too.

    >>> plan = Plan.of({"stem": "none", "layer3.*": "separable:multiplier=2", "*": "blueprint"})
    >>> [plan.of_layer([name]).by for name in ("stem", "layer3.0.conv", "layer4.0.conv")]
    [None, 'separable:multiplier=2', 'blueprint']
    """

    choices: tuple[tuple[str, Replacement], ...] = ()
    _places: Mapping[str, int] = field(init=False, repr=False, compare=False)
    """The number of the first choice whose glob is this name: found at once, however many there are."""
    _patterns: Mapping[str, int] = field(init=False, repr=False, compare=False)
    """The numbers of globs with wildcards."""

    def __post_init__(self) -> None:
        places: dict[str, int] = {}
        for place, glob in enumerate(self.globs):
            places.setdefault(glob, place)
            places.setdefault(_only_name(glob) or glob, place)
        patterns = {glob: place for place, glob in enumerate(self.globs) if _only_name(glob) is None}
        object.__setattr__(self, "_places", places)
        object.__setattr__(self, "_patterns", patterns)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Plan:
        """The plan of such a mapping, of texts or Replacements; None is ``none``, too. Raises ReplacementError."""
        if not isinstance(given, Mapping) or not given:
            raise ReplacementError(f"a plan has a replacement for each glob of names, got {as_text(given, repr)}")
        plan = cls(PLAN, _not_there, choices=tuple(_choice(*each) for each in given.items()))
        if (many := len(plan._patterns)) > MOST_PATTERNS:
            raise ReplacementError(f"a plan has at most {MOST_PATTERNS} globs with wildcards, got {many:,}")
        return plan

    @property
    def globs(self) -> list[str]:
        return [glob for glob, _ in self.choices]

    def of_layer(self, names: Iterable[str]) -> Replacement:
        """The replacement for the layer of these names, under the plan's name; one that takes nothing if it is kept."""
        several = list(names)
        places = [self._places[name] for name in several if name in self._places]
        places += [place for glob, place in self._patterns.items() if any(fnmatchcase(name, glob) for name in several)]
        if not places:
            return Replacement(self.text, _not_there)
        _, found = self.choices[min(places)]
        return replace(found, text=self.text, by=None if found.text == KEEP else found.by or found.text)

    def matching(self, names: Collection[str]) -> Plan:
        """The same without the globs that match none of these names."""
        unmatched = set(self.unmatched(names))
        return replace(self, choices=tuple(choice for choice in self.choices if choice[0] not in unmatched))

    def unmatched(self, names: Collection[str]) -> list[str]:
        """The globs that match none of these names.

        >>> Plan.of({"stem": "separable", "layer?.*": "none"}).unmatched(["stem", "head"])
        ['layer?.*']
        """
        known = set(names)
        return [
            glob
            for glob in self.globs
            if known.isdisjoint((glob, _only_name(glob) or glob))
            and not (glob in self._patterns and any(fnmatchcase(name, glob) for name in known))
        ]


def in_groups(chosen: Mapping[str, str | None]) -> dict[str, str]:
    """A plan of what is chosen for each name, or None where it is kept: a glob where all below a dot have the same.

    >>> in_groups({"stem": "separable", "a.0.x": "blueprint", "a.1.x": "blueprint", "b.0": "separable", "b.1": None})
    {'stem': 'separable', 'a.*': 'blueprint', 'b.0': 'separable'}
    """
    below: dict[str, set[str | None]] = {}
    for name, text in chosen.items():
        for start in _starts(name):
            below.setdefault(start, set()).add(text)
    many = Counter(start for name in chosen for start in _starts(name))
    plan: dict[str, str] = {}
    for name, text in chosen.items():
        if text is not None:
            groups = (start for start in _starts(name) if len(below[start]) == 1 and many[start] > 1)
            group = next(groups, None)
            plan[escape(name) if group is None else f"{escape(group)}*"] = text
    return plan


def _starts(name: str) -> list[str]:
    """What the name begins with, up to each of its dots.

    >>> _starts("layer3.0.conv")
    ['layer3.', 'layer3.0.']
    """
    return [name[: dot.end()] for dot in re.finditer(r"\.", name)]


def meant(glob: str, names: Collection[str]) -> str:
    """What a glob that matches none of these names was easily meant to be, as a question that ends a message.

    >>> meant("layr3.*", ["layer3.0.conv", "layer3.1.conv"])
    '; did you mean `layer3.*`?'
    """
    groups = [f"{start}*" for name in names for start in _starts(name)] if WILDCARD.search(glob) else []
    return did_you_mean(glob, dict.fromkeys([*groups, *names]))


def _only_name(glob: str) -> str | None:
    """The name that a glob is, with its wildcards escaped; None where it has some."""
    name = ESCAPED.sub(r"\1", glob)
    return name if escape(name) == glob or not WILDCARD.search(glob) else None


def _choice(glob: Any, given: Any) -> tuple[str, Replacement]:
    if not isinstance(glob, str):
        raise ReplacementError(f"a plan has globs of names as its keys, got {as_text(glob, repr)}")
    if given in (KEEP, None):
        return glob, Replacement(KEEP, _kept)
    if isinstance(given, Replacement) and not isinstance(given, Plan):
        return glob, given
    try:
        return glob, Replacement.parse(given)
    except ReplacementError as error:
        raise ReplacementError(f"{in_one_line(glob, 60)}: {error}") from None


def _kept(conv: Conv) -> Parts:
    raise CannotReplaceError(KEPT)


def _not_there(conv: Conv) -> Parts:
    raise CannotReplaceError(NOT_THERE)

"""Words that messages share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TypeAlias

from sepcost.text.units import exact, shortened

Path: TypeAlias = "tuple[str | int, ...]"
"""The keys and numbers that lead to a value."""

MOST_CANDIDATES = 50
"""Comparing is slow: with thousands of names and messages, suggestions would take too long."""
MOST_NAMES = 3
"""A sentence names this many layers and counts the others."""
LONGEST_WORD = 60
"""A longer word is no typing mistake, and is slow to compare: the time grows with the square of its length."""
_KEY = re.compile(r"[\w-]+")


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """A question that ends a message, or nothing if no known word is similar.

    >>> did_you_mean("strid", ["stride", "padding"])
    '; did you mean `stride`?'
    >>> did_you_mean("colour", ["stride", "padding"])
    ''
    """
    from difflib import get_close_matches  # only a message that is about to be printed needs it

    if len(text) > LONGEST_WORD:
        return ""
    by_lower = {word.lower(): word for word in islice(known, MOST_CANDIDATES) if len(word) <= LONGEST_WORD}
    near = get_close_matches(text.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean `{by_lower[near[0]]}`?" if near else ""


def listed(names: Sequence[str], word: str = "and") -> str:
    """Names in a sentence.

    >>> listed(["H", "C", "O"]), listed(["relu", "gelu"], "or")
    ('H, C and O', 'relu or gelu')
    """
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def in_one_line(text: str, longest: int | None = None) -> str:
    r"""A text without its line breaks, cut if it is longer than ``longest``.

    >>> in_one_line("no such\n  thing"), in_one_line("no such thing", 7)
    ('no such thing', 'no such…')
    """
    line = " ".join(text.split())
    return line if longest is None or len(line) <= longest else f"{line[:longest]}…"


def counted(number: int, what: str, several: str = "") -> str:
    """A number and what it counts.

    >>> counted(1, "layer"), counted(1200, "layer")
    ('1 layer', '1,200 layers')
    """
    return f"{exact(number)} {what if number == 1 else several or what + 's'}"


def named(names: Sequence[str]) -> str:
    """A few of the names in a sentence, and how many more there are."""
    if len(names) <= MOST_NAMES + 1:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"


def path_text(path: Path) -> str:
    """A path as people write it.

    >>> path_text(("layers", 3, "K"))
    'layers[3].K'
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (step if _KEY.fullmatch(step) else shortened(repr(step)))
    return text

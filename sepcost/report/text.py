"""Names from files as harmless text."""

from __future__ import annotations

import unicodedata

HARMFUL = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Unicode categories that steer a terminal or hide text: controls, formats (bidi), surrogates, separators."""


def harmless(text: str) -> str:
    r"""The text with everything that a terminal would act on written as its escape.

    >>> print(harmless("\x1b[31mred\x1b[0m"))
    \x1b[31mred\x1b[0m
    >>> print(harmless("plain[red]"))
    plain[red]
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_harmless_character, text))


def _harmless_character(character: str) -> str:
    if unicodedata.category(character) not in HARMFUL:
        return character
    return character.encode("unicode_escape").decode("ascii")

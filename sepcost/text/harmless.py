"""Names from files as harmless text."""

from __future__ import annotations

import re
import unicodedata

HARMFUL = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Unicode categories that control a terminal or hide text: controls, formats (bidi), surrogates, separators."""
BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\ufffe\uffff"
    "\U0001d159\U000e0000-\U000e0fff]"
)
"""Other invisible characters: Unicode's Default_Ignorable_Code_Point, two symbols without ink, two that XML bans."""


def harmless(text: str) -> str:
    r"""The text with control characters and invisible characters written as escapes.

    A variation selector is one of these wherever it is, so an emoji with one after it is shown with an escape.

    >>> print(harmless("\x1b[31mred\x1b[0m"))
    \x1b[31mred\x1b[0m
    >>> print(harmless("plain[red]"), harmless("a\u3164"), harmless("\u2764\ufe0f"))
    plain[red] a\u3164 ❤\ufe0f
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_harmless_character, text))


def visible(text: str) -> str:
    r"""The same for a text that is alone in its place, where only blanks would look like no text.

    >>> print(visible(" \xa0"), visible("a b"))
    \x20\xa0 a b
    """
    return "".join(f"\\x{ord(character):02x}" for character in text) if text.isspace() else harmless(text)


def _harmless_character(character: str) -> str:
    if unicodedata.category(character) not in HARMFUL and not BLANK.match(character):
        return character
    return character.encode("unicode_escape").decode("ascii")

"""Text as TeX that shows it: pdflatex accepts it, whatever the text is."""

from __future__ import annotations

import re
import unicodedata

from sepcost.text.harmless import harmless

TEX_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"$\$$",  # as text it may be from a font that small installations do not have
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\texttt{\char34}",
    "'": r"\textquoteright{}",
    "`": r"\textquoteleft{}",
    "[": "{[}",  # at the beginning of a row it would belong to the \\ before it
    "*": "{*}",
    "\u00a0": "~",
    "\u200b": r"\allowbreak{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "…": r"\ldots{}",
    "×": r"$\times$",
    "÷": r"$\div$",
    "·": r"$\cdot$",
    "−": "$-$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "→": r"$\to$",
    "⌈": r"$\lceil$",
    "⌉": r"$\rceil$",
    "⌊": r"$\lfloor$",
    "⌋": r"$\rfloor$",
    "²": "$^2$",
    "³": "$^3$",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
}
GREEK_LETTERS = "αβγδεζηθικλμνξπρστυφχψωµΓΔΘΛΞΠΣΥΦΨΩ"
GREEK_NAMES = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega mu
Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
GREEK = dict(zip(GREEK_LETTERS, GREEK_NAMES.split()))
ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d", "\u0327": "c", "\u0331": "b",
}  # fmt: skip
HINT = re.compile(r" \((--|\w+=)[^()]*\)")
"""Parts of notes that are for the command line or Python, not for a paper."""
LIGATURE = re.compile(r"([-,])(?=\1)")
LONG_WORD = re.compile(r"\S{25,}")
PIECE = re.compile(r"[^._/:\-\u0080-\U0010ffff]{1,12}[._/:-]*|.")
"""The part of a long word that must be on one line."""


def tex(text: str) -> str:
    r"""Text that TeX shows as it is; a character that TeX's own fonts have not is named by its number.

    >>> print(tex("50% of conv_1 → α·C"))
    50\% of conv\_1 $\to$ $\alpha$$\cdot$C
    >>> print(tex("Café 漢"))
    Caf\'{e} \texttt{U+6F22}
    """
    characters = LONG_WORD.sub(_breakable, unicodedata.normalize("NFC", harmless(text)))
    return LIGATURE.sub(r"\1{}", "".join(map(_tex_character, characters)))


def _breakable(word: re.Match[str]) -> str:
    return "\u200b".join(PIECE.findall(word[0]))


def _tex_character(character: str) -> str:
    if character in TEX_SPECIAL:
        return TEX_SPECIAL[character]
    if character.isascii():
        return character
    if character in GREEK:
        return rf"$\{GREEK[character]}$"
    letter, *marks = list(unicodedata.normalize("NFD", character))
    if letter.isascii() and letter.isalpha() and len(marks) == 1 and marks[0] in ACCENTS:
        return rf"\{ACCENTS[marks[0]]}{{{letter}}}"
    return by_number(character)


def by_number(character: str) -> str:
    """A character that TeX's own fonts have not."""
    return rf"\texttt{{U+{ord(character):04X}}}"

"""Text as Markdown that shows it, and that refers to nothing."""

from __future__ import annotations

import re

from sepcost.text.harmless import harmless

MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$&])")
REFERENCE = re.compile(
    r"""
    @                                  # a mention, or an address of e-mail
    | \#(?=\d)                         # an issue: #1, owner/repository#1
    | \b(?:GH|GHSA|CVE)-(?=\w)         # an issue or an advisory
    | (?<=[0-9a-f]{6})CVE-(?=\w)       # an advisory, as what follows the break of a commit
    | :(?=//) | \bwww(?=\.)            # an address in the web
    | :(?=[\w+-]+:)                    # an emoji
    | [0-9a-f]{6}(?=[0-9a-f])          # a commit: 7 digits and more
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What GitHub makes a link of, or notifies somebody about, up to where it may be broken: its documentation, "Autolinked
references and URLs" and "Mentioning people and teams"; GFM, section 6.9. It looks for them in what Markdown has made of
the text, so a backslash does not help.
"""
ZERO_WIDTH_SPACE = "\u200b"


def escaped(text: str) -> str:
    r"""Text that Markdown shows as it is, and that refers to nothing: a space of zero width interrupts each reference.

    >>> print(escaped("a|b <i>"), escaped("by @me, #1"))
    a\|b \<i\> by @&#8203;me, \#&#8203;1
    """
    broken = REFERENCE.sub(rf"\g<0>{ZERO_WIDTH_SPACE}", harmless(text))
    return MARKDOWN_SPECIAL.sub(r"\\\1", broken).replace(ZERO_WIDTH_SPACE, f"&#{ord(ZERO_WIDTH_SPACE)};")

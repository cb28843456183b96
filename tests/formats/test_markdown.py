"""Names in Markdown are text: they link to nothing, and notify no user."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sepcost.formats.drawing.markdown_text import escaped
from sepcost.text.harmless import harmless

LINKED = {
    "mention": r"@\w",
    "address": r"\S@\w",
    "issue": r"#\d",
    "older issue": r"(?i)\bGH-\d",
    "advisory": r"(?i)\b(GHSA|CVE)-\w",
    "web": r"(?i)(https?|ftp)://\S",
    "web without a scheme": r"(?i)\bwww\.\S",
    "emoji": r":[\w+-]+:",
    "commit": r"(?i)\b[0-9a-f]{7,40}\b",
}
"""What GitHub looks for in rendered text, written down from its documentation, "Autolinked references and URLs"."""

REFERENCES = [
    "@octocat", "@org/team", "a @b", "(@c)", "someone@example.org", "mailto:someone@example.org", "xmpp:a@b.org/c",
    "#1", "octocat#26", "octo-org/octo-repo#26", "GH-26", "gh-26", "GHSA-abcd-1234-efgh", "CVE-2026-1234",
    "https://example.org/?a=b", "HTTP://example.org", "ftp://example.org", "www.example.org", "WWW.example.org",
    "https://github.com/octocat/repo/issues/1", ":tada:", ":+1:", ":a:b:c:", "conv:tada::tada:",
    "a5c3785", "a5c3785ed8d6a35868bc169f07e40e889087fd2e", "a5c3785ed8d6CVE-2026-1234",
    "octocat@a5c3785", "octo/repo@a5c3785ed8d6", "A5C3785",
    "0000000", "![](https://x.org/y.png)", "[x](//x.org)", "<https://x.org>", "<b>", "&#64;user", "&commat;user",
    "\\@user", "`#1`", "a | @b",
]  # fmt: skip


def shown(markdown: str) -> str:
    """The text of a paragraph as readers see it, by a renderer of CommonMark."""
    html = MarkdownIt("commonmark").render(f"x {markdown} x")
    text = re.fullmatch(r"<p>x (.*) x</p>\n", html)
    assert text is not None
    assert "<" not in text[1]
    return unescape(text[1])


@pytest.mark.parametrize("name", REFERENCES)
def test_a_name_refers_to_nothing(name: str) -> None:
    assert_text(name)


@given(st.lists(st.sampled_from(REFERENCES) | st.text(":@#/.-w1a", max_size=9), min_size=1).map("".join))
def test_neither_do_names_together(name: str) -> None:
    assert_text(name)


def assert_text(name: str) -> None:
    text = shown(escaped(name))
    assert [kind for kind, pattern in LINKED.items() if re.search(pattern, text)] == []
    assert text.replace("\u200b", "").strip() == harmless(name).strip()


def test_usual_names_have_nothing_in_them() -> None:
    for name in ("features.0", "layer4.1.conv2", "MobileNet v1", "down_path", "3x224x224", "a: b", "ResNet-50"):
        assert "&" not in escaped(name)

"""A page of ``--format html`` as its reader has it: read by Python's own parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)
SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)
"""The code of a page, which is not ours alone, and has no names."""
VOID = {"meta", "input", "img", "br", "link"}


class PageReader(HTMLParser):
    """The elements of a page, in order, each with its attributes and the text that is directly in it or below."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element: tuple[str, dict[str, str | None], list[str]] = (tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag, f"</{tag}> ends another element"

    def handle_data(self, data: str) -> None:
        for _, _, texts in self._open:
            texts.append(data)

    def texts(self, *tags: str) -> list[str]:
        return ["".join(texts) for tag, _, texts in self.elements if tag in tags]

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes, _ in self.elements if name == tag]

    @property
    def numbers(self) -> set[float]:
        """All that cells have: in their text, or as their raw value."""
        found = set()
        for tag, attributes, texts in self.elements:
            if tag in ("td", "th"):
                values = [attributes.get("data-value") or "", *texts]
                found |= {float(number) for value in values for number in NUMBER.findall(value)}
        return found


def numbers_in(document: Any) -> Iterator[float]:
    """Every number of a JSON document."""
    if isinstance(document, dict):
        for value in document.values():
            yield from numbers_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from numbers_in(value)
    elif isinstance(document, (int, float)) and not isinstance(document, bool):
        yield float(document)

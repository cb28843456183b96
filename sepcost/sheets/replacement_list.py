"""The list of replacements, from the blocks and their docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import getdoc
from typing import NamedTuple

from sepcost.blocks.replacements import REPLACEMENTS, Block, options_of, typed
from sepcost.layers.activation import ACTIVATIONS
from sepcost.sheets.sheet import Column, Row, Sheet
from sepcost.text.kind import Kind
from sepcost.text.wording import listed

FIRST_LINE = re.compile(r"(?P<what>.*?) \((?P<source>[^()]*)\)(?P<more>.*)\.")
MACS = re.compile(r"^MACs: (.*)$", re.MULTILINE)
TAKES = re.compile(r"Takes ([^.]*)\.")
LIST_NOTES = (
    "MACs are those of a plain convolution: HW is the input map, HW' the output map. What is not taken is kept.",
    f"An inner_activation is {listed(ACTIVATIONS, 'or')}.",
    "Each layer may have its own: a plan says which (--plan, or replace: {'layer3.*': separable} in a config).",
)


class Description(NamedTuple):
    """A block as its docstring describes it."""

    name: str
    what: str
    options: str
    macs: str
    takes: str
    source: str


def descriptions() -> Iterator[Description]:
    """Each replacement of the registry.

    >>> next(descriptions()).macs
    "HW'·C·m·(K² + O)"
    """
    for name, block in REPLACEMENTS.items():
        yield _description(name, block)


def replacement_text() -> str:
    """A paragraph for each replacement."""
    return "\n".join([*map(_paragraph, descriptions()), *LIST_NOTES, ""])


def replacement_sheet() -> Sheet:
    """A row for each replacement."""
    columns = tuple(Column(header, Kind.TEXT) for header in Description._fields)
    return Sheet("Replacements", columns, tuple(map(Row, descriptions())), notes=LIST_NOTES)


def _paragraph(described: Description) -> str:
    facts = described._asdict()
    lines = [f"{facts.pop('name')}: {facts.pop('what')}"]
    lines += [f"  {name.replace('macs', 'MACs'):7}  {text}" for name, text in facts.items()]
    return "\n".join(lines) + "\n"


def _description(name: str, block: Block) -> Description:
    text = getdoc(block) or ""
    first = text.split("\n", 1)[0]
    parts, macs, takes = FIRST_LINE.fullmatch(first), MACS.search(text), TAKES.search(text)
    return Description(
        name,
        f"{parts['what']}{parts['more']}" if parts else first,
        ", ".join(f"{key}={typed(option.default)}" for key, option in options_of(block).items()) or "none",
        macs[1] if macs else "",
        " ".join(takes[1].split()) if takes else "",
        parts["source"] if parts else "",
    )

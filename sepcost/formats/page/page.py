"""The page as text: the templates, with styles and scripts that are allowed by their hashes."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sepcost.formats.page.content import Highlight
from sepcost.formats.page.pictures import Pictures
from sepcost.formats.page.tables import Table
from sepcost.version import __version__

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent


class Page(NamedTuple):
    """All that is on a page. ``numbers`` are the tables of what JSON has; None where they would be too large."""

    tables: Sequence[Table]
    facts: Sequence[tuple[str, str]] = ()
    tone: str = ""
    highlights: Sequence[Highlight] = ()
    pictures: Pictures = Pictures()
    numbers: Sequence[Table] | None = ()
    text: str = ""

    @property
    def title(self) -> str:
        return self.tables[0].title


def html(page: Page) -> str:
    """The document: it needs nothing else, asks for nothing, and runs no other script than its own."""
    style, own = _file("page.css"), _file("page.js")
    scripts = [script for script in (page.pictures.code, own) if script]
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            page=page,
            version=__version__,
            style=style,
            scripts=scripts,
            policy=_policy(scripts, style),
            charts=[_in_script(picture.specification) for picture in page.pictures.pictures],
        )
    )


def fragment(tables: Sequence[Table]) -> str:
    """The tables alone, as a notebook shows them: without scripts, with styles that apply to nothing else."""
    return _environment().get_template("notebook.html.jinja").render(tables=tables, style=_file("notebook.css"))


def _policy(scripts: Sequence[str], style: str) -> str:
    """What the page may do: run these scripts, have this style, show pictures that are in it."""
    allowed = " ".join(map(_hash, scripts))
    own = f"script-src {allowed}; style-src {_hash(style)}; img-src data:"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _in_script(specification: Mapping[str, Any]) -> str:
    """JSON that cannot end the element it is in."""
    return json.dumps(specification, ensure_ascii=True).replace("<", "\\u003c")


@cache
def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(HERE)
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

"""Options in a text, ``option=value,…``, as ``-r`` and ``--format`` take them; a value in quotes is text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sepcost.text.units import NumberError, shortened

OUTSIDE_QUOTES = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*\Z)')
"""A comma with an even number of quotes after it."""
QUOTED = re.compile(r'"(?:[^"]|"")*"')


def split_options(text: str) -> list[str]:
    """The items between commas; a comma in quotes is text.

    >>> split_options('caption="Costs, in M",precision=3')
    ['caption="Costs, in M"', 'precision=3']
    """
    return OUTSIDE_QUOTES.split(text) if '"' in text else text.split(",")


def read_options(items: Iterable[str]) -> dict[str, str | None]:
    """Each option with its value, without the quotes; None where there is no ``=``. Raises NumberError.

    >>> read_options(["precision=3", 'caption="Our ""best"" one"', "long"])
    {'precision': '3', 'caption': 'Our "best" one', 'long': None}
    """
    options: dict[str, str | None] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if name in options:
            raise NumberError(f"is given an option twice: {shortened(name)}")
        options[name] = _unquoted(value) if equals else None
    return options


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    if not QUOTED.fullmatch(value):
        raise NumberError(f"has a value that does not end with its quote: {shortened(value)}")
    return value[1:-1].replace('""', '"')

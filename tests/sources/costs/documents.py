"""Documents of JSON with one thing changed."""

from __future__ import annotations

import json
from typing import Any

MISSING = object()


def edited(text: str, path: tuple[str | int, ...], value: Any) -> str:
    """The document with another value in this place, or none."""
    document = json.loads(text)
    *around, last = path
    place = document
    for step in around:
        place = place[step]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return json.dumps(document)

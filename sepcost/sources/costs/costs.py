"""Costs from earlier: what ``compare`` wrote as JSON or JSON Lines, or a baseline that ``check`` wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sepcost.count.contract import BASELINE
from sepcost.count.snapshot import Snapshot
from sepcost.errors import ConfigError
from sepcost.sources.costs.json_text import parsed, refuse
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.source import Given, Item

CONFLICT = "<<<<<<<"
MERGE = (
    "has the conflict markers of a merge: keep the lines that are right, or take one side as it is "
    "(git checkout --ours FILE) and write it again (sepcost check … --update-baseline FILE)"
)

VERSION = '"schema_version"'
BEGINS = ("{", "[", CONFLICT)
"""How costs begin, whole or in the middle of a merge."""
ENDS = (b"}", b"]")
"""How the last line of a document begins."""


class Costs:
    """Files, and standard input, whose first document has the version of the contract."""

    takes = "a file of earlier costs (for sweep, check and diff)"

    def read(self, given: Given, options: ModelOptions) -> Iterator[Item] | None:
        """The networks as they were counted; None unless these are costs."""
        if not given.is_text or not _has_version(given):
            return None
        networks = read_costs(b"".join(given.lines()), given.name)
        return None if networks is None else (Item(None, network, given.name) for network in networks)


COSTS = Costs()


def read_costs(data: bytes, source: str) -> list[Snapshot] | None:
    """The networks of such a file; None where the data is something else, such as a config.

    ``source`` is the file's name as messages show it. Raises ConfigError with the first thing that is wrong.
    """
    try:
        return _networks(data.decode("utf-8-sig"), source)
    except UnicodeDecodeError:
        return None
    except ConfigError as error:
        raise ConfigError([problem._replace(source=source) for problem in error.problems]) from None


def _networks(text: str, source: str) -> list[Snapshot] | None:
    _refuse_conflicts(text)
    if text.lstrip()[:1] not in ("{", "["):
        return None
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if len(lines) > 1 and _is_whole(lines[0][1]):
        return [network for number, line in lines for network in _line_networks(line, number, source)]
    try:
        value = parsed(text)
    except ConfigError:
        if VERSION in text:
            raise
        return None
    if isinstance(value, list) and value and isinstance(value[0], dict) and "schema_version" in value[0]:
        refuse("is a list: give one output of sepcost compare --format json, not several in one file")
    if not isinstance(value, dict) or ("layers" in value and "schema_version" not in value):
        return None
    return _networks_of(value, source)


def _refuse_conflicts(text: str) -> None:
    """A ConfigError for an unresolved merge of costs; the reader of configs reports one of configs."""
    if CONFLICT in text and VERSION in text:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.startswith(CONFLICT):
                refuse(MERGE, line=number)


def _is_whole(line: str) -> bool:
    """Whether the first line of a file is costs by itself, so that the others must be too."""
    if not line.startswith("{") or VERSION not in line:
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _line_networks(line: str, number: int, source: str) -> list[Snapshot]:
    try:
        return _networks_of(parsed(line), source)
    except ConfigError as error:
        problems = [problem._replace(line=number, column=problem.column or 1) for problem in error.problems]
        raise ConfigError(problems) from None


def _networks_of(value: Any, source: str) -> list[Snapshot]:
    """The networks of a baseline or of costs; pydantic is imported here, where there are some."""
    from sepcost.sources.costs.baseline_reader import baseline_networks
    from sepcost.sources.costs.compare_reader import compared_networks

    is_baseline = isinstance(value, dict) and value.get("kind") == BASELINE
    return baseline_networks(value, source) if is_baseline else compared_networks(value)


def _has_version(given: Given) -> bool:
    """Whether a version is in the first document, of which no more is read than that takes."""
    version = VERSION.encode()
    first = next((line for line in given.head(lambda line: line.strip()) if line.strip()), b"")
    if not first.decode("utf-8-sig", "replace").lstrip().startswith(BEGINS):
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return version in first or version in given.head(lambda line: version in line or line.startswith(ENDS))[-1]
    return version in first

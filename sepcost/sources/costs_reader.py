"""Costs from earlier: what ``compare`` wrote as JSON or JSON Lines, or a baseline that ``check`` wrote."""

from __future__ import annotations

import json

from sepcost.count.snapshot import Snapshot
from sepcost.errors import ConfigError
from sepcost.sources.costs.baseline_writer import baseline_networks, is_baseline
from sepcost.sources.costs.compare_reader import compared_networks
from sepcost.sources.costs.json_text import Place, parsed, refuse

CONFLICT = "<<<<<<<"
MERGE = (
    "has the conflict markers of a merge: keep the lines that are right, or take one side as it is "
    "(git checkout --ours FILE) and write it again (sepcost check … --update-baseline FILE)"
)


def read_costs(data: bytes, source: str) -> list[Snapshot] | None:
    """The networks of such a file; None where the data is something else, such as a config.

    ``source`` is the file's name as messages show it. Raises ConfigError with the first thing that is wrong.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    _refuse_conflicts(text, source)
    if text.lstrip()[:1] not in ("{", "["):
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and _is_whole(lines[0]):
        return [network for number, line in enumerate(lines) for network in _line_networks(line, number, source)]
    try:
        value = parsed(text, source)
    except ConfigError:
        if '"schema_version"' in text:
            raise
        return None
    if is_baseline(value):
        return list(baseline_networks(value, source))
    if isinstance(value, list) and value and isinstance(value[0], dict) and "schema_version" in value[0]:
        refuse(source, "is a list: give one output of sepcost compare --format json, not several in one file")
    if not isinstance(value, dict) or ("layers" in value and "schema_version" not in value):
        return None
    return list(compared_networks(Place(value, source)))


def _refuse_conflicts(text: str, source: str) -> None:
    """A ConfigError where a merge of costs was left undone; one of configs is left to their reader."""
    if CONFLICT in text and '"schema_version"' in text:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.startswith(CONFLICT):
                refuse(source, MERGE, line=number)


def _is_whole(line: str) -> bool:
    """Whether the first line of a file is costs by itself, so that the others must be too."""
    if not line.startswith("{") or '"schema_version"' not in line:
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _line_networks(line: str, number: int, source: str) -> list[Snapshot]:
    try:
        return list(compared_networks(Place(parsed(line, source), source)))
    except ConfigError as error:
        raise ConfigError([problem._replace(line=number + 1) for problem in error.problems]) from None

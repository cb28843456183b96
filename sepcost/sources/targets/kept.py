"""Targets by name: profiles that ship, and those that were learned here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sepcost.errors import SepcostError
from sepcost.sources.shipped import BARE, shipped_folder
from sepcost.sources.source import file_lines
from sepcost.sources.targets.profile_json import LARGEST, read_profile
from sepcost.targets.profile import Profile
from sepcost.text.wording import did_you_mean, listed

SUFFIX = ".json"
SHIPPED = shipped_folder("profiles")
LEARN = "sepcost target learn"


def read_target(text: str) -> Profile:
    """The profile of a target: ``local`` by its name, ``times/pixel8.json`` by its path.

    >>> read_target("example-cpu").name
    'example-cpu'

    Raises ConfigError with what is wrong with a file, SepcostError for a name that no target has.
    """
    return read_profile_file(path_of(text))


def read_profile_file(path: str | Path) -> Profile:
    """The profile in a file; raises ConfigError."""
    data = bytearray()
    for line in file_lines(str(path)):
        data += line
        if len(data) > LARGEST:
            break
    return read_profile(bytes(data), str(path))


def path_of(text: str) -> Path:
    """The file of a target that is there; raises SepcostError."""
    if is_path(text):
        return Path(text)
    if (SHIPPED / f"{text}{SUFFIX}").is_file() and BARE.fullmatch(text):
        return SHIPPED / f"{text}{SUFFIX}"
    known = targets(kept_folder())
    if text not in known:
        hint = did_you_mean(text, known) or f"; {LEARN} learns this machine, as local"
        raise SepcostError(
            f"there is no target {text!r} (there {'is' if len(known) == 1 else 'are'} {listed([*known])}){hint}"
        )
    return known[text]


def is_path(text: str) -> bool:
    """Whether a text names a file, not a target by its name."""
    return "/" in text or os.sep in text or text.endswith(SUFFIX)


def targets(folder: Path | None) -> Mapping[str, Path]:
    """The files of all targets by their names: those that ship, then those that are kept in this folder."""
    folders = [SHIPPED, *([folder] if folder else [])]
    found: dict[str, Path] = {}
    for file in (file for each in folders for file in sorted(each.glob(f"*{SUFFIX}"))):
        found.setdefault(file.stem, file)
    return found


def kept_folder() -> Path:
    """The folder of the targets that were learned here; raises SepcostError where the extra ``time`` is missing."""
    try:
        from platformdirs import user_data_path
    except ImportError:
        raise SepcostError("targets by name need platformdirs: pip install 'sepcost[time]', or give a path") from None
    return user_data_path("sepcost", appauthor=False) / "targets"

"""Shipped configs: networks that are called by their name from any folder, such as mobilenet_v1."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from sepcost.errors import ConfigError
from sepcost.sources.source import Given, file_lines
from sepcost.text.wording import did_you_mean, listed


def shipped_folder(name: str) -> Path:
    """A folder of shipped files: in the package if that is installed, otherwise next to it."""
    checkout, package = (Path(__file__).parents[level] / name for level in (2, 1))
    return package if package.is_dir() else checkout


FOLDER = shipped_folder("configs")

BARE = re.compile(r"\w[\w-]{,59}")
"""A name without folder, ending and colon."""


class Shipped(Given):
    """A shipped config under its name."""

    def _opened(self) -> Iterable[bytes]:
        return file_lines(str(FOLDER / f"{self.value}.yaml"))


def unless_shipped(given: Given) -> Given:
    """What is given; the shipped config if it is a bare name, and of no file.

    >>> type(unless_shipped(Given("vgg16"))).__name__, type(unless_shipped(Given("configs"))).__name__
    ('Shipped', 'Given')

    Raises ConfigError for a name that no config has.
    """
    if not given.is_named or not BARE.fullmatch(given.value) or os.path.lexists(given.value):
        return given
    names = sorted(file.stem for file in FOLDER.glob("*.yaml"))
    if given.value not in names:
        hint = did_you_mean(given.value, names)
        raise ConfigError.of(given.value, f"is no file, and no network that sepcost ships ({listed(names)}){hint}")
    return Shipped(given.value)

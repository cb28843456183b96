"""Folders: a folder is a source of all configs in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sepcost.errors import ConfigError, Notice
from sepcost.sources.source import AnySource, Given
from sepcost.text.foreign import SAVED_MODEL, foreign_format
from sepcost.text.model_text import CONFIG_SUFFIXES, is_program
from sepcost.text.wording import named


def opened(given: Given) -> Iterator[Given | ConfigError | Notice]:
    """The source itself; for a folder, each config in it. Raises ConfigError if there is none."""
    if not given.is_named or not os.path.isdir(given.value):  # noqa: PTH112 (a name may be refused)
        yield given
        return
    folder = Folder(given.value)
    if folder.skipped:
        yield Notice(f"{given.value}: skips {named(folder.skipped)}")
    if not (folder.configs or folder.unreadable):
        is_saved = Path(given.value, "saved_model.pb").exists()
        known = SAVED_MODEL if is_saved else foreign_format(given.value)
        programs = next((f": give {name} itself" for name in folder.skipped if is_program(name)), "")
        raise ConfigError.of(given.value, known or f"the folder has no .yaml or .yml file in it{programs}")
    yield from map(Given, folder.configs)
    yield from folder.unreadable


def is_one_file(source: AnySource) -> bool:
    """Whether the source is a file, which most likely holds one network."""
    return isinstance(source, str) and source != "-" and os.path.isfile(source)  # noqa: PTH113 (a name may be refused)


class Folder:
    """The configs in a folder and in those below it, in order; links to folders are not followed.

    ``skipped`` are programs, hidden files, hidden folders, and links to folders; ``unreadable``, folders that cannot be
    read.
    """

    def __init__(self, source: str) -> None:
        self.configs: list[str] = []
        self.skipped: list[str] = []
        self.unreadable: list[ConfigError] = []
        for path, folders, files in os.walk(source, onerror=self._refused):
            over = {name for name in folders if name.startswith(".") or Path(path, name).is_symlink()}
            folders[:] = (name for name in folders if name not in over)
            configs = {name for name in files if name.lower().endswith(CONFIG_SUFFIXES)}
            hidden = {name for name in configs if name.startswith(".")}
            self.configs += (str(Path(path, name)) for name in configs - hidden)
            over |= set(filter(is_program, files))
            self.skipped += (str(Path(path, name)) for name in sorted(over | hidden))
        self.unreadable += (ConfigError.of(name, "is no file") for name in self.configs if _is_no_file(name))
        self.configs = sorted((name for name in self.configs if not _is_no_file(name)), key=Path)

    def _refused(self, error: OSError) -> None:
        self.unreadable.append(ConfigError.of(str(error.filename), f"cannot be read: {(error.strerror or '').lower()}"))


def _is_no_file(name: str) -> bool:
    """Whether it is there and is no file or pipe to read; a link that leads nowhere is reported as one."""
    return Path(name).exists() and not Path(name).is_file()

"""Sources: whatever stands on the command line, as networks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sepcost.errors import ConfigError, Notice
from sepcost.sources.models import LoadedModel, ModelOptions, read_model
from sepcost.sources.named_models import read_items
from sepcost.sources.paths import STDIN, absolute
from sepcost.sources.yaml import Loaded, read_lines, stdin_lines
from sepcost.text.model_text import CONFIGS, is_model_text
from sepcost.text.wording import named


def networks(
    sources: Sequence[str], models: ModelOptions, *, once: bool = False
) -> Iterator[Loaded | LoadedModel | ConfigError | Notice]:
    """The networks of files, folders, models and ``-``, or what is wrong with them, one by one.

    ``once``: a file or a model that is given twice, whatever it is called, is read once.
    """
    seen: set[str] = set()
    for source in sources:
        try:
            is_model = is_model_text(source)
            for name in [source] if is_model else _files(source):
                if isinstance(name, (ConfigError, Notice)):
                    yield name
                elif not once or absolute(name) not in seen:
                    seen.add(absolute(name))
                    yield from [read_model(name, models)] if is_model else _read(name, models)
        except ConfigError as error:
            yield error


def _read(name: str, models: ModelOptions) -> Iterator[Loaded | LoadedModel | ConfigError]:
    try:
        yield from read_items(stdin_lines() if name == STDIN else read_lines(name), name, models)
    except ConfigError as error:
        yield error


def is_one_file(source: str) -> bool:
    """Whether the source is a file, which most likely holds one network."""
    return source != "-" and Path(source).is_file()


def _files(source: str) -> Iterable[str | ConfigError | Notice]:
    if not os.path.isdir(source):  # noqa: PTH112 (a name that the system refuses is no folder)
        yield STDIN if source == "-" else source
        return
    folder = Folder(source)
    if folder.passed_over:
        yield Notice(f"{source}: passes over {named(folder.passed_over)}")
    if not (folder.configs or folder.unreadable):
        raise ConfigError.of(source, "the folder has no .yaml or .yml file in it")
    yield from folder.configs
    yield from folder.unreadable


class Folder:
    """The configs in a folder and in those below it, in order; links to folders are not followed.

    ``passed_over`` are hidden files, hidden folders, and links to folders; ``unreadable``, folders that cannot be read.
    """

    def __init__(self, source: str) -> None:
        self.configs: list[str] = []
        self.passed_over: list[str] = []
        self.unreadable: list[ConfigError] = []
        for path, folders, files in os.walk(source, onerror=self._refused):
            over = {name for name in folders if name.startswith(".") or Path(path, name).is_symlink()}
            folders[:] = (name for name in folders if name not in over)
            configs = {name for name in files if name.lower().endswith(CONFIGS)}
            hidden = {name for name in configs if name.startswith(".")}
            self.configs += (str(Path(path, name)) for name in configs - hidden)
            self.passed_over += (str(Path(path, name)) for name in sorted(over | hidden))
        self.unreadable += (ConfigError.of(name, "is no file") for name in self.configs if _is_no_file(name))
        self.configs = sorted((name for name in self.configs if not _is_no_file(name)), key=Path)

    def _refused(self, error: OSError) -> None:
        self.unreadable.append(ConfigError.of(str(error.filename), f"cannot be read: {(error.strerror or '').lower()}"))


def _is_no_file(name: str) -> bool:
    """Whether it is there and holds nothing to read, as a pipe does; a link that leads nowhere is told as one."""
    return Path(name).exists() and not Path(name).is_file()

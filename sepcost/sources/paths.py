"""Paths: which file a source is, and how it is named from another folder."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from sepcost.text.model_text import CONFIG_SUFFIXES, PYTHON, STDIN, is_model_text


def absolute(source: str, folder: str = "", *, follow: bool = True) -> str:
    """The source with this name in this folder, under a name that is valid in every folder.

    Folders that are links are resolved, a file that is one stays it; nothing is resolved unless ``follow``: where a
    name led when it was written, it may lead no more. Standard input and a model of an installed module are called the
    same everywhere.

    >>> absolute("pkg.nets:UNet"), absolute("nets.py:build", "/project").endswith("/project/nets.py:build")
    ('pkg.nets:UNet', True)
    """
    halves = _halves(source, folder)
    if halves is None:
        return source
    path = os.path.join(folder, halves[0])  # noqa: PTH118 (a Path would lose what is after the file's name)
    if not follow:
        return os.path.abspath(path) + halves[1]  # noqa: PTH100 (links stay)
    if os.path.isdir(path):  # noqa: PTH112 (a name that the system refuses is no folder)
        return os.path.realpath(path)
    parent, name = os.path.split(os.path.abspath(path))  # noqa: PTH100
    with suppress(ValueError):  # a character that no name may have
        parent = os.path.realpath(parent)
    return str(Path(parent, name)) + halves[1]


def relative(absolute_source: str, folder: str = "") -> str:
    """The same source as it is named from this folder, with slashes; unchanged if no path leads there.

    >>> relative(absolute("configs/net.yaml"), "costs"), relative(absolute("nets.py:build('a/b')"), "costs")
    ('../configs/net.yaml', "../nets.py:build('a/b')")
    >>> relative(absolute("../configs/net.yaml", "costs"))
    'configs/net.yaml'
    """
    halves = _halves(absolute_source, "")
    if halves is None:
        return absolute_source
    try:
        file = os.path.relpath(halves[0], os.path.realpath(folder))
    except ValueError:  # on another drive
        return absolute_source
    return Path(file).as_posix() + halves[1]


def in_repository(source: str) -> str:
    """A source's file as its repository names it; as it is if it is in none.

    >>> in_repository("/nowhere/nets.py:build"), in_repository("pkg.nets:UNet")
    ('/nowhere/nets.py', 'pkg.nets:UNet')
    """
    halves = _halves(source, "")
    if halves is None:
        return source
    path = Path(os.path.abspath(halves[0]))  # noqa: PTH100 (links stay)
    top = next((folder for folder in path.parents if Path(folder, ".git").exists()), None)
    return path.relative_to(top).as_posix() if top else Path(halves[0]).as_posix()


def folder_of(file: str) -> str:
    """The folder that a file is in; for a link, that of its target; for a pipe, the current one."""
    is_pipe = Path(file).exists() and not Path(file).is_file()
    return "" if is_pipe else str(Path(os.path.realpath(file)).parent)


def is_within(source: str | None, sources: Sequence[str]) -> bool:
    """Whether it is one of these sources, or a config in a folder that is one: by its name, or where links lead now.

    >>> [is_within(file, ["configs"]) for file in ("configs/deep/net.yaml", "configs/.net.yaml", "configs/net.json")]
    [True, False, False]
    """
    if source == STDIN:
        return "-" in sources
    if source is None:
        return False
    around = {name for each in sources if each != "-" for name in _names(each)}
    file, code = _halves(source, "") or (source, ":")
    if code:
        return absolute(source) in around
    return any(name in around or _is_config_in(around, Path(name)) for name in _names(file))


def _is_config_in(folders: Collection[str], file: Path) -> bool:
    """Whether one of the folders gives it: hidden files and other ones have to be named."""
    inside = (file.relative_to(parent) for parent in file.parents if str(parent) in folders)
    return file.name.lower().endswith(CONFIG_SUFFIXES) and any(
        not any(part.startswith(".") for part in path.parts) for path in inside
    )


def _names(source: str) -> tuple[str, str]:
    """Its name, and the target of that."""
    return absolute(source, follow=False), absolute(source)


def moved_folder(before: str, now: str) -> tuple[str, str] | None:
    """The old and the new place of a folder, if a file in it has kept its name; None if it did not move.

    >>> move = moved_folder("configs/deep/net.yaml", "nets/deep/net.yaml")
    >>> [relative(folder) for folder in move], relative(moved("configs/other.yaml", *move))
    (['configs', 'nets'], 'nets/other.yaml')
    """
    ours, theirs = Path(absolute(before, follow=False)).parts, Path(absolute(now)).parts
    same = 0
    while same < min(len(ours), len(theirs)) and ours[-1 - same] == theirs[-1 - same]:
        same += 1
    if not same or ours == theirs:
        return None
    return str(Path(*ours[: len(ours) - same])), str(Path(*theirs[: len(theirs) - same]))


def moved(source: str, before: str, now: str) -> str:
    """The new place of a source in a folder that has moved; unchanged if it is elsewhere."""
    path = Path(absolute(source, follow=False))
    return str(Path(now, path.relative_to(before))) if Path(before) in path.parents else source


def _halves(source: str, folder: str) -> tuple[str, str] | None:
    """A file, and which model in it; None where the source is in no file of its own."""
    if source == STDIN:
        return None
    if not is_model_text(os.path.join(folder, source)):  # noqa: PTH118
        return source, ""
    end = source.lower().find(f"{PYTHON}:") + len(PYTHON)
    return None if end < len(PYTHON) else (source[:end], source[end:])

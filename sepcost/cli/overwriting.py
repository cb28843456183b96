"""What is never overwritten: sources, the code that they run, what a link leads to, and all under other names."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from sepcost.errors import SepcostError
from sepcost.tasks.files import is_same, resolved
from sepcost.text.model_text import CONFIG_SUFFIXES

OPENED = re.compile(r"/dev/std(?:out|err)|/(?:dev|proc/[^/]+)/fd/[0-9]+")
"""The names of what a process has open: links of the system, to a file too where the shell has opened one."""


def refuse_overwriting(
    files: Iterable[str], output: Path | None, option: str = "--output", what: str = "a source"
) -> None:
    """A SepcostError where the output is one of these files, or a config in a folder that is one of them."""
    if output is None:
        return
    target = resolved(output)
    for path in (Path("/dev/stdin" if file == "-" else file) for file in files):
        inside = path.is_dir() and resolved(path) in target.parents and target.suffix.lower() in CONFIG_SUFFIXES
        if inside or is_same(target, path) or (path.is_dir() and _is_linked_into(target, path)):
            raise SepcostError(f"{option} {output}: is {what}, and would be overwritten")


def refuse_link(output: Path | None, option: str = "--output", *, may_exist: bool = False) -> None:
    """A SepcostError where the output is a link, unless it leads to a device, a pipe or what the process has open.

    The same holds for a file in a folder that leads out of the current one. The author of a repository may have made
    the link, and the user who names a report does not mean its target. ``may_exist``: a link to a file that is there
    is followed.
    """
    if output is None:
        return
    is_followed = output.is_dir() or _is_open_or_device(output) or (may_exist and output.is_file())
    if output.is_symlink() and not is_followed:
        raise SepcostError(f"{option} {output}: is a link to {output.readlink()}: name the file itself")
    for folder in () if output.is_absolute() else output.parents:
        if folder.is_symlink() and not resolved(folder).is_relative_to(Path.cwd()):
            raise SepcostError(f"{option} {output}: {folder} is a link to {folder.readlink()}: name the folder itself")


def _is_open_or_device(link: Path) -> bool:
    if not link.exists():
        return False
    steps = [link]
    while steps[-1].is_symlink():
        steps.append(steps[-1].parent / steps[-1].readlink())
    return not link.is_file() or any(OPENED.fullmatch(str(step)) for step in steps)


def code_files(texts: Iterable[str]) -> Iterator[str]:
    """The files that the code may be in which sources, inputs and replacements name.

    >>> next(code_files(["nets.py:build(2)"])), next(code_files(["blocks:mine"])), list(code_files(["net.yaml"]))
    ('nets.py', 'blocks.py', [])
    """
    for source, colon, _ in (text.partition(":") for text in texts):
        if source.endswith(".py"):
            yield source
        elif colon:
            module = source.replace(".", os.sep)
            for folder in dict.fromkeys(("", *sys.path)):
                yield os.path.join(folder, f"{module}.py")  # noqa: PTH118
                yield os.path.join(folder, module, "__init__.py")  # noqa: PTH118


def _is_linked_into(target: Path, folder: Path) -> bool:
    """Whether a file is one of a folder's configs too, by a link there or a second name."""
    return target.is_file() and any(
        is_same(target, Path(path, name))
        for path, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(CONFIG_SUFFIXES)
    )

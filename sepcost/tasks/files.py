"""Files: written whole or not at all, and never over code that ran."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from sepcost.errors import SepcostError


def write_whole(chunks: Iterable[str], target: Path, shown: str) -> None:
    """Write a new file next to it, under a random name, and put that in its place.

    Raises SepcostError if that is not possible.
    """
    if target.is_dir():
        raise SepcostError(f"{shown}: is a folder, not a file")
    if not target.parent.is_dir():
        raise SepcostError(f"{shown}: cannot be written: there is no folder {target.parent}")
    from tempfile import NamedTemporaryFile  # slow to import

    temporary = None
    try:
        with NamedTemporaryFile(
            "w", encoding="utf-8", newline="\n", dir=target.parent, prefix=".sepcost-", delete=False
        ) as file:
            temporary = Path(file.name)
            file.writelines(chunks)
            written = file.tell() > 0
        if written:
            refuse_code_that_ran(target, shown)
            temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            temporary.replace(target)
    except OSError as error:
        raise unwritten(shown, error) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def unwritten(shown: str, error: OSError) -> SepcostError:
    """The error of a file that the system does not let us write."""
    return SepcostError(f"{shown}: cannot be written: {(error.strerror or str(error)).lower()}")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def refuse_code_that_ran(target: Path, shown: str) -> None:
    """A SepcostError if the target is the file of a module that ran, even if a config named it."""
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    if target.is_file() and any(file and is_same(target, Path(file)) for file in files):
        raise SepcostError(f"{shown}: is code that was run, and would be overwritten")


def is_same(target: Path, path: Path) -> bool:
    """Whether both are one file, whatever it is called."""
    try:
        return target == resolved(path) or (target.exists() and target.samefile(path))
    except (OSError, ValueError):
        return False


def resolved(path: Path) -> Path:
    """The target of links, as far as they lead: a loop of them is no error here."""
    return Path(os.path.realpath(path))

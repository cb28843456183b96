"""A lock for a file that is read and written again, so that two processes lose nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sepcost.errors import SepcostError

SECONDS = 60
"""Its holder only reads and writes one file."""


@contextmanager
def locked(path: Path, shown: str) -> Iterator[None]:
    """Hold the lock of this file, by whatever name it is given; raises SepcostError if that is not possible.

    The lock is a file in the user's cache folder, so that none is left beside the locked one.
    """
    from filelock import FileLock, Timeout

    name = sha256(os.path.realpath(path).encode(errors="surrogateescape")).hexdigest()
    try:
        folder = _cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{name}.lock", timeout=SECONDS)
        lock.acquire()
    except Timeout:
        raise SepcostError(f"{shown}: another sepcost has been writing it for {SECONDS} seconds: try again") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        instead = "set XDG_CACHE_HOME to a folder that can be written"
        raise SepcostError(f"{shown}: cannot be locked: {reason}: {instead}") from None
    try:
        yield
    finally:
        lock.release()


def _cache_folder() -> Path:
    """The user's cache folder (XDG Base Directory Specification)."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (folder if folder.is_absolute() else Path.home() / ".cache") / "sepcost"

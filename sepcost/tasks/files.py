"""Files: written whole or not at all, and never over code that ran."""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sepcost.errors import SepcostError

GZIP = ".gz"
"""How the name of a compressed file ends."""
AS_GZIP = 31
"""What zlib calls the format of gzip, with the largest window."""


def write_whole(chunks: Iterable[str | bytes], target: Path, shown: str) -> None:
    """Write texts or bytes, whole or not at all; raises SepcostError if that is not possible."""
    with whole(target, shown) as path, path.open("wb") as file:
        file.writelines(map(as_bytes, chunks))


def as_bytes(chunk: str | bytes, errors: str = "strict") -> bytes:
    """A text in UTF-8; bytes as they are."""
    return chunk.encode("utf-8", errors) if isinstance(chunk, str) else chunk


def compressed(chunks: Iterable[str | bytes]) -> Iterator[bytes]:
    r"""The chunks as a gzip file; it has no time in it, so that equal chunks make equal files.

    >>> import gzip
    >>> gzip.decompress(b"".join(compressed(["O,macs\n", "64,288\n"])))
    b'O,macs\n64,288\n'
    >>> list(compressed([]))
    []
    """
    packer, empty = zlib.compressobj(wbits=AS_GZIP), True
    for chunk in chunks:
        empty = False
        yield packer.compress(as_bytes(chunk))
    if not empty:
        yield packer.flush()


@contextmanager
def whole(target: Path, shown: str) -> Iterator[Path]:
    """A new file next to the target, under a random name, to be written in here: it is then put in the target's place.

    Nothing is if it stays empty. Raises SepcostError if that is not possible.
    """
    refuse_unwritable(target, shown)
    from tempfile import NamedTemporaryFile  # slow to import

    temporary = None
    try:
        with NamedTemporaryFile(dir=target.parent, prefix=".sepcost-", suffix=target.suffix, delete=False) as file:
            temporary = Path(file.name)
        yield temporary
        if temporary.stat().st_size:
            refuse_code_that_ran(target, shown)
            temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            temporary.replace(target)
    except OSError as error:
        raise unwritten(shown, error) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def refuse_unwritable(target: Path, shown: str) -> None:
    """A SepcostError where no file can have this name."""
    if target.is_dir():
        raise SepcostError(f"{shown}: is a folder, not a file")
    if not target.parent.is_dir():
        raise SepcostError(f"{shown}: cannot be written: there is no folder {target.parent}")


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

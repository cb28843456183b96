"""stdout, stderr and files: data is written whole or not at all, and messages are one line each."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from sepcost.errors import ConfigProblem
from sepcost.tasks.files import GZIP, as_bytes, compressed, resolved, unwritten, write_whole
from sepcost.text.harmless import harmless

if TYPE_CHECKING:
    from typing_extensions import Buffer

COMMAND = re.compile(r"^\s*:(?=:)|(?<=#)#(?=\[)", re.MULTILINE)
"""``::error::`` where a line begins, and ``##[error]`` anywhere in it (GitHub's runner, ActionCommand.cs)."""
AS_TEXT = r"\x{:02x}"
"""How a character is written by its number where people read it."""


def under_github() -> bool:
    """Whether GitHub Actions runs this."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def for_log(text: str, escape: str = AS_TEXT) -> str:
    r"""The text; under GitHub Actions, with an escape in what would make a line of it a command.

    ``escape`` writes a character by its number, as the format of the text does: ``\u{:04x}`` in JSON.
    """
    if not under_github():
        return text
    return COMMAND.sub(lambda found: found[0][:-1] + escape.format(ord(found[0][-1])), text)


ALREADY_OPEN = re.compile(r"/dev/stderr|/(?:dev|proc/self)/fd/([0-9]{1,9})")
"""Files that the process has open already: they are written where the shell has opened them."""
STDOUT, STDERR = 1, 2


class Descriptor(io.FileIO):
    """A file descriptor that goes on if its reader is gone: what it cannot write, and all that follows, is dropped.

    That is an error, raised once, unless it is one of the ``forgiven``.
    """

    def __init__(self, number: int, forgiven: type[OSError] = BrokenPipeError, *, closefd: bool = False) -> None:
        super().__init__(number, "w", closefd=closefd)
        self._forgiven = forgiven

    def write(self, data: Buffer, /) -> int:
        """Write, as a file does."""
        try:
            return super().write(data)
        except OSError as error:
            with Path(os.devnull).open("wb") as nowhere:  # the buffer above keeps the data, and will try again
                os.dup2(nowhere.fileno(), self.fileno())
            if not isinstance(error, self._forgiven):
                raise
            return memoryview(data).nbytes


def prepare_streams() -> None:
    """Make sure that neither a character nor a reader that stops reading stops the output.

    It is UTF-8 in pipes, with escapes where a terminal has not the letter. That stdout is full or closed is an error,
    for it has the results; stderr only says what the exit code says too.
    """
    sys.stdout = _prepared(sys.stdout, BrokenPipeError, os.O_RDONLY)
    sys.stderr = _prepared(sys.stderr, OSError, os.O_WRONLY)


def _prepared(stream: TextIO | None, forgiven: type[OSError], closed: int) -> TextIO:
    """The stream; where it is closed, one to nowhere, opened so that writing fails or does not."""
    if stream is None:
        return _text(Descriptor(os.open(os.devnull, closed), forgiven))
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    as_it_is = stream.isatty() or "PYTHONIOENCODING" in os.environ
    encoding = stream.encoding if as_it_is else "utf-8"
    if stream in (sys.__stdout__, sys.__stderr__) and _is_file(stream):
        return _text(Descriptor(stream.fileno(), forgiven), encoding, line_buffering=stream.line_buffering)
    stream.reconfigure(encoding=encoding, errors="backslashreplace", newline="\n")
    return stream


def _is_file(stream: io.TextIOWrapper) -> bool:
    """Whether it is a file descriptor, as all are but a console of Windows."""
    return isinstance(getattr(stream.buffer, "raw", stream.buffer), io.FileIO)


def _text(descriptor: Descriptor, encoding: str = "utf-8", *, line_buffering: bool = False) -> io.TextIOWrapper:
    buffer = io.BufferedWriter(descriptor)
    return io.TextIOWrapper(buffer, encoding, "backslashreplace", newline="\n", line_buffering=line_buffering)


def complain(*errors: str | ConfigProblem | Exception) -> None:
    """Errors on stderr, a line each: one of a config begins with its place, all others with the program's name."""
    for error in errors:
        _print(f"{error}" if isinstance(error, ConfigProblem) else f"sepcost: {error}")


def say(message: str) -> None:
    """One line on stderr that is no error."""
    _print(f"sepcost: {message}")


def _print(line: str) -> None:
    print(for_log(harmless(line)), file=sys.stderr)


def write(chunks: Iterable[Any], output: Path | None, option: str = "--output", escape: str | None = None) -> None:
    """Write texts or bytes to a file, whole or not at all, or to stdout as they come; no chunk leaves no file.

    A file whose name ends in .gz is compressed.

    All of them are made, even if the reader is gone, so that the exit code is right. ``escape`` is how their format
    writes a character by its number: in the log of GitHub Actions, where no line of theirs may be a command.
    """
    opened = ALREADY_OPEN.fullmatch(str(output))
    descriptor = int(opened[1] or STDERR) if opened else None
    if escape is not None and (output is None or descriptor in (STDOUT, STDERR)):
        chunks = (for_log(chunk, escape) for chunk in chunks)
    if output is None:
        _write_to_stdout(chunks)
        return
    shown = f"{option} {output}"
    chunks = compressed(chunks) if output.suffix.lower() == GZIP else chunks
    try:
        if descriptor is not None:
            _write_to(os.dup(descriptor), chunks)
        elif output.exists() and not output.is_file() and not output.is_dir():
            _write_to(os.open(output, os.O_WRONLY), chunks)
        else:
            write_whole(chunks, resolved(output), shown)
    except OSError as error:
        raise unwritten(shown, error) from None


def _write_to_stdout(chunks: Iterable[str]) -> None:
    for chunk in chunks:
        sys.stdout.write(chunk)
        if chunk.endswith("\n"):  # a reader gets whole lines at once
            sys.stdout.flush()
    sys.stdout.flush()


def _write_to(descriptor: int, chunks: Iterable[str | bytes]) -> None:
    """Write to a pipe, a device, or a file that the shell has opened: as they are."""
    with io.BufferedWriter(Descriptor(descriptor, closefd=True)) as file:
        file.writelines(as_bytes(chunk, "backslashreplace") for chunk in chunks)

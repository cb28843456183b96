"""stdout, stderr and files: data is written whole or not at all, and messages are one line each."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from sepcost.cli.log import for_log
from sepcost.errors import ConfigError, ConfigProblem, SepcostError
from sepcost.report.text import harmless


class ReaderGoneError(Exception):
    """Whoever read stdout has closed it: nothing is wrong, and nothing more can be written."""


def prepare_streams() -> None:
    """Let no character of a name stop the output: UTF-8 in pipes, and escapes where a terminal has not the letter."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (it is open as long as the process)
    if sys.stdout is None:
        raise SepcostError("standard output is closed")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(newline="\n")
            if not stream.isatty() and "PYTHONIOENCODING" not in os.environ:
                stream.reconfigure(encoding="utf-8")
            stream.reconfigure(errors="backslashreplace")


def complain(message: str) -> None:
    """One line on stderr, from the program itself."""
    _to_stderr(f"sepcost: {harmless(message)}")


def complain_about(problems: Iterable[ConfigProblem]) -> None:
    """A line on stderr for each problem of a config."""
    for problem in problems:
        _to_stderr(harmless(str(problem)))


def _to_stderr(line: str) -> None:
    """Write a line, if anybody takes it: what is wrong is in the exit code all the same."""
    try:
        print(for_log(line), file=sys.stderr)
    except (OSError, ValueError):
        _forget(sys.stderr)


def stdin_lines() -> Iterable[bytes]:
    """Standard input, line by line as it comes."""
    if sys.stdin is None:
        raise SepcostError("standard input is closed")
    return sys.stdin.buffer


def write(chunks: Iterable[str], output: Path | None, option: str = "--output", *, to_the_end: bool = True) -> None:
    """Write the chunks to a file, whole or not at all, or to stdout as they come; no chunk leaves no file.

    Where whoever reads stdout goes away, the rest is still made, for what it says of the exit code, unless it should
    not be made ``to_the_end``.
    """
    if output is None:
        _write_to_stdout(iter(chunks), to_the_end=to_the_end)
    elif _is_device(output):
        _write_to_device(chunks, output, f"{option} {output}")
    else:
        _write_file(chunks, Path(os.path.realpath(output)), f"{option} {output}")


def _write_to_stdout(chunks: Iterator[str], *, to_the_end: bool) -> None:
    try:
        for chunk in chunks:
            to_stdout(chunk)
            if chunk.endswith("\n"):  # whoever reads along has whole lines at once
                flush_stdout()
        flush_stdout()
    except ReaderGoneError:
        forget_stdout()
        if to_the_end:
            deque(chunks, maxlen=0)


def to_stdout(text: str) -> None:
    """Write, or raise ReaderGoneError."""
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        raise ReaderGoneError from None


def flush_stdout() -> None:
    """Flush, or raise ReaderGoneError."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderGoneError from None


def forget_stdout() -> None:
    """Let what is left in the buffer go nowhere when the process ends."""
    _forget(sys.stdout)


def _forget(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):  # a stream that is no file has no buffer to lose
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _is_device(output: Path) -> bool:
    """Whether it is written as it is: a pipe, a terminal, a file descriptor of the shell's."""
    absolute = Path(os.path.abspath(output))  # noqa: PTH100 (links stay)
    return (
        absolute.is_relative_to("/dev")
        or absolute.is_relative_to("/proc")
        or (output.exists() and not output.is_file() and not output.is_dir())
    )


def _write_to_device(chunks: Iterable[str], target: Path, shown: str) -> None:
    try:
        with target.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(chunks)
    except OSError as error:
        raise _unwritable(shown, error) from None


def _write_file(chunks: Iterable[str], target: Path, shown: str) -> None:
    """Write another file beside it, under a name that nobody can guess, and put that in its place."""
    if target.is_dir():
        raise SepcostError(f"{shown}: is a folder, not a file")
    if not target.parent.is_dir():
        raise SepcostError(f"{shown}: cannot be written: there is no folder {target.parent}")
    from tempfile import NamedTemporaryFile  # takes its time

    temporary = None
    try:
        with NamedTemporaryFile(
            "w", encoding="utf-8", newline="\n", dir=target.parent, prefix=".sepcost-", delete=False
        ) as file:
            temporary = Path(file.name)
            file.writelines(chunks)
            written = file.tell() > 0
        if written:
            temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            temporary.replace(target)
    except OSError as error:
        raise _unwritable(shown, error) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _unwritable(shown: str, error: OSError) -> SepcostError:
    return SepcostError(f"{shown}: cannot be written: {(error.strerror or str(error)).lower()}")


def config_error(source: str, message: str) -> ConfigError:
    """A problem with a source as a whole."""
    return ConfigError([ConfigProblem(source, 0, 0, "", message)])

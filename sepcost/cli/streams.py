"""stdout, stderr and files: data is written whole or not at all, and messages are one line each."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from sepcost.errors import ConfigError, ConfigProblem, SepcostError
from sepcost.report.text import harmless


class ReaderGoneError(Exception):
    """Whoever read stdout has closed it: nothing is wrong, and nothing more can be written."""


def prepare_streams() -> None:
    """Let no character of a name stop the output: UTF-8 in pipes, and escapes where a terminal has not the letter."""
    if sys.stdout is None or sys.stderr is None:
        raise SepcostError("standard output or standard error is closed")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(newline="\n")
            if not stream.isatty() and "PYTHONIOENCODING" not in os.environ:
                stream.reconfigure(encoding="utf-8")
            stream.reconfigure(errors="backslashreplace")


def complain(message: str) -> None:
    """One line on stderr, from the program itself."""
    print(f"sepcost: {harmless(message)}", file=sys.stderr)


def complain_about(problems: Iterable[ConfigProblem]) -> None:
    """A line on stderr for each problem of a config."""
    for problem in problems:
        print(harmless(str(problem)), file=sys.stderr)


def stdin_lines() -> Iterable[bytes]:
    """Standard input, line by line as it comes."""
    if sys.stdin is None:
        raise SepcostError("standard input is closed")
    return sys.stdin.buffer


def write(chunks: Iterable[str], output: Path | None, option: str = "--output") -> None:
    """Write the chunks to a file, whole or not at all, or to stdout as they come; no chunk leaves no file."""
    if output is None:
        for chunk in chunks:
            to_stdout(chunk)
            if chunk.endswith("\n"):  # whoever reads along has whole lines at once
                flush_stdout()
        flush_stdout()
        return
    target = Path(os.path.realpath(output))
    if target.exists() and not target.is_file():
        _write_to_device(chunks, target, f"{option} {output}")
    else:
        _write_file(chunks, target, f"{option} {output}")


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
    with contextlib.suppress(OSError, ValueError):  # a stream that is no file has no buffer to lose
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_to_device(chunks: Iterable[str], target: Path, shown: str) -> None:
    if target.is_dir():
        raise SepcostError(f"{shown}: is a folder, not a file")
    with target.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(chunks)


def _write_file(chunks: Iterable[str], target: Path, shown: str) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with _opened(temporary, shown) as file:
            file.writelines(chunks)
            written = file.tell() > 0
        if written:
            if target.exists():
                temporary.chmod(target.stat().st_mode & 0o777)
            temporary.replace(target)
    except OSError as error:
        raise SepcostError(f"{shown}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _opened(path: Path, shown: str) -> TextIO:
    if not path.parent.is_dir():
        raise SepcostError(f"{shown}: cannot be written: there is no folder {path.parent}")
    return path.open("w", encoding="utf-8", newline="\n")


def config_error(source: str, message: str) -> ConfigError:
    """A problem with a source as a whole."""
    return ConfigError([ConfigProblem(source, 0, 0, "", message)])

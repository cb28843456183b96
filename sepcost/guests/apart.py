"""Apart: code of others runs without printing to stdout, which is for results."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

STDOUT, STDERR = 1, 2


@contextmanager
def apart() -> Iterator[None]:
    """Code in this context prints to stderr, and its warnings are not shown: stdout is for results.

    >>> with apart():
    ...     print("not here")
    """
    with redirect_stdout(sys.stderr), _output_to_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _output_to_stderr() -> Iterator[None]:
    """Code that writes to the file descriptor itself, as C code and other programs do, writes to that of stderr."""
    try:
        kept = os.dup(STDOUT)
    except OSError:  # there is none
        yield
        return
    try:
        if sys.__stdout__ is not None:
            sys.__stdout__.flush()
        os.dup2(STDERR, STDOUT)
        yield
    finally:
        if sys.__stdout__ is not None:
            sys.__stdout__.flush()
        os.dup2(kept, STDOUT)
        os.close(kept)

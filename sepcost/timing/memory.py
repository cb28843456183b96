"""Memory: what a process does with what it frees, which decides how long large maps take."""

from __future__ import annotations

import ctypes
from functools import cache

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's ``mallopt`` (malloc.h)."""
MOST = 2**31 - 1


@cache
def keep_freed_memory() -> None:
    """Keep freed memory for the next map, for good, as the arenas of runtimes do; nothing happens without glibc.

    Otherwise each run may get its maps anew from the system, page by page, which takes longer than the layer.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    for parameter in (TRIM_THRESHOLD, MMAP_THRESHOLD):
        mallopt(parameter, MOST)

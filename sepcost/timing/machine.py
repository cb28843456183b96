"""The chip and the system that this runs on, by the names that people know."""

from __future__ import annotations

import platform

from sepcost.timing.run_grid import processor, told

__all__ = ["instructions", "processor", "system"]


def instructions() -> str:
    """The widest vectors that the CPU has, in torch's words: AVX512, AVX2, NEON; nothing where it is not known."""
    flags = set((told("flags") or told("Features")).split())
    known = {"avx512f": "AVX512", "avx2": "AVX2", "sve": "SVE", "asimd": "NEON"}
    return next((name for flag, name in known.items() if flag in flags), "")


def system() -> str:
    """The operating system: ``Linux x86_64``."""
    return f"{platform.system()} {platform.machine()}".strip()

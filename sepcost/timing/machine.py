"""The chip and the system that this runs on, by the names that people know."""

from __future__ import annotations

import platform
import re
from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def processor() -> str:
    """The name of the CPU, as the system has it: ``AMD EPYC``, ``Intel64 Family 6 Model 158``, ``aarch64``."""
    named = _told("model name") or platform.processor() or platform.machine()
    return re.sub(r"\s+", " ", re.sub(r"\((R|TM|tm)\)|\bCPU\b|@.*", " ", named)).strip() or "unknown processor"


def instructions() -> str:
    """The widest vectors that the CPU has, in torch's words: AVX512, AVX2, NEON; nothing where it is not known."""
    flags = set((_told("flags") or _told("Features")).split())
    known = {"avx512f": "AVX512", "avx2": "AVX2", "sve": "SVE", "asimd": "NEON"}
    return next((name for flag, name in known.items() if flag in flags), "")


def system() -> str:
    """The operating system: ``Linux x86_64``."""
    return f"{platform.system()} {platform.machine()}".strip()


@cache
def _told(key: str) -> str:
    """What Linux says of its first CPU."""
    try:
        text = CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(rf"^{key}\s*:(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""

"""A sweep as CSV, Parquet and Arrow: rows a second, bytes a row, and the memory that more rows take."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AXES = ("-H", "7:224:7", "-C", "16:512:16", "-O", "8:2048:8")
SWEEPS = {"1,3,5,7": 32 * 32 * 256 * 4, "1:23:2": 32 * 32 * 256 * 12}
"""The kernels, and how many combinations there are."""
TURNS = 3


def measured(path: Path, kernels: str) -> tuple[float, int]:
    """Seconds of the whole process, and the most memory that it took, in MB."""
    command = [sys.executable, "-m", "sepcost", "compare", *AXES, "-K", kernels, "--output", str(path)]
    start = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return time.perf_counter() - start, usage.ru_maxrss // 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for kernels, rows in SWEEPS.items():
            found: dict[str, list[tuple[float, int]]] = {}
            for _ in range(TURNS):
                for ending in ("csv", "parquet", "arrow"):
                    found.setdefault(ending, []).append(measured(Path(folder) / f"sweep.{ending}", kernels))
            slowest = min(found["csv"])[0]
            for ending, each in found.items():
                seconds, size = min(each)[0], (Path(folder) / f"sweep.{ending}").stat().st_size
                print(
                    f"| {rows:,} | {ending} | {rows / seconds:,.0f} | {slowest / seconds:.1f}× | {size / rows:.0f} "
                    f"| {max(memory for _, memory in each)} |"
                )


if __name__ == "__main__":
    main()

"""A million convolutions to CSV, against the plain formulas in a bare loop; and networks streamed through a pipe."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from turns import in_turns

SIZES, INPUTS, KERNELS, OUTPUTS = range(7, 225, 7), range(16, 513, 16), (1, 3, 5, 7), range(8, 2049, 8)
ROWS = len(SIZES) * len(INPUTS) * len(KERNELS) * len(OUTPUTS)
SWEEP = ("-H", "7:224:7", "-C", "16:512:16", "-K", "1,3,5,7", "-O", "8:2048:8", "--format", "csv")
FEW = ("--columns", "params,macs,replacement.params,replacement.macs,reduction.macs")
NETWORKS = 5_000


def counted() -> float:
    """The formulas of the articles, and nothing done with the results."""
    start = time.perf_counter()
    for size in SIZES:
        for c in INPUTS:
            for k in KERNELS:
                for o in OUTPUTS:
                    params, separable = c * k * k * o, c * (k * k + o)
                    macs, separable_macs = size * size * params, size * size * separable
                    _ = macs / separable_macs
    return time.perf_counter() - start


def counted_and_written(path: Path) -> float:
    """The same, each written as a line."""
    start = time.perf_counter()
    with path.open("w") as file:
        for size in SIZES:
            for c in INPUTS:
                for k in KERNELS:
                    for o in OUTPUTS:
                        params, separable = c * k * k * o, c * (k * k + o)
                        macs, separable_macs = size * size * params, size * size * separable
                        ratio = macs / separable_macs
                        file.write(f"{size},{c},{k},{o},{params},{macs},{separable},{separable_macs},{ratio}\n")
    return time.perf_counter() - start


def ours(path: Path, *arguments: str) -> float:
    """The whole process."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "sepcost", "compare", *arguments, "--output", str(path)]
    subprocess.run(command, check=True)
    return time.perf_counter() - start


def sweeps(folder: Path) -> None:
    path = folder / "sweep.csv"
    for name, few in (("every column", ()), ("five columns", FEW)):
        subject = partial(ours, path, *SWEEP, *few)
        seconds = min(subject() for _ in range(3))
        with path.open() as file:
            assert sum(1 for _ in file) == ROWS + 1
        print(f"{ROWS:,} combinations, {name}: {ROWS / seconds:,.0f} rows a second (best of 3)")
        floors: Sequence[tuple[str, Callable[[], float]]] = (
            ("the formulas in a bare loop", counted),
            ("the same loop, writing its five numbers", partial(counted_and_written, path)),
        )
        for floor_name, floor in floors:
            print(f"  / {floor_name}:", in_turns(3, subject, floor))
    print(f"  at most {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB")


def stream(folder: Path) -> None:
    path = folder / "networks.jsonl"
    layers = [{"K": 3, "O": 8 * number + 8, "stride": 1 + number % 2} for number in range(6)]
    lines = [
        json.dumps({"name": f"n{n}", "input": {"C": 3, "H": 64 + n % 64}, "layers": layers}) for n in range(NETWORKS)
    ]
    path.write_text("\n".join(lines))

    def loaded() -> float:
        start = time.perf_counter()
        with path.open() as file:
            for line in file:
                json.loads(line)
        return time.perf_counter() - start

    subject = partial(ours, folder / "out.csv", str(path), "--rows", "totals", "--format", "csv")
    seconds = min(subject() for _ in range(3))
    print(f"{NETWORKS:,} networks of 6 layers, totals to CSV: {NETWORKS / seconds:,.0f} networks a second (best of 3)")
    print("  / json.loads of the same lines:", in_turns(3, subject, loaded))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        sweeps(Path(folder))
        stream(Path(folder))


if __name__ == "__main__":
    main()

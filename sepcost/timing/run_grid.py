"""Times each layer of this folder with ONNX Runtime, and fills in times.csv: python run.py [THREADS].

It needs onnxruntime and numpy, nothing else. A time is the best of several passes over all layers: what else runs on a
machine only adds to it.
"""

import csv
import platform
import re
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
PASSES = 5
ENOUGH = 0.02
"""Seconds for a layer in a pass."""


def main(folder: Path, threads: int = 1) -> None:
    """Time all layers, and write the file again at the end."""
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    lines = (folder / "times.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    best: dict[str, float] = {}
    for number in range(PASSES):
        for row in rows:
            model = str(folder / row["file"])
            session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            (given,) = session.get_inputs()
            inputs = {given.name: numpy.random.default_rng(0).random(given.shape, numpy.float32)}
            session.run(None, inputs)
            best[row["file"]] = min(best.get(row["file"], 1e9), seconds(lambda: session.run(None, inputs)))  # noqa: B023
        sys.stderr.write(f"pass {number + 1} of {PASSES}\n")
    with (folder / "times.csv").open("w", encoding="utf-8", newline="") as file:
        about = {"runtime": "onnxruntime", "version": onnxruntime.__version__, "threads": threads}
        about |= {"processor": processor(), "system": platform.platform(terse=True)}
        said = [line for line in lines if line.startswith("#") and line[2:].partition(":")[0] not in about]
        file.writelines(f"{line}\n" for line in [*said, *(f"# {name}: {text}" for name, text in about.items())])
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "seconds": f"{best[row['file']]:.6g}"} for row in rows)


def seconds(run: Callable[[], object]) -> float:
    """Of one run: the mean of as many as are enough."""
    started, runs = time.perf_counter(), 0
    while time.perf_counter() - started < ENOUGH or runs < 2:
        run()
        runs += 1
    return (time.perf_counter() - started) / runs


def processor() -> str:
    """The name of the CPU, as the system has it: ``AMD EPYC``, ``Intel64 Family 6 Model 158``, ``aarch64``."""
    named = told("model name") or platform.processor() or platform.machine()
    return re.sub(r"\s+", " ", re.sub(r"\((R|TM|tm)\)|\bCPU\b|@.*", " ", named)).strip() or "unknown processor"


@cache
def told(key: str) -> str:
    """What Linux says of its first CPU."""
    try:
        text = CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(rf"^{key}\s*:(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


if __name__ == "__main__":
    main(Path(__file__).parent, *map(int, sys.argv[1:2]))

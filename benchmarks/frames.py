"""Costs of arrays, against the bare formulas in NumPy; sweeps on Spark: rows a second, and whether sums are right."""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from turns import in_turns

from sepcost import costs
from sepcost.frames import spark_sweep

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

FIGURES = ("params", "macs", "reduction.macs")
ROWS = 2_000_000
AXES: Mapping[str, Any] = {"C": range(8, 1025, 8), "K": [3, 5, 7], "O": range(8, 1025, 8)}
SIZES = {10**7: range(1, 225), 10**8: range(1, 2049), 10**9: range(1, 20481)}
"""The map sizes of a sweep with a little more than this number of rows."""
BITS = 32
"""Sums of large counts are summed in two halves, each of which fits into 64 bits."""


def arrays() -> None:
    """One core: a random convolution in each row."""
    random = np.random.default_rng(0)
    numbers: Mapping[str, Any] = {
        "H": random.integers(7, 225, ROWS),
        "C": random.integers(1, 1025, ROWS),
        "K": random.choice([3, 5, 7], ROWS),
        "O": random.integers(8, 1025, ROWS),
    }

    def ours() -> float:
        start = time.process_time()
        costs(**numbers, columns=FIGURES)
        return time.process_time() - start

    def bare() -> float:
        start = time.process_time()
        h, c, k, o = numbers.values()
        params = c * k * k * o
        macs = h * h * params
        _ = macs / (h * h * c * (k * k + o))
        return time.process_time() - start

    seconds = min(ours() for _ in range(5))
    print(f"{ROWS:,} rows, {', '.join(FIGURES)}: {ROWS / seconds / 1e6:.1f} M rows a second and core (best of 5)")
    print("  / the three formulas in NumPy, without a check:", in_turns(5, ours, bare))


def swept(spark: SparkSession, rows: int) -> DataFrame:
    return spark_sweep(spark, H=SIZES[rows], **AXES, columns=["macs", "replacement.macs"])


def sums(frame: DataFrame) -> tuple[int, ...]:
    """The sums of both figures."""
    from pyspark.sql import functions

    parts: list[Column] = []
    for name in ("`macs`", "`replacement.macs`"):
        parts.append(functions.sum(functions.shiftright(name, BITS)))
        parts.append(functions.sum(functions.col(name).bitwiseAND(2**BITS - 1)))
    high, low, replaced_high, replaced_low = frame.agg(*parts).collect()[0]
    return (high << BITS) + low, (replaced_high << BITS) + replaced_low


def closed(rows: int) -> tuple[int, ...]:
    """The sums of ``H²·C·K²·O`` and of ``H²·C·(K² + O)`` over all combinations, as products of sums."""
    squares = sum(size**2 for size in SIZES[rows])
    channels, outputs, kernels = sum(AXES["C"]), sum(AXES["O"]), sum(size**2 for size in AXES["K"])
    rest = kernels * len(AXES["O"]) + len(AXES["K"]) * outputs
    return squares * channels * kernels * outputs, squares * channels * rest


def of_command(rows: int) -> tuple[int, ...]:
    """The sums of what the command writes."""
    texts = {name: ",".join(map(str, values)) for name, values in {"H": SIZES[rows], **AXES}.items()}
    options = [part for name, text in texts.items() for part in (f"-{name}", text)]
    figures = ["--columns", "macs,replacement.macs", "--format", "csv"]
    command = [sys.executable, "-m", "sepcost", "compare", *options, *figures]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = csv.reader(process.stdout or ())
        names = next(lines)
        places = [names.index(name) for name in ("macs", "replacement.macs")]
        found = [0, 0]
        for line in lines:
            for number, place in enumerate(places):
                found[number] += int(line[place])
    return tuple(found)


def on_spark(rows: int, cores: int, *, command: bool) -> None:
    """A sweep on local cores; the first, small one starts the workers, and is not measured."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ["OMP_NUM_THREADS"] = "1"
    builder = SparkSession.builder.master(f"local[{cores}]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.log.level", "ERROR").config("spark.ui.showConsoleProgress", "false").getOrCreate()
    sums(swept(spark, min(SIZES)))
    start = time.perf_counter()
    found = sums(swept(spark, rows))
    seconds = time.perf_counter() - start
    size = len(SIZES[rows]) * prod(map(len, AXES.values()))
    print(f"{size:,} rows on local[{cores}]: {size / seconds / 1e6:.2f} M rows a second ({seconds:.0f} s)")
    print(f"  sums {'equal' if found == closed(rows) else 'DIFFER FROM'} the closed forms: {found}")
    if command:
        print(f"  sums {'equal' if found == of_command(rows) else 'DIFFER FROM'} those of the command's CSV")
    spark.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--spark", metavar="ROWS", type=lambda text: int(float(text)), choices=SIZES, help="1e7, 1e8, 1e9"
    )
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--command", action="store_true", help="compare sums with the command's, too")
    asked = parser.parse_args()
    work = partial(on_spark, asked.spark, asked.cores, command=asked.command) if asked.spark else arrays
    work()


if __name__ == "__main__":
    main()

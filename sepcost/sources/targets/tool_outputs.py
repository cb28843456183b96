"""What TFLite's benchmark_model and TensorRT's trtexec print: the time of each run, and of which layer it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sepcost.sources.source import file_lines

SUFFIXES = (".txt", ".log", ".out")
LAYER = re.compile(r"\blayer-[0-9]+")
"""The name of a layer's file in a grid, without its ending."""
TIMES = (
    (re.compile(r"Inference timings in us: .*\bInference \(avg\): (\S+)"), "us", {"runtime": "tflite"}),
    (
        re.compile(r"GPU Compute Time: .*\bmedian = (\S+) ms"),
        "ms",
        {"runtime": "tensorrt", "device": "cuda"},
    ),
)
"""A line each: of benchmark_model since TensorFlow 2.1, of trtexec since TensorRT 8. The unit, and what it says."""
MEDIAN = re.compile(r"\bcount=.*\bmedian=(\S+)")
"""What benchmark_model prints before, since 2023: the median is better than the average."""
REMARKS = {
    "threads": re.compile(r"Num threads: \[([0-9]+)\]"),
    "processor": re.compile(r"Selected Device: (.*)"),
    "version": re.compile(r"TensorRT version: ([0-9.]+)"),
}


class Output(NamedTuple):
    """A time that was printed, as text; ``layer`` is empty where nothing says of which layer it is."""

    line: int
    layer: str
    text: str
    unit: str
    remarks: dict[str, str]


def outputs_in(file: Path) -> Iterator[Output]:
    """The times in a file: of the layer that its name says, or a line before, where several runs are in one file."""
    named = LAYER.search(file.name)
    layer, median = named[0] if named else "", ""
    remarks: dict[str, str] = {}
    for number, data in enumerate(file_lines(str(file)), start=1):
        line = data.decode("utf-8", "replace").rstrip()
        layer = found[0] if (found := LAYER.search(line)) else layer
        median = found[1] if (found := MEDIAN.search(line)) else median
        for name, pattern in REMARKS.items():
            if found := pattern.search(line):
                remarks[name] = found[1]
        for pattern, unit, says in TIMES:
            if found := pattern.search(line):
                yield Output(number, layer, median or found[1], unit, {**says, **remarks})
                layer, median = named[0] if named else "", ""

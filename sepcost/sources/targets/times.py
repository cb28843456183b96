"""Times that were measured elsewhere: a CSV of a grid, or what other tools printed for its layers."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sepcost.errors import ConfigError, ConfigProblem, LayerError, SepcostError
from sepcost.layers import Layer
from sepcost.layers.cost import BITS
from sepcost.sources.source import file_lines
from sepcost.sources.targets.profile_json import MOST_AT_ONCE, MOST_POINTS
from sepcost.sources.targets.rows import COLUMNS, CONV, FASTEST, SECONDS, SLOWEST, layer_of
from sepcost.sources.targets.tool_outputs import SUFFIXES, outputs_in
from sepcost.targets.profile import Point
from sepcost.targets.setup import Setup
from sepcost.text.units import NumberError, read_as, read_sizes, read_whole, shortened
from sepcost.text.wording import did_you_mean, listed

TIMES, FILE = "times.csv", "file"
"""The CSV of a grid, and its column with the names of the layers' files."""
TIME = re.compile(rf"({SECONDS}|ms|us)(?:[ _.-]?\w+)?")
"""The name of a column of times: ``seconds``, ``ms``, or several, such as ``ms_1``, ``ms_2``."""
PARTS = {SECONDS: 1, "ms": 1_000, "us": 1_000_000}
NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?", re.ASCII)
REMARK = re.compile(r"#\s*(\w+)\s*:\s*(.*)")


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise NumberError(f"must be true or false, got {shortened(text)}")
    return text.lower() == "true"


def _sizes(text: str) -> Any:
    sizes = read_sizes(text)
    return sizes if len(sizes) > 1 else sizes[0]


READERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(CONV, _sizes),
    **dict.fromkeys(("C", "O", "groups"), read_whole),
    "type": str,
    "size": read_sizes,
    "padding": lambda text: text if text == "same" else _sizes(text),
    "transposed": _flag,
}


def read_seconds(text: str, unit: str = SECONDS) -> float:
    """A time as it was printed; raises NumberError.

    >>> read_seconds("1.5", "ms"), read_seconds("2.5e+06", "us")
    (0.0015, 2.5)
    """
    seconds = float(text) / PARTS[unit] if NUMBER.fullmatch(text) else 0.0
    if not FASTEST <= seconds <= SLOWEST:
        raise NumberError(f"must be a time from {FASTEST:g} to {SLOWEST:g} s, got {shortened(text)}")
    return seconds


@dataclass
class Times:
    """The times of a grid, what its CSV and the tools say of the setup (``remarks``), and what is wrong."""

    path: Path
    remarks: dict[str, str] = field(default_factory=dict)
    rows: dict[Layer, tuple[int, str, float | None]] = field(default_factory=dict)
    """The line, the file's name without its ending, and the seconds of each layer."""
    problems: list[ConfigProblem] = field(default_factory=list)

    def complain(self, line: int, message: str, path: Path | None = None, column: str = "") -> None:
        """One thing that is wrong."""
        self.problems.append(ConfigProblem(str(path or self.path), line, int(line > 0), column, message))


def setup_of(remarks: Mapping[str, str]) -> Setup:
    """The setup that is said; raises SepcostError for what is missing, unknown or wrong.

    >>> setup_of({"runtime": "tflite 2.17", "processor": "Pixel 8", "threads": "4"}).title
    'tflite 2.17, 4 threads, float32, batch 1, Pixel 8'
    """
    values: dict[str, Any] = dict(remarks)
    if not values.get("version"):
        values["runtime"], _, values["version"] = values.get("runtime", "").partition(" ")
    for name in ("runtime", "processor"):
        if not values.get(name):
            raise SepcostError(f"nothing says the {name}: give --{name}, or a line `# {name}: …` in {TIMES}")
    usual = {each.name: each.default for each in fields(Setup)}
    for name, text in values.items():
        if name not in usual:
            raise SepcostError(f"{TIMES}: # {name}: a setup has no {shortened(name)}{did_you_mean(name, usual)}")
        if isinstance(usual[name], int):
            read = _flag if isinstance(usual[name], bool) else _count
            values[name] = read_as(name, read, text)
    if BITS.get(values.get("dtype", "float32"), 0) < 8:
        raise SepcostError(f"dtype: there is no dtype {values['dtype']}{did_you_mean(values['dtype'], BITS)}")
    return Setup(**values)


def _count(text: str) -> int:
    number = read_whole(text)
    if not 1 <= number <= MOST_AT_ONCE:
        raise NumberError(f"must be from 1 to {MOST_AT_ONCE:,}, got {number}")
    return number


def read_times(path: Path) -> tuple[dict[str, str], list[Point]]:
    """What is said of the setup, and the points; of a folder, those of its times.csv and of all outputs in it.

    Raises ConfigError with everything that is wrong.
    """
    folder = path if path.is_dir() else None
    times = Times(folder / TIMES if folder else path)
    outputs = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES) if folder else []
    _read_csv(times, needs_times=not outputs)
    seconds = _read_outputs(times, outputs)
    points = []
    for layer, (line, name, own) in times.rows.items():
        value = seconds.get(name, own)
        if value is None:
            times.complain(line, "has no time: measure it, or leave the row out")
        else:
            points.append(Point(layer, value))
    if times.problems or not points:
        raise ConfigError(times.problems) if times.problems else ConfigError.of(str(times.path), "has no layers")
    return times.remarks, points


def _read_csv(times: Times, *, needs_times: bool) -> None:
    try:
        lines = b"".join(file_lines(str(times.path))).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ConfigError.of(str(times.path), "is no CSV: it is not UTF-8") from None
    names: list[str] = []
    for number, line in enumerate(lines, start=1):
        remark = REMARK.fullmatch(line.strip())
        if remark:
            times.remarks[remark[1]] = remark[2]
        elif line.strip() and not line.startswith("#"):
            try:
                cells = [cell.strip() for cell in next(csv.reader([line], strict=True))]
            except csv.Error as error:
                times.complain(number, f"is no CSV: {error}")
                continue
            if names:
                _read_row(times, number, names, cells)
            else:
                names = _checked_names(times, number, cells, needs_times=needs_times)
        if len(times.rows) > MOST_POINTS or len(times.problems) > MOST_POINTS:
            raise ConfigError.of(str(times.path), f"has more than {MOST_POINTS:,} layers")


def _checked_names(times: Times, line: int, names: list[str], *, needs_times: bool) -> list[str]:
    """The names of the columns; a ConfigError at once where they are wrong, since every row would be."""
    for name in names:
        if name not in (FILE, *COLUMNS) and not TIME.fullmatch(name):
            times.complain(line, f"there is no column {shortened(name)}{did_you_mean(name, (*COLUMNS, SECONDS))}")
    for name in COLUMNS[:4]:
        if name not in names:
            times.complain(line, f"has no column {name}: it has the columns of sepcost target export-grid")
    if needs_times and not any(map(TIME.fullmatch, names)):
        times.complain(line, f"has no column of times: call it {listed([*PARTS], 'or')}")
    if len(set(names)) < len(names):
        times.complain(line, "has a column twice")
    if times.problems:
        raise ConfigError(times.problems)
    return names


def _read_row(times: Times, line: int, names: list[str], cells: list[str]) -> None:
    if len(cells) != len(names):
        times.complain(line, f"has {len(cells)} values for {len(names)} columns")
        return
    given = {name: cell for name, cell in zip(names, cells) if cell}
    values: dict[str, Any] = {"size": (), "C": None, "O": None, "type": None}
    seconds, problems = [], len(times.problems)
    for name, cell in given.items():
        unit = TIME.fullmatch(name)
        try:
            if unit:
                seconds.append(read_seconds(cell, unit[1]))
            elif name != FILE:
                values[name] = READERS[name](cell)
        except NumberError as error:
            times.complain(line, str(error), column=name)
    if len(times.problems) > problems:
        return
    try:
        layer = layer_of(values)
    except LayerError as error:
        times.complain(line, error.reason, column=error.field)
        return
    if layer in times.rows:
        times.complain(line, f"is the layer of line {times.rows[layer][0]} again: leave one out")
        return
    times.rows[layer] = (line, Path(given.get(FILE, "")).stem, min(seconds, default=None))


def _read_outputs(times: Times, files: list[Path]) -> dict[str, float]:
    """The seconds of each layer by its name, as tools printed them."""
    known = {name for _, name, _ in times.rows.values() if name}
    found: dict[str, tuple[str, float]] = {}
    for file in files:
        outputs = list(outputs_in(file))
        if not outputs:
            times.complain(0, "has no time: it is no output of benchmark_model or trtexec", file)
        for line, name, text, unit, remarks in outputs:
            times.remarks = {**remarks, **times.remarks}
            try:
                seconds = read_seconds(text, unit)
            except NumberError as error:
                times.complain(line, str(error), file)
                continue
            if name not in known:
                what = (
                    f"is of {name}, which {TIMES} does not have" if name else "is of no layer: name the file after it"
                )
                times.complain(line, what, file)
            elif name in found:
                times.complain(line, f"is of {name}, as {found[name][0]} is: leave one out", file)
            else:
                found[name] = (f"{file.name}:{line}", seconds)
    return {name: seconds for name, (_, seconds) in found.items()}

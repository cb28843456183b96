"""Two checkouts of sepcost against each other: the bytes that they write, processor time and memory, in turns."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import NamedTuple

from large_yaml import LAYERS, candidates, layer

SWEEP = ("-H", "7:224:7", "-C", "16:512:16", "-K", "1,3,5,7", "-O", "8:2048:8", "--format", "csv")
FEW = ("--columns", "params,macs,replacement.params,replacement.macs,reduction.macs")
NETWORKS = 3_000


class Run(NamedTuple):
    """What one process took: seconds of processor time (user and system), and megabytes at the most."""

    seconds: float
    megabytes: int


def cases(folder: Path) -> Mapping[str, Sequence[str]]:
    """What is run, by names for the command line; the inputs are written into the folder."""
    chance = random.Random(1)
    one, stream, lines = folder / "one.yaml", folder / "candidates.yaml", folder / "networks.jsonl"
    one.write_text("".join(f"- {layer(chance, number)}" for number in range(LAYERS)))
    stream.write_text(candidates(NETWORKS))
    layers = [{"K": 3, "O": 8 * number + 8, "stride": 1 + number % 2} for number in range(6)]
    networks = ({"name": f"n{n}", "input": {"C": 3, "H": 64 + n % 64}, "layers": layers} for n in range(NETWORKS))
    lines.write_text("\n".join(map(json.dumps, networks)))
    return {
        "layers_json": (str(one), "--format", "json"),
        "layers_csv": (str(one), "--format", "csv"),
        "candidates_json": (str(stream), "--format", "json"),
        "candidates_totals": (str(stream), "--rows", "totals", "--format", "csv"),
        "lines_totals": (str(lines), "--rows", "totals", "--format", "csv"),
        "million": SWEEP,
        "million_five": (*SWEEP, *FEW),
        "one": ("-H", "112", "-C", "32", "-K", "3", "-O", "64", "--format", "csv"),
    }


def run(tree: Path, arguments: Sequence[str], output: Path) -> Run:
    """The command in a process of its own, with the package of this checkout."""
    command = [sys.executable, "-m", "sepcost", "compare", *arguments, "--output", str(output)]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"}
    process = subprocess.Popen(command, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{tree}: exit code {process.returncode}: sepcost compare {' '.join(arguments)}")
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)


def same_bytes(before: Path, after: Path, allow: str | None) -> bool:
    """Line by line: on Linux the memory of this process is the least that is measured of those which it starts."""

    def lines(path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            yield from (line if allow is None else re.sub(allow.encode(), b"", line) for line in file)

    return all(ours == theirs for ours, theirs in zip_longest(lines(before), lines(after)))


def compared(trees: Sequence[Path], arguments: Sequence[str], folder: Path, turns: int, allow: str | None) -> str:
    """One case, run by both trees in turns, as a line."""
    outputs = (folder / "before.out", folder / "after.out")
    rounds = [[run(tree, arguments, output) for tree, output in zip(trees, outputs)] for _ in range(turns)]
    before, after = zip(*rounds)
    ratio = median(new.seconds / old.seconds for old, new in rounds)
    return (
        f"{ratio:.2f} × (median of {turns}; best: {min(before).seconds:.2f} s -> {min(after).seconds:.2f} s), "
        f"{max(each.megabytes for each in before)} -> {max(each.megabytes for each in after)} MB, "
        f"{'the same bytes' if same_bytes(*outputs, allow) else 'OTHER BYTES'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--cases", help="their names, with commas between them; all unless given")
    parser.add_argument("--allow", metavar="REGEX", help="""where outputs may differ, as in '"version":"[^"]*"'""")
    given = parser.parse_args()
    trees = [given.before.resolve(), given.after.resolve()]
    with tempfile.TemporaryDirectory() as folder:
        known = cases(Path(folder))
        for name in given.cases.split(",") if given.cases else known:
            print(f"{name}:", compared(trees, known[name], Path(folder), given.turns, given.allow), flush=True)


if __name__ == "__main__":
    main()

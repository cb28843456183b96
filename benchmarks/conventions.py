"""What public counters count on the same layers: the tables of docs/conventions.md.

    pip install fvcore ptflops thop torchinfo calflops transformers
    python benchmarks/conventions.py            # print the tables
    python benchmarks/conventions.py --write    # and put them into the page

None of the counters is a dependency of sepcost: one that is not installed is named, one that raises shows as ``fails``.
Each count is taken in a process of its own, because some counters patch torch, and leave it patched when they fail.
"""

from __future__ import annotations

import contextlib
import io
import logging
import multiprocessing
import platform
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from counted_layers import ALONE, BEHIND, CASES, OUTPUTS, PLAIN, Case
from torch.utils.flop_counter import FlopCounterMode

PAGE = Path(__file__).parent.parent / "docs" / "conventions.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
PACKAGES = ("torch", "fvcore", "ptflops", "thop", "torchinfo", "calflops")
ALL = (*CASES, ALONE, *BEHIND)


@dataclass(frozen=True)
class Count:
    """What a counter returned; without a number, ``said`` is the reason; with one, the warnings that it logged."""

    value: int | None
    said: str = ""


def by_sepcost(case: Case) -> int | None:
    return None if case.ours is None else sum(layer.cost.macs for layer in case.ours)


def by_torch(case: Case) -> int:
    with FlopCounterMode(display=False) as counter:
        case.module()(case.input())
    return int(counter.get_total_flops())


def by_fvcore(case: Case) -> int:
    return int(import_module("fvcore.nn").FlopCountAnalysis(case.module(), case.input()).total())


def by_ptflops(case: Case, backend: str = "pytorch") -> int:
    macs, _ = import_module("ptflops").get_model_complexity_info(
        case.module(),
        case.shape[1:],
        as_strings=False,
        print_per_layer_stat=False,
        input_constructor=lambda _: case.input(),
        backend=backend,
    )
    return int(macs)


def by_thop(case: Case) -> int:
    return int(import_module("thop").profile(case.module(), inputs=(case.input(),), verbose=False)[0])


def by_torchinfo(case: Case) -> int:
    return int(import_module("torchinfo").summary(case.module(), input_data=case.input(), verbose=0).total_mult_adds)


def by_calflops(case: Case, figure: int) -> int:
    calculate = import_module("calflops").calculate_flops
    return int(calculate(case.module(), args=[case.input()], print_results=False, output_as_string=False)[figure])


def after_a_failure(case: Case) -> int:
    """What calflops counts in a process in which it has raised before."""
    with contextlib.suppress(StopIteration):
        by_calflops(ALONE, 1)
    return by_calflops(case, 1)


COUNTERS: dict[str, Callable[[Case], int | None]] = {
    "sepcost": by_sepcost,
    "torch": by_torch,
    "fvcore": by_fvcore,
    "ptflops": by_ptflops,
    "ptflops, aten": lambda case: by_ptflops(case, backend="aten"),
    "thop": by_thop,
    "torchinfo": by_torchinfo,
    "calflops MACs": lambda case: by_calflops(case, 1),
    "calflops FLOPs": lambda case: by_calflops(case, 0),
}
AFTERWARDS = "calflops, after it raised"


def count(counter: str, case: Case) -> Count:
    """One count; what the counter prints is kept from the screen."""
    counters = {**COUNTERS, AFTERWARDS: after_a_failure}
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return Count(counters[counter](case), "; ".join(log.getvalue().splitlines()))
    except ModuleNotFoundError as error:
        return Count(None, f"missing: {error.name} is not installed")
    except Exception as error:
        return Count(None, f"fails: raises `{error!r}`")
    finally:
        logging.getLogger().removeHandler(handler)


def _isolated(counter: str, index: int) -> Count:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    return count(counter, ALL[index])


Counts = dict[tuple[str, str], Count]


def measure() -> Counts:
    """Every counter on every layer, each in a process that no other counter has touched."""
    jobs = [(counter, index) for counter in COUNTERS for index in range(len(ALL))]
    jobs.append((AFTERWARDS, ALL.index(PLAIN)))
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        results = pool.starmap(_isolated, jobs, chunksize=1)
    return {(counter, ALL[index].name): result for (counter, index), result in zip(jobs, results)}


def multiple(value: int, of: int) -> str:
    """A count as a multiple of another: exact where it is written without a point."""
    return str(value // of) if value % of == 0 else f"{value / of:.3f}"


class Notes:
    """What counters said: each once, with its letter in a cell."""

    def __init__(self) -> None:
        self.letters: dict[str, str] = {}

    def mark(self, counter: str, said: str) -> str:
        letter = self.letters.setdefault(f"{counter.split()[0].rstrip(',')}: {said}", chr(ord("a") + len(self.letters)))
        return f" ({letter})"

    def __str__(self) -> str:
        return "".join(f"- ({letter}) {said}\n" for said, letter in self.letters.items())


def cell(counter: str, counted: Count, text: Callable[[int], str], notes: Notes) -> str:
    if counted.value is None:
        verdict, _, reason = counted.said.partition(": ")
        return verdict + notes.mark(counter, reason) if counted.said else "–"
    unseen = counted.value == 0 and counted.said
    return text(counted.value) + (notes.mark(counter, f"logs `{counted.said}`") if unseen else "")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def ratios(counts: Counts, notes: Notes) -> str:
    """Each count as a multiple of the MACs of one sample."""
    rows = [
        [case.name, *(cell(name, counts[name, case.name], partial(multiple, of=case.macs), notes) for name in COUNTERS)]
        for case in CASES
    ]
    return table(["layer", *COUNTERS], rows)


def added(counts: Counts, notes: Notes) -> str:
    """What a layer after a convolution adds to the count, for each element of the map between them."""

    def text(name: str) -> Callable[[int], str]:
        before = counts[name, PLAIN.name].value or 0
        return lambda value: multiple(value - before, OUTPUTS)

    rows = [
        [case.name, *(cell(name, counts[name, case.name], text(name), notes) for name in COUNTERS)] for case in BEHIND
    ]
    return table(["layer", *COUNTERS], rows)


def exact(counts: Counts, notes: Notes) -> str:
    rows = [
        [case.name, f"{case.macs:,}"] + [cell(name, counts[name, case.name], "{:,}".format, notes) for name in COUNTERS]
        for case in ALL
    ]
    return table(["layer", "MACs of one sample", *COUNTERS], rows)


def afterwards(counts: Counts) -> str:
    counted = counts[AFTERWARDS, PLAIN.name].value
    if counted is None:
        return ""
    return f"- {AFTERWARDS} in the same process: {multiple(counted, PLAIN.macs)} × the MACs of the first layer\n"


def installed(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"without {package}"


def tables(counts: Counts) -> str:
    """Everything between the page's markers."""
    notes = Notes()
    where = f"Python {platform.python_version()} on {platform.system()}, on the CPU"
    return "\n".join(
        (
            f"Measured on {date.today()} with {', '.join(map(installed, PACKAGES))}, {where}.\n",
            "**Count ÷ MACs of one sample**\n",
            ratios(counts, notes),
            "**Added after the first convolution, per element of its output**\n",
            added(counts, notes),
            "<details><summary>The counts themselves</summary>\n",
            exact(counts, notes),
            "</details>\n",
            f"{notes}{afterwards(counts)}",
        )
    )


def write(text: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> None:
    counts = measure()
    text = tables(counts)
    missing = {counted.said for counted in counts.values() if counted.said.startswith("missing: ")}
    if "--write" in sys.argv[1:]:
        if missing:
            sys.exit(f"{PAGE.name} stays as it is. {'; '.join(sorted(missing))}")
        write(text)
    print(text)


if __name__ == "__main__":
    main()

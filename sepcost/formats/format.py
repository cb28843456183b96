"""Format: how results are written, for people, for programs or for CI."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeAlias

from sepcost.layers.cost import Convention

if TYPE_CHECKING:
    from sepcost.count.snapshot import Snapshot
    from sepcost.judge.difference import Difference
    from sepcost.judge.verdict import Judgement
    from sepcost.measured.benchmark import Benchmark
    from sepcost.measured.fits import Fits
    from sepcost.sheets.target_sheets import Targets
    from sepcost.sheets.text_template import Several
    from sepcost.sheets.view import View
    from sepcost.text.units import Units

Comparisons: TypeAlias = "Iterable[Snapshot | Several]"
"""Some of them together, if many were counted at once: only a format that says ``at_once`` gets those."""
Options: TypeAlias = Mapping[str, Callable[[str], Any]]
ResultName: TypeAlias = Literal[
    "comparisons", "benchmark", "fits", "difference", "judgement", "derivation", "replacements", "targets"
]


class FormatOptions(NamedTuple):
    """What is asked of a format; ``assumed`` is what the title says of a single convolution's defaults.

    ``words`` are those in which notes name what people can ask for.
    """

    view: View | None = None
    convention: Convention = Convention()
    assumed: Sequence[str] = ()
    to_stdout: bool = False
    precision: int | None = None
    units: Mapping[Units, int] = {}
    caption: str | None = None
    label: str | None = None
    words: Callable[[str], str] = str

    @property
    def to_terminal(self) -> bool:
        return self.to_stdout and sys.stdout.isatty()


class Format:
    """What a format is, and what it writes: a method for each result in ``writes``, and for no other."""

    audience: Literal["people", "programs", "CI"] = "programs"
    options: ClassVar[Options] = {}
    """Those of its own, ``--format NAME:option=value``, and how each is read."""
    endings: tuple[str, ...] = ()
    """How the names of its files end."""
    escape: str | None = None
    """How it writes a character by its number; None if it cannot."""
    writes: tuple[ResultName, ...]
    whole_networks: bool = False
    """It writes the networks themselves: no single convolution, and nothing less than all of a network."""
    one_convolution: bool = False
    """It writes one convolution: no networks, and no sweep."""
    at_once: bool = False
    """It also takes ``Several`` results, which were counted at once; other formats get each by itself."""
    is_binary: bool = False
    """It writes bytes, not text: only to a file."""
    is_log: bool = False
    """It is the log of CI itself: standard error would repeat it."""

    comparisons: Callable[[Comparisons, FormatOptions], Iterable[Any]]
    """In pieces, as the comparisons come: texts, or bytes."""
    difference: Callable[[Difference, FormatOptions], str]
    judgement: Callable[[Judgement, FormatOptions], str]
    benchmark: Callable[[Benchmark, FormatOptions], str]
    fits: Callable[[Fits, FormatOptions], str]
    derivation: Callable[[Snapshot, FormatOptions], str]
    """The derivation of the one layer that is shown."""
    replacements: Callable[[FormatOptions], str]
    """The list of all replacements."""
    targets: Callable[[Targets, FormatOptions], str]

    def written(self, result: ResultName, snapshots: Comparisons, options: FormatOptions) -> Iterable[Any]:
        """What these comparisons become: all of them together, or each by itself."""
        if result == "comparisons":
            return self.comparisons(snapshots, options)
        return ("\n" * bool(number) + getattr(self, result)(each, options) for number, each in enumerate(snapshots))

    @property
    def name(self) -> str:
        """Its name: that of its file."""
        return type(self).__module__.rpartition(".")[2]

"""A baseline: costs that ``compare`` or ``check --update-baseline`` wrote, and which network now is which of them."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sepcost.cli.sides import Side, refuse_different_counting
from sepcost.cli.streams import config_error, write
from sepcost.comparison import Comparison
from sepcost.config import read_lines
from sepcost.cost import Convention
from sepcost.costed import CostedNetwork
from sepcost.errors import SepcostError
from sepcost.report.costs_reader import read_costs
from sepcost.report.json import json_chunks
from sepcost.report.verification_text import counted
from sepcost.units import exact, factor_text
from sepcost.verdict import Judgement
from sepcost.version import __version__

OPTION = "--update-baseline"
COMPACT = (",", ":")


class Baseline:
    """The networks of a file of costs, each to be taken by at most one network of now."""

    def __init__(self, path: str, networks: Sequence[CostedNetwork]) -> None:
        self.path = path
        self.networks = networks

    @classmethod
    def read(cls, path: str) -> Baseline:
        """Read the file; raises ConfigError with what is wrong with it."""
        networks = read_costs(b"".join(read_lines(path)), path)
        if networks is None:
            raise config_error(path, "is no baseline: sepcost check --update-baseline writes one")
        return cls(path, networks)

    def gone(
        self, partners: Iterable[CostedNetwork], sources: Sequence[str], unread: Collection[str]
    ) -> Iterator[CostedNetwork]:
        """The networks that no one took although their file is among the sources, and could be read."""
        taken = {id(partner) for partner in partners}
        for network in self.networks:
            if id(network) not in taken and network.source not in unread and is_within(network.source, sources):
                yield network

    def refuse_other_convention(self, now: CostedNetwork) -> None:
        """A SepcostError where networks of now are counted in another way."""
        there, here = Side(self.path, self.networks, counted=False), Side(now.source or "", [now], counted=True)
        refuse_different_counting(there, here, (self.networks[0], now))

    def refuse_other_scaling(self, before: CostedNetwork, now: CostedNetwork) -> None:
        """A SepcostError where the two were multiplied by different factors."""
        for option, ours, theirs in (("alpha", before.alpha, now.alpha), ("rho", before.rho, now.rho)):
            if ours != theirs:
                told = f"{now.name!r} is there with {option} {factor_text(ours)}, and has {factor_text(theirs)} now"
                raise SepcostError(f"{told}: give --{option} {factor_text(ours)}")


def write_baseline(comparisons: Sequence[Comparison], judgement: Judgement, sources: Sequence[str], path: Path) -> str:
    """Write the costs of these networks, whole or not at all, and say so.

    What a file that is there has of networks outside of these sources stays in it; a SepcostError where that was
    counted in another way. What torch of some version said is left out.
    """
    kept = list(_outside(path, judgement.convention, sources)) if path.exists() else []
    plain = (replace(comparison, verified=None) for comparison in comparisons)
    *written, end = json_chunks(plain, judgement.convention, __version__)
    others = [f",\n{json.dumps(network, separators=COMPACT)}" for network in kept]
    write([*written, *others, end], path, OPTION)
    told = f"{path} is written: {counted(len(comparisons), 'network')}"
    return f"{told}, and {exact(len(kept))} that were in it" if kept else told


def _outside(path: Path, convention: Convention, sources: Sequence[str]) -> Iterator[Any]:
    """The networks of a baseline that are not of these sources, as they stand there."""
    held = Baseline.read(str(path))
    away = {number for number, network in enumerate(held.networks) if not is_within(network.source, sources)}
    if away and held.networks[0].convention != convention:
        raise SepcostError(f"{OPTION} {path}: it has other networks, counted in another way: check them too")
    document = json.loads(path.read_text(encoding="utf-8-sig"))
    yield from (network for number, network in enumerate(document["networks"]) if number in away)


def is_within(file: str | None, sources: Sequence[str]) -> bool:
    """Whether the file is one of these sources, or in a folder that is."""
    path = None if file is None else Path(os.path.abspath(file))  # noqa: PTH100 (links stay)
    around = [Path(os.path.abspath(source)) for source in sources if source != "-"]  # noqa: PTH100
    return path is not None and any(path == folder or folder in path.parents for folder in around)

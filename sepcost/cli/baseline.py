"""A baseline: costs that ``compare`` or ``check --update-baseline`` wrote, and which network now is which of them."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import Any

from sepcost.cli.sides import STDIN, Side, refuse_different_counting
from sepcost.cli.streams import config_error, write
from sepcost.comparison import Comparison
from sepcost.config import read_lines
from sepcost.cost import Convention
from sepcost.costed import CostedNetwork
from sepcost.errors import ConfigError, SepcostError
from sepcost.model_text import is_model_text
from sepcost.report.costs_reader import read_costs
from sepcost.report.json import json_chunks
from sepcost.report.verification_text import counted
from sepcost.units import factor_text
from sepcost.verdict import Judgement
from sepcost.version import __version__

OPTION = "--update-baseline"
COMPACT = (",", ":")
HEAD = {"schema_version", "version", "convention", "batch", "dtype"}


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
        unread = {absolute(source) for source in unread}
        for network in self.networks:
            if (
                id(network) not in taken
                and absolute(network.source or "") not in unread
                and is_within(network.source, sources)
            ):
                yield network

    def refuse_other_convention(self, before: CostedNetwork | None, now: CostedNetwork) -> None:
        """A SepcostError where the two are counted in different ways; a new network, in another way than the others.

        A new model that is stored in dtypes of its own has no others.
        """
        if before is None and (now.network is None or now.network.dtype is None):
            before = next((each for each in self.networks if not each.convention.is_own), None)
        if before is None:
            return
        there, here = Side(self.path, self.networks, counted=False), Side(now.source or "", [now], counted=True)
        refuse_different_counting(there, here, (before, now))

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
    return f"{told}; {counted(len(kept), 'other')} in it stay{'s' * (len(kept) == 1)}" if kept else told


def _outside(path: Path, convention: Convention, sources: Sequence[str]) -> Iterator[Any]:
    """The networks of a baseline that are not of these sources, as they stand there."""
    if path.is_dir():
        raise SepcostError(f"{OPTION} {path}: is a folder, not a file")
    try:
        held = Baseline.read(str(path))
    except ConfigError as error:
        reason = error.problems[0].message
        raise SepcostError(f"{OPTION} {path}: is there, and is no baseline to be renewed: {reason}") from None
    away = [not is_within(network.source, sources) for network in held.networks]
    if any(each.convention != _for(each, convention) for each in compress(held.networks, away)):
        raise SepcostError(f"{OPTION} {path}: has other networks, counted in another way: check them too")
    yield from compress(_written_networks(path), away)


def _for(network: CostedNetwork, convention: Convention) -> Convention:
    """The convention for a network that keeps its own dtype, if it has one."""
    own = network.convention
    return replace(convention, dtype=own.dtype, is_own=True) if own.is_own else convention


def _written_networks(path: Path) -> list[dict[str, Any]]:
    """The networks of a file of JSON, or of JSON Lines, each without what holds for all of them."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    try:
        networks: list[dict[str, Any]] = json.loads("\n".join(lines))["networks"]
    except (ValueError, KeyError):
        networks = [json.loads(line) for line in lines if line.strip()]
    return [{key: value for key, value in network.items() if key not in HEAD} for network in networks]


def is_within(file: str | None, sources: Sequence[str]) -> bool:
    """Whether the file is one of these sources, or in a folder that is."""
    if file == STDIN:
        return "-" in sources
    path = None if file is None else Path(absolute(file))
    around = [Path(absolute(source)) for source in sources if source != "-"]
    return path is not None and any(path == folder or folder in path.parents for folder in around)


def is_empty(network: CostedNetwork, sources: Sequence[str]) -> bool:
    """Whether nothing can be where a network of a baseline was: its file was looked into, or is not there."""
    file = network.source
    if file is None or is_within(file, sources):
        return True
    return not is_model_text(file) and not Path(file).exists()


def absolute(file: str) -> str:
    """The file as it is called from anywhere; links stay."""
    return file if file == STDIN else os.path.abspath(file)  # noqa: PTH100

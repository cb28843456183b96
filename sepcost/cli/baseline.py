"""A baseline: costs that ``compare`` or ``check --update-baseline`` wrote, and which network now is which of them."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sepcost.cli.sides import Side, refuse_different_counting
from sepcost.cli.streams import config_error, write
from sepcost.comparison import Comparison
from sepcost.config import read_lines
from sepcost.cost import Convention
from sepcost.costed import CostedNetwork
from sepcost.errors import SepcostError
from sepcost.report.costs_reader import read_costs
from sepcost.report.json import json_chunks
from sepcost.units import factor_text, shortened
from sepcost.version import __version__
from sepcost.wording import listed


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

    def partners(self, now: Sequence[CostedNetwork]) -> Mapping[int, CostedNetwork]:
        """Which of the baseline's networks each one is, by its number: by name and file, by name alone, by file alone.

        What is alone on both sides is the same. Raises SepcostError where a name does not tell which is meant.
        """
        partners: dict[int, CostedNetwork] = {}
        left = list(self.networks)
        only = len(now) == len(left) == 1
        for key in (_name_and_file, _name, _file, *([_anything] if only else [])):
            ours: dict[Hashable, list[int]] = {}
            for number, network in enumerate(now):
                if number not in partners:
                    ours.setdefault(key(network), []).append(number)
            theirs: dict[Hashable, list[CostedNetwork]] = {}
            for network in left:
                theirs.setdefault(key(network), []).append(network)
            partners |= {
                numbers[0]: theirs[what][0]
                for what, numbers in ours.items()
                if len(numbers) == len(theirs.get(what, ())) == 1
            }
            taken = set(map(id, partners.values()))
            left = [network for network in left if id(network) not in taken]
        self._refuse_ambiguous([network for number, network in enumerate(now) if number not in partners], left)
        return partners

    def _refuse_ambiguous(self, now: Sequence[CostedNetwork], left: Sequence[CostedNetwork]) -> None:
        names = {network.name for network in left}
        for network in now:
            if network.name in names:
                name = shortened(network.name)
                raise SepcostError(f"several networks are called {name!r}: give each its own, and --update-baseline")

    def gone(self, partners: Iterable[CostedNetwork], sources: Sequence[str]) -> Iterator[CostedNetwork]:
        """The networks that no one took although their file is among the sources."""
        taken = {id(partner) for partner in partners}
        for network in self.networks:
            if id(network) not in taken and any(_within(network.source, source) for source in sources):
                yield network

    def refuse_other_counting(self, before: CostedNetwork, now: CostedNetwork) -> None:
        """A SepcostError where the two were counted in different ways."""
        refuse_different_counting(
            Side(self.path, self.networks, counted=False),
            Side(now.source or now.name, [now], counted=True),
            (before, now),
        )
        for option, ours, theirs in (("alpha", before.alpha, now.alpha), ("rho", before.rho, now.rho)):
            if ours != theirs:
                told = f"{now.name!r} is there with {option} {factor_text(ours)}, and has {factor_text(theirs)} now"
                raise SepcostError(f"{told}: give --{option} {factor_text(ours)}")
        if before.replaced and now.replaced and before.replaced.keys().isdisjoint(now.replaced):
            there, here = (listed(list(network.replaced)) for network in (before, now))
            told = f"{now.name!r} is there under {there}, and under {here} now"
            raise SepcostError(f"{told}: give -r {next(iter(before.replaced))}")


def write_baseline(comparisons: Sequence[Comparison], convention: Convention, path: Path) -> None:
    """Write the costs of these networks, whole or not at all; without what torch of some version said of them."""
    plain = (replace(comparison, verified=None) for comparison in comparisons)
    write(json_chunks(plain, convention, __version__), path)


def _name_and_file(network: CostedNetwork) -> Hashable:
    return (network.name, _file(network))


def _name(network: CostedNetwork) -> Hashable:
    return network.name


def _file(network: CostedNetwork) -> Hashable:
    return None if network.source is None else os.path.normpath(network.source)


def _anything(network: CostedNetwork) -> Hashable:
    return None


def _within(file: str | None, source: str) -> bool:
    """Whether the file is this source, or in this folder."""
    if file is None or source == "-":
        return False
    path, around = Path(os.path.normpath(file)), Path(os.path.normpath(source))
    return path == around or around in path.parents

"""A baseline: costs that ``compare`` or ``check --update-baseline`` wrote, and which network now is which of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sepcost.count.figure import BY_NAME, Figures
from sepcost.count.snapshot import Replaced, Snapshot
from sepcost.errors import ConfigError, SepcostError
from sepcost.formats.documents.baseline_json import baseline_chunks
from sepcost.judge.alignment import partners
from sepcost.judge.sides import Side, refuse_different_counting
from sepcost.judge.verdict import Judgement, Verdict
from sepcost.layers.cost import Convention
from sepcost.sources.costs.costs import read_costs
from sepcost.sources.paths import absolute, is_within, moved, moved_folder
from sepcost.sources.source import file_lines
from sepcost.tasks.files import resolved, write_whole
from sepcost.tasks.lock import locked
from sepcost.text.arguments import times
from sepcost.text.kind import Kind
from sepcost.text.model_text import STDIN, is_model_text
from sepcost.text.units import factor_text, shortened
from sepcost.text.wording import counted

OPTION = "--update-baseline"


class Baseline(NamedTuple):
    """The networks of a file of costs, each to be taken by at most one current network."""

    path: str
    networks: Sequence[Snapshot]

    @classmethod
    def read(cls, path: str) -> Baseline:
        """Read the file; raises ConfigError with what is wrong with it."""
        networks = read_costs(b"".join(file_lines(path)), path)
        if networks is None:
            raise ConfigError.of(path, "is no baseline: sepcost check --update-baseline writes one")
        return cls(path, [without_bytes(network) if network.bytes_too_low else network for network in networks])

    def warnings(self, verdicts: Sequence[Verdict]) -> Iterator[str]:
        """What is wrong with the file itself."""
        too_low = sum(verdict.growth.difference.before.bytes_too_low for verdict in verdicts if verdict.growth)
        if too_low:
            yield (
                f"{self.path}: bytes and peaks of {counted(too_low, 'model')} are not compared, since sepcost 0.1 "
                f"counted them too low: write it again ({OPTION} {self.path})"
            )
        differences = [verdict.growth.difference for verdict in verdicts if verdict.growth]
        if any(each.after.target and not each.before.target for each in differences):
            yield f"{self.path}: has no times: they are new, and no growth of them is judged"
        files = [network.source for network in self.networks if network.source and not is_model_text(network.source)]
        if verdicts and all(verdict.is_new for verdict in verdicts) and files and not any(map(_exists, files)):
            yield (
                f"{self.path}: has none of these networks, and none of its files is there ({files[0]}): check from the "
                f"folder in which it was written, or write it again ({OPTION} {self.path})"
            )

    def partners(self, networks: Sequence[Snapshot], sources: Sequence[str]) -> Mapping[int, Snapshot]:
        """The network of the baseline for each of these, by its number; raises SepcostError for two of one name."""
        return partners(networks, self.networks, lambda before: is_empty(before, sources), absolute)

    def gone(
        self, pairs: Sequence[tuple[Snapshot, Snapshot]], sources: Sequence[str], unread: Collection[str] = ()
    ) -> Iterator[Snapshot]:
        """The networks that no one took although their file is among the sources, and could be read.

        ``pairs`` are networks of now and what each of them was: where a folder has moved, its files are looked for in
        the place where it is now.
        """
        taken = {id(before) for _, before in pairs}
        unread = {absolute(source) for source in unread}
        moves = {move for now, before in pairs if (move := moved_folder(before.source or "", now.source or ""))}
        for network in self.networks:
            source = network.source or ""
            if id(network) in taken or absolute(source) in unread:
                continue
            if is_within(source, sources) or (
                not _exists(source) and any(is_within(moved(source, *move), sources) for move in moves)
            ):
                yield network

    def refuse_other_convention(self, before: Snapshot | None, now: Snapshot) -> None:
        """A SepcostError where the two are counted in different ways; a new network, in another way than the others.

        A new model that is stored in dtypes of its own has no others.
        """
        if before is None and (now.model is None or now.model.dtype is None):
            before = next((each for each in self.networks if not each.convention.in_own_dtype), None)
        if before is None:
            return
        if before.bytes_too_low:  # in whatever dtype
            dtype, in_own_dtype = now.convention.dtype, now.convention.in_own_dtype
            before = replace(before, convention=replace(before.convention, dtype=dtype, in_own_dtype=in_own_dtype))
        if before.target and not now.target:
            what = f"give --target {before.target.name}, or write it again without ({OPTION} {self.path})"
            raise SepcostError(f"has times for {before.target.name}, and none are predicted here: {what}")
        norms = [{layer.facts.get("norm", "none") for layer in each.layers} for each in (before, now)]
        for one, other in (norms, norms[::-1]):
            if "folded" in one - other and "batch" in other - one:
                then, at_present = ("with", "without") if one is norms[0] else ("without", "with")
                raise SepcostError(f"{before.name} was counted {then} --fold-norms there, but {at_present} it here")
        there, here = Side(self.path, self.networks, counted=False), Side(now.source or "", [now], counted=True)
        refuse_different_counting(there, here, (before, now))

    def refuse_other_scaling(self, before: Snapshot, now: Snapshot) -> None:
        """A SepcostError where the two were multiplied by different factors, or run on other inputs."""
        for option, ours, theirs in (("alpha", before.alpha, now.alpha), ("rho", before.rho, now.rho)):
            if ours != theirs:
                message = f"{now.name!r} is there with {option} {factor_text(ours)}, and has {factor_text(theirs)} now"
                raise SepcostError(f"{message}: give --{option} {factor_text(ours)}")
        if before.resolution != now.resolution:
            was, is_ = (times(side.resolution) if side.resolution else "none" for side in (before, now))
            what = f"give --resolution {'x'.join(map(str, before.resolution))}" if before.resolution else "leave it out"
            raise SepcostError(f"{now.name!r} is there with resolution {was}, and has {is_} now: {what}")
        if None not in (before.given, now.given) and before.given != now.given:
            message = f"{now.name!r} ran there on --input {before.given}, and on {now.given or 'none'} now"
            raise SepcostError(f"{message}: give the same, or write it again (sepcost check {OPTION} {self.path})")


def write_baseline(judgement: Judgement, sources: Sequence[str], path: Path) -> str:
    """Write the costs of what was judged, whole or not at all, and say so.

    What a file that is there has of networks outside of these sources stays in it, but for those that moved into them;
    a SepcostError where that was counted in another way. Two processes that write one file wait for each other.
    """
    networks = [verdict.snapshot for verdict in judgement.verdicts]
    shown = f"{OPTION} {path}"
    _refuse_twins(networks, shown)
    with locked(path, shown):
        kept = _outside(path, networks, judgement.convention, sources) if path.exists() else []
        chunks = baseline_chunks([*networks, *kept], judgement.convention, str(path))
        write_whole(chunks, resolved(path), shown)
    message = f"{path} is written: {counted(len(networks), 'network')}"
    return f"{message}; {counted(len(kept), 'other')} in it stay{'s' * (len(kept) == 1)}" if kept else message


def _refuse_twins(networks: Sequence[Snapshot], shown: str) -> None:
    """A SepcostError for two networks of one name in one file, which a baseline could not distinguish."""
    times = Counter((network.source, network.name) for network in networks)
    for (source, name), count in times.items():
        if count > 1:
            raise SepcostError(
                f"{shown}: {source} has {count} networks called {shortened(name)!r}: give each its own name"
            )


def _outside(
    path: Path, networks: Sequence[Snapshot], convention: Convention, sources: Sequence[str]
) -> list[Snapshot]:
    """The networks of a baseline that are not of these sources, and none of those that are written now."""
    if not path.is_file():  # reading a pipe would wait for ever
        raise SepcostError(f"{OPTION} {path}: is {'a folder, ' if path.is_dir() else ''}not a file")
    try:
        held = Baseline.read(str(path))
    except ConfigError as error:
        reason = error.problems[0].message
        raise SepcostError(f"{OPTION} {path}: is there, and is no baseline to be renewed: {reason}") from None
    pairs = [(networks[number], before) for number, before in held.partners(networks, sources).items()]
    replaced = {id(network) for network in (*(before for _, before in pairs), *held.gone(pairs, sources))}
    away = [
        network for network in held.networks if id(network) not in replaced and not is_within(network.source, sources)
    ]
    if any(each.convention != _for(each, convention) for each in away):
        raise SepcostError(f"{OPTION} {path}: has other networks, counted in another way: check them too")
    if any(each.bytes_too_low for each in away):
        raise SepcostError(
            f"{OPTION} {path}: has other models, whose bytes sepcost 0.1 counted too low: check them too"
        )
    return away


def _for(network: Snapshot, convention: Convention) -> Convention:
    """The convention for a network that keeps its own dtype, if it has one."""
    own = network.convention
    return replace(convention, dtype=own.dtype, in_own_dtype=True) if own.in_own_dtype else convention


def without_bytes(network: Snapshot) -> Snapshot:
    """The network without its bytes."""

    def known(figures: Figures) -> Figures:
        return {name: None if BY_NAME[name].kind is Kind.BYTES else value for name, value in figures.items()}

    def replaced(of: Mapping[str, Replaced]) -> Mapping[str, Replaced]:
        return {text: each._replace(figures=known(each.figures)) for text, each in of.items()}

    layers = [
        layer._replace(figures=known(layer.figures), replaced=replaced(layer.replaced)) for layer in network.layers
    ]
    return replace(network, layers=layers, total=known(network.total), replaced=replaced(network.replaced))


def is_empty(network: Snapshot, sources: Sequence[str]) -> bool:
    """Whether the old place of a network is empty: its file was read, or is not there."""
    file = network.source
    if file is None or is_within(file, sources):
        return True
    return not is_model_text(file) and not _exists(file)


def _exists(file: str) -> bool:
    return file == STDIN or os.path.exists(file)  # noqa: PTH110 (what the system refuses is not there)

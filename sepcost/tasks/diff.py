"""Diff: what one network costs more or less than another."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from sepcost.count.evaluation import as_it_is
from sepcost.errors import ConfigError, ConfigProblem, SepcostError
from sepcost.judge.difference import Difference
from sepcost.layers.cost import Convention
from sepcost.network.network import Network
from sepcost.sources.models import ModelOptions
from sepcost.sources.sides import Side, read_side, refuse_different_counting, same_network
from sepcost.sources.source import Source, read_source
from sepcost.tasks.events import Events
from sepcost.text.model_text import is_model_text

if TYPE_CHECKING:
    from sepcost.tasks.verifier import Verifier


def diff(
    before: Source,
    after: Source,
    *,
    inputs: Any = None,
    device: str = "meta",
    flops_per_mac: int = 1,
    batch: int = 1,
    dtype: str | None = None,
) -> Difference:
    """What one network costs more or less than another: what ``sepcost diff`` shows.

    >>> from sepcost import Conv
    >>> change = diff(Conv((8, 8), 3, 16, 3), Conv((8, 8), 3, 24, 3)).total["macs"]
    >>> change.before, change.after, change.percent
    (27648, 41472, 50.0)

    Both sides are whatever ``compare`` takes, or a file of earlier costs (``compare --format json``, a baseline).
    Raises ConfigError with everything that is wrong with a file, SepcostError where the two cannot be compared.
    """
    convention = Convention.asked(flops_per_mac, batch, dtype)
    ours, theirs = (_side(source, inputs, device, convention) for source in (before, after))
    return _compared(ours, theirs, convention, None)


def difference(
    before: str,
    after: str,
    convention: Convention,
    models: ModelOptions,
    verifier: Verifier | None = None,
    events: Events | None = None,
) -> Difference:
    """The difference of two sources: configs, models or earlier costs, with one network each or one of a shared name.

    Raises ConfigError with everything that is wrong with either, SepcostError where they cannot be compared.
    """
    events = events or Events()
    sides: list[Side] = []
    problems: list[ConfigProblem] = []
    for source in (before, after):
        try:
            sides.append(read_side(source, convention, models))
        except ConfigError as error:
            problems += error.problems
        events.advance(1)
    if problems:
        raise ConfigError(problems)
    ours, theirs = sides
    return _compared(ours, theirs, convention, verifier)


def _side(source: Source, inputs: Any, device: str, convention: Convention) -> Side:
    """A file by its text, which may hold costs; anything else is counted."""
    if isinstance(source, (str, PathLike)) and not is_model_text(fspath(source)):
        return read_side(fspath(source), convention, ModelOptions())
    read = read_source(source, inputs, device)
    network = read if isinstance(read, Network) else read.network
    return Side(network.name, [as_it_is(network, convention)], counted=True)


def _compared(ours: Side, theirs: Side, convention: Convention, verifier: Verifier | None) -> Difference:
    pair = same_network(ours, theirs)
    refuse_different_counting(ours, theirs, pair)
    if not (ours.counted or theirs.counted) and convention not in (Convention(), pair[0].convention):
        raise SepcostError("--batch, --dtype and --flops-per-mac are for configs: both sides were counted before")
    return Difference.of(*(pair if verifier is None else map(verifier.verified_snapshot, pair)))

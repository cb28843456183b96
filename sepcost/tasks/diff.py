"""Diff: what one network costs more or less than another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepcost.errors import ConfigError, ConfigProblem, SepcostError
from sepcost.judge.difference import Difference
from sepcost.layers.cost import Convention
from sepcost.sources.models import ModelOptions
from sepcost.sources.sides import Side, read_side, refuse_different_counting, same_network
from sepcost.tasks.events import Events

if TYPE_CHECKING:
    from sepcost.tasks.verifier import Verifier


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
    pair = same_network(ours, theirs)
    refuse_different_counting(ours, theirs, pair)
    if not (ours.counted or theirs.counted) and convention not in (Convention(), pair[0].convention):
        raise SepcostError("--batch, --dtype and --flops-per-mac are for configs: both sides were counted before")
    return Difference.of(*(pair if verifier is None else map(verifier.verified_costs, pair)))

"""Profiles: what was learned of a target."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from sepcost.layers import Layer
from sepcost.targets.law import Law
from sepcost.targets.setup import Setup
from sepcost.targets.work import Work


class Point(NamedTuple):
    """A layer, and the seconds that it was measured to take."""

    layer: Layer
    seconds: float


class Accuracy(NamedTuple):
    """How far predictions were off points that were not fitted: ``error`` is the median (0.05 is 5 %).

    ``within`` is the share of them that were off by less than 1.5 ×, ``held`` that which the 80 % interval held.
    """

    points: int
    error: float
    within: float
    held: float


def work_in(setup: Setup, layers: Sequence[Layer]) -> Work:
    """What these layers do in a setup, as arrays: one layer after the other."""
    return Work.of_all([Work.of(layer, setup.batch, setup.element_bytes) for layer in layers])


@dataclass(frozen=True)
class Profile:
    """A target: its setup, the points that were measured there, a law for each kind of layer, and how good they are.

    ``accuracy`` is by kind of layer.
    """

    name: str
    setup: Setup
    points: Sequence[Point]
    laws: Mapping[str, Law]
    accuracy: Mapping[str, Accuracy]
    learned: str = ""

    @cached_property
    def id(self) -> str:
        """Twelve letters that another setup, other points and other laws do not have."""
        fitted = [(kind, *law.constants.values(), *law.lengths.items(), law.mean) for kind, law in self.laws.items()]
        return hashlib.sha256(repr((self.setup, list(self.points), fitted)).encode()).hexdigest()[:12]

"""The order in which layers are measured, through a runtime and a clock that are made up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from sepcost.errors import SepcostError
from sepcost.layers import Conv, Layer
from sepcost.targets.fitting import learned
from sepcost.targets.layer_grid import random_layers
from sepcost.targets.profile import Point, Profile
from sepcost.targets.setup import Setup
from sepcost.targets.work import kind_of
from sepcost.tasks import learning
from sepcost.tasks.events import Events
from sepcost.timing.clock import Contender

SETUP = Setup(runtime="made up", version="1", processor="none")


class Machine:
    """It takes a millisecond and 1 ns for 100 MACs; until ``slow_until`` seconds, twice that."""

    setup = SETUP

    def __init__(self, slow_until: float = 0.0) -> None:
        self.now, self.slow_until = 0.0, slow_until
        self.runs: Counter[Layer] = Counter()
        self.of: dict[Contender, Layer] = {}

    def contender(self, layers: Sequence[Layer], times: int = 1) -> Contender:
        (layer,) = layers
        if isinstance(layer, Conv) and layer.groups > 1 and not layer.is_depthwise:
            raise SepcostError("cannot run grouped ones")

        def run() -> None: ...

        self.of[run] = layer
        return run

    def seconds(self, contender: Contender, runs: int) -> float:
        layer = self.of[contender]
        self.runs[layer] += 1
        taken = runs * true_seconds(layer) * (2 if self.now < self.slow_until else 1)
        self.now += taken
        return taken


class Heard(Events):
    def __init__(self) -> None:
        self.expected = self.advanced = 0

    def expect(self, total: int) -> None:
        self.expected += total

    def advance(self, count: int) -> None:
        self.advanced += count


def true_seconds(layer: Layer) -> float:
    return 1e-3 + 1e-11 * layer.cost.macs


def measured(machine: Machine, monkeypatch: pytest.MonkeyPatch, events: Events | None = None) -> list[Point]:
    monkeypatch.setattr(learning, "monotonic", lambda: machine.now)
    return learning.measured_points(machine, lambda points: learned("", SETUP, points), minutes=0.5, events=events)


def test_all_layers_are_measured_again_and_again_until_the_minutes_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, heard = Machine(), Heard()
    points = measured(machine, monkeypatch, heard)
    assert machine.now == pytest.approx(30, abs=0.5)
    assert len({point.layer for point in points}) == len(points) > 100
    times = [machine.runs[point.layer] for point in points]
    assert min(times) >= 2 * (learning.PASSES - 1)
    assert max(times) <= 2 * min(times)
    assert (heard.expected, heard.advanced) == (30, 30)


def test_a_machine_that_is_slow_for_a_while_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for layer, seconds in measured(Machine(slow_until=20), monkeypatch):
        assert seconds == pytest.approx(true_seconds(layer))


def test_what_cannot_run_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {kind_of(point.layer) for point in measured(Machine(), monkeypatch)}
    assert kinds == {"standard", "depthwise", "pointwise", "linear"}


def test_the_second_half_are_layers_whose_time_is_known_least(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    known: list[Layer] = []

    def fit(points: Sequence[Point]) -> Profile:
        known.extend(point.layer for point in points)
        return learned("", SETUP, points)

    monkeypatch.setattr(learning, "monotonic", lambda: machine.now)
    points = learning.measured_points(machine, fit, minutes=0.5)
    chosen = [point.layer for point in points if point.layer not in known]
    assert 0.7 < len(chosen) / len(known) < 1.4
    random = random_layers(learning.MOST)
    assert chosen != random[len(known) : len(known) + len(chosen)]
    assert set(chosen) < set(random)

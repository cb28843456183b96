"""Learning: which layers are measured, and how often, so that a target's laws are known as well as time allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from math import ceil
from time import monotonic

from sepcost.errors import SepcostError
from sepcost.layers import Layer
from sepcost.targets.layer_grid import random_layers
from sepcost.targets.prediction import predicted
from sepcost.targets.profile import Point, Profile
from sepcost.targets.work import kind_of
from sepcost.tasks.events import Events
from sepcost.timing.runtime import Runtime

MOST = 4000
"""Layers among which those are chosen that are measured."""
MOST_MACS = 4e9
"""Of a whole batch: larger ones take long, and follow from smaller ones."""
PASSES = 7
"""How often each layer is measured: its time is the best of all, since a machine may be slow for seconds."""
RIVALS = 8
"""Layers of a kind, of which the second half measures the one whose time is known least."""
ENOUGH = 0.003
"""Seconds that a layer runs in a pass."""


class Best(dict[tuple[Layer, ...], float]):
    """The least seconds of layers that follow each other, of all that were measured; what cannot run is left out."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__()
        self.runtime = runtime

    def measure(self, *layers: Layer) -> None:
        """Run them a few times more."""
        try:
            contender = self.runtime.contender(layers)
        except SepcostError:
            self.pop(layers, None)
            return
        once = self.runtime.seconds(contender, 1)
        runs = max(1, ceil(ENOUGH / max(once, 1e-7)))
        turns = [self.runtime.seconds(contender, runs) / runs for _ in range(2 if runs > 1 else 1)]
        self[layers] = min(self.get(layers, once), once, *turns)

    @property
    def points(self) -> list[Point]:
        """Those of one layer."""
        return [Point(layers[0], seconds) for layers, seconds in self.items() if len(layers) == 1]


def measured_points(
    runtime: Runtime,
    fit: Callable[[Sequence[Point]], Profile],
    minutes: float,
    seed: int = 0,
    like: Sequence[Layer] = (),
    events: Events | None = None,
) -> list[Point]:
    """Layers and their times on this machine, measured until the minutes are used up.

    The first half of the layers is random; ``fit`` then says of which others the time is known least. All are measured
    again and again, in turn. ``like`` are layers that most of them are drawn around.
    """
    timer = _Timer(60 * minutes, events or Events())
    best, layers = Best(runtime), random_layers(MOST, seed, like, MOST_MACS / runtime.setup.batch)
    for layer in timer.until(1 / (2 * PASSES), layers):
        best.measure(layer)
    for layer in timer.until(1 / PASSES, _least_known(fit(best.points), layers[len(best) :])):
        best.measure(layer)
    for layer in timer.until(1, (layer for _ in count() for (layer,) in list(best))):
        best.measure(layer)
    return best.points


def _least_known(profile: Profile, layers: Sequence[Layer]) -> list[Layer]:
    """Of each few layers of a kind, the one whose time is least known: in the order of the first ones."""
    deviations = dict(zip(layers, (time.deviation if time else 0 for time in predicted(profile, layers))))
    rivals: dict[str, list[Layer]] = {}
    chosen = []
    for layer in layers:
        group = rivals.setdefault(kind_of(layer), [])
        group.append(layer)
        if len(group) == RIVALS:
            chosen.append(max(group, key=deviations.__getitem__))
            group.clear()
    return chosen


class _Timer:
    """Reports the seconds that are used, and ends with them."""

    def __init__(self, seconds: float, events: Events) -> None:
        self.started, self.seconds, self.events = monotonic(), seconds, events
        self.reported = 0
        events.expect(ceil(seconds))

    def until(self, share: float, layers: Iterable[Layer]) -> Iterable[Layer]:
        """The layers, one by one, until this share of the seconds is used; at least one."""
        for layer in layers:
            yield layer
            used = monotonic() - self.started
            self.events.advance(min(int(used), ceil(self.seconds)) - self.reported)
            self.reported = min(int(used), ceil(self.seconds))
            if used > share * self.seconds:
                return

"""Predictions: what layers take on a target, and how sure that is, of one layer or of many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from sepcost.layers import Layer
from sepcost.targets.law import SURE
from sepcost.targets.profile import Profile, work_in
from sepcost.targets.work import Array, Work, is_timed, kind_of

WORDS = {
    "flops": "FLOPs",
    "bytes": "bytes of maps and weights",
    "weight_bytes": "bytes of weights",
    "inputs": "input positions",
    "outputs": "output positions",
    "C": "input channels",
    "O": "output channels",
    "K": "kernel positions (K·K)",
    "stride": "product of strides",
    "groups": "groups",
    "dilation": "product of dilations",
    "width": "width of the output",
    "oblong": "kernel and stride, longest axis ÷ shortest",
}
"""What the numbers of a layer's work are called."""


class LayerTime(NamedTuple):
    """The seconds of a layer, the standard deviation of their log, and what bounds them; arrays, of many at once.

    ``outside``: no layer so small or so large was measured.
    """

    kind: str
    seconds: Any
    deviation: Any
    bound: Any
    outside: Any


class Estimate(NamedTuple):
    """A number, and the interval that holds it in 80 % of cases."""

    value: Any
    low: Any
    high: Any


def predicted(profile: Profile, layers: Sequence[Layer]) -> list[LayerTime | None]:
    """The times of layers, in their order; None for what has no time, and for a kind that the target does not know."""
    times: list[LayerTime | None] = [None] * len(layers)
    by_kind: dict[str, list[int]] = {}
    for number, layer in enumerate(layers):
        if is_timed(layer):
            by_kind.setdefault(kind_of(layer), []).append(number)
    for kind, numbers in by_kind.items():
        if kind in profile.laws:
            setup = profile.setup
            works = [Work.of(layers[number], setup.batch, setup.element_bytes) for number in numbers]
            for number, time in zip(numbers, _of_kind(profile, kind, works)):
                times[number] = time
    return times


def _of_kind(profile: Profile, kind: str, works: Sequence[Work]) -> Iterable[LayerTime]:
    law, work, lengths = profile.laws[kind], Work.of_all(works), [each.many for each in works]
    seconds, deviations = law.predict(work)
    outside = np.logical_or.reduce(list(law.outside(work).values()))
    found = (seconds, deviations, law.bounds(work), outside)
    if not any(lengths):
        yield from (LayerTime(kind, *values) for values in zip(*(each.tolist() for each in found)))
        return
    ends = np.cumsum([length or 1 for length in lengths])[:-1]
    for length, *values in zip(lengths, *(np.split(each, ends) for each in found)):
        yield LayerTime(kind, *(value if length else value[0].item() for value in values))


def total(times: Iterable[tuple[LayerTime, float]]) -> Estimate:
    """The seconds of layers together, each as often as it runs.

    Errors of layers are not independent: within a kind they are taken to be all alike, which is the worst case; between
    kinds, to be independent.
    """
    counted = list(times)
    seconds = sum(time.seconds * count for time, count in counted)
    return _estimate(seconds, [(time, time.seconds * count / seconds) for time, count in counted])


def ratio(times: Iterable[tuple[LayerTime, float, float]]) -> Estimate:
    """The seconds of layers ÷ the seconds of others: how often each runs among the first, and among the second.

    A layer that is in both has the same error there.
    """
    counted = list(times)
    above = sum(time.seconds * count for time, count, _ in counted)
    below = sum(time.seconds * count for time, _, count in counted)
    shares = [(time, time.seconds * abs(up / above - down / below)) for time, up, down in counted]
    return _estimate(above / below, shares)


def _estimate(value: Any, shares: Iterable[tuple[LayerTime, Any]]) -> Estimate:
    by_kind: dict[str, Any] = {}
    for time, share in shares:
        by_kind[time.kind] = by_kind.get(time.kind, 0) + share * time.deviation
    factor = np.exp(SURE * np.sqrt(sum(each**2 for each in by_kind.values())))
    estimate = Estimate(value, value / factor, value * factor)
    return estimate if np.ndim(value) else Estimate(*map(float, estimate))


def _short(value: float) -> str:
    """A number, with two decimals where it is not whole."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def why_outside(profile: Profile, layer: Layer) -> str | None:
    """What of a layer no layer of its kind that was measured has; None if there is nothing."""
    if not is_timed(layer):
        return None
    kind = kind_of(layer)
    if kind not in profile.laws:
        return f"no {kind} layers were measured"
    law, work = profile.laws[kind], work_in(profile.setup, [layer])
    for name, is_so in law.outside(work).items():
        if is_so.any():
            points: Array = getattr(law.work, name)
            value = getattr(work, name)[0]
            here, least, most = map(_short, (value, points.min(), points.max()))
            return f"{WORDS[name]}: {here}, measured {least} to {most}"
    return None

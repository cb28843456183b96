"""Times: the seconds that a network's layers take on a target, as figures of its snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import chain
from operator import or_
from typing import Any, TypeAlias

import numpy as np

from sepcost.blocks.replacements import NO_TIME, NOT_FASTER, ReplaceIf
from sepcost.count.comparison import Comparison
from sepcost.count.figure import HIGH, LOW, OF_TARGET, SPEEDUP, TIME
from sepcost.count.integers import Quotients, Texts, Truths
from sepcost.count.layer_comparison import LayerComparison
from sepcost.count.snapshot import LayerSnapshot, Replaced, Snapshot, Target
from sepcost.errors import SepcostError
from sepcost.layers import Conv, Layer, Linear
from sepcost.layers.cost import Convention
from sepcost.targets.law import TERMS
from sepcost.targets.prediction import Estimate, LayerTime, predicted, ratio, total, why_outside
from sepcost.targets.profile import Profile
from sepcost.targets.work import ON_MANY, is_timed

PREDICTED, EXTRAPOLATED = "predicted", "extrapolated"
OF_SPEEDUP = tuple(name for name in OF_TARGET if name.startswith(SPEEDUP))
OF_TIME = tuple(name for name in OF_TARGET if name not in OF_SPEEDUP)
Times: TypeAlias = "Sequence[tuple[LayerTime | None, int]]"
"""Of the layers that something runs as: the time of each, None where it is not known, and how often it runs."""
Timed: TypeAlias = "Mapping[str | None, Times]"
"""The times of a layer as it is, under None, and under each replacement: the same object where it is kept."""


def targeted(comparison: Comparison, profile: Profile, replace_if: ReplaceIf = ReplaceIf.ALWAYS) -> Comparison:
    """The comparison with a target; under ``faster``, layers are kept whose replacement is not faster.

    It is where the whole interval of its speed-up is above 1. Raises SepcostError if the target is for another batch or
    dtype, or if there is no map.
    """
    setup, convention = profile.setup, comparison.convention
    differing = setup.differences(replace(setup, batch=convention.batch, dtype=convention.dtype))
    if differing:
        what = ", ".join(differing)
        raise SepcostError(f"--target {profile.name} is for another setup ({what}): {_remedy(profile, convention)}")
    if not comparison.network.has_map:
        instead = "give its code, or its .onnx" if comparison.network.only_params else "give -H"
        raise SepcostError(f"--target {profile.name} has times of whole maps, and there is no map: {instead}")
    if replace_if is not ReplaceIf.FASTER:
        return replace(comparison, target=profile)
    timed = _timed(comparison, profile)
    known = {layer.name: timed[id(layer.alternatives)] for layer in comparison.layers}
    reasons = {
        (layer.name, text): reason
        for layer in comparison.layers
        for text, variant in layer.variants.items()
        if variant.parts and (reason := _reason_to_keep(known[layer.name], text))
    }
    if_all = {text: _speedup(list(known.values()), text) for text in comparison.totals}
    return replace(comparison.keeping(reasons), target=profile, if_all=if_all)


def _remedy(profile: Profile, convention: Convention) -> str:
    """What to type where a target is for another batch or dtype."""
    asked: list[str] = []
    learned = ""
    for name in ("batch", "dtype"):
        ours, theirs = getattr(convention, name), getattr(profile.setup, name)
        if ours != theirs:
            usual = theirs == getattr(Convention(), name) and not (name == "dtype" and convention.in_own_dtype)
            asked.append(f"leave out --{name}" if usual else f"give --{name} {theirs}")
            learned += f" --{name} {ours}"
    return f"{' and '.join(asked)}, or learn a target with it: sepcost target learn NAME{learned}"


def _reason_to_keep(timed: Timed, text: str) -> str | None:
    low = _speedup([timed], text)[f"{SPEEDUP}{LOW}"]
    if low is None:
        return NO_TIME
    is_faster = Truths(low.array > 1) if isinstance(low, Quotients) else low > 1
    return None if is_faster else NOT_FASTER


def with_times(snapshot: Snapshot) -> Snapshot:
    """The snapshot with the figures of its comparison's target, for every layer, part and total.

    A layer that runs several times on a sample takes as many times as long.
    """
    comparison = snapshot.counted_now()
    profile = comparison.target
    if profile is None:
        return snapshot
    timed = _timed(comparison, profile)
    layers: list[LayerSnapshot] = []
    first: dict[int, LayerSnapshot] = {}
    for layer, of in zip(snapshot.layers, comparison.layers):
        number = id(of.alternatives)
        alike = first[number] = first.get(number) or _layer(layer, timed[number])
        layers.append(layer._replace(figures=alike.figures, replaced=alike.replaced, timed=alike.timed))
    replaced = {
        text: _replaced(each, layers, text)._replace(if_all=comparison.if_all.get(text))
        for text, each in snapshot.replaced.items()
    }
    figures = {**snapshot.total, **group_figures(layers)}
    target = _target(comparison, profile, timed)
    return replace(snapshot, layers=tuple(layers), total=figures, replaced=replaced, target=target)


def group_figures(layers: Sequence[LayerSnapshot], text: str | None = None) -> dict[str, Any]:
    """The times of layers together: as they are, or under a replacement, with the speed-up."""
    several = [layer.timed for layer in layers]
    figures = time_figures(_together(several, text))
    return figures if text is None else figures | _speedup(several, text)


def _together(several: Sequence[Timed], text: str | None) -> Times:
    return list(chain.from_iterable(timed[text] for timed in several))


def _speedup(several: Sequence[Timed], text: str) -> dict[str, Any]:
    """Standard time ÷ that of the replacement; null where either is not known."""
    if not (_is_known(_together(several, None)) and _is_known(_together(several, text))):
        return dict.fromkeys(OF_SPEEDUP)
    return _interval(SPEEDUP, ratio(pair for timed in several for pair in _pairs(timed, text)))


def time_figures(times: Times) -> dict[str, Any]:
    """The figures of layers that run one after the other; null where they have no time, or it is not known.

    ``bound`` is what bounds most of their time.
    """
    if not _is_known(times):
        return dict.fromkeys(OF_TIME)
    known: Any = times
    outside = reduce(or_, (time.outside for time, _ in known))
    spent = [sum(time.seconds * count * (time.bound == term) for time, count in known) for term in TERMS]
    return {
        **_interval(TIME, total(known)),
        "time_source": _texts(np.where(outside, EXTRAPOLATED, PREDICTED)),
        "bound": _texts(np.array(TERMS)[np.argmax(spent, axis=0)]),
    }


def _is_known(times: Times) -> bool:
    return bool(times) and all(time is not None for time, _ in times)


def _pairs(timed: Timed, text: str) -> Iterator[Any]:
    """Each time, with how often it is in the standard, and in the replacement."""
    standard, replaced = timed[None], timed[text]
    if replaced is standard:
        return ((time, count, count) for time, count in standard)
    return chain(((time, count, 0) for time, count in standard), ((time, 0, count) for time, count in replaced))


def _interval(name: str, estimate: Estimate) -> dict[str, Any]:
    named = zip((name, f"{name}{LOW}", f"{name}{HIGH}"), estimate)
    return {each: Quotients(value) if isinstance(value, np.ndarray) else float(value) for each, value in named}


def _texts(value: Any) -> Any:
    return Texts(value) if np.ndim(value) else str(value)


def _timed(comparison: Comparison, profile: Profile) -> Mapping[int, Timed]:
    """The times of each layer's alternatives, by their id: equal layers have the same ones, and are predicted once."""
    distinct = {id(layer.alternatives): layer for layer in comparison.layers}
    runs = {
        (number, text): [run for _, run in layer.runs_as(text) if is_timed(run)]
        for number, layer in distinct.items()
        for text in (None, *layer.variants)
        if text is None or layer.variants[text].parts
    }
    times = iter(predicted(profile, [run for several in runs.values() for run in several]))
    known = {key: [_of_node(distinct[key[0]], run, next(times)) for run in several] for key, several in runs.items()}
    return {
        number: {text: known.get((number, text), known[number, None]) for text in (None, *layer.variants)}
        for number, layer in distinct.items()
    }


def _of_node(layer: LayerComparison, run: Layer, time: LayerTime | None) -> tuple[LayerTime | None, int]:
    """The time of something that a layer runs as, and how often; on many positions at once, a linear one has none."""
    return (None if _is_wide(layer, run) else time), layer.node.times


def _is_wide(layer: LayerComparison, run: Layer) -> bool:
    return isinstance(run, Linear) and layer.node.times > 1


def _layer(layer: LayerSnapshot, timed: Timed) -> LayerSnapshot:
    layer = layer._replace(timed=timed)
    replaced = {text: _replaced(each, [layer], text) for text, each in layer.replaced.items()}
    return layer._replace(figures={**layer.figures, **group_figures([layer])}, replaced=replaced)


def _replaced(replaced: Replaced, layers: Sequence[LayerSnapshot], text: str) -> Replaced:
    """A layer, or all of a network, under a replacement."""
    times = ([run] for run in layers[0].timed[text]) if replaced.parts else ()
    parts = [part._replace(figures={**part.figures, **time_figures(of)}) for part, of in zip(replaced.parts, times)]
    return replaced._replace(figures={**replaced.figures, **group_figures(layers, text)}, parts=tuple(parts))


def _target(comparison: Comparison, profile: Profile, timed: Mapping[int, Timed]) -> Target:
    error = {kind: accuracy.error for kind, accuracy in profile.accuracy.items()}
    without = tuple(dict.fromkeys(_without(comparison)))
    reasons: dict[bool, dict[str, str]] = {True: {}, False: {}}
    for name, is_known, why in _reasons(comparison, profile, timed):
        reasons[is_known][name] = why
    return Target(profile.name, profile.id, profile.setup.title, error, without, reasons[True], reasons[False])


def _without(comparison: Comparison) -> Iterator[str]:
    """What has no time, in words."""
    for node in comparison.network:
        layer = node.layer
        if layer.cost.touched and not is_timed(layer):
            yield layer.type
        if isinstance(layer, Conv) and layer.norm != "none":
            yield "norms"
        if isinstance(layer, Conv) and layer.activation != "none":
            yield "activations"
        if node.add:
            yield "additions"


def _reasons(comparison: Comparison, profile: Profile, timed: Mapping[int, Timed]) -> Iterable[tuple[str, bool, str]]:
    """The layers and parts that are extrapolated, or whose time is not known, and why; of a sweep, only the latter."""
    for layer in comparison.layers:
        for text, times in timed[id(layer.alternatives)].items():
            if text is None or layer.variants[text].parts:
                runs = (run for run in layer.runs_as(text) if is_timed(run[1]))
                for (name, run), (time, _) in zip(runs, times):
                    if time is None or (not comparison.swept and time.outside):
                        why = ON_MANY if _is_wide(layer, run) else why_outside(profile, run)
                        yield name, time is not None, why or ""

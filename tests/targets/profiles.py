"""A profile made by hand: its times are exactly those of its constants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sepcost.formats.documents.profile_json import profile_text
from sepcost.layers import Conv, Linear
from sepcost.targets.law import TERMS, Law, features
from sepcost.targets.profile import Accuracy, Point, Profile, work_in
from sepcost.targets.setup import Setup

SETUP = Setup(runtime="torch", version="2.13.0", processor="AMD EPYC", instructions="AVX2")
CONSTANTS = {
    "standard": (2e-11, 1e-10, 4e-6),
    "depthwise": (8e-11, 3e-10, 3e-6),
    "pointwise": (3e-11, 1e-10, 2e-6),
    "linear": (1e-10, 2e-10, 1e-6),
}
"""Seconds per FLOP, per byte and per call."""
ERRORS = {"standard": 0.04, "depthwise": 0.03, "pointwise": 0.05, "linear": 0.06}


def layers_of(kind: str, largest: int = 1024) -> Iterator[Conv | Linear]:
    """From the smallest to the largest that was measured."""
    for size, channels in ((1, 2), (4, 8), (56, 64), (224, largest)):
        if kind == "linear":
            yield Linear(channels, channels)
            continue
        for kernel in (1,) if kind == "pointwise" else (3, 7):
            for stride in (1, 2):
                groups = channels if kind == "depthwise" else 1
                yield Conv((size, size), channels, channels, kernel, stride=stride, groups=groups)


def seconds_of(kind: str, flops: Any, moved: Any) -> Any:
    """What the constants say."""
    return sum(constant * amount for constant, amount in zip(CONSTANTS[kind], (flops, moved, 1)))


def made(kinds: Sequence[str] = tuple(CONSTANTS), name: str = "by-hand", factor: float = 1, **setup: Any) -> Profile:
    """A profile that knows these kinds of layers."""
    of, laws = replace(SETUP, **setup), {}
    points: list[Point] = []
    for kind in kinds:
        layers = list(layers_of(kind))
        work = work_in(of, layers)
        constants = [factor * constant for constant in CONSTANTS[kind]]
        seconds = factor * seconds_of(kind, work.flops, work.bytes)
        points += [Point(layer, float(each)) for layer, each in zip(layers, seconds)]
        lengths = dict.fromkeys(features(work), 3.0)
        laws[kind] = Law(dict(zip(TERMS, constants)), lengths, 0.1, 0.03, 0.0, work, seconds)
    accuracy = {kind: Accuracy(10, ERRORS[kind], 1.0, 0.8) for kind in kinds}
    return Profile(name, of, tuple(points), laws, accuracy, "2026-11-27")


def written(folder: Path, **how: Any) -> str:
    """The name of a file with such a profile."""
    profile = made(**how)
    path = folder / f"{profile.name}.json"
    path.write_text(profile_text(profile), encoding="utf-8")
    return str(path)

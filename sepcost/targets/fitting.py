"""Fitting: laws from measured times. It needs SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize, nnls

from sepcost.targets.law import ROUNDING, SURE, TERMS, Law, features, matern, squared_distances, terms
from sepcost.targets.profile import Accuracy, Point, Profile, work_in
from sepcost.targets.setup import Setup
from sepcost.targets.work import Array, kind_of

FEWEST = 8
"""Points of a kind, below which it has no law."""
HELD_OUT = 5
"""Every fifth point of a kind is held out, for the accuracy."""
ANY = "flops"
"""The feature that has a length even where all points have the same."""
HOLDS = 0.8
"""The share of measured times that intervals should hold."""
UNLIKE, ROUGH = 3.0, 0.2
"""A point is an outlier from this factor on; how far logs of good ones may be off."""
USUAL_LENGTH, SPREAD = 5.0, 2.0
"""The prior of the log of a length: its median, in standard deviations of the feature, and its standard deviation."""


def learned(name: str, setup: Setup, points: Sequence[Point], date: str = "") -> Profile:
    """The profile of a target from the times of layers; a kind of which there are too few has no law."""
    known = {kind: of for kind, of in _by_kind(points).items() if len(of) >= FEWEST}
    fitted = {kind: _honest(law_of(_but_held_out(of), setup), of[::HELD_OUT], setup) for kind, of in known.items()}
    accuracy = {kind: _accuracy(fitted[kind], of[::HELD_OUT], setup) for kind, of in known.items()}
    laws = {kind: law_of(of, setup, like=fitted[kind]) for kind, of in known.items()}
    return Profile(name, setup, tuple(points), laws, accuracy, date)


def outliers(points: Sequence[Point], setup: Setup) -> list[Point]:
    """The points that are unlike all others of their kind: three times as slow or fast as those lead to expect.

    What is expected of each follows from the others (Rasmussen and Williams, equation 5.12), as smooth as is usual.
    """
    found = []
    for of in _by_kind(points).values():
        kept = list(of)
        while len(kept) > 1:
            off = _unlike(kept, setup)
            if off.max() <= np.log(UNLIKE):
                break
            found.append(kept.pop(int(off.argmax())))  # it hides others, and makes good ones look bad
    return found


def _unlike(points: Sequence[Point], setup: Setup) -> Array:
    """By how much the log of each time is off what the others lead to expect."""
    work, seconds = work_in(setup, [point.layer for point in points]), np.array([point.seconds for point in points])
    left = np.log(seconds / (terms(work) @ _constants(terms(work), seconds)))
    varying = np.stack([*features(work).values()], axis=1)
    rows = varying / (USUAL_LENGTH * np.where(varying.std(axis=0) > 0, varying.std(axis=0), 1))
    inverse = np.linalg.inv(matern(squared_distances(rows, rows)) + ROUGH**2 * np.eye(len(points)))
    off: Array = np.abs(inverse @ (left - np.median(left))) / np.diag(inverse)
    return off


def law_of(points: Sequence[Point], setup: Setup, like: Law | None = None) -> Law:
    """The law that these points follow: constants first, then a Gaussian process on the log of what is left.

    Constants are of non-negative least squares on the relative error; lengths, amplitude and noise, of the largest
    posterior (Rasmussen and Williams, section 5.4.1); they are those of ``like``, if that is given.
    """
    work = work_in(setup, [point.layer for point in points])
    seconds = np.array([point.seconds for point in points])
    if like is not None:
        return Law(like.constants, like.lengths, like.amplitude, like.noise, like.mean, work, seconds)
    constants = _constants(terms(work), seconds)
    left = np.log(seconds / (terms(work) @ constants))
    varying = {name: values for name, values in features(work).items() if np.ptp(values) > 0 or name == ANY}
    lengths, amplitude, noise = _most_likely(np.stack([*varying.values()], axis=1), left - left.mean())
    return Law(
        dict(zip(TERMS, constants.tolist())), dict(zip(varying, lengths)), amplitude, noise,
        float(left.mean()), work, seconds,
    )  # fmt: skip


def _by_kind(points: Sequence[Point]) -> dict[str, list[Point]]:
    by_kind: dict[str, list[Point]] = {}
    for point in points:
        by_kind.setdefault(kind_of(point.layer), []).append(point)
    return by_kind


def _but_held_out(points: Sequence[Point]) -> Sequence[Point]:
    return [point for number, point in enumerate(points) if number % HELD_OUT]


def _honest(law: Law, points: Sequence[Point], setup: Setup) -> Law:
    """The same law, as unsure as it should have been of points that were not fitted.

    Amplitude and noise, multiplied alike, change intervals and no prediction.
    """
    seconds, deviations = law.predict(work_in(setup, [point.layer for point in points]))
    unsure = np.abs(np.log(seconds / [point.seconds for point in points])) / (SURE * deviations)
    factor = max(1.0, float(np.quantile(unsure, HOLDS)))
    return replace(law, amplitude=factor * law.amplitude, noise=factor * law.noise)


def _accuracy(law: Law, points: Sequence[Point], setup: Setup) -> Accuracy:
    seconds, deviations = law.predict(work_in(setup, [point.layer for point in points]))
    off = np.log(seconds / [point.seconds for point in points])
    within, held = np.abs(off) < np.log(1.5), np.abs(off) < SURE * deviations
    return Accuracy(len(points), float(np.median(np.abs(np.expm1(off)))), float(within.mean()), float(held.mean()))


def _constants(rows: Array, seconds: Array) -> Array:
    relative = rows / seconds[:, None]
    scale = relative.max(axis=0)
    return nnls(relative / scale, np.ones(len(seconds)))[0] / scale  # type: ignore[no-any-return]


def _most_likely(values: Array, left: Array) -> tuple[list[float], float, float]:
    """Lengths, amplitude and noise, in logs, by gradient; features are scaled to standard deviations of 1."""
    scale = np.where(values.std(axis=0) > 0, values.std(axis=0), 1.0)
    squares = ((values[:, None, :] - values[None, :, :]) / scale) ** 2
    count = len(scale)
    usual = np.log(USUAL_LENGTH)

    def minus_log_posterior(logs: Array) -> tuple[float, Array]:
        inverse = np.exp(-2 * logs[:count])
        amplitude, noise = np.exp(2 * logs[count:])
        distances = squares @ inverse
        covariance = amplitude * matern(distances)
        root = np.sqrt(5 * distances)
        slope = -5 / 6 * amplitude * (1 + root) * np.exp(-root)
        factor = cho_factor(covariance + (noise + ROUNDING) * np.eye(len(left)), lower=True)
        weights = cho_solve(factor, left)
        value = left @ weights / 2 + np.log(np.diag(factor[0])).sum()
        inner = cho_solve(factor, np.eye(len(left))) - np.outer(weights, weights)
        by_length = -np.einsum("ij,ijk->k", inner * slope, squares) * inverse
        off = logs[:count] - usual
        gradient = [by_length + off / SPREAD**2, [(inner * covariance).sum(), noise * np.trace(inner)]]
        return value + (off**2).sum() / (2 * SPREAD**2), np.concatenate(gradient)

    start = np.array([*[usual] * count, np.log(left.std() + 1e-2), np.log(0.02)])
    limits = [(-1.5, 6.0)] * count + [(-5.0, 2.0), (np.log(0.005), 0.0)]
    found = minimize(minus_log_posterior, start, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 150})
    lengths = np.exp(found.x[:count]) * scale
    return lengths.tolist(), float(np.exp(found.x[count])), float(np.exp(found.x[count + 1]))

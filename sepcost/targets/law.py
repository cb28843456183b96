"""Laws: how long layers of one kind take, by constants of physics and a Gaussian process on what they leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sepcost.targets.work import Array, Work

CONSTANTS = {"compute": "seconds_per_flop", "memory": "seconds_per_byte", "calls": "seconds_per_call"}
"""The constant of each term, as files name it."""
TERMS = tuple(CONSTANTS)
"""What bounds a layer."""
SURE = 1.2815515655446004
"""Standard deviations to either side that hold 80 % of a normal distribution."""
BLOCK = 256
"""Layers that are predicted at once."""
ROUNDING = 1e-8
"""Variance that keeps a covariance positive definite in floating point."""


def terms(work: Work) -> Array:
    """What the constants are multiplied by: FLOPs, bytes, calls; a row for each layer."""
    return np.stack([work.flops, work.bytes, np.ones_like(work.flops)], axis=1)


def features(work: Work) -> Mapping[str, Array]:
    """What a time depends on beyond that: sizes as logarithms, and how channels and maps fill vectors.

    ``small input`` is where torch on a CPU goes without oneDNN (aten/src/ATen/native/Convolution.cpp, ``use_mkldnn``);
    ``image`` is what oneDNN reads as it is, not in blocks of channels.
    """
    logs = {name: np.log(value) for name, value in work._asdict().items() if name != "width"}
    return logs | {
        "C % 8": (work.C % 8 > 0).astype(float),
        "C % 16": (work.C % 16 > 0).astype(float),
        "O % 8": (work.O % 8 > 0).astype(float),
        "O % 16": (work.O % 16 > 0).astype(float),
        "few C": (work.C < 8).astype(float),
        "image": np.isin(work.C, (1, 3)).astype(float),
        "small input": (work.C * work.inputs <= 20480).astype(float),
        "width % 8": (work.width % 8 > 0).astype(float),
    }


@dataclass(frozen=True)
class Law:
    """The times of one kind of layer: ``constants`` for its terms, and a Gaussian process on the log of what is left.

    ``lengths`` are by feature: over which distance its effect changes; a feature without one was the same in all
    points. ``amplitude`` and ``noise`` are standard deviations of the log (0.05 is 5 %), ``mean`` its mean. ``work``
    and ``seconds`` are those of the points. The kernel is Matérn 5/2, with a length for each feature (Rasmussen and
    Williams, Gaussian Processes for Machine Learning, equation 4.17); predictions are those of equations 2.25 and 2.26.
    """

    constants: Mapping[str, float]
    lengths: Mapping[str, float]
    amplitude: float
    noise: float
    mean: float
    work: Work
    seconds: Array

    def physics(self, work: Work) -> Array:
        """The seconds of each term by itself; a row for each layer."""
        seconds: Array = terms(work) * np.array([self.constants[name] for name in TERMS])
        return seconds

    def coordinates(self, work: Work) -> Array:
        """Features in units of their lengths; a row for each layer."""
        known = features(work)
        return np.stack([known[name] / length for name, length in self.lengths.items()], axis=1)

    def kernel(self, ours: Array, theirs: Array) -> Array:
        """The covariance of the logs of two sets of layers by their coordinates."""
        covariance: Array = self.amplitude**2 * matern(squared_distances(ours, theirs))
        return covariance

    @cached_property
    def _points(self) -> Array:
        return self.coordinates(self.work)

    @cached_property
    def _factor(self) -> Array:
        """The inverse of the Cholesky factor of the points' covariance."""
        noisy = self.kernel(self._points, self._points) + (self.noise**2 + ROUNDING) * np.eye(len(self.seconds))
        inverse: Array = np.linalg.inv(np.linalg.cholesky(noisy))
        return inverse

    @cached_property
    def _weights(self) -> Array:
        left = np.log(self.seconds / self.physics(self.work).sum(axis=1)) - self.mean
        weights: Array = self._factor.T @ (self._factor @ left)
        return weights

    def predict(self, work: Work) -> tuple[Array, Array]:
        """The seconds of layers, and the standard deviations of their logs: of what would be measured once.

        Layers are taken in blocks of one shape, the last one filled up: a product of matrices of another shape may
        round in another way, and a layer would not take the same time alone as among others.
        """
        ours = self.coordinates(work)
        count = len(ours)
        filled = np.pad(ours, ((0, -count % BLOCK), (0, 0)), mode="edge").reshape(-1, BLOCK, ours.shape[1])
        left, known = (np.concatenate(each)[:count] for each in zip(*map(self._of_block, filled)))
        seconds = self.physics(work).sum(axis=1) * np.exp(self.mean + left)
        return seconds, np.sqrt(np.maximum(self.amplitude**2 - known, 0) + self.noise**2)

    def _of_block(self, ours: Array) -> tuple[Array, Array]:
        """The log of what physics leaves, and how much of its variance the points explain."""
        cross = self.kernel(ours, self._points)
        return cross @ self._weights, ((cross @ self._factor.T) ** 2).sum(axis=1)

    def bounds(self, work: Work) -> Array:
        """Which of the terms takes longest."""
        names: Array = np.array(TERMS)[self.physics(work).argmax(axis=1)]
        return names

    def outside(self, work: Work) -> Mapping[str, Array]:
        """By the name of a number, which layers have one that no point has, by more than a quarter of it."""
        pairs = zip(Work._fields, work, self.work)
        return {name: (ours < 0.8 * points.min()) | (ours > 1.25 * points.max()) for name, ours, points in pairs}


def squared_distances(ours: Array, theirs: Array) -> Array:
    """Between each two rows."""
    products = ours @ theirs.T
    norms = [(rows**2).sum(axis=1) for rows in (ours, theirs)]
    squares: Array = np.maximum(norms[0][:, None] + norms[1][None, :] - 2 * products, 0)
    return squares


def matern(squares: Array) -> Array:
    """The Matérn 5/2 correlation at these squared distances."""
    scaled = np.sqrt(5 * squares)
    correlation: Array = (1 + scaled + scaled**2 / 3) * np.exp(-scaled)
    return correlation

"""Measuring two things in turns, so that whatever else the machine does falls on both."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median


def in_turns(rounds: int, subject: Callable[[], float], floor: Callable[[], float]) -> str:
    """The subject's seconds as a multiple of the floor's: the ratio of medians, and of the best."""
    subjects, floors = [], []
    for _ in range(rounds):
        floors.append(floor())
        subjects.append(subject())
    ratio, best = median(subjects) / median(floors), min(subjects) / min(floors)
    seconds = f"{median(subjects):.3f} s against {median(floors):.3f} s"
    return f"{ratio:.2f} × (median of {rounds}: {seconds}; best: {best:.2f} ×)"

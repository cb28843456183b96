"""Contenders in alternation through a fake clock, and what is concluded from synthetic samples."""

from __future__ import annotations

import random

import pytest

from sepcost.measured.samples import Samples, Verdict, speedup
from sepcost.timing.clock import Contender, alternating


def standard() -> None: ...
def replaced() -> None: ...


class FakeClock:
    """Each contender takes as long as it is said to, times how slow the machine is by then."""

    def __init__(self, drift: float = 0.0, **seconds: float) -> None:
        self.seconds, self.drift = seconds, drift
        self.now = 0.0
        self.calls: list[tuple[str, int]] = []

    def __call__(self, contender: Contender, runs: int) -> float:
        name = getattr(contender, "__name__", "")
        taken = runs * self.seconds[name] * (1 + self.drift * self.now)
        self.now += taken
        self.calls.append((name, runs))
        return taken


def test_contenders_alternate_after_a_warm_up_and_in_every_round() -> None:
    clock = FakeClock(standard=0.4, replaced=0.4)
    alternating([standard, replaced], clock, min_time=0.1, rounds=3)
    names = [name for name, _ in clock.calls]
    assert names[:4] == ["standard"] * 2 + ["replaced"] * 2  # a warm-up, and an estimate
    assert names[4:] == ["standard", "replaced"] * 3


def test_the_rounds_of_a_fast_contender_last_as_long_as_asked_and_each_begins_with_a_run_that_does_not_count() -> None:
    clock = FakeClock(standard=0.5, replaced=20e-6)
    slow, fast = alternating([standard, replaced], clock, min_time=0.3, rounds=3)
    runs = [many for name, many in clock.calls if name == "replaced"][-6:]
    assert runs == [1, 5000] * 3
    assert slow.median == 0.5
    assert fast.median == pytest.approx(20e-6)


def test_a_machine_that_becomes_slower_hurts_both_alike() -> None:
    clock = FakeClock(drift=0.3, standard=0.02, replaced=0.01)
    slow, fast = alternating([standard, replaced], clock, min_time=1.0, rounds=9)
    assert slow.seconds[-1] > 1.5 * slow.seconds[0]
    found = speedup(slow, fast)
    assert found.value == pytest.approx(2, rel=0.1)
    assert found.verdict is Verdict.FASTER


@pytest.mark.parametrize(("ratio", "verdict"), [(1.3, Verdict.FASTER), (0.7, Verdict.SLOWER), (1.0, Verdict.SAME)])
def test_verdicts_follow_the_interval(ratio: float, verdict: Verdict) -> None:
    noise = (0.95, 1.02, 1.0, 0.99, 1.04, 0.97, 1.01, 1.03, 0.98)
    found = speedup(Samples(tuple(ratio * each for each in noise)), Samples((1.0,) * 9))
    assert found.low < found.value < found.high
    assert found.verdict is verdict


def test_one_outlier_changes_no_verdict() -> None:
    seconds = [2.0, 2.01, 1.99, 2.0, 2.02, 2.0, 1.98, 2.0, 0.1]
    assert speedup(Samples(tuple(seconds)), Samples((1.0,) * 9)).verdict is Verdict.FASTER


@pytest.mark.parametrize("rounds", [6, 9, 12])
def test_the_interval_holds_the_true_median_in_95_per_cent_of_cases(rounds: int) -> None:
    noise = random.Random(1)
    held = 0
    for _ in range(4000):
        found = speedup(Samples(tuple(noise.lognormvariate(0, 0.1) for _ in range(rounds))), Samples((1.0,) * rounds))
        held += found.low <= 1.0 <= found.high
    assert 0.945 < held / 4000 < 0.99


def test_samples_add_up_round_by_round() -> None:
    total = Samples((1.0, 2.0, 3.0)) * 2 + Samples((0.5, 0.5, 0.5))
    assert total.seconds == (2.5, 4.5, 6.5)
    with pytest.raises(ValueError, match="zip"):
        Samples((1.0,)) + total

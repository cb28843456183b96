"""The tables of ``weights.py``, in Markdown, of the numbers that it measured."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import product
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from weights_networks import NETWORKS

MULTIPLIERS, DETECTOR_MULTIPLIERS = (1, 2, 3), (1, 2, 3, 4)
RANDOM, KERNEL, OWN, SEQUENTIAL = KINDS = "random", "kernel", "own inputs", "sequential"
SHORT, RATES = 3, (5e-4, 2e-3, 8e-3)
"""Epochs of a short training, and the learning rates of which each gets its best."""
SHARES = (0.5, 0.75, 1)
"""Limits of a plan: shares of the MACs that the network has with separable:multiplier=2 throughout."""
DETECTOR, AFTER = "YOLOX-tiny", " after distillation"
DIGITS = "digits of scikit-learn, 597 held-out images of 8×8"
SCENES = "18 held-out scenes of 9 photographs"
AGREEMENTS = ("correlation of class logits", "IoU of decisions")
"""How far the detector's outputs agree with the original's."""
PLAN, LIMITS = "plan", ("half of the MACs", "the MACs of m = 2")
"""Limits of the detector's plans."""
CUTS: Mapping[str, Sequence[float]] = {
    "energy": (0.8, 0.7, 0.6, 0.5, 0.4, 0.3),
    "output error": (0.02, 0.05, 0.1, 0.15, 0.2, 0.4),
    "network's loss": (0.005, 0.01, 0.02, 0.05, 0.1, 0.2),
}
"""What may predict the accuracy that is lost, and thresholds of it."""


class Row(NamedTuple):
    """One number that was measured."""

    part: str
    network: str
    seed: int
    replacement: str
    weights: str
    measure: str
    value: float


def read(file: Path) -> list[Row]:
    with file.open(newline="", encoding="utf-8") as lines:
        return [
            Row(part, network, int(seed), replacement, weights, measure, float(value))
            for part, network, seed, replacement, weights, measure, value in list(csv.reader(lines))[1:]
        ]


def write(file: Path, rows: Iterable[Row]) -> None:
    with file.open("w", newline="", encoding="utf-8") as lines:
        rounded = (row._replace(value=float(f"{row.value:.9g}")) for row in rows)
        csv.writer(lines, lineterminator="\n").writerows([Row._fields, *rounded])


def separable(multiplier: int) -> str:
    return f"separable:multiplier={multiplier}"


class Numbers:
    """What was measured: lists over the seeds."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = list(rows)
        self._found: dict[tuple[str, ...], list[float]] = {}
        for row in self.rows:
            key = row.part, row.network, row.replacement, row.weights, row.measure
            self._found.setdefault(key, []).append(row.value)

    def __call__(self, *key: str) -> list[float]:
        return self._found.get(key, [])

    def text(self, pattern: str, *key: str, of: Callable[[Iterable[float]], float] = mean) -> str:
        """The mean over the seeds; nothing where it was not measured."""
        found = self(*key)
        return format(of(found), pattern) if found else ""


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headers, ["---"] * 2 + ["---:"] * (len(headers) - 2), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def costs_table(numbers: Numbers) -> Iterator[str]:
    """What each network costs, replaced or not."""
    lines = []
    for network, multiplier in product((*NETWORKS, DETECTOR), (0, *DETECTOR_MULTIPLIERS)):
        replaced, text = separable(multiplier) if multiplier else "", numbers.text
        key = "speed", network, replaced, ""
        costs = (f"{value / 1e6:.3g} M" for name in ("params", "MACs") for value in numbers(*key, name))
        lines.append((network, str(multiplier or "original"), *costs, text(".2f", *key, "speed-up")))
    yield table(("network", "m", "params", "MACs", "measured speed-up"), lines)


def digits_tables(numbers: Numbers) -> Iterator[str]:
    """Accuracies of each network, at each multiplier and with each kind of weights: means, and the least."""
    for name, network in NETWORKS.items():
        accuracies = numbers("digits", name, "", "", "accuracy")
        headers = [f"{name}; {DIGITS}, seeds: {len(accuracies)}; m", "weights", "energy", "layers' error"]
        headers += ["network's loss", "as fitted", f"{SHORT} epochs", "distilled", f"{network.epochs} epochs"]
        lines = [["original", "", "", "", "", *[""] * 3, _with_least(accuracies)]]
        for multiplier, weights in product(MULTIPLIERS, KINDS):
            key = "digits", name, separable(multiplier), weights
            cells = [(".0%", "energy"), (".1%", "output error"), (".1%", "network's loss")]
            short = [numbers(*key, f"accuracy after {SHORT} epochs at {rate:g}") for rate in RATES]
            trained = [
                numbers(*key, "accuracy"),
                max(short, key=lambda each: mean(each) if each else 0),
                numbers(*key, f"accuracy{AFTER}"),
                numbers(*key, "accuracy after as many epochs"),
            ]
            known = [numbers.text(pattern, *key, measure) for pattern, measure in cells]
            lines.append([str(multiplier), weights, *known, *map(_with_least, trained)])
        yield table(headers, lines)


def _with_least(values: Sequence[float]) -> str:
    return f"{mean(values):.2f} ({min(values):.1f})" if values else ""


class Point(NamedTuple):
    """Some layers replaced: what may predict the loss, and the accuracy that was lost."""

    network: str
    weights: str
    layers: str
    found: Mapping[str, float]

    @property
    def lost(self) -> float:
        return self.found["accuracy lost"]

    def holds(self, predictor: str, cut: float) -> bool:
        return self.found[predictor] >= cut if predictor == "energy" else self.found[predictor] <= cut


def _points(numbers: Numbers) -> list[Point]:
    found: dict[tuple[str, str, str, int], dict[str, float]] = {}
    for row in numbers.rows:
        if row.part == "thresholds":
            found.setdefault((row.network, row.weights, row.replacement, row.seed), {})[row.measure] = row.value
    of = {key: key[2].partition(" of ")[2] for key in found}
    return [Point(key[0], key[1], "all layers" if " " in of[key] else "one layer", one) for key, one in found.items()]


def thresholds_tables(numbers: Numbers) -> Iterator[str]:
    """Rank correlations; and on the good side of each threshold what is lost on average, and at most."""
    spearman, points = import_module("scipy.stats").spearmanr, _points(numbers)
    lines: list[Sequence[str]] = []
    for network, layers, weights in product(NETWORKS, ("one layer", "all layers"), (KERNEL, SEQUENTIAL)):
        mine = [each for each in points if each[:3] == (network, weights, layers)]
        lost = [each.lost for each in mine]
        ranks = [abs(spearman([each.found[name] for each in mine], lost).statistic) for name in CUTS]
        lines.append((network, layers, weights, str(len(mine)), *(f"{rank:.2f}" for rank in ranks)))
    yield table(("network", "replaced", "weights", "points", *CUTS), lines)
    lines = []
    for name, cut in ((name, cut) for name, cuts in CUTS.items() for cut in cuts):
        cells = [name, f"≥ {cut:.0%}" if name == "energy" else f"≤ {cut:.1%}"]
        for layers, weights in product(("one layer", "all layers"), (KERNEL, SEQUENTIAL)):
            lost = [each.lost for each in points if each[1:3] == (weights, layers) and each.holds(name, cut)]
            cells.append(f"{mean(lost):.1f}, {max(lost):.1f} ({len(lost)})" if lost else "none")
        lines.append(cells)
    headers = [f"{layers}, {weights}" for layers in ("one", "all") for weights in (KERNEL, SEQUENTIAL)]
    yield table(("if", "is", *headers), lines)


def plan_tables(numbers: Numbers) -> Iterator[str]:
    lines = []
    for network, share in product(NETWORKS, SHARES):
        key = "plan", network, f"{share:g}"
        if not numbers(*key, "plan", "limit"):
            continue
        cells = [
            network,
            f"{share:g} ×",
            numbers.text(",.0f", *key, "plan", "limit"),
            numbers.text(".1f", *key, "uniform", "choices"),
        ]
        for measure, pattern, better in (("accuracy", ".2f", 1), ("network's loss", ".3f", -1)):
            ours, theirs = numbers(*key, "plan", measure), numbers(*key, "uniform", measure)
            signs = [better * (mine - other) for mine, other in zip(ours, theirs)]
            cells += [numbers.text(pattern, *key, each, measure) for each in ("plan", "uniform")]
            cells.append(f"{sum(s > 0 for s in signs)}, {sum(s == 0 for s in signs)}, {sum(s < 0 for s in signs)}")
        lines.append(cells)
    headers = ["network", "limit, of m = 2", "MACs", "uniform choices"]
    for measure in ("accuracy", "network's loss"):
        headers += [f"{measure}: plan", "best uniform", "better, equal, worse"]
    yield table(headers, lines)


def detector_tables(numbers: Numbers) -> Iterator[str]:
    """How far the detector's outputs and decisions agree with the original's."""
    headers = [f"detector; {SCENES}; m", "weights", "MACs", "energy", "layers' error"]
    headers += [f"{what}{when}" for when in ("", ", distilled") for what in ("class logits", "decisions")]
    keys = [("detector", separable(m), kind) for m, kind in product(DETECTOR_MULTIPLIERS, (RANDOM, KERNEL, SEQUENTIAL))]
    keys += [("detector plans", limit, PLAN) for limit in LIMITS]
    lines = []
    for part, replaced, weights in keys:
        key = part, DETECTOR, replaced, weights
        if numbers(*key, AGREEMENTS[0]):
            macs = key if weights == PLAN else ("speed", DETECTOR, replaced, "")
            cells = [
                replaced.rpartition("=")[2],
                weights,
                " ".join(f"{value / 1e6:.3g} M" for value in numbers(*macs, "MACs")),
            ]
            cells += [numbers.text(".0%", *key, "energy"), numbers.text(".1%", *key, "output error")]
            cells += [
                numbers.text(".2f", *key, f"{measure}{when}") for when, measure in product(("", AFTER), AGREEMENTS)
            ]
            lines.append(cells)
    yield table(headers, lines)


def tables(rows: Iterable[Row]) -> list[str]:
    """The tables of all that was measured, in Markdown."""
    numbers = Numbers(rows)
    measured = {row.part for row in numbers.rows}
    return [text for part, of in TABLES.items() if part in measured for text in of(numbers)]


def put_into(page: str, texts: Iterable[str]) -> str:
    """The page with these tables in the place of those that its section on weights has."""
    before, title, rest = page.partition("## Weights\n")
    section, end, after = rest.partition("\n## ")
    found = iter(texts)
    return before + title + re.sub(r"(?:^\|.*\n)+", lambda _: next(found), section, flags=re.MULTILINE) + end + after


TABLES: Mapping[str, Callable[[Numbers], Iterator[str]]] = {
    "digits": digits_tables,
    "speed": costs_table,
    "thresholds": thresholds_tables,
    "plan": plan_tables,
    "detector": detector_tables,
}

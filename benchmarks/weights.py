"""What fitted weights keep of trained networks, and what training adds: tables in Markdown, all numbers as CSV.

    pip install scikit-learn                                      # digits, and rank correlations
    pip install onnx onnx2torch scikit-image pillow; pip install --no-deps ddddocr          # the detector
    python benchmarks/weights.py benchmarks/weights.csv           # all: see README.md for how long
    python benchmarks/weights.py some.csv --parts plan --seeds 2  # one part; its rows in the file are replaced
    python benchmarks/weights.py some.csv --quick                 # one seed and few steps: does it run?
    python benchmarks/weights.py some.csv --parts                 # none: only the tables of what the file has
    python benchmarks/weights.py benchmarks/weights.csv --write   # and into README.md

Nothing is downloaded: the networks for digits are trained here, the detector's weights are in a package. Each job runs
in one thread, ``--processes`` of them at once; speed-ups are measured first, with nothing else running.
"""

from __future__ import annotations

import sys
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from functools import cache, partial
from itertools import product
from pathlib import Path
from statistics import mean
from time import monotonic, perf_counter
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from weights_networks import BATCH, NETWORKS, Detector, Digits, Network, detector, digits, train
from weights_tables import (
    AFTER,
    DETECTOR,
    DETECTOR_MULTIPLIERS,
    KERNEL,
    KINDS,
    LIMITS,
    MULTIPLIERS,
    OWN,
    PLAN,
    RANDOM,
    RATES,
    SEQUENTIAL,
    SHARES,
    SHORT,
    Row,
    put_into,
    read,
    separable,
    tables,
    write,
)

from sepcost import compare
from sepcost.measured.fits import Fit
from sepcost.pytorch import distil, replace_convolutions
from sepcost.pytorch.replacing.data import Batches, lost
from sepcost.pytorch.replacing.replacing import copy_with_parts
from sepcost.pytorch.running.alone import fitted_alone
from sepcost.tasks.fitted_layers import FittedLayers, Kernel, Limit, LimitError, plan_of
from sepcost.timing.clock import alternating

PAGE = Path(__file__).with_name("README.md")
DISTILLED = 54
"""Steps of distillation on digits: as many as three epochs have."""
DETECTOR_STEPS, DETECTOR_RATE, CHOOSING = 40, 1e-3, 3
"""Of distillation, and how many batches of scenes layers are replaced alone on, to choose a plan."""
MENU = (
    *(f"separable:multiplier={m}" for m in MULTIPLIERS),
    *(f"blueprint:multiplier={m}" for m in (1, 2)),
    *(f"blueprint_subspace:ratio={ratio}" for ratio in (0.25, 0.5, 0.75)),
)
"""What a plan, and a uniform choice, may use."""
FOUND = 0.25
"""A place of the detector's output from this score on is a decision."""


class Small(NamedTuple):
    """A model with replaced layers, and how well each fits."""

    model: nn.Module
    fits: Mapping[str, Fit]


@cache
def original(network: Network, seed: int) -> tuple[nn.Sequential, Digits]:
    """The network, trained, with its data."""
    torch.manual_seed(seed)
    data, model = digits(seed), network.build()
    train(model, data, network.epochs, network.rate, seed)
    return model, data


def fitted(model: nn.Module, replacement: Any, names: Sequence[str] | None, data: Sequence[Tensor] | None) -> Small:
    """These layers replaced (None: those of the plan) and fitted: to their kernels, or one after the other on data."""
    replaced = copy_with_parts(model, replacement, include=names)
    return Small(replaced.model, replaced.fit(None if data is None else Batches(data, model)))


def on_own_inputs(model: nn.Sequential, replacement: str, names: Sequence[str], data: Sequence[Tensor]) -> Small:
    """Each layer, and the norm behind it, fitted on what reaches it in the original: none knows of the others."""
    whole, fits = deepcopy(model), dict[str, Fit]()
    for name in names:
        alone = fitted(model, replacement, [name], data)
        for place in (name, str(int(name) + 1)):
            whole.set_submodule(place, alone.model.get_submodule(place))
        fits |= alone.fits
    return Small(whole, fits)


def with_weights(weights: str, network: Network, seed: int, replacement: str) -> Small:
    """The network's inner convolutions replaced, with weights of this kind."""
    model, data = original(network, seed)
    if weights == RANDOM:
        torch.manual_seed(seed)
        return Small(replace_convolutions(model, replacement, include=network.replaced), {})
    if weights == OWN:
        return on_own_inputs(model, replacement, network.replaced, data.batches)
    return fitted(model, replacement, network.replaced, data.batches if weights == SEQUENTIAL else None)


def squares(model: nn.Module, names: Iterable[str]) -> dict[str, float]:
    return {name: float(_weight(model, name).double().square().sum()) for name in names}


def _weight(model: nn.Module, name: str) -> Tensor:
    return cast(Tensor, model.get_submodule(name).weight).detach()


def energy(model: nn.Module, fits: Mapping[str, Fit]) -> float:
    """Of all kernels together."""
    whole = squares(model, fits)
    return sum(fit.energy * whole[name] for name, fit in fits.items()) / sum(whole.values())


def costs(model: nn.Module, inputs: tuple[int, ...]) -> dict[str, float]:
    cost = compare(model, [], inputs=inputs, device="cpu").standard.cost
    return {"params": cost.params, "MACs": cost.macs}


def speed_up(model: nn.Module, small: nn.Module, inputs: Tensor, seconds: float) -> float:
    """Median seconds of the original, by those of the smaller one: one thread, in alternation."""

    def clock(run: Callable[[], object], runs: int) -> float:
        started = perf_counter()
        for _ in range(runs):
            run()
        return perf_counter() - started

    with torch.no_grad():
        before, after = alternating([partial(model, inputs), partial(small, inputs)], clock, min_time=seconds)
    return before.median / after.median


def part_digits(network: Network, seed: int, quick: bool) -> Iterator[Row]:
    """Part (a): each kind of weights at each multiplier, as it is, trained for a short time, and distilled."""
    model, data = original(network, seed)
    row = partial(Row, "digits", network.name, seed)
    yield row("", "", "accuracy", data.accuracy(model))
    for multiplier, weights in product(MULTIPLIERS[: 1 if quick else None], KINDS):
        small = with_weights(weights, network, seed, separable(multiplier))
        mine = partial(row, separable(multiplier), weights)
        yield mine("accuracy", data.accuracy(small.model))
        yield mine("network's loss", lost(model, small.model, Batches(data.held, model)))
        if small.fits:
            yield mine("energy", energy(model, small.fits))
        if weights in (OWN, SEQUENTIAL):
            yield mine("output error", mean(fit.output_error or 0 for fit in small.fits.values()))
        if weights == OWN:
            continue
        for rate in RATES[: 1 if quick else None]:
            trained = train(deepcopy(small.model), data, SHORT, rate, seed)
            yield mine(f"accuracy after {SHORT} epochs at {rate:g}", data.accuracy(trained))
        if weights == RANDOM and multiplier == 1 and not quick:
            trained = train(deepcopy(small.model), data, network.epochs, network.rate, seed)
            yield mine("accuracy after as many epochs", data.accuracy(trained))
        distil(small.model, model, data.batches, steps=DISTILLED, seed=seed)
        yield mine(f"accuracy{AFTER}", data.accuracy(small.model))


def part_thresholds(network: Network, seed: int, quick: bool) -> Iterator[Row]:
    """Part (b): one layer or all of them replaced, and what accuracy that loses."""
    model, data = original(network, seed)
    best = data.accuracy(model)
    groups = [[name] for name in network.replaced] + [list(network.replaced)]
    multipliers = MULTIPLIERS[: 1 if quick else None]
    for names, multiplier, weights in product(groups, multipliers, (KERNEL, SEQUENTIAL)):
        small = fitted(model, separable(multiplier), names, data.batches if weights == SEQUENTIAL else None)
        row = partial(Row, "thresholds", network.name, seed, f"{separable(multiplier)} of {' '.join(names)}", weights)
        errors = [fit.output_error for fit in small.fits.values()]
        if weights == KERNEL:
            errors = [layer_error(model, small.model, name, data.images) for name in names]
        yield row("energy", energy(model, small.fits))
        yield row("output error", mean(error or 0 for error in errors))
        yield row("network's loss", lost(model, small.model, Batches(data.images, model)))
        yield row("accuracy lost", best - data.accuracy(small.model))


def layer_error(model: nn.Module, small: nn.Module, name: str, images: Tensor) -> float:
    """The share of the variance of a layer's outputs that what replaces it misses, on the layer's own inputs."""
    before, place = cast(nn.Sequential, model), int(name)
    with torch.no_grad():
        given = before[:place](images)
        wanted = before[place](given)
        missed = small.get_submodule(name)(given) - wanted
        return float(missed.square().sum() / (wanted - wanted.mean((0, 2, 3), keepdim=True)).square().sum())


class Choices:
    """What each layer loses alone under each replacement of a menu, measured once; and plans made of it."""

    def __init__(
        self,
        model: nn.Module,
        names: Sequence[str],
        menu: Sequence[str],
        data: Sequence[Tensor],
        inputs: tuple[int, ...],
    ) -> None:
        replaced = {text: copy_with_parts(model, text, include=names) for text in menu}
        norms = squares(model, names)
        kernels = {name: Kernel(tuple(_weight(model, name).shape), norms[name]) for name in names}
        alone = list(fitted_alone(model, replaced, Batches(data, model)))
        self.layers = FittedLayers(compare(model, list(menu), inputs=inputs, device="cpu"), kernels, alone)

    def plan(self, most_macs: int) -> tuple[Any, float] | None:
        """The plan, and its summed loss; None where none has so few MACs."""
        try:
            choice = self.layers.choice(Limit("macs", "macs", most_macs))
        except LimitError:
            return None
        return plan_of(choice), choice.loss


def part_plan(network: Network, seed: int, quick: bool) -> Iterator[Row]:
    """Part (c): a plan against every uniform choice under the same limit: the first or the last few layers alike."""
    model, data = original(network, seed)
    names, menu, inputs = network.replaced, MENU[:2] if quick else MENU, tuple(data.images.shape[1:])
    choices = Choices(model, names, menu, data.batches, inputs)
    full = costs(fitted(model, separable(2), names, None).model, inputs)["MACs"]
    groups = {names[:many] for many in range(1, len(names) + 1)} | {names[-many:] for many in range(1, len(names))}
    prices = {key: costs(fitted(model, *key, None).model, inputs)["MACs"] for key in product(menu, sorted(groups))}
    uniform: dict[Any, dict[str, float]] = {}
    for share in SHARES:
        row = partial(Row, "plan", network.name, seed, f"{share:g}")
        for key, macs in prices.items():
            if macs <= share * full and key not in uniform:
                uniform[key] = _result(model, fitted(model, *key, data.batches).model, data)
        within = [found for key, found in uniform.items() if prices[key] <= share * full]
        yield row("uniform", "choices", len(within))
        if within:
            yield row("uniform", "accuracy", max(found["accuracy"] for found in within))
            yield row("uniform", "network's loss", min(found["network's loss"] for found in within))
        if planned := choices.plan(int(share * full)):
            small = fitted(model, planned[0], None, data.batches).model
            for measure, value in {
                **_result(model, small, data),
                **costs(small, inputs),
                "limit": share * full,
            }.items():
                yield row("plan", measure, value)


def _result(model: nn.Module, small: nn.Module, data: Digits) -> dict[str, float]:
    """On what is held out."""
    return {"accuracy": data.accuracy(small), "network's loss": lost(model, small, Batches(data.held, model))}


def part_detector(multiplier: int, quick: bool) -> Iterator[Row]:
    """Part (d): the detector at a multiplier, fitted and distilled."""
    found = detector()
    model, names, text = found.model, found.replaced, separable(multiplier)
    row, scenes = partial(Row, "detector", DETECTOR, 0, text), found.fitting[: 2 if quick else None]
    if multiplier == 1:
        torch.manual_seed(0)
        small = replace_convolutions(model, text, include=names)
        yield from detected(found, small, partial(row, RANDOM), quick)
    for weights, data in ((KERNEL, None), (SEQUENTIAL, scenes)):
        mine = fitted(model, text, names, data)
        yield row(weights, "energy", energy(model, mine.fits))
        if data is not None:
            yield row(weights, "output error", mean(fit.output_error or 0 for fit in mine.fits.values()))
        yield from detected(found, mine.model, partial(row, weights), quick, data is not None)


def part_detector_plans(quick: bool) -> Iterator[Row]:
    """Part (d): plans for the detector, under half of its MACs and under those of m = 2 throughout."""
    found = detector()
    model, names, scenes = found.model, found.replaced, found.fitting[: 2 if quick else None]
    inputs, menu = tuple(scenes[0].shape[1:]), [separable(m) for m in DETECTOR_MULTIPLIERS[: 1 if quick else None]]
    choices = Choices(model, names, menu, scenes[:CHOOSING], inputs)
    uniform = costs(fitted(model, separable(2), names, None).model, inputs)["MACs"]
    for said, limit in zip(LIMITS, (costs(model, inputs)["MACs"] / 2, uniform)):
        if planned := choices.plan(int(limit)):
            row = partial(Row, "detector plans", DETECTOR, 0, said, PLAN)
            small = fitted(model, planned[0], None, scenes).model
            yield row("summed loss", planned[1])
            for measure, value in costs(small, inputs).items():
                yield row(measure, value)
            yield from detected(found, small, row, quick)


def outputs(model: nn.Module, scenes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The logits of all places in all scenes, and their scores: the chance that something is there, and a character."""
    with torch.no_grad():
        logits = torch.cat([model(batch) for batch in scenes]).flatten(0, 1)
    return logits, logits[:, 4].sigmoid() * logits[:, 5].sigmoid()


def detected(
    found: Detector, small: nn.Module, row: Callable[[str, float], Row], quick: bool, distilled: bool = True
) -> Iterator[Row]:
    """How far its outputs and decisions on held-out scenes agree with the original's; then again, once distilled."""
    wanted, wanted_scores = outputs(found.model, found.held)
    for when in ("", AFTER) if distilled else ("",):
        if when:
            steps = 2 if quick else DETECTOR_STEPS
            distil(small, found.model, found.fitting, steps=steps, learning_rate=DETECTOR_RATE)
        given, scores = outputs(small, found.held)
        yield row(f"network's loss{when}", lost(found.model, small, Batches(found.held, found.model)))
        for name, column in (("there", 4), ("class", 5)):
            both = torch.stack([wanted[:, column], given[:, column]])
            yield row(f"correlation of {name} logits{when}", float(torch.corrcoef(both)[0, 1]))
        ours, theirs = scores >= FOUND, wanted_scores >= FOUND
        yield row(f"IoU of decisions{when}", float((ours & theirs).sum() / (ours | theirs).sum()))


def part_speed(quick: bool) -> Iterator[Row]:
    """What replaced networks cost, and how much faster they are, on a batch of digits or on one scene."""
    subjects: list[tuple[str, nn.Module, Sequence[str], Tensor]] = []
    for network in NETWORKS.values():
        trained, data = original(network, 0)
        subjects.append((network.name, trained, network.replaced, data.images[:BATCH]))
    found = detector()
    subjects.append((DETECTOR, found.model, found.replaced, found.held[0][:1]))
    for (name, model, names, inputs), multiplier in product(subjects, (0, *DETECTOR_MULTIPLIERS)):
        small = fitted(model, separable(multiplier), names, None).model if multiplier else model
        row = partial(Row, "speed", name, 0, separable(multiplier) if multiplier else "", "")
        for measure, value in costs(small, tuple(inputs.shape[1:])).items():
            yield row(measure, value)
        if multiplier:
            yield row("speed-up", speed_up(model, small, inputs, 0.2 if quick else 2))


PARTS: Mapping[str, Callable[..., Iterator[Row]]] = {
    "speed": part_speed,
    "digits": part_digits,
    "plan": part_plan,
    "thresholds": part_thresholds,
    "detector": part_detector,
    "detector plans": part_detector_plans,
}
SEEDS_OF = {"thresholds": 2}
"""Of a part with many points a seed, the first few seeds are enough."""


def jobs_of(part: str, seeds: Sequence[int]) -> list[tuple[Any, ...]]:
    """What the function of a part is called with, besides ``quick``: a job each."""
    if part in ("digits", "plan", "thresholds"):
        return [(network, seed) for seed in seeds[: SEEDS_OF.get(part)] for network in NETWORKS.values()]
    return [(multiplier,) for multiplier in DETECTOR_MULTIPLIERS] if part == "detector" else [()]


def job(part: str, arguments: Sequence[Any], quick: bool) -> list[Row]:
    """The rows of one part for one network, seed or multiplier; in a process of its own."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    started = monotonic()
    rows = list(PARTS[part](*arguments, quick))
    print(part, *arguments[1:] or arguments, f"{monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return rows


def measure(asked: Namespace) -> Iterator[list[Row]]:
    """The rows of the parts that were asked for: what is timed comes first, alone."""
    if "speed" in asked.parts:
        yield job("speed", (), asked.quick)
    parts = [part for part in asked.parts if part != "speed"]
    jobs = [(part, each) for part in parts for each in jobs_of(part, asked.seeds[: 1 if asked.quick else None])]
    with ProcessPoolExecutor(asked.processes) as pool:
        for rows in [pool.submit(job, *each, asked.quick) for each in jobs]:
            yield rows.result()


def main(asked: Namespace) -> None:
    """Measure what was asked for, put it into the file as it comes, and print the tables of all that is in it."""
    started = monotonic()
    rows = read(asked.file) if asked.file.exists() else []
    rows = [row for row in rows if row.part not in asked.parts or row.seed not in asked.seeds]
    for found in measure(asked):
        rows += found
        write(asked.file, rows)
    texts = tables(rows)
    print("\n".join(texts))
    if asked.write:
        PAGE.write_text(put_into(PAGE.read_text(encoding="utf-8"), texts), encoding="utf-8")
    print(f"{monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=range(5))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one seed, one multiplier, few steps: does it run?")
    parser.add_argument("--write", action="store_true", help="put the tables into README.md, too")
    main(parser.parse_args())

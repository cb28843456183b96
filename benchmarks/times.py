"""How well predicted times agree with measured ones, on layers of real networks that no grid has seen.

    python benchmarks/times.py results.json --networks            # the usual setup: about 15 minutes
    python benchmarks/times.py results.json --threads=2           # another one; also --memory-format, --batch, --dtype
    python benchmarks/times.py results.json --runtime=onnxruntime

Measured are all different 2-D convolutions with K > 1 of the networks in ``configs/``, which ``separable`` replaces: as
they are, as separable convolution, depthwise and pointwise alone, twice, with the learning between. The file gets every
shape, good or bad, and so does a CSV beside it; what is printed sums it up. Nothing else should run meanwhile.
"""

from __future__ import annotations

import csv
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from sepcost import Conv, Network, load
from sepcost.blocks.blocks import separable
from sepcost.layers import Layer
from sepcost.targets.fitting import learned
from sepcost.targets.prediction import predicted, total
from sepcost.targets.profile import Profile
from sepcost.targets.work import is_timed
from sepcost.tasks.learning import Best, measured_points
from sepcost.text.arguments import times
from sepcost.timing.onnx_runtime import OnnxRuntime
from sepcost.timing.runtime import Runtime
from sepcost.timing.torch_runtime import TorchRuntime

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))
SAMPLED, SAMPLED_MACS = 100, 60e6
"""Networks of a search, and about how many MACs each has."""
FACTS = ("input_size", "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation")
Layers = tuple[Layer, ...]


def bare(layer: Any) -> Layer:
    """As it is timed: without bias, norm and activation."""
    as_timed: Layer = replace(
        layer, bias=False, **({"norm": "none", "activation": "none"} if isinstance(layer, Conv) else {})
    )
    return as_timed


def shapes(networks: Iterable[Network]) -> dict[Conv, str]:
    """The different convolutions that are replaced, and a network that has each."""
    found: dict[Conv, str] = {}
    for network in networks:
        for node in network:
            conv = node.layer
            if isinstance(conv, Conv) and _is_meant(conv):
                found.setdefault(replace(conv, bias=False, norm="none", activation="none"), network.name)
    return found


def _is_meant(conv: Conv) -> bool:
    return len(conv.kernel_size) == 2 and not conv.is_pointwise and conv.groups == 1 and not conv.transposed


def variants(conv: Conv) -> list[Layers]:
    """Standard, separable, depthwise, pointwise."""
    depthwise, pointwise = (part for _, part in separable(conv))
    return [(conv,), (depthwise, pointwise), (depthwise,), (pointwise,)]


def measure(runtime: Runtime, sequences: Sequence[Layers], passes: int) -> Best:
    """The best times of these passes over all sequences."""
    best = Best(runtime)
    for number in range(passes):
        started = monotonic()
        for layers in sequences:
            best.measure(*layers)
        print(f"  pass {number + 1} of {passes}: {monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return best


def learn(runtime: Runtime, minutes: float, seed: int) -> Profile:
    """A profile, as ``sepcost target learn`` makes it."""
    points = measured_points(runtime, lambda known: learned("", runtime.setup, known), minutes, seed)
    return learned("", runtime.setup, points)


def seconds(profile: Profile, layers: Layers) -> tuple[float, float] | None:
    """The predicted seconds of layers that follow each other, and the upper end of their interval as a factor."""
    times = [time for time in predicted(profile, layers) if time]
    if len(times) < len(layers):
        return None
    whole = total((time, 1) for time in times)
    return whole.value, whole.high / whole.value


def off(predicted_: Any, measured: Any) -> Any:
    """The relative errors."""
    return np.abs(np.asarray(predicted_) / np.asarray(measured) - 1)


def summary(rows: Sequence[Mapping[str, Any]], profile: Profile) -> dict[str, Any]:
    """What is asked of a profile, on the shapes."""
    column = {name: np.array([row[name] for row in rows]) for name in rows[0] if name not in ("network", "conv")}
    pred, true, again = column["predicted"], column["measured"], column["again"]
    ratio, ratio_again = (each[:, 0] / each[:, 1] for each in (true, again))
    speedup = pred[:, 0] / pred[:, 1]
    clear = np.abs(ratio - 1) > 0.05
    factor = np.maximum(speedup / ratio, ratio / speedup)
    held = np.abs(np.log(pred / true)) < np.log(column["high"])
    flops = column["reduction"]
    return {
        "shapes": len(rows),
        "points": len(profile.points),
        "speed-up, median error": np.median(off(speedup, ratio)),
        "within 1.5 ×": np.mean(factor < 1.5),
        "faster or slower right (outside of ±5 %)": np.mean(((speedup > 1) == (ratio > 1))[clear]),
        "standard, separable, depthwise, pointwise, median errors": np.median(off(pred, true), axis=0).tolist(),
        "80 % interval holds": held.mean(axis=0).tolist(),
        "reduction of MACs as speed-up, median error": np.median(off(flops, ratio)),
        "reduction of MACs within 1.5 ×": np.mean(np.maximum(flops / ratio, ratio / flops) < 1.5),
        "measuring twice, speed-up": np.median(off(ratio_again, ratio)),
        "measuring twice, each": np.median(off(again, true), axis=0).tolist(),
        "measuring twice, other verdicts (outside of ±5 %)": int(((ratio_again > 1) != (ratio > 1))[clear].sum()),
    }


def rows_of(found: Mapping[Conv, str], profile: Profile, first: Best, second: Best) -> Iterator[dict[str, Any]]:
    """Everything of each shape: standard, separable, depthwise, pointwise."""
    for conv, network in found.items():
        sequences = variants(conv)
        if not all(each in first and each in second for each in sequences):
            continue
        times = [seconds(profile, each) for each in sequences]
        if None in times:
            continue
        macs = [sum(layer.cost.macs for layer in each) for each in sequences]
        yield {
            "network": network,
            "conv": {name: getattr(conv, name) for name in FACTS},
            "reduction": macs[0] / macs[1],
            "predicted": [time[0] for time in times if time],
            "high": [time[1] for time in times if time],
            "measured": [first[each] for each in sequences],
            "again": [second[each] for each in sequences],
        }  # fmt: skip


def sums(networks: Sequence[Network], profile: Profile, best: Best) -> list[dict[str, Any]]:
    """Of each network that the target knows: its layers measured one by one, and predicted."""
    found = []
    for network in networks:
        layers = [(bare(node.layer),) for node in network if is_timed(node.layer)]
        times = [seconds(profile, each) for each in layers]
        if all(each in best for each in layers) and None not in times:
            found.append({
                "network": network.name,
                "layers": len(layers),
                "predicted": sum(time[0] for time in times if time),
                "measured": sum(best[each] for each in layers),
            })  # fmt: skip
    return found


def sampled(random: Random) -> Layers:
    """A chain of standard and separable convolutions of about SAMPLED_MACS, as a search might try it."""
    while True:
        layers: list[Layer] = []
        size, channels, share = random.choice((32, 64, 128)), 3, random.choice((0.0, 0.3, 0.7, 1.0))
        for stage in range(5):
            width = random.choice((8, 16, 24, 32, 48, 64, 96)) * (1 + stage)
            for number in range(random.choice((1, 1, 2, 3))):
                kernel = random.choice((3, 3, 5))
                conv = Conv((size, size), channels, width, kernel, stride=2 if stage and not number else 1)
                parts = [part for _, part in separable(conv)] if channels > 3 and random.random() < share else [conv]
                layers += parts
                size, channels = conv.output_size[0], width
        if abs(sum(layer.cost.macs for layer in layers) / SAMPLED_MACS - 1) < 0.1:
            return tuple(layers)


def among_networks(networks: Sequence[Network], profile: Profile, runtime: Runtime, passes: int) -> dict[str, Any]:
    """Sums of layers of real networks, and the order of those that a search might try."""
    every = dict.fromkeys((bare(node.layer),) for network in networks for node in network if is_timed(node.layer))
    known = sums(networks, profile, measure(runtime, list(every), passes))
    random = Random(0)
    tried = [sampled(random) for _ in range(SAMPLED)]
    best, again = (measure(runtime, tried, passes) for _ in range(2))
    known_times = [time[0] for time in (seconds(profile, each) for each in tried) if time]
    measured = [best[each] for each in tried]
    macs = [sum(layer.cost.macs for layer in each) for each in tried]
    return {
        "networks": known,
        "networks, median error": np.median([off(each["predicted"], each["measured"]) for each in known]),
        "Kendall's τ of predicted times": kendalltau(known_times, measured).statistic,
        "Kendall's τ of MACs": kendalltau(macs, measured).statistic,
        "Kendall's τ of measuring twice": kendalltau([again[each] for each in tried], measured).statistic,
        "sampled": {"predicted": known_times, "measured": measured, "macs": macs},
    }


def main(asked: Namespace) -> None:
    """Measure, learn, measure again; print and write."""
    options = {"threads": asked.threads, "batch": asked.batch, "dtype": asked.dtype}
    runtime: Runtime = (
        OnnxRuntime(**options)
        if asked.runtime == "onnxruntime"
        else TorchRuntime(**options, memory_format=asked.memory_format)
    )
    networks = [load(path) for path in CONFIGS]
    found = shapes(networks)
    sequences = list(dict.fromkeys(each for conv in found for each in variants(conv)))
    print(f"{runtime.setup.title}: {len(found)} shapes", file=sys.stderr)
    first = measure(runtime, sequences, asked.passes)
    profiles = [learn(runtime, asked.minutes, seed) for seed in range(asked.seeds)]
    second = measure(runtime, sequences, asked.passes)
    rows = [list(rows_of(found, each, first, second)) for each in profiles]
    faster = np.array([[row["predicted"][0] > row["predicted"][1] for row in of] for of in rows])
    result = {
        "title": runtime.setup.title,
        "minutes": asked.minutes,
        "passes": asked.passes,
        "profiles": [summary(of, each) for of, each in zip(rows, profiles)],
        "other verdicts between profiles": int((faster != faster[0]).any(axis=0).sum()),
        **(among_networks(networks, profiles[0], runtime, asked.passes) if asked.networks else {}),
    }
    print(json.dumps({name: value for name, value in result.items() if name != "sampled"}, indent=1, default=float))
    text = json.dumps({**result, "rows": rows[0]}, indent=1, default=float)
    Path(asked.output).write_text(text, encoding="utf-8")
    write_shapes(rows[0], Path(asked.output).with_suffix(".csv"))


def write_shapes(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Every shape, with microseconds: predicted, measured, and measured again."""
    names = ("standard", "separable", "depthwise", "pointwise")
    columns = ("predicted", "measured", "again")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("network", *FACTS, "reduction", *(f"{name} {column}" for column in columns for name in names)))
        for row in rows:
            facts = [times(value) if isinstance(value, tuple) else value for value in row["conv"].values()]
            taken = [f"{1e6 * value:.4g}" for column in columns for value in row[column]]
            writer.writerow((row["network"], *facts, f"{row['reduction']:.3f}", *taken))


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("output")
    for name, usual_value in (("minutes", 2.0), ("passes", 7), ("seeds", 3), ("threads", 1), ("batch", 1)):
        parser.add_argument(f"--{name}", type=type(usual_value), default=usual_value)
    for name, text in (("dtype", "float32"), ("memory-format", "contiguous"), ("runtime", "torch")):
        parser.add_argument(f"--{name}", default=text)
    parser.add_argument("--networks", action="store_true", help="sums of networks, and the order of sampled ones, too")
    main(parser.parse_args())

"""Whether replaced models learn: the variance at each depth of a deep network without norms, and its accuracy."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from typing import cast

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sepcost.blocks.replacements import REPLACEMENTS
from sepcost.pytorch import replace_convolutions
from tests.pytorch.learning import accuracy_after_training, seeded, variances, without_norms

SEEDS = range(20)
OPTIONS = (
    "separable:multiplier=4",
    "blueprint_subspace:ratio=0.5",
    "grouped:groups=1,pointwise=true",
    "bottleneck:ratio=8",
    "inverted:expansion=1",
    "separable:inner_activation=relu",
    "separable:inner_activation=relu,inner_norm=true",
)


def main(texts: list[str]) -> None:
    """A row for the network as it is, and one for each replacement."""
    nets = [seeded(seed, without_norms) for seed in SEEDS]
    usual = [median(each) for each in zip(*(variances(net, inputs) for net, inputs in nets))]
    print("original: variance", *(f"{value:.2f}" for value in usual))
    print("original: least accuracy", min(accuracy_after_training(net) for net, _ in nets))
    for text in texts:
        found, accuracies = [], []
        for seed in SEEDS:
            net, inputs = seeded(seed, without_norms)
            replaced = replace_convolutions(net, text)
            found.append(variances(cast(nn.Sequential, replaced), inputs))
            accuracies.append(accuracy_after_training(replaced))
        ratios = [median(each) / before for each, before in zip(zip(*found), usual)]
        print(f"{text}: variance ×", *(f"{ratio:.2f}" for ratio in ratios), end="; ", flush=True)
        print(f"least accuracy {min(accuracies)}, of 1.0: {accuracies.count(1.0)} of {len(accuracies)}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1:] or [*REPLACEMENTS, *OPTIONS])

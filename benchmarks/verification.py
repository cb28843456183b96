"""Verifying layers with torch, against the bare work: the same modules, run once each under FlopCounterMode."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from turns import in_turns

from sepcost import Comparison, Conv, Network, load
from sepcost.blocks.blocks import separable
from sepcost.blocks.replacements import Replacement
from sepcost.judge.witness import verify
from sepcost.layers import Layer
from sepcost.pytorch import TorchWitness, build

CONFIGS = Path(__file__).parent.parent / "configs"
SEPARABLE = [Replacement.parse("separable")]
LAYERS = 1_000


def distinct() -> list[Conv]:
    """A thousand convolutions: no two of them alike, nor any of their parts."""
    return [Conv((8 + n, 8 + n), 8 + n % 64, 16 + n % 96, (3, 5, 7)[n % 3]) for n in range(LAYERS)]


def verified(networks: Sequence[Network], replacements: Sequence[Replacement]) -> float:
    """Compare and verify, with a witness that remembers nothing yet."""
    start = time.perf_counter()
    witness = TorchWitness()
    for network in networks:
        verification = verify(Comparison.of(network, replacements), witness)
        assert not verification.mismatches
        assert not verification.unverified
    return time.perf_counter() - start


def by_hand(convs: Iterable[Conv]) -> float:
    """The three modules of each, as one would write them down, and one forward pass each."""
    start = time.perf_counter()
    for conv in convs:
        size, c, o, (k, _) = conv.input_size, conv.in_channels, conv.out_channels, conv.kernel_size
        counted(nn.Conv2d(c, o, k, padding=k // 2, bias=False, device="meta"), c, *size)
        counted(nn.Conv2d(c, c, k, padding=k // 2, groups=c, bias=False, device="meta"), c, *size)
        counted(nn.Conv2d(c, o, 1, bias=False, device="meta"), c, *size)
    return time.perf_counter() - start


def counted(module: nn.Module, *shape: int) -> tuple[int, int]:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(torch.empty(1, *shape, device="meta"))
    return sum(parameter.numel() for parameter in module.parameters()), counter.get_total_flops()


def passes(layers: Iterable[Layer]) -> float:
    """The modules of these layers, built for them, and one forward pass each; of pools and flattenings, nothing."""
    start = time.perf_counter()
    for layer in layers:
        if layer.type in ("conv", "linear"):
            counted(build(layer, device="meta"), *layer.input_shape)  # type: ignore[arg-type]
    return time.perf_counter() - start


def measured(what: str, subject: Callable[[], float], floor: Callable[[], float]) -> None:
    subject(), floor()
    print(f"{what}:", in_turns(7, subject, floor))


def main() -> None:
    warnings.filterwarnings("ignore", "Failed to initialize NumPy")
    convs = distinct()
    parts = [part for conv in convs for _, part in separable(conv)]
    assert len({*convs, *parts}) == 3 * LAYERS
    ones = [Network.of(conv) for conv in convs]
    measured(
        f"{LAYERS:,} layers and their separable / nn.Conv2d under FlopCounterMode",
        partial(verified, ones, SEPARABLE),
        partial(by_hand, convs),
    )
    networks = [load(path) for path in sorted(CONFIGS.glob("*.yaml"))]
    everything = [
        layer
        for network in networks
        for compared in Comparison.of(network).layers
        for layer in (compared.layer, *(part.layer for each in compared.variants.values() for part in each.parts))
    ]
    print(f"{len(networks)} networks: {len(everything)} layers and parts, {len(set(everything))} different ones")
    floor = partial(passes, everything)
    measured("  / each of them under FlopCounterMode", partial(verified, networks, ()), floor)
    floor = partial(passes, list(dict.fromkeys(everything)))
    measured("  / each different one under FlopCounterMode", partial(verified, networks, ()), floor)


if __name__ == "__main__":
    main()

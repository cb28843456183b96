"""Layers to learn a target from: random ones, as real networks have them, or around given ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, gcd, log
from random import Random
from typing import Any

from sepcost.errors import SepcostError
from sepcost.layers import Conv, Layer, Linear
from sepcost.targets.work import DEPTHWISE, GROUPED, LINEAR, POINTWISE, STANDARD, kind_of

ROUND = (
    STANDARD, DEPTHWISE, POINTWISE, STANDARD, DEPTHWISE, POINTWISE, STANDARD, GROUPED, POINTWISE, STANDARD, LINEAR,
)  # fmt: skip
"""The kinds in turn, so that the first layers of a grid are a grid too."""
SIZES = (
    7, 14, 28, 56, 112, 224, 8, 16, 32, 64, 128, 13, 26, 52, 104, 10, 20, 40, 80, 160, 19, 38, 75, 17, 35, 73, 147, 4,
)  # fmt: skip
"""Maps of networks on 224, 256, 416, 320, 300 and 299 pixels."""
KERNELS = (3,) * 10 + (5,) * 4 + (7,) * 2 + (2, 4)
MULTIPLES = (1, 2, 4, 8, 8, 16, 16, 32, 32, 64)
"""What channel counts are multiples of."""
LARGEST, HEAVY = 25e6, 5e8
"""Elements of all maps at most; MACs above which every other layer is left out, since it takes long."""
AROUND = 4
"""With given layers, every fourth one is random all the same, so that other layers are known too."""
TRIES = 200
"""Draws in a row that are known already, or too large: after these, there are no more layers."""


def random_layers(count: int, seed: int = 0, like: Sequence[Layer] = (), max_macs: float = 4e9) -> list[Layer]:
    """Different layers, of all kinds; the same for the same seed.

    >>> layers = random_layers(200, seed=1, max_macs=5e7)
    >>> len(set(layers)), max(layer.cost.macs for layer in layers) <= 5e7
    (200, True)

    ``like`` are layers; all but every fourth is drawn around one of them, whose kind comes first: with other channels
    and on other maps, as long as there are any. Raises SepcostError where there are fewer layers.
    """
    random = Random(seed)  # noqa: S311 (no secret)
    known: dict[str, list[Conv | Linear]] = {}
    for each in like:
        if isinstance(each, (Conv, Linear)):
            known.setdefault(kind_of(each), []).append(each)
    found, tries = dict[Layer, None](), 0
    while len(found) < count and tries < TRIES:
        around, kind = known and len(found) % AROUND and tries < TRIES / 2, ROUND[len(found) % len(ROUND)]
        own = random.choice(known[random.choice([*known])]) if around else None
        layer = _around(random, own) if own else _drawn(random, kind, tries % (TRIES // 2))
        tries += 1
        if layer is not None and layer not in found and _is_fit(layer, max_macs) and _is_light(layer, random):
            found[layer], tries = None, 0
    if len(found) < count:
        raise SepcostError(f"there are only {len(found)} such layers of at most {max_macs:,.0f} MACs, not {count}")
    return list(found)


def _is_fit(layer: Layer, max_macs: float) -> bool:
    return 0 < layer.cost.macs <= max_macs and layer.cost.touched <= LARGEST


def _is_light(layer: Layer, random: Random) -> bool:
    return layer.cost.macs < HEAVY or random.random() < 0.5


def _between(random: Random, low: float, high: float) -> float:
    """Uniform on a scale of logarithms."""
    return exp(random.uniform(log(low), log(high)))


def _channels(random: Random, low: float, high: float) -> int:
    multiple = random.choice(MULTIPLES)
    return max(1, round(_between(random, low, high) / multiple)) * multiple


def _drawn(random: Random, kind: str, tries: int) -> Layer | None:
    """A layer of this kind; the more were too large, the smaller."""
    if kind == LINEAR:
        return Linear(_channels(random, 16, 25088), _channels(random, 2, 4096))
    shrink = 0.97**tries
    size = round(random.choice(SIZES) * shrink) if random.random() < 0.6 else round(_between(random, 4, 224 * shrink))
    size, kernel, stride = max(size, 4), random.choice(KERNELS), random.choice((1, 1, 1, 2))
    most = max(32.0, min(2048.0, 1e7 / size**2) * shrink)
    inputs, outputs = _channels(random, 3, most), _channels(random, 3, most)
    dilation = random.choice((2, 4)) if kernel == 3 and stride == 1 and random.random() < 0.05 else 1
    if kind in (DEPTHWISE, POINTWISE) and random.random() < 0.1:  # what replaces a stem
        size, inputs = random.randint(32, 320), random.choice((1, 2, 3, 3, 3, 3, 4))
        outputs = _channels(random, 4, 96)
    if kind == DEPTHWISE:
        return _conv(size, inputs, inputs, kernel, stride, dilation, inputs) if inputs > 1 else None
    if kind == GROUPED:
        groups = random.choice((2, 2, 4, 8, 16, 32, 64))
        inputs, outputs = (max(1, round(each / groups)) * groups for each in (inputs, outputs))
        return _conv(size, inputs, outputs, kernel, stride, dilation, groups) if inputs > groups else None
    if kind == POINTWISE:
        return _conv(size, inputs, outputs, 1, random.choice((1,) * 14 + (2,)))
    special = random.random()
    if special < 0.15:  # a stem
        inputs, outputs = random.choice((1, 3, 3, 3, 3, random.randint(1, 8))), _channels(random, 4, 96)
        size = random.randint(24, 320)
        kernel, stride = random.choice(((kernel, stride), (3, 1), (3, 2), (3, 2), (7, 2), (11, 4), (4, 4)))
    elif special < 0.26:  # weights that are larger than a cache
        size, kernel = random.choice((4, 7, 8, 10, 13, 14, 16, 19, 20)), random.choice((3, 3, 3, 5))
        inputs, outputs = _channels(random, 128, 2048), _channels(random, 128, 2048)
    elif special < 0.32:  # few channels on a small map
        size, inputs, outputs = random.randint(4, 32), _channels(random, 1, 32), _channels(random, 1, 128)
    return _conv(size, inputs, outputs, kernel, stride, dilation)


def _conv(size: int, inputs: int, outputs: int, kernel: int, stride: int, dilation: int = 1, groups: int = 1) -> Conv:
    return Conv((size, size), inputs, outputs, kernel, stride=stride, dilation=dilation, groups=groups)


def _around(random: Random, layer: Conv | Linear) -> Layer | None:
    """A layer of the same kind: each of its numbers of channels, and its map, about as large or as it is."""

    def moved(number: int, step: int = 1) -> int:
        factor = random.choice((1.0, _between(random, 0.6, 1.7)))
        return max(1, round(number * factor / step)) * step

    if isinstance(layer, Linear):
        return Linear(moved(layer.in_features), moved(layer.out_features))
    factor = random.choice((1.0, _between(random, 0.7, 1.4)))
    inputs, outputs, groups = layer.in_channels, layer.out_channels, layer.groups
    if layer.is_depthwise:
        groups = moved(inputs, gcd(inputs, 32))
        inputs, outputs = groups, outputs // inputs * groups
    else:
        inputs, outputs = (moved(each, max(groups, gcd(each, 32 * groups))) for each in (inputs, outputs))
    size = tuple(max(1, round(each * factor)) for each in layer.input_size)
    numbers: dict[str, Any] = {"input_size": size, "in_channels": inputs, "out_channels": outputs, "groups": groups}
    try:
        return replace(layer, **numbers, bias=False, norm="none", activation="none")
    except SepcostError:  # its kernel is larger than that map
        return None

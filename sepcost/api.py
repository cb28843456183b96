"""The two functions that most people need: load a network, compare what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING

from sepcost.arguments import Extent
from sepcost.cost import Convention
from sepcost.layers import Conv
from sepcost.network import Network
from sepcost.replacements import Replacement
from sepcost.scaling import Factor, scale

if TYPE_CHECKING:
    from sepcost.report.result import Result


def load(
    path: str | PathLike[str],
    *,
    alpha: Factor = 1,
    rho: Factor = 1,
    resolution: Extent | int | None = None,
) -> Network:
    """The network that a YAML file describes, scaled by a width and a resolution multiplier if given.

    >>> net = load("configs/mobilenet_v1.yaml", alpha="0.5")
    >>> net.name, len(net)
    ('MobileNet v1', 16)

    ``alpha`` and ``rho`` are read as exact decimals; ``resolution`` is the input's size in pixels. A file with
    several documents holds several networks: use ``sepcost.config.load_all`` for those. Raises ConfigError with
    every problem of the file; NetworkError where the scaled layers do not fit together.
    """
    from sepcost.config import load_one  # reading YAML needs libraries that counting does not

    return scale(load_one(path), alpha=alpha, rho=rho, resolution=resolution)


def compare(
    source: Conv | Network | str | PathLike[str],
    replacements: str | Sequence[str | Replacement] | None = None,
    *,
    flops_per_mac: int = 1,
    batch: int = 1,
    dtype: str = "float32",
    verify: bool = False,
) -> Result:
    """What a convolution, a network or a file costs, and what it would cost with its convolutions replaced.

    >>> result = compare(Conv((112, 112), in_channels=32, out_channels=64, kernel_size=3))
    >>> result.standard.cost.macs, result.totals["separable"].cost.macs
    (231211008, 29302784)
    >>> two = compare(load("configs/mobilenet_v1.yaml"), ["separable", "blueprint"])
    >>> f"{two.totals['separable'].cost.macs:,}"
    '568,740,352'

    ``replacements`` are what ``-r`` takes, such as ``"separable:multiplier=2"``; without them the network's own,
    or ``separable``. Counts are per sample, in MACs and exact; ``batch`` and ``dtype`` (float32, float16,
    bfloat16, int8) say how bytes are counted. With ``verify`` torch counts again, and the result's ``verified`` says
    what it confirms. The result shows itself as a table in a terminal and in a notebook. Raises ReplacementError for
    an unknown replacement, MissingTorchError where there is no torch to verify with.
    """
    from sepcost.report.result import Result

    if isinstance(source, (str, PathLike)):
        source = load(source)
    network = source if isinstance(source, Network) else Network.of(source)
    texts = [replacements] if isinstance(replacements, str) else replacements
    chosen = None if texts is None else [Replacement.parse(item) if isinstance(item, str) else item for item in texts]
    result = Result.of(network, chosen, Convention(flops_per_mac, batch, dtype))
    if not verify:
        return result
    from sepcost.proof import verify as proved
    from sepcost.pytorch import TorchWitness

    return replace(result, verified=proved(result, TorchWitness()))

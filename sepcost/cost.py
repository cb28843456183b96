"""Cost: what a layer costs, in exact integers that add up; Convention: how people want it counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sepcost.errors import ConventionError

BYTES_PER_ELEMENT: Mapping[str, int] = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}

COUNTS = ("params", "macs", "flops", "activations", "weight_bytes", "activation_bytes", "traffic_bytes")
"""The figures that are exact, and whose sum over the layers is the network's."""


@dataclass(frozen=True, slots=True)
class Convention:
    """What a count is multiplied by: FLOPs per MAC, samples in a batch, bytes per element.

    >>> Convention(batch=8, dtype="float16").bytes_per_element
    2
    """

    flops_per_mac: int = 1
    batch: int = 1
    dtype: str = "float32"
    bytes_per_element: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if type(self.flops_per_mac) is not int or self.flops_per_mac not in (1, 2):
            raise ConventionError("flops_per_mac", f"must be 1 or 2, got {self.flops_per_mac}")
        if type(self.batch) is not int or self.batch < 1:
            raise ConventionError("batch", f"must be a whole number from 1, got {self.batch!r}")
        if not isinstance(self.dtype, str) or self.dtype not in BYTES_PER_ELEMENT:
            raise ConventionError("dtype", f"must be one of {', '.join(BYTES_PER_ELEMENT)}, got {self.dtype}")
        object.__setattr__(self, "bytes_per_element", BYTES_PER_ELEMENT[self.dtype])

    @property
    def flops_equation(self) -> str:
        """The header of a column of FLOPs.

        >>> Convention(flops_per_mac=2).flops_equation
        'FLOPs = 2×MACs'
        """
        return "FLOPs = MACs" if self.flops_per_mac == 1 else f"FLOPs = {self.flops_per_mac}×MACs"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a layer costs: exact integers, per sample, and costs add up.

    ``params`` are learnable; ``activations`` the output elements of convolutions and linear layers;
    ``touched`` the elements of every map read or written at least once (pools too).

    >>> Cost(params=288, macs=3_612_672) + Cost(params=2048, macs=25_690_112)
    Cost(params=2336, macs=29302784, activations=0, touched=0)
    """

    params: int = 0
    macs: int = 0
    activations: int = 0
    touched: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.params + other.params,
            self.macs + other.macs,
            self.activations + other.activations,
            self.touched + other.touched,
        )

    def repeated(self, times: int, *, shared: bool = False) -> Cost:
        """What it costs to run so many times on each sample: params count once, and not at all if ``shared``.

        >>> Cost(params=10, macs=100).repeated(3), Cost(params=10, macs=100).repeated(1, shared=True)
        (Cost(params=10, macs=300, activations=0, touched=0), Cost(params=0, macs=100, activations=0, touched=0))
        """
        params = 0 if shared else self.params
        return Cost(params, self.macs * times, self.activations * times, self.touched * times)

    def weight_bytes(self, convention: Convention) -> int:
        return self.params * convention.bytes_per_element

    def activation_bytes(self, convention: Convention) -> int:
        return self.activations * convention.batch * convention.bytes_per_element

    def traffic_bytes(self, convention: Convention) -> int:
        """Bytes read and written at least once: the maps of the whole batch, and the weights once.

        >>> Cost(params=10, touched=100).traffic_bytes(Convention(batch=2))
        840
        """
        return (self.touched * convention.batch + self.params) * convention.bytes_per_element

    def macs_per_byte(self, convention: Convention) -> float | None:
        """Intensity: MACs of the batch for each byte of its traffic; None where nothing moves."""
        return ratio(self.macs * convention.batch, self.traffic_bytes(convention))


def ratio(numerator: int, denominator: int) -> float | None:
    """Quotient of two counts, correctly rounded; None where the denominator is 0, or where no float is so large.

    >>> ratio(576, 73)
    7.890410958904109
    >>> ratio(0, 0) is ratio(10**400, 1) is None
    True
    """
    try:
        return numerator / denominator if denominator else None
    except OverflowError:
        return None

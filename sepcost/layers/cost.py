"""Cost: what a layer costs, in exact integers that add up; Convention: how people want it counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import add
from typing import Literal, NamedTuple, TypeAlias

from sepcost.errors import ConventionError
from sepcost.text.units import LONGEST_NUMBER, as_text

Dtype: TypeAlias = Literal["float32", "float16", "bfloat16", "int8"]
BYTES_PER_ELEMENT: Mapping[str, int] = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}
"""What memory can be asked for in."""
MIXED = "mixed"
"""The dtype of a model whose tensors have several: its layers know their bytes."""
MODEL_DTYPES: Mapping[str, int] = {
    **BYTES_PER_ELEMENT,
    **dict.fromkeys(("bool", "uint8", "float8_e4m3fn", "float8_e5m2"), 1),
    **dict.fromkeys(("int16", "uint16"), 2),
    **dict.fromkeys(("int32", "uint32", "complex32"), 4),
    **dict.fromkeys(("float64", "int64", "uint64", "complex64"), 8),
    "complex128": 16,
    MIXED: 0,
}
"""What a model's own tensors may be stored in."""
BIAS_UNDER_INT8 = 4
"""Bytes of a bias where weights are int8: runtimes add it in int32 (Jacob et al., arXiv:1712.05877, section 2.4)."""


@dataclass(frozen=True, slots=True)
class Convention:
    """What a count is multiplied by: FLOPs per MAC, samples in a batch, bytes per element.

    >>> Convention(batch=8, dtype="float16").bytes_per_element
    2

    ``in_own_dtype``: a model is counted in the dtypes that its tensors have, and only what has none in ``dtype``.
    """

    flops_per_mac: int = 1
    batch: int = 1
    dtype: str = "float32"
    in_own_dtype: bool = field(default=False, repr=False, compare=False)
    bytes_per_element: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if type(self.flops_per_mac) is not int or self.flops_per_mac not in (1, 2):
            raise ConventionError("flops_per_mac", f"must be 1 or 2, got {as_text(self.flops_per_mac)}")
        if type(self.batch) is not int or self.batch < 1:
            raise ConventionError("batch", f"must be a whole number from 1, got {as_text(self.batch, repr)}")
        if self.batch >= 10**LONGEST_NUMBER:
            raise ConventionError("batch", f"must have at most {LONGEST_NUMBER} digits, got {as_text(self.batch)}")
        if not isinstance(self.dtype, str) or self.dtype not in (
            MODEL_DTYPES if self.in_own_dtype else BYTES_PER_ELEMENT
        ):
            raise ConventionError("dtype", f"must be one of {', '.join(BYTES_PER_ELEMENT)}, got {as_text(self.dtype)}")
        object.__setattr__(self, "bytes_per_element", MODEL_DTYPES[self.dtype])

    @classmethod
    def asked(cls, flops_per_mac: int = 1, batch: int = 1, dtype: object = None) -> Convention:
        """What was asked for: without a dtype, models are counted in their own, and all else in float32.

        torch's dtypes have the same names: ``torch.float16``.
        """
        name = "float32" if dtype is None else as_text(dtype).removeprefix("torch.")
        return cls(flops_per_mac, batch, name, in_own_dtype=dtype is None)

    def of_model(self, dtype: str | None) -> Convention:
        """The same for a model that is stored in this dtype, unless another one was asked for.

        >>> Convention(in_own_dtype=True).of_model("float16").dtype, Convention(dtype="int8").of_model("float16").dtype
        ('float16', 'int8')
        """
        return replace(self, dtype=dtype) if self.in_own_dtype and dtype is not None else self

    @property
    def bytes_per_bias(self) -> int:
        """Those of a bias, and of a norm's scale and shift."""
        return BIAS_UNDER_INT8 if self.dtype == "int8" else self.bytes_per_element

    def bytes_of(self, elements: int, *, in_bytes: bool = False) -> int:
        """Bytes of this many elements of maps, for the batch; ``in_bytes``: of this many bytes of one sample.

        >>> Convention(batch=8).bytes_of(100)
        3200
        """
        return elements * self.batch * (1 if in_bytes else self.bytes_per_element)


class Stored(NamedTuple):
    """Bytes, per sample, of a layer whose tensors have dtypes of their own."""

    weights: int
    activations: int
    touched: int

    def __add__(self, other: Stored) -> Stored:  # type: ignore[override]
        return Stored(*map(add, self, other))


@dataclass(frozen=True, slots=True)
class Cost:
    """What a layer costs: exact integers, per sample, and costs add up.

    ``params`` are learnable; ``activations`` the output elements of convolutions and linear layers;
    ``touched`` the elements of every map read or written at least once (pools and products too), ``written`` those
    among them that are written. ``biases`` are those among the params, with the scales and shifts of norms.
    ``stored``: the bytes, where dtypes are mixed.

    >>> Cost(params=288, macs=3_612_672) + Cost(params=2048, macs=25_690_112)
    Cost(params=2336, macs=29302784, activations=0, touched=0)
    """

    params: int = 0
    macs: int = 0
    activations: int = 0
    touched: int = 0
    biases: int = field(default=0, repr=False)
    stored: Stored | None = field(default=None, repr=False)
    written: int = field(default=0, repr=False)

    def __add__(self, other: Cost) -> Cost:
        stored = self.stored + other.stored if self.stored and other.stored else self.stored or other.stored
        return Cost(
            self.params + other.params,
            self.macs + other.macs,
            self.activations + other.activations,
            self.touched + other.touched,
            self.biases + other.biases,
            stored,
            self.written + other.written,
        )

    def repeated(self, times: int, *, shared: bool = False) -> Cost:
        """What it costs to run this many times on each sample: params count once, and not at all if ``shared``.

        >>> Cost(params=10, macs=100).repeated(3), Cost(params=10, macs=100).repeated(1, shared=True)
        (Cost(params=10, macs=300, activations=0, touched=0), Cost(params=0, macs=100, activations=0, touched=0))
        """
        own, stored = 0 if shared else 1, self.stored
        if stored is not None:
            stored = Stored(own * stored.weights, times * stored.activations, times * stored.touched)
        return Cost(
            own * self.params,
            self.macs * times,
            self.activations * times,
            self.touched * times,
            own * self.biases,
            stored,
            self.written * times,
        )

    def weight_bytes(self, convention: Convention) -> int:
        """Bytes of the params; under int8, a bias and a norm's scale and shift have four.

        >>> Cost(params=10, biases=2).weight_bytes(Convention(dtype="int8"))
        16
        """
        if convention.dtype == MIXED:
            return self._stored.weights
        return (self.params - self.biases) * convention.bytes_per_element + self.biases * convention.bytes_per_bias

    def activation_bytes(self, convention: Convention) -> int:
        if convention.dtype == MIXED:
            return self._stored.activations * convention.batch
        return self.activations * convention.batch * convention.bytes_per_element

    def traffic_bytes(self, convention: Convention) -> int:
        """Bytes read and written at least once: the maps of the whole batch, and the weights once.

        >>> Cost(params=10, touched=100).traffic_bytes(Convention(batch=2))
        840
        """
        if convention.dtype == MIXED:
            return self._stored.touched * convention.batch + self._stored.weights
        return self.touched * convention.batch * convention.bytes_per_element + self.weight_bytes(convention)

    @property
    def _stored(self) -> Stored:
        return self.stored or Stored(0, 0, 0)


def ratio(numerator: int, denominator: int) -> float | None:
    """Quotient of two counts, correctly rounded; None if the denominator is 0, or the quotient too large for a float.

    >>> ratio(576, 73)
    7.890410958904109
    >>> ratio(0, 0) is ratio(10**400, 1) is None
    True
    """
    try:
        return numerator / denominator if denominator else None
    except OverflowError:
        return None

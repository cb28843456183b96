"""Cost: what a layer costs, in exact integers that add up; Convention: how people want it counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from operator import add
from typing import NamedTuple

from sepcost.errors import ConventionError
from sepcost.text.options import read_options, split_options
from sepcost.text.units import LONGEST_NUMBER, NumberError, as_text

HALF_A_BYTE = 4
"""The bits of an element of int4."""
BITS: Mapping[str, int] = {
    "float64": 64, "float32": 32, "float16": 16, "bfloat16": 16, "float8": 8, "int8": 8, "int4": HALF_A_BYTE,
}  # fmt: skip
"""What memory can be asked for in, and the bits of an element."""
BITS_OF_BIASES: Mapping[str, int] = {"int32": 32, **{dtype: bits for dtype, bits in BITS.items() if bits >= 8}}
"""What biases can be asked for in: whole bytes."""
QUANTIZED = ("int8", "int4")
"""Weights whose biases are int32 unless given: runtimes add them so (Jacob et al., arXiv:1712.05877, section 2.4)."""
TENSORS = ("weights", "activations", "biases")
"""What a dtype can be for: ``weights=int4,activations=int8``."""
MIXED = "mixed"
"""The dtype of a model whose tensors have several: its layers know their bytes."""
MODEL_DTYPES: Mapping[str, int] = {
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int8": 1,
    **dict.fromkeys(("bool", "uint8", "float8_e4m3fn", "float8_e5m2"), 1),
    **dict.fromkeys(("int16", "uint16"), 2),
    **dict.fromkeys(("int32", "uint32", "complex32"), 4),
    **dict.fromkeys(("float64", "int64", "uint64", "complex64"), 8),
    "complex128": 16,
    MIXED: 0,
}
"""What a model's own tensors may be stored in."""


class Bits(NamedTuple):
    """The bits of an element of each tensor, by what it is."""

    weights: int
    activations: int
    biases: int


def read_dtype(text: object) -> tuple[str, Bits]:
    """A dtype, or one for each of ``weights``, ``activations`` and ``biases``, in its shortest form; and its bits.

    Weights and activations are float32 unless given; biases, what weights are, or int32 where those are quantised.

    >>> read_dtype("int8")
    ('int8', Bits(weights=8, activations=8, biases=32))
    >>> read_dtype("activations=int8,weights=int8,biases=float16")
    ('weights=int8,activations=int8,biases=float16', Bits(weights=8, activations=8, biases=16))
    >>> read_dtype("activations=float32,weights=float32")[0]
    'float32'
    """
    known = f"{', '.join(BITS)}, or for each as in weights=int4,activations=int8"
    if not isinstance(text, str):
        raise ConventionError("dtype", f"must be one of {known}, got {as_text(text, repr)}")
    given: dict[str, str | None] = {"weights": text, "activations": text}
    if "=" in text:
        given = {"weights": "float32", "activations": "float32", **_each(text)}
    weights, activations = str(given["weights"]), str(given["activations"])
    usual = "int32" if weights in QUANTIZED else weights
    biases = str(given.get("biases", usual))
    for dtype, choices in ((weights, BITS), (activations, BITS), (biases, BITS_OF_BIASES)):
        if dtype not in choices:
            expected = known if choices is BITS else f"{', '.join(BITS_OF_BIASES)} for biases"
            raise ConventionError("dtype", f"must be one of {expected}, got {as_text(dtype)}")
    widths = Bits(BITS[weights], BITS[activations], BITS_OF_BIASES[biases])
    if weights == activations and biases == usual:
        return weights, widths
    return f"weights={weights},activations={activations}{f',biases={biases}' * (biases != usual)}", widths


def _each(text: str) -> dict[str, str | None]:
    try:
        given = read_options(split_options(text))
    except NumberError as error:
        raise ConventionError("dtype", str(error)) from None
    for name, dtype in given.items():
        if name not in TENSORS:
            raise ConventionError("dtype", f"is for {', '.join(TENSORS)}, got {as_text(name)}")
        if not dtype:
            raise ConventionError("dtype", f"{name} is without one: give {name}=float32, say")
    return given


@dataclass(frozen=True, slots=True)
class Convention:
    """What a count is multiplied by: FLOPs per MAC, samples in a batch, bits of an element.

    >>> Convention(batch=8, dtype="float16").bits.weights
    16

    ``in_own_dtype``: a model is counted in the dtypes that its tensors have, and only what has none in ``dtype``.
    """

    flops_per_mac: int = 1
    batch: int = 1
    dtype: str = "float32"
    in_own_dtype: bool = field(default=False, repr=False, compare=False)
    bits: Bits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if type(self.flops_per_mac) is not int or self.flops_per_mac not in (1, 2):
            raise ConventionError("flops_per_mac", f"must be 1 or 2, got {as_text(self.flops_per_mac)}")
        if type(self.batch) is not int or self.batch < 1:
            raise ConventionError("batch", f"must be a whole number from 1, got {as_text(self.batch, repr)}")
        if self.batch >= 10**LONGEST_NUMBER:
            raise ConventionError("batch", f"must have at most {LONGEST_NUMBER} digits, got {as_text(self.batch)}")
        if self.in_own_dtype and self.dtype in MODEL_DTYPES:
            bits = 8 * MODEL_DTYPES[self.dtype]
            object.__setattr__(self, "bits", Bits(bits, bits, 32 if self.dtype in QUANTIZED else bits))
            return
        dtype, widths = read_dtype(self.dtype)
        object.__setattr__(self, "dtype", dtype)
        object.__setattr__(self, "bits", widths)

    @classmethod
    def asked(cls, flops_per_mac: int = 1, batch: int = 1, dtype: object = None) -> Convention:
        """What was asked for: without a dtype, models are counted in their own, and all else in float32.

        torch's dtypes are as good: ``torch.float16``, ``torch.float8_e4m3fn``.
        """
        of_torch = as_text(dtype).removeprefix("torch.").partition("_")[0]
        name = "float32" if dtype is None else dtype if isinstance(dtype, str) else of_torch
        return cls(flops_per_mac, batch, name, in_own_dtype=dtype is None)

    def of_model(self, dtype: str | None) -> Convention:
        """The same for a model that is stored in this dtype, unless another one was asked for.

        >>> Convention(in_own_dtype=True).of_model("float16").dtype, Convention(dtype="int8").of_model("float16").dtype
        ('float16', 'int8')
        """
        return replace(self, dtype=dtype) if self.in_own_dtype and dtype is not None else self

    def bytes_of(self, elements: int, *, in_bytes: bool = False) -> int:
        """Bytes of this many elements of maps, for the batch; ``in_bytes``: of this many bytes of one sample.

        >>> Convention(batch=8).bytes_of(100), Convention(dtype="int4").bytes_of(3)
        (3200, 2)
        """
        return elements * self.batch if in_bytes else self.bytes_of_maps(elements, elements % 2)

    def bytes_of_maps(self, elements: int, odd: int) -> int:
        """Bytes of this many elements, for the batch, in tensors of which ``odd`` have an odd number of them."""
        return in_whole_bytes(elements * self.batch, odd * (self.batch % 2), self.bits.activations)


def in_whole_bytes(elements: int, odd: int, bits: int) -> int:
    """Bytes of elements in tensors of which ``odd`` have an odd number: each tensor has whole bytes.

    >>> in_whole_bytes(5 + 3 + 2, odd=2, bits=4), in_whole_bytes(10, odd=2, bits=16)
    (6, 20)
    """
    return (elements + odd) // 2 if bits == HALF_A_BYTE else elements * (bits // 8)


class Odd(NamedTuple):
    """How many tensors of a layer have an odd number of elements: in int4, each takes half a byte more."""

    weights: int = 0
    activations: int = 0
    touched: int = 0

    def __add__(self, other: Odd) -> Odd:  # type: ignore[override]
        return tuple.__new__(Odd, (self[0] + other[0], self[1] + other[1], self[2] + other[2]))  # costs add up often


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
    ``stored``: the bytes, where dtypes are mixed. ``odd``: how many of its tensors have an odd number of elements.

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
    odd: Odd = field(default=Odd(), repr=False, compare=False)

    @classmethod
    def of_maps(cls, read: Sequence[int], written: Sequence[int]) -> Cost:
        """What it costs to make a map of another, without params and MACs.

        >>> Cost.of_maps((64, 4, 4), (64, 2, 2)).touched
        1280
        """
        inputs, outputs = prod(read), prod(written)
        return cls(touched=inputs + outputs, written=outputs, odd=Odd(touched=inputs % 2 + outputs % 2))

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
            self.odd + other.odd,
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
            Odd(own * self.odd.weights, times * self.odd.activations, times * self.odd.touched),
        )

    def weight_bytes(self, convention: Convention) -> int:
        """Bytes of the params; a bias and a norm's scale and shift have widths of their own.

        >>> Cost(params=10, biases=2).weight_bytes(Convention(dtype="int8"))
        16
        """
        if convention.dtype == MIXED:
            return self._stored.weights
        weights = in_whole_bytes(self.params - self.biases, self.odd.weights, convention.bits.weights)
        return weights + in_whole_bytes(self.biases, 0, convention.bits.biases)

    def activation_bytes(self, convention: Convention) -> int:
        if convention.dtype == MIXED:
            return self._stored.activations * convention.batch
        return convention.bytes_of_maps(self.activations, self.odd.activations)

    def traffic_bytes(self, convention: Convention) -> int:
        """Bytes read and written at least once: the maps of the whole batch, and the weights once.

        >>> Cost(params=10, touched=100).traffic_bytes(Convention(batch=2))
        840
        """
        if convention.dtype == MIXED:
            return self._stored.touched * convention.batch + self._stored.weights
        return convention.bytes_of_maps(self.touched, self.odd.touched) + self.weight_bytes(convention)

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

"""Symbolic: a convolution whose numbers know their letters, so that the parts of a block know them, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sepcost.blocks.replacements import Replacement, options_of
from sepcost.derive.algebra import Letter, Term, number
from sepcost.layers import Conv

AXES = {1: "L", 2: "HW", 3: "DHW"}
OPTION_LETTERS = {"multiplier": "m", "expansion": "e", "groups": "g"}


class Named(int):
    """A whole number that knows its letter; a product knows the letters of its factors.

    >>> C = Named(32, Term.of(Letter("C", 32)))
    >>> (2 * C).term == Term.of(Letter("C", 32), Letter("2", 2)), type(C // 4)
    (True, <class 'int'>)
    """

    term: Term

    def __new__(cls, value: int, term: Term) -> Named:
        named = super().__new__(cls, value)
        named.term = term
        return named

    def __index__(self) -> Named:  # a layer keeps what this returns
        return self

    def __mul__(self, other: Any) -> Any:
        value = super().__mul__(other)
        return Named(value, self.term * term_of(other)) if isinstance(other, int) else value

    def __rmul__(self, other: Any) -> Any:
        return self * other


def named(letter: str, value: int) -> Named:
    """A number with this letter."""
    return Named(value, Term.of(Letter(letter, value)))


def term_of(value: int) -> Term:
    """The letters of a number; its own digits if it has none."""
    return value.term if isinstance(value, Named) else Term.of(number(value))


def along(name: str, values: Sequence[int], axis: int) -> str:
    """The letter of an argument on one of its axes: one letter for all axes if they have the same value.

    >>> along("K", (3, 3), 0), along("K", (3, 5), 0)
    ('K', 'K_h')
    """
    return name if len(set(values)) == 1 else f"{name}_{AXES[len(values)][axis].lower()}"


def symbolic(conv: Conv) -> Conv:
    """The same convolution, whose channels, kernel and groups know their letters.

    >>> conv = symbolic(Conv((28, 28), 1, 32, 3))
    >>> conv == Conv((28, 28), 1, 32, 3), conv.in_channels.term == Term.of(Letter("C", 1))
    (True, True)
    """
    kernel = conv.kernel_size
    return replace(
        conv,
        in_channels=named("C", conv.in_channels),
        out_channels=named("O", conv.out_channels),
        kernel_size=tuple(named(along("K", kernel, axis), size) for axis, size in enumerate(kernel)),
        groups=named("C" if conv.is_depthwise else "g", conv.groups) if conv.groups > 1 else 1,
    )


def with_letters(replacement: Replacement) -> Replacement:
    """The same replacement, whose options know their letters; a 1 needs none."""
    usual = {name: option.default for name, option in options_of(replacement.block).items() if name in OPTION_LETTERS}
    values = {name: value for name, value in usual.items() if type(value) is int} | dict(replacement.options)
    options = {name: _with_letter(name, value) for name, value in values.items()}
    return replace(replacement, options=tuple(options.items()))


def _with_letter(option: str, value: Any) -> Any:
    is_number = type(value) is int and value > 1
    return named(OPTION_LETTERS[option], value) if is_number and option in OPTION_LETTERS else value

"""Notation: an expression as people write it on a line, and as TeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from sepcost.derive.algebra import Expression, Letter, Power, Product, Quotient, Rounded, Sum, Word
from sepcost.formats.drawing.tex import tex
from sepcost.text.units import exact

Leaf: TypeAlias = Callable[[Letter | Word], str]

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
FROM_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
NUMBER = re.compile(r"[0-9]+")
COMMA = re.compile(r"(?<=[0-9]),(?=[0-9])")
UNIT = re.compile(r" ([A-Za-z]+)")


def plain_symbols(expression: Expression) -> str:
    """An expression in its letters.

    >>> C, K, O = Letter("C", 32), Letter("K", 3), Letter("O", 64)
    >>> plain_symbols(Quotient(Product((Power(K, 2), O)), Sum((Power(K, 2), O))))
    'K²·O / (K² + O)'
    """
    return _plain(expression, lambda leaf: exact(leaf.value) if NUMBER.fullmatch(leaf.name) else leaf.name)


def plain_numbers(expression: Expression) -> str:
    """The same with the numbers in place."""
    return _plain(expression, lambda leaf: exact(leaf.value))


def tex_symbols(expression: Expression) -> str:
    r"""An expression in its letters, as TeX's math.

    >>> print(tex_symbols(Quotient(Power(Letter("K_h", 3), 2), Word("params", 18432))))
    \frac{K_{h}^2}{\text{params}}
    """
    return _tex(expression, _tex_name)


def tex_numbers(expression: Expression) -> str:
    r"""The same with the numbers in place.

    >>> print(tex_numbers(Product((Letter("C", 1024), Power(Letter("K", 3), 2)))))
    1{,}024 \cdot 3^2
    """
    return _tex(expression, lambda leaf: tex_value(exact(leaf.value)))


def tex_value(text: str) -> str:
    r"""A figure as people write it: a comma would be punctuation, and a unit a product of letters.

    >>> print(tex_value("73,728 B = 72.00 KiB"), tex_value("7.89×"))
    73{,}728\,\text{B} = 72.00\,\text{KiB} 7.89\times
    """
    return UNIT.sub(r"\\,\\text{\1}", COMMA.sub("{,}", text)).replace("×", r"\times")


def _plain(expression: Expression, leaf: Leaf, *, tight: bool = False) -> str:
    """``tight``: a quotient among terms is written without spaces, so that the sum stays readable."""
    match expression:
        case Letter() | Word():
            return leaf(expression)
        case Power(base, exponent):
            return leaf(base) + str(exponent).translate(SUPERSCRIPTS)
        case Product(factors):
            return "·".join(_enclosed(factor, leaf, (Sum, Quotient)) for factor in factors)
        case Sum(terms, less):
            return _joined(
                [_plain(term, leaf, tight=True) for term in terms], [_plain(term, leaf) for term in less], "−"
            )
        case Quotient(above, below):
            parts = _enclosed(above, leaf, (Sum,)), _enclosed(below, leaf, (Sum, Product))
            return ("/" if tight else " / ").join(parts)
        case Rounded(of, up):
            return f"⌈{_plain(of, leaf)}⌉" if up else f"⌊{_plain(of, leaf)}⌋"


def _enclosed(expression: Expression, leaf: Leaf, kinds: tuple[type, ...]) -> str:
    text = _plain(expression, leaf)
    return f"({text})" if isinstance(expression, kinds) else text


def _tex(expression: Expression, leaf: Leaf) -> str:
    match expression:
        case Letter() | Word():
            return leaf(expression)
        case Power(base, exponent):
            return f"{leaf(base)}^{_braced(str(exponent))}"
        case Product(factors):
            texts = (_tex(factor, leaf) for factor in factors)
            return r" \cdot ".join(f"({text})" if isinstance(of, Sum) else text for of, text in zip(factors, texts))
        case Sum(terms, less):
            return _joined([_tex(term, leaf) for term in terms], [_tex(term, leaf) for term in less], "-")
        case Quotient(above, below):
            return rf"\frac{{{_tex(above, leaf)}}}{{{_tex(below, leaf)}}}"
        case Rounded(of, up):
            side = "ceil" if up else "floor"
            return rf"\left\l{side} {_tex(of, leaf)} \right\r{side}"


def _joined(terms: Sequence[str], less: Sequence[str], minus: str) -> str:
    return f" {minus} ".join([" + ".join(terms), *less])


def _tex_name(leaf: Letter | Word) -> str:
    if isinstance(leaf, Word):
        return rf"\text{{{tex(leaf.name)}}}"
    if NUMBER.fullmatch(leaf.name):
        return tex_value(exact(leaf.value))
    base, *below = leaf.name.split("_")
    digits = re.sub("[^₀-₉]", "", base)
    base, below = base.removesuffix(digits), [*below, *([digits.translate(FROM_SUBSCRIPTS)] if digits else [])]
    subscript = ",".join(text if len(text) == 1 else rf"\mathrm{{{text}}}" for text in below)
    return (base if len(base.rstrip("'")) == 1 else rf"\mathrm{{{base}}}") + (f"_{{{subscript}}}" if below else "")


def _braced(text: str) -> str:
    return text if len(text) == 1 else f"{{{text}}}"
